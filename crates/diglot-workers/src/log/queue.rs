//! The queue between those who write to the log, who never wait, and the thread that hands it to the sink, which
//! may.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{LogEntry, LogSink, Origin, QUEUED_BYTES_MAX, QUEUED_LINES_MAX};

/// The way into the log. Clones lead to the same sink; when the last is dropped, the sink's thread writes what is
/// left and ends.
#[derive(Clone, Debug)]
pub struct Log {
    shared: Arc<Shared>,
    _closes_when_dropped: Arc<Closer>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something is there to be written, or nothing more will come.
    filled: Condvar,
    /// The thread has written and flushed all there was.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Apart, so that a worker's flood never pushes out what the server has to say.
    server: Lane,
    workers: Lane,
    next_number: u64,
    /// Lines dropped since the sink was last told.
    dropped: u64,
    /// The thread holds an entry, or has not flushed since it held one.
    writing: bool,
    closed: bool,
}

/// Entries in order, each with its number in the order of all.
#[derive(Debug, Default)]
struct Lane {
    entries: VecDeque<(u64, Origin, String)>,
    bytes: usize,
}

#[derive(Debug)]
struct Closer(Arc<Shared>);

impl Drop for Closer {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.filled.notify_one();
    }
}

impl Log {
    /// Start the sink's thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(sink: impl LogSink) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        thread::Builder::new().name("diglot-log".to_owned()).spawn(move || of_thread.run(sink))?;
        Ok(Self { _closes_when_dropped: Arc::new(Closer(shared.clone())), shared })
    }

    /// A line of Diglot's own. Never waits.
    pub fn server_line(&self, text: String) {
        self.push(Origin::Server, [text]);
    }

    /// Lines of one origin, in order. Never waits.
    pub(crate) fn push(&self, origin: Origin, lines: impl IntoIterator<Item = String>) {
        let mut state = self.shared.lock();
        for text in lines {
            state.push(origin.clone(), text);
        }
        drop(state);
        self.shared.filled.notify_one();
    }

    /// Wait until all that was queued has been written, but no longer than `timeout`: a blocked sink must not
    /// keep the server from ending. Says whether all was written.
    pub fn flush(&self, timeout: Duration) -> bool {
        let state = self.shared.lock();
        let wait = self.shared.emptied.wait_timeout_while(state, timeout, |state| !state.is_idle());
        !wait.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Shared {
    /// Each change of the state is whole before anything can panic, so a poisoned lock is as good as another.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut sink: impl LogSink) {
        let mut state = self.lock();
        loop {
            if let Some(entry) = state.pop() {
                state.writing = true;
                drop(state);
                sink.write(&entry);
                state = self.lock();
            } else if state.writing {
                drop(state);
                sink.flush();
                state = self.lock();
                state.writing = !state.is_empty();
                self.emptied.notify_all();
            } else if state.closed {
                return;
            } else {
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl State {
    fn push(&mut self, origin: Origin, text: String) {
        let number = self.next_number;
        self.next_number += 1;
        let lane = match origin {
            Origin::Server => &mut self.server,
            Origin::Worker { .. } => &mut self.workers,
        };
        lane.bytes += text.len();
        lane.entries.push_back((number, origin, text));
        while lane.entries.len() > QUEUED_LINES_MAX || lane.bytes > QUEUED_BYTES_MAX {
            if lane.pop().is_none() {
                break;
            }
            self.dropped += 1;
        }
    }

    fn pop(&mut self) -> Option<LogEntry> {
        if self.dropped > 0 {
            return Some(LogEntry::Dropped { lines: std::mem::take(&mut self.dropped) });
        }
        let number = |lane: &Lane| lane.entries.front().map_or(u64::MAX, |(number, ..)| *number);
        let lane =
            if number(&self.server) < number(&self.workers) { &mut self.server } else { &mut self.workers };
        lane.pop().map(|(origin, text)| LogEntry::Line { origin, text })
    }

    fn is_empty(&self) -> bool {
        self.dropped == 0 && self.server.entries.is_empty() && self.workers.entries.is_empty()
    }

    fn is_idle(&self) -> bool {
        self.is_empty() && !self.writing
    }
}

impl Lane {
    fn pop(&mut self) -> Option<(Origin, String)> {
        let (_, origin, text) = self.entries.pop_front()?;
        self.bytes -= text.len();
        Some((origin, text))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::Stream;
    use super::*;
    use crate::event::WorkerName;

    /// Takes an entry only when the test lets it, and shows the test what it took.
    struct Gated {
        gate: mpsc::Receiver<()>,
        seen: mpsc::Sender<LogEntry>,
    }

    impl LogSink for Gated {
        fn write(&mut self, entry: &LogEntry) {
            let _ = self.seen.send(entry.clone());
            let _ = self.gate.recv();
        }
    }

    fn gated() -> (Log, mpsc::Sender<()>, mpsc::Receiver<LogEntry>) {
        let (open, gate) = mpsc::channel();
        let (seen, entries) = mpsc::channel();
        (Log::start(Gated { gate, seen }).unwrap(), open, entries)
    }

    fn of_worker() -> Origin {
        let worker = Arc::new(WorkerName { service: "web".into(), number: 1 });
        Origin::Worker { worker, stream: Stream::Stdout }
    }

    fn text(entry: LogEntry) -> String {
        match entry {
            LogEntry::Line { text, .. } => text,
            LogEntry::Dropped { lines } => format!("<{lines} dropped>"),
        }
    }

    #[test]
    fn a_blocked_sink_costs_the_oldest_lines_of_workers_but_none_of_the_servers() {
        let (log, open, entries) = gated();
        log.push(of_worker(), ["held".to_owned()]);
        assert_eq!(text(entries.recv().unwrap()), "held");
        log.server_line("from the server".to_owned());
        log.push(of_worker(), (0..QUEUED_LINES_MAX + 7).map(|n| n.to_string()));
        drop(open);
        assert_eq!(text(entries.recv().unwrap()), "<7 dropped>");
        assert_eq!(text(entries.recv().unwrap()), "from the server");
        assert_eq!(text(entries.recv().unwrap()), "7");
        drop(log);
        assert_eq!(entries.iter().count(), QUEUED_LINES_MAX - 1, "the rest, then the thread ends");
    }

    #[test]
    fn bytes_are_limited_too() {
        let (log, open, entries) = gated();
        log.push(of_worker(), ["held".to_owned()]);
        assert_eq!(text(entries.recv().unwrap()), "held");
        log.push(of_worker(), (0..10).map(|_| "x".repeat(QUEUED_BYTES_MAX / 4)));
        drop(open);
        assert_eq!(text(entries.recv().unwrap()), "<6 dropped>");
        assert!(log.flush(Duration::from_secs(10)));
        assert_eq!(entries.try_iter().count(), 4);
    }

    #[test]
    fn flush_waits_for_the_sink_but_not_for_ever() {
        let (log, open, entries) = gated();
        assert!(log.flush(Duration::ZERO), "nothing was queued");
        log.server_line("one".to_owned());
        entries.recv().unwrap();
        assert!(!log.flush(Duration::from_millis(1)), "the sink is blocked");
        open.send(()).unwrap();
        assert!(log.flush(Duration::from_secs(10)));
    }
}
