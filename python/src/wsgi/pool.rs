//! Who waits for what, and the watch over threads that do not come back.
//!
//! Python's threads wait here without the GIL. The watch is a native thread that never needs it: it sleeps while nothing
//! runs, and looks every [`STALLED_AFTER`] while something does.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};

use super::permit::Permit;

/// Of the link, when its other end is closed.
#[cfg(target_os = "linux")]
const HANGS_UP: PollFlags = PollFlags::RDHUP;
/// That it has hung up is told unasked.
#[cfg(not(target_os = "linux"))]
const HANGS_UP: PollFlags = PollFlags::empty();
/// A request that runs longer than this no longer keeps the link and the queue to its thread.
pub(crate) const STALLED_AFTER: Duration = Duration::from_millis(2);
/// All threads are inside of requests, and something waits: so often the attendant looks after it. Short beside the time
/// in which the server wants an answer to its heartbeat, and long beside requests: a busy service does not notice it.
const ATTEND_EVERY: Duration = Duration::from_millis(100);

/// What the watch sees of a link's threads. They write it while they hold the GIL.
#[derive(Debug)]
pub(crate) struct Pool {
    /// For threads that have nothing to do.
    pub(crate) work: Permit,
    /// For the attendant, which looks after the link while all threads are busy.
    pub(crate) attend: Permit,
    /// Threads that wait for [`Self::work`] and have not been given any.
    idle: AtomicUsize,
    /// Threads inside a request.
    working: AtomicUsize,
    /// Requests that were completed.
    completed: AtomicU64,
    /// Requests that wait for a thread.
    pub(crate) queued: AtomicUsize,
    /// A thread waits for frames.
    pub(crate) has_reader: AtomicBool,
    /// Since when frames wait on the link that nobody reads: microseconds after [`Self::started_at`], 0 if none do.
    unread_since_us: AtomicU64,
    started_at: Instant,
    watch_sleeps: AtomicBool,
    alarm: UnixStream,
    /// The process is about to end by itself.
    pub(crate) ending: AtomicBool,
}

impl Pool {
    /// Starts the watch over a link, whose end it also watches for.
    pub(crate) fn start(link: Arc<OwnedFd>) -> io::Result<Arc<Self>> {
        let (alarm, alarmed) = UnixStream::pair()?;
        alarm.set_nonblocking(true)?;
        alarmed.set_nonblocking(true)?;
        let pool = Arc::new(Self {
            work: Permit::default(),
            attend: Permit::default(),
            idle: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            completed: AtomicU64::new(0),
            queued: AtomicUsize::new(0),
            has_reader: AtomicBool::new(false),
            unread_since_us: AtomicU64::new(0),
            started_at: Instant::now(),
            watch_sleeps: AtomicBool::new(false),
            alarm,
            ending: AtomicBool::new(false),
        });
        let watched = Arc::clone(&pool);
        std::thread::Builder::new()
            .name("diglot-watch".to_owned())
            .spawn(move || watched.watch(&link, alarmed))
            .map(drop)?;
        Ok(pool)
    }

    /// True if a thread waits that can be called.
    pub(crate) fn has_idle(&self) -> bool {
        self.idle.load(Ordering::Relaxed) > 0
    }

    /// Calls one idle thread, if there is one.
    pub(crate) fn call_idle(&self) -> bool {
        let called =
            self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |idle| idle.checked_sub(1)).is_ok();
        if called {
            self.work.give();
        }
        called
    }

    /// The calling thread has nothing to do. It then waits for [`Self::work`].
    pub(crate) fn becomes_idle(&self) {
        self.idle.fetch_add(1, Ordering::Relaxed);
    }

    /// The calling thread begins with a request.
    pub(crate) fn begins(&self) {
        self.working.fetch_add(1, Ordering::SeqCst);
        if self.watch_sleeps.load(Ordering::SeqCst) && self.watch_sleeps.swap(false, Ordering::SeqCst) {
            // A full pipe wakes as well as another byte.
            let _full = (&self.alarm).write(&[1]);
        }
    }

    /// The calling thread is done with a request.
    pub(crate) fn completes(&self) {
        self.completed.fetch_add(1, Ordering::Relaxed);
        self.working.fetch_sub(1, Ordering::SeqCst);
    }

    /// The link is being read: since when what is there has waited, as far as the watch has seen.
    pub(crate) fn take_unread_since(&self) -> Option<Instant> {
        match self.unread_since_us.swap(0, Ordering::Relaxed) {
            0 => None,
            since_us => Some(self.started_at + Duration::from_micros(since_us)),
        }
    }

    /// True if no thread is inside a request.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.working.load(Ordering::SeqCst) == 0
    }

    fn watch(&self, link: &OwnedFd, mut alarmed: UnixStream) {
        let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(STALLED_AFTER.subsec_nanos()) };
        let mut completed_before = 0;
        let mut attended_at = Instant::now();
        loop {
            let sleeps = self.watch_sleeps.load(Ordering::SeqCst);
            let mut fds =
                [PollFd::new(&alarmed, PollFlags::IN), PollFd::from_borrowed_fd(link.as_fd(), HANGS_UP)];
            let woken = poll(&mut fds, if sleeps { None } else { Some(&tick) });
            let hung_up = woken.is_ok() && !fds[1].revents().is_empty();
            if hung_up && !self.ending.load(Ordering::SeqCst) {
                end_at_once();
            }
            if sleeps {
                let _drained = alarmed.read(&mut [0; 64]);
            }
            if self.working.load(Ordering::SeqCst) == 0 {
                self.watch_sleeps.store(true, Ordering::SeqCst);
                if self.working.load(Ordering::SeqCst) > 0 {
                    self.watch_sleeps.store(false, Ordering::SeqCst);
                }
                continue;
            }
            let completed = self.completed.load(Ordering::Relaxed);
            let unattended =
                self.queued.load(Ordering::Relaxed) > 0 || !self.has_reader.load(Ordering::Relaxed);
            if completed == completed_before && !sleeps && unattended && !self.call_idle() {
                let unread = self.note_unread(link);
                let waits = unread || self.queued.load(Ordering::Relaxed) > 0;
                if waits && attended_at.elapsed() > ATTEND_EVERY {
                    attended_at = Instant::now();
                    self.attend.give();
                }
            }
            completed_before = completed;
        }
    }
}

impl Pool {
    /// All threads are busy: remembers since when there is something to read. True if there is.
    fn note_unread(&self, link: &OwnedFd) -> bool {
        let mut fds = [PollFd::new(link, PollFlags::IN)];
        let readable = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0);
        if readable && self.unread_since_us.load(Ordering::Relaxed) == 0 {
            let since_us = u64::try_from(self.started_at.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.unread_since_us.store(since_us, Ordering::Relaxed);
        }
        readable
    }
}

/// The server is gone. A thread in the middle of a request would go on for nobody.
fn end_at_once() {
    let _cannot_fail = kill_process(getpid(), Signal::KILL);
}
