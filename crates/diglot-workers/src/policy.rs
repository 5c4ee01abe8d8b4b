//! How patient the supervisor is with the workers of one service: every wait and every retry has its limit here.

use std::time::Duration;

/// Time limits and retry rules for the workers of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From spawning a worker until it must have said that its app is loaded. Generous by default: importing
    /// a machine-learning stack and loading its model honestly takes minutes on a cold disk.
    pub start_timeout: Duration,
    /// How long a worker that is replaced in a rolling restart may take to finish its requests.
    pub drain_timeout: Duration,
    /// How long a worker that is of no more use (failed start, closed link) may take to end by itself, so that
    /// its own exit status and last words are seen, before it is killed.
    pub exit_timeout: Duration,
    /// A worker that has been ready for so long is replaced; `None`: never for that. Without jitter, because the workers
    /// of a service are replaced one after another anyway.
    pub lifetime: Option<Duration>,
    /// A worker whose resident memory is above so many bytes is replaced; `None`: it is not measured.
    pub memory_bytes_max: Option<u64>,
    /// Delay before the second replacement in a row; it doubles with each further failure. The first
    /// replacement of a worker that had been stable comes at once.
    pub backoff_min: Duration,
    /// Upper bound of the delay between two attempts of one worker.
    pub backoff_max: Duration,
    /// A worker that has been ready for this long has proved itself: its failures are forgotten.
    pub stable_after: Duration,
    /// Failures per worker of the service that open its circuit: those at which no other worker was ready, and
    /// after which none has been stable.
    pub circuit_failures: u32,
    /// Only failures within this window count towards the circuit. Long enough for apps that take a minute to
    /// find out that they cannot start.
    pub circuit_window: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            start_timeout: Duration::from_secs(120),
            drain_timeout: Duration::from_secs(30),
            exit_timeout: Duration::from_secs(2),
            lifetime: None,
            memory_bytes_max: None,
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            stable_after: Duration::from_secs(10),
            circuit_failures: 5,
            circuit_window: Duration::from_secs(300),
        }
    }
}

impl Policy {
    /// Delay before the replacement that follows the `failures`-th failure in a row (counted from 1).
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(2) else { return Duration::ZERO };
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.backoff_min.saturating_mul(factor).min(self.backoff_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_is_immediate_then_doubles_up_to_its_cap() {
        let policy = Policy::default();
        let delays_ms: Vec<u128> = (1..=10).map(|n| policy.backoff(n).as_millis()).collect();
        assert_eq!(delays_ms, [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(policy.backoff(u32::MAX), policy.backoff_max);
        assert_eq!(policy.backoff(0), Duration::ZERO);
    }
}
