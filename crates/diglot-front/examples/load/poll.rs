//! Waiting for sockets, and for the moment a message is due.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use crate::Result;

const EVENTS_MAX: usize = 256;
/// How long a run may hear nothing before it looks at the clock again.
const SILENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// The timer's token; sockets have their index.
const TIMER: u64 = u64::MAX;

pub(crate) struct Poll {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    timer: Option<OwnedFd>,
}

impl Poll {
    pub(crate) fn new() -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, events: Vec::with_capacity(EVENTS_MAX), timer: None })
    }

    /// Level-triggered: one read for each event is enough, whatever it leaves.
    pub(crate) fn add(&self, socket: impl AsFd, token: usize) -> Result<()> {
        Ok(epoll::add(&self.epoll, socket, epoll::EventData::new_u64(token as u64), epoll::EventFlags::IN)?)
    }

    /// Whether it is told of room to write too.
    pub(crate) fn watch_writing(&self, socket: impl AsFd, token: usize, writing: bool) -> Result<()> {
        let mut flags = epoll::EventFlags::IN;
        flags.set(epoll::EventFlags::OUT, writing);
        Ok(epoll::modify(&self.epoll, socket, epoll::EventData::new_u64(token as u64), flags)?)
    }

    /// From now on [`Poll::wait`] returns after each interval too. A timer of the kernel's: the timeout of epoll has
    /// milliseconds, and a burst each millisecond is no even load.
    pub(crate) fn tick(&mut self, interval: Duration) -> Result<()> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        let interval = Timespec::try_from(interval)?;
        let setting = Itimerspec { it_interval: interval, it_value: interval };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &setting)?;
        epoll::add(&self.epoll, &timer, epoll::EventData::new_u64(TIMER), epoll::EventFlags::IN)?;
        self.timer = Some(timer);
        Ok(())
    }

    /// Waits, and puts the tokens of the sockets that are ready into `ready`.
    pub(crate) fn wait(&mut self, ready: &mut Vec<usize>) -> Result<()> {
        ready.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&SILENCE)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in self.events.drain(..) {
            match (event.data.u64(), &self.timer) {
                (TIMER, Some(timer)) => {
                    // How many intervals went by does not matter: what is due is reckoned from the clock.
                    let _ = rustix::io::read(timer, &mut [0; 8]);
                }
                (token, _) => ready.push(token as usize),
            }
        }
        Ok(())
    }
}
