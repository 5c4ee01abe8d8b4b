//! When the next message may be sent: at once in a closed loop, at equal intervals in an open one.

use std::time::{Duration, Instant};

/// No answer for this long is an error.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The clock of a run. Time is a parameter.
#[derive(Debug)]
pub(crate) struct Pace {
    start: Instant,
    end: Instant,
    /// None in a closed loop.
    interval: Option<Duration>,
    sent: u32,
}

impl Pace {
    pub(crate) fn new(start: Instant, duration: Duration, interval: Option<Duration>) -> Self {
        Self { start, end: start + duration, interval, sent: 0 }
    }

    /// If a message is to be sent now: the moment it was due, from which its latency runs.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let due = match self.interval {
            Some(interval) => self.start + interval * self.sent,
            None => now,
        };
        (due <= now && due < self.end).then_some(due)
    }

    /// One was sent.
    pub(crate) fn step(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// Whether an answer that comes now counts. In an open loop all do: leaving out those that are late would
    /// leave out the slowest.
    pub(crate) fn counts(&self, now: Instant) -> bool {
        self.interval.is_some() || now < self.end
    }

    /// Whether all that is ever sent has been.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now >= self.end && self.due(now).is_none()
    }

    /// Whether the server has had its time for answers after the end too.
    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        now >= self.end + ANSWER_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_due_late_was_due_on_time() {
        let start = Instant::now();
        let mut pace = Pace::new(start, 10 * MS, Some(2 * MS));
        assert_eq!(pace.due(start), Some(start));
        pace.step();
        assert_eq!(pace.due(start + MS), None);
        assert_eq!(pace.due(start + 7 * MS), Some(start + 2 * MS));
        for _ in 0..4 {
            assert!(!pace.is_over(start + 20 * MS), "what was due before the end is sent after it");
            pace.step();
        }
        assert!(pace.is_over(start + 20 * MS) && pace.counts(start + 20 * MS));
    }

    #[test]
    fn a_closed_loop_sends_and_counts_until_the_end() {
        let start = Instant::now();
        let pace = Pace::new(start, 10 * MS, None);
        assert_eq!(pace.due(start + 9 * MS), Some(start + 9 * MS));
        assert!(pace.counts(start + 9 * MS) && !pace.counts(start + 10 * MS));
        assert!(pace.is_over(start + 10 * MS));
    }
}
