//! Noticing that a worker's process has ended: by its pidfd where there is one, else by a thread that waits for
//! it. Neither reaps it, so that its id stays its own until [`Group::reap`](super::process::Group::reap).

use std::io;
use std::thread;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::sync::oneshot;

/// The coming end of a child process.
#[derive(Debug)]
pub(super) enum Ending {
    #[cfg(target_os = "linux")]
    Pidfd(tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>),
    Thread(oneshot::Receiver<()>),
}

impl Ending {
    /// Begin to watch a child that has not been reaped. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// When the system gives neither a descriptor nor a thread.
    pub(super) fn watch(child: Pid) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{PidfdFlags, pidfd_open};
            use tokio::io::{Interest, unix::AsyncFd};
            // Linux before 5.3 has none, and some sandboxes refuse it.
            if let Ok(pidfd) = pidfd_open(child, PidfdFlags::empty()) {
                // SAFETY: an OwnedFd names one open descriptor for as long as it lives, and the AsyncFd owns it.
                #[allow(unsafe_code)]
                let pidfd = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) }?;
                return Ok(Self::Pidfd(pidfd));
            }
        }
        Self::by_thread(child)
    }

    fn by_thread(child: Pid) -> io::Result<Self> {
        let (ended, ending) = oneshot::channel();
        thread::Builder::new().name("diglot-wait".to_owned()).spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            // Any other error means that there is no such child any more.
            while waitid(WaitId::Pid(child), options).is_err_and(|error| error == rustix::io::Errno::INTR) {}
            let _ = ended.send(());
        })?;
        Ok(Self::Thread(ending))
    }

    /// Resolves when the process has ended. May be dropped and called again.
    pub(super) async fn ended(&mut self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Pidfd(pidfd) => {
                // Fails only while the runtime shuts down; the exit no longer matters then.
                let _ = pidfd.readable().await;
            }
            Self::Thread(ending) => {
                let _ = ending.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    async fn check(begin: fn(Pid) -> io::Result<Ending>) {
        let mut child = Command::new("/bin/sh").args(["-c", "exit 3"]).spawn().unwrap();
        let mut ending = begin(Pid::from_child(&child)).unwrap();
        ending.ended().await;
        let status = child.try_wait().unwrap().expect("it has ended");
        assert_eq!(status.code(), Some(3), "watching has not reaped it");
    }

    #[tokio::test]
    async fn an_end_is_noticed_and_the_child_left_to_be_reaped() {
        check(Ending::watch).await;
        check(Ending::by_thread).await;
    }
}
