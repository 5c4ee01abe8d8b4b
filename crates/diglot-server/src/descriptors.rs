//! How many files the server may have open: connections use most, and must leave what workers need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the listeners, the event loops and the log.
const OF_THE_SERVER: u64 = 64;
/// For a worker: its link, its output, its process, and the same of the one that takes its place.
const OF_A_WORKER: u64 = 12;

/// The limits of open files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descriptors {
    /// What the server was started with, which workers get back; `None`: no limit.
    pub(crate) given: Option<u64>,
    /// What the server has now.
    limit: Option<u64>,
}

impl Descriptors {
    /// Raises the soft limit to the hard one, which needs no privilege. Where the system refuses, it stays what it is.
    pub(crate) fn raise() -> Self {
        let Rlimit { current: given, maximum } = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        Self { given, limit: if raised.is_ok() { maximum } else { given } }
    }

    /// How many of `wanted` connections there can be beside so many workers; at least one.
    pub(crate) fn connections(&self, wanted: usize, workers: usize) -> usize {
        let Some(limit) = self.limit else { return wanted };
        let taken = OF_THE_SERVER + OF_A_WORKER * workers as u64;
        let room = usize::try_from(limit.saturating_sub(taken)).unwrap_or(usize::MAX).max(1);
        if room < wanted {
            tracing::info!(
                "at most {room} client connections at once: {limit} files may be open (ulimit -n)"
            );
        }
        wanted.min(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_workers() {
        let with = |limit| Descriptors { given: Some(1024), limit };
        assert_eq!(with(None).connections(65_536, 8), 65_536);
        assert_eq!(with(Some(524_288)).connections(65_536, 8), 65_536);
        assert_eq!(with(Some(1_024)).connections(65_536, 10), 1_024 - 64 - 120);
        assert_eq!(with(Some(100)).connections(65_536, 8), 1);
    }
}
