//! Orphans, when Diglot is the process that inherits them.
//!
//! As process 1 of a container (or a subreaper) Diglot becomes the parent of every process whose own parent ended,
//! `docker exec` leftovers included. When they die they must be reaped, or they fill the process table; and they must
//! not be mistaken for workers, whose exit status [`Group`](super::process::Group) waits for. While a supervisor runs
//! as such, no other part of the process may wait for children of its own: they would be taken for orphans.

use std::sync::Arc;

use tokio::sync::Notify;

use super::process::Children;

/// Reaps orphans until dropped; does nothing where Diglot does not inherit any.
#[derive(Debug)]
pub(super) struct OrphanReaper {
    worker_reaped: Arc<Notify>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl OrphanReaper {
    /// Must be called in a tokio runtime.
    ///
    /// # Errors
    /// When SIGCHLD cannot be listened to.
    pub(super) fn start(children: Arc<Children>) -> std::io::Result<Self> {
        let worker_reaped = Arc::new(Notify::new());
        let task = start_sweeping(children, worker_reaped.clone())?;
        Ok(Self { worker_reaped, task })
    }

    /// To be notified after a worker has been reaped: a dead worker hides the orphans that died after it.
    pub(super) fn worker_reaped(&self) -> Arc<Notify> {
        self.worker_reaped.clone()
    }
}

impl Drop for OrphanReaper {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

#[cfg(target_os = "linux")]
fn start_sweeping(
    children: Arc<Children>,
    worker_reaped: Arc<Notify>,
) -> std::io::Result<Option<tokio::task::JoinHandle<()>>> {
    use tokio::signal::unix::{SignalKind, signal};

    if !inherits_orphans() {
        return Ok(None);
    }
    let mut child_ended = signal(SignalKind::child())?;
    Ok(Some(tokio::spawn(async move {
        loop {
            sweep(&children);
            tokio::select! {
                _ = child_ended.recv() => {}
                () = worker_reaped.notified() => {}
            }
        }
    })))
}

#[cfg(not(target_os = "linux"))]
fn start_sweeping(
    _children: Arc<Children>,
    _worker_reaped: Arc<Notify>,
) -> std::io::Result<Option<tokio::task::JoinHandle<()>>> {
    Ok(None)
}

#[cfg(target_os = "linux")]
fn inherits_orphans() -> bool {
    use rustix::process::{child_subreaper, getpid};
    getpid().is_init() || child_subreaper().is_ok_and(|reaper| reaper.is_some())
}

/// Reap dead children that are no workers, up to the first dead worker.
#[cfg(target_os = "linux")]
fn sweep(children: &Children) {
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};

    let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let workers = children.lock();
    while let Ok(WaitStatus::Exited(dead, _) | WaitStatus::Signaled(dead, ..)) = waitid(Id::All, peek) {
        let is_worker = rustix::process::Pid::from_raw(dead.as_raw()).is_some_and(|id| workers.contains(&id));
        if is_worker || waitpid(dead, Some(WaitPidFlag::WNOHANG)).is_err() {
            return;
        }
    }
}
