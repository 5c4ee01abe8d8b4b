//! What the system knows of a process: its memory, its descriptors, its end.

use std::fs;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// A process that is watched from outside. Its number cannot come to mean another process unnoticed.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    end: OwnedFd,
}

impl Process {
    /// Watches a process that is running.
    ///
    /// # Panics
    /// If there is none.
    pub fn watch(pid: u32) -> Self {
        let end = pidfd_open(as_pid(pid), PidfdFlags::empty()).expect("the process is there");
        Self { pid, end }
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Signals it.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal(&self, signal: Signal) {
        kill_process(as_pid(self.pid), signal).expect("the process can be signalled");
    }

    /// Waits for its end, no longer than `limit`; says whether it came.
    ///
    /// # Panics
    /// If the system refuses to wait.
    pub fn ends_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&self.end, PollFlags::IN)], Some(&timeout)) {
                Ok(ready) => return ready > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("cannot wait for a process: {error}"),
            }
        }
    }

    /// Bytes of memory it has now.
    pub fn resident_bytes(&self) -> u64 {
        self.status("VmRSS:") * 1024
    }

    /// The most bytes of memory it has had since it began, or since [`Self::forget_peak`].
    pub fn peak_bytes(&self) -> u64 {
        self.status("VmHWM:") * 1024
    }

    /// From now on the peak is counted anew.
    ///
    /// # Panics
    /// If the system does not allow it.
    pub fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.pid), "5").expect("the peak can be forgotten");
    }

    /// Descriptors it has open.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid)).map_or(0, Iterator::count)
    }

    /// What these are of: a file, or `socket:[…]`, by what the system calls it.
    pub fn open_files(&self) -> Vec<String> {
        let of = fs::read_dir(format!("/proc/{}/fd", self.pid)).into_iter().flatten();
        let of = of.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        of.map(|path| path.to_string_lossy().into_owned()).collect()
    }

    /// Threads it runs.
    pub fn threads(&self) -> u64 {
        self.status("Threads:")
    }

    fn status(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let value = line.and_then(|line| line.split_ascii_whitespace().next());
        value
            .and_then(|value| value.parse().ok())
            .expect("the process has ended, or its status has no such line")
    }
}

fn as_pid(pid: u32) -> Pid {
    Pid::from_raw(pid.cast_signed()).expect("a process id is not 0")
}
