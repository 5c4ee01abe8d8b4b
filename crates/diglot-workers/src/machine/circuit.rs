//! When to stop hoping that a service's next worker will be better than its last.

use std::collections::VecDeque;
use std::time::Instant;

use crate::policy::Policy;

/// Counts a service's failures. Open means: they keep failing, so without a ready worker requests are refused
/// at once. It closes when a worker has been ready for the stable period, not when one merely starts: a worker
/// that dies of its first request would otherwise close it each time.
#[derive(Debug)]
pub(super) enum Circuit {
    Closed {
        /// The failures since the last stable period, oldest first; never more than open the circuit.
        recent: VecDeque<Instant>,
    },
    Open {
        /// People have been told that the service is down.
        announced: bool,
    },
}

impl Circuit {
    pub(super) fn closed() -> Self {
        Self::Closed { recent: VecDeque::new() }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Count a failure of one of the service's `workers` that left none of them ready.
    pub(super) fn record_failure(&mut self, now: Instant, workers: usize, policy: &Policy) {
        let Self::Closed { recent } = self else { return };
        recent.push_back(now);
        while recent.front().is_some_and(|&at| now.duration_since(at) > policy.circuit_window) {
            recent.pop_front();
        }
        // In proportion to the workers: all of them lost at one blow is no crash loop.
        if recent.len() >= workers.saturating_mul(policy.circuit_failures.max(1) as usize) {
            *self = Self::Open { announced: false };
        }
    }

    /// A worker has been stable. Says whether people must be told that the service is back.
    pub(super) fn record_stability(&mut self) -> bool {
        let announced = matches!(self, Self::Open { announced: true });
        *self = Self::closed();
        announced
    }

    /// The service has just become broken. Says whether people must be told: once until it is stable again.
    pub(super) fn announce(&mut self) -> bool {
        match self {
            Self::Open { announced } => !std::mem::replace(announced, true),
            Self::Closed { .. } => false,
        }
    }
}
