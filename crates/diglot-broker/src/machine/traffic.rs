//! Frames of one worker that go on to another.

use std::time::Instant;

use bytes::Bytes;
use diglot_calls::message::AbortReason;
use diglot_calls::{Event, Payload, Violation};

use super::calls::{Callee, Caller};
use super::routing::Beginning;
use super::{CALLEE_PENDING_MAX, CallKey, Machine, WorkerKey};
use crate::error::CallError;

impl Machine {
    /// Takes in what a worker has sent; returns how much of it. What is left is to be given again, with more behind it.
    ///
    /// # Errors
    /// A [`Violation`]: the worker has to be ended, [`Self::lost`] is to follow.
    pub fn receive(&mut self, worker: WorkerKey, input: &Bytes, now: Instant) -> Result<usize, Violation> {
        let mut at = 0;
        while let Some(known) = self.worker_mut(worker) {
            let Some((count, event)) = known.connection.handle(&input[at..])? else { break };
            at += count;
            if let Some(event) = event {
                self.pass_on(worker.index, event, input, now)?;
            }
        }
        Ok(at)
    }

    /// With how many bytes of input [`Self::receive`] gets on, where it has left `rest`.
    pub fn needs(&self, worker: WorkerKey, rest: &[u8]) -> usize {
        self.worker(worker).map_or(0, |worker| worker.connection.needs(rest))
    }

    /// A worker has taken so many bytes of its output.
    pub fn sent(&mut self, key: WorkerKey, count: usize, now: Instant) {
        let Some(worker) = self.worker_mut(key) else { return };
        let before = worker.connection.pending_bytes();
        worker.connection.output().sent(count);
        let keeps_up_again = before >= CALLEE_PENDING_MAX && before - count < CALLEE_PENDING_MAX;
        let service = worker.service;
        if keeps_up_again && self.services[service].is_stalled {
            self.settle(service, now);
        }
    }

    #[inline]
    fn pass_on(
        &mut self,
        from: usize,
        event: Event<'_, u32>,
        input: &Bytes,
        now: Instant,
    ) -> Result<(), Violation> {
        match event {
            Event::Met | Event::Drain => {}
            Event::Offer(function) => self.offered(from, function, now)?,
            Event::Call { id, head, aboard, end } => {
                let key = self.add(Caller::Worker { index: from, id }, now);
                if let Some(owner) = self.workers[from].connection.owner_mut(id) {
                    *owner = key.index;
                }
                let aboard = Payload::Shared(input, aboard);
                let beginning = Beginning { head, aboard, ended: end, granted: 0 };
                self.route(key.index as usize, &beginning, now);
            }
            Event::Return { owner, total, aboard, end, .. } => {
                self.let_go(owner as usize);
                match &self.calls[owner as usize].caller {
                    Some(Caller::Worker { index, id }) => {
                        let (to, id) = (*index, *id);
                        let answer = &mut self.workers[to].connection;
                        answer.answer(id, total, Payload::Shared(input, aboard), end);
                        self.mark(to);
                    }
                    Some(Caller::Local(local)) => local.inbox.answer(total, aboard, end),
                    None => {}
                }
                if end {
                    self.remove(owner as usize, now);
                }
            }
            Event::Throw { owner, error, .. } => {
                match self.calls[owner as usize].caller.take() {
                    Some(Caller::Worker { index, id }) => {
                        self.workers[index].connection.throw(id, error);
                        self.mark(index);
                    }
                    Some(Caller::Local(local)) => local.inbox.throw(CallError::read(error)),
                    None => {}
                }
                self.remove(owner as usize, now);
            }
            Event::Data { id, owner, bytes, end } => {
                let data = Payload::Shared(input, bytes);
                match self.workers[from].connection.is_ours(id) {
                    true => self.answer_goes_on(owner as usize, data, end, now),
                    false => self.arguments_go_on(owner as usize, data, end),
                }
            }
            Event::Granted { id, owner, bytes } => match self.workers[from].connection.is_ours(id) {
                true => self.arguments_granted(owner as usize, bytes),
                false => self.answer_granted(owner as usize, bytes),
            },
            Event::Stopped { owner, .. } => {
                if let Some(Caller::Worker { index, id }) = &self.calls[owner as usize].caller {
                    let (to, id) = (*index, *id);
                    self.workers[to].connection.stop(id);
                    self.mark(to);
                }
            }
            Event::Aborted { owner, reason, .. } => self.aborted(owner as usize, reason, now),
            Event::Over { owner, .. } => {
                let index = owner as usize;
                if self.calls[index].caller.is_some() {
                    let error = self.cancelled(index);
                    self.tell(index, || error);
                }
                self.remove(index, now);
            }
        }
        Ok(())
    }

    /// From the callee to the caller.
    fn answer_goes_on(&mut self, index: usize, data: Payload<'_>, end: bool, now: Instant) {
        match &self.calls[index].caller {
            Some(Caller::Worker { index, id }) => {
                let (to, id) = (*index, *id);
                self.workers[to].connection.send(id, data, end);
                self.mark(to);
            }
            Some(Caller::Local(local)) => local.inbox.data(data.bytes(), end),
            None => {}
        }
        if end {
            self.remove(index, now);
        }
    }

    /// From the caller to the callee.
    fn arguments_go_on(&mut self, index: usize, data: Payload<'_>, end: bool) {
        let call = &mut self.calls[index];
        if let Some(Callee { index: to, id }) = call.callee {
            self.workers[to].connection.send(id, data, end);
            self.mark(to);
        } else if let Some(held) = &mut call.held {
            // Nobody has granted anything: it can only be END.
            held.ended |= end;
        }
    }

    /// The callee takes more of the arguments.
    fn arguments_granted(&mut self, index: usize, bytes: u32) {
        match &self.calls[index].caller {
            Some(Caller::Worker { index, id }) => {
                let (to, id) = (*index, *id);
                self.workers[to].connection.grant(id, bytes);
                self.mark(to);
            }
            Some(Caller::Local(_)) => self.send_arguments(index),
            None => {}
        }
    }

    /// The caller takes more of the answer.
    fn answer_granted(&mut self, index: usize, bytes: u32) {
        let call = &mut self.calls[index];
        if let Some(held) = &mut call.held {
            held.granted += u64::from(bytes);
        }
        if let Some(Callee { index: to, id }) = call.callee {
            self.workers[to].connection.grant(id, bytes);
            self.mark(to);
        }
    }

    /// One who is no worker takes so many bytes more of an answer.
    pub(crate) fn grant_local(&mut self, key: CallKey, bytes: u32) {
        if self.is_current(key) {
            self.answer_granted(key.index as usize, bytes);
        }
    }

    /// One who is no worker waits no more.
    pub(crate) fn abandon_local(&mut self, key: CallKey, now: Instant) {
        if self.is_current(key) && self.calls[key.index as usize].caller.is_some() {
            self.give_up(key.index as usize, AbortReason::GaveUp, now);
        }
    }

    /// The key of a call that was never begun.
    pub(crate) fn no_call(&mut self) -> CallKey {
        CallKey { index: u32::MAX, serial: self.next_serial() }
    }

    fn is_current(&self, key: CallKey) -> bool {
        self.calls.get(key.index as usize).is_some_and(|call| call.serial == key.serial)
    }
}
