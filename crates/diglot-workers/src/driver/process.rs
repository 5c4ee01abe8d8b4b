//! A worker's process group, held so that a signal can never reach a stranger.
//!
//! A process id may be used again as soon as its process has been reaped, and not before. So a worker is signalled and
//! reaped under one lock, and its group is killed before its leader is reaped.

use std::collections::HashSet;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group};

use crate::failure::Exit;

/// Ids of the worker processes that have not been reaped, to tell them from orphans.
#[derive(Debug, Default)]
pub(super) struct Children {
    ids: Mutex<HashSet<Pid>>,
}

impl Children {
    /// Make a process. Nobody sweeping orphans can meet it before it is known.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut ids = self.lock();
        let child = command.spawn()?;
        ids.insert(Pid::from_child(&child));
        Ok(child)
    }

    fn reap(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let mut ids = self.lock();
        let status = child.wait();
        ids.remove(&Pid::from_child(child));
        status
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashSet<Pid>> {
        // A set of ids is whole at every point where something could panic.
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker and what it has started, as far as that stayed in its process group. Ended when dropped.
#[derive(Debug)]
pub(super) struct Group {
    /// Of the leader, and of the group.
    id: Pid,
    leader: Mutex<Leader>,
    /// What the leader has started may outlive it, if it ends by itself and in order.
    spares: AtomicBool,
    children: Arc<Children>,
}

#[derive(Debug)]
enum Leader {
    /// Running, or dead and not yet reaped: the id is its own either way.
    Unreaped(Child),
    Reaped(Exit),
}

impl Group {
    pub(super) fn new(leader: Child, children: Arc<Children>) -> Self {
        let (id, leader) = (Pid::from_child(&leader), Mutex::new(Leader::Unreaped(leader)));
        Self { id, leader, spares: AtomicBool::new(false), children }
    }

    /// The leader is replaced, which is no reason to end what its application has started: a long computation, say, or
    /// an encoder. Should it not end in order, that is ended with it all the same.
    pub(super) fn spare_its_children(&self) {
        self.spares.store(true, Ordering::Relaxed);
    }

    /// Whether the leader has ended and left alone what it had started.
    pub(super) fn has_spared_its_children(&self) -> bool {
        matches!(&*self.lock(), Leader::Reaped(exit) if exit.is_orderly())
            && self.spares.load(Ordering::Relaxed)
    }

    pub(super) fn id(&self) -> Pid {
        self.id
    }

    /// SIGKILL to all of the group.
    pub(super) fn kill(&self) {
        if let Leader::Unreaped(_) = &*self.lock() {
            self.signal_group();
        }
    }

    /// Reap the leader, which must have ended (else this waits for it), and end what is left of its group, if it is not
    /// to be spared.
    pub(super) fn reap(&self) -> Exit {
        let mut leader = self.lock();
        match &mut *leader {
            Leader::Reaped(exit) => *exit,
            Leader::Unreaped(child) => {
                if !(self.spares.load(Ordering::Relaxed) && has_ended_in_order(self.id)) {
                    self.signal_group();
                }
                // Someone else can have reaped it only by breaking the rule that nobody does; then its end is all
                // that is known.
                let exit = self.children.reap(child).map_or(Exit::Code(-1), Exit::from);
                *leader = Leader::Reaped(exit);
                exit
            }
        }
    }

    fn signal_group(&self) {
        // Fails when nobody is left to be killed, which is what is wanted.
        let _ = kill_process_group(self.id, Signal::KILL);
    }

    fn lock(&self) -> MutexGuard<'_, Leader> {
        self.leader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without reaping it: its group could not be signalled any more.
fn has_ended_in_order(leader: Pid) -> bool {
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let Ok(Some(status)) = rustix::process::waitid(WaitId::Pid(leader), peek) else { return false };
    let by_itself = status.exit_status().map(Exit::Code);
    by_itself.or(status.terminating_signal().map(Exit::Signal)).is_some_and(Exit::is_orderly)
}

impl Drop for Group {
    /// Only a group that nobody watches is not reaped by now. Waits for the short time that being killed takes.
    fn drop(&mut self) {
        self.reap();
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}
