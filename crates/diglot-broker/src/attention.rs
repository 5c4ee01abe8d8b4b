//! When the broker's thread goes on looking before it sleeps.
//!
//! Where one call follows the other at once, it takes longer to wake a thread than what it then does. As a hypervisor
//! does before it halts a processor (KVM's halt polling), the thread looks for a moment whether more has come, and only
//! where that has paid again and again: what comes now and then never costs more than itself. Nor does it look while one
//! socket has much to say, a stream or a large message: the more has come when it wakes, the more goes out at once.

use std::time::{Duration, Instant};

/// How long it looks. What comes within this time of what came before is quick.
const WATCH: Duration = Duration::from_micros(100);
/// Quick ones in a row, of two sockets in turn, before it does.
const STREAK: u8 = 16;
/// With more calls open than these there is enough to do, and others may need the processor.
const OPEN_MAX: usize = 2;

/// How quickly one message has followed the other of late.
#[derive(Debug)]
pub(crate) struct Attention {
    last: Instant,
    /// The index of the worker whose socket that was.
    last_from: usize,
    /// At most [`STREAK`].
    quick: u8,
}

impl Attention {
    pub(crate) fn new(now: Instant) -> Self {
        Self { last: now, last_from: usize::MAX, quick: 0 }
    }

    /// Something was read from the socket of a worker.
    pub(crate) fn read(&mut self, from: usize, now: Instant) {
        let is_quick = from != self.last_from && now.saturating_duration_since(self.last) <= WATCH;
        self.quick = if is_quick { (self.quick + 1).min(STREAK) } else { self.quick / 2 };
        self.last = now;
        self.last_from = from;
    }

    /// Whether to look for more, and not to sleep.
    pub(crate) fn is_due(&self, now: Instant, open_calls: usize) -> bool {
        self.quick == STREAK && open_calls <= OPEN_MAX && now.saturating_duration_since(self.last) < WATCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    /// Whether it looks after each of these gaps, in microseconds, between what comes from two workers in turn.
    fn looks(gaps: &[u32]) -> Vec<bool> {
        let mut now = Instant::now();
        let mut attention = Attention::new(now);
        gaps.iter()
            .zip([0, 1].into_iter().cycle())
            .map(|(&gap, from)| {
                now += gap * MICROSECOND;
                attention.read(from, now);
                attention.is_due(now, 1)
            })
            .collect()
    }

    #[test]
    fn one_after_the_other_is_worth_a_look() {
        let looks = looks(&[40; 20]);
        assert_eq!(looks.iter().position(|&looks| looks), Some(usize::from(STREAK) - 1));
        assert!(looks[usize::from(STREAK)..].iter().all(|&looks| looks));
    }

    #[test]
    fn a_quick_answer_now_and_then_is_not() {
        let gaps: Vec<u32> = [10_000, 30].repeat(100);
        assert!(!looks(&gaps).contains(&true));
    }

    #[test]
    fn a_pause_ends_it_until_it_has_paid_again() {
        let mut gaps = vec![40; 16];
        gaps.push(5_000);
        gaps.extend([40; 8]);
        let looks = looks(&gaps);
        assert!(looks[15] && looks[24]);
        assert!(!looks[16..24].contains(&true));
    }

    #[test]
    fn one_socket_that_has_much_to_say_is_not() {
        let mut now = Instant::now();
        let mut attention = Attention::new(now);
        // A stream, and its credit now and then.
        for number in 0..200 {
            now += MICROSECOND;
            attention.read(usize::from(number % 4 == 0), now);
            assert!(!attention.is_due(now, 1));
        }
    }

    #[test]
    fn it_looks_for_a_moment_and_only_where_little_is_open() {
        let mut now = Instant::now();
        let mut attention = Attention::new(now);
        for number in 0..usize::from(STREAK) {
            now += MICROSECOND;
            attention.read(number % 2, now);
        }
        assert!(attention.is_due(now + WATCH - MICROSECOND, 0));
        assert!(!attention.is_due(now + WATCH, 1));
        assert!(!attention.is_due(now, OPEN_MAX + 1));
    }
}
