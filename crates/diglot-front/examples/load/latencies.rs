//! Latencies as a histogram of fixed size: exact below 64 µs, within 1/32 above, however many there are.

use std::time::Duration;

/// Buckets to a power of two.
const STEPS: u64 = 32;
/// Up to 2^40 µs, twelve days: nothing waits longer.
const BUCKETS: usize = (STEPS * 36) as usize;

#[derive(Debug)]
pub(crate) struct Latencies {
    buckets: Vec<u64>,
    count: u64,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0 }
    }

    pub(crate) fn add(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(us).min(BUCKETS - 1)] += 1;
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The latency in µs that this share of all did not exceed; 0 of none.
    pub(crate) fn percentile_us(&self, share: f64) -> u64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return middle_us(bucket as u64);
            }
        }
        0
    }
}

/// Below `2 * STEPS` each µs has its own; above, each power of two has `STEPS`.
fn bucket(us: u64) -> usize {
    let shift = u64::from(us.max(1).ilog2()).saturating_sub(u64::from(STEPS.ilog2()));
    ((us >> shift) + shift * STEPS) as usize
}

fn middle_us(bucket: u64) -> u64 {
    let shift = (bucket / STEPS).saturating_sub(1);
    let lowest = (bucket - shift * STEPS) << shift;
    lowest + ((1 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_within_a_bucket() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.percentile_us(0.99), 0);
        for us in 1..=1000 {
            latencies.add(Duration::from_micros(us * 10));
        }
        assert_eq!(latencies.count(), 1000);
        for (share, expect) in [(0.001, 10), (0.5, 5000), (0.99, 9900), (1.0, 10_000)] {
            let us = latencies.percentile_us(share);
            assert!(us.abs_diff(expect) * 32 <= expect, "{share}: {us} µs, expected {expect}");
        }
    }

    #[test]
    fn each_bucket_holds_its_own_middle() {
        for index in 0..BUCKETS as u64 {
            assert_eq!(bucket(middle_us(index)), index as usize);
        }
        assert!(bucket(u64::MAX) >= BUCKETS);
    }
}
