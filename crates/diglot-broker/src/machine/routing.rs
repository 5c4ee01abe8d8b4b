//! Where a call goes: to a worker, into a queue, or back with an error.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use diglot_calls::message::{CallHead, Code};
use diglot_calls::{CALLS_MAX, DEPTH_MAX, Payload};

use super::calls::{Call, Callee, Caller, Local};
use super::service::Offering;
use super::{CALLEE_PENDING_MAX, CallKey, HELD_BYTES_MAX, Machine, State};
use crate::advice::shortened;
use crate::error::CallError;
use crate::local::Inbox;

/// A place that no call is sent to.
const NOWHERE: (usize, usize) = (usize::MAX, usize::MAX);

/// What a caller has sent to begin a call.
pub(super) struct Beginning<'a> {
    pub(super) head: CallHead<'a>,
    /// The start of the arguments, as far as it rides with the head.
    pub(super) aboard: Payload<'a>,
    /// The caller has ended its direction.
    pub(super) ended: bool,
    /// What the caller has granted beyond the window.
    pub(super) granted: u64,
}

impl Machine {
    /// A call of one who is no worker: arguments and answer are JSON. What comes of it arrives in `inbox`.
    pub(crate) fn begin_local(
        &mut self,
        inbox: Arc<Inbox>,
        head: &CallHead<'_>,
        arguments: Bytes,
        now: Instant,
    ) -> CallKey {
        let sent = head.aboard_bytes();
        let aboard = arguments.slice(..sent);
        let caller = Caller::Local(Box::new(Local { inbox, arguments, sent }));
        let key = self.add(caller, now);
        let ended = sent == head.total as usize;
        let aboard = Payload::Shared(&aboard, &aboard);
        let beginning = Beginning { head: *head, aboard, ended, granted: 0 };
        self.route(key.index as usize, &beginning, now);
        key
    }

    /// A call that has no place yet.
    pub(super) fn add(&mut self, caller: Caller, now: Instant) -> CallKey {
        let serial = self.next_serial();
        let index = self.calls.insert(Call {
            serial,
            caller: Some(caller),
            callee: None,
            place: NOWHERE,
            deadline: now,
            held: None,
            is_repeated: false,
            is_aborted: false,
        });
        CallKey { index: index as u32, serial }
    }

    /// Finds the place of a call that has just come.
    pub(super) fn route(&mut self, index: usize, beginning: &Beginning<'_>, now: Instant) {
        let head = &beginning.head;
        if head.depth > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} calls stand within one another");
            return self.refuse(index, head, Code::TooDeep, message);
        }
        let Some(&service) = self.names.get(head.service) else {
            let names = self.names.keys().map(|name| &**name);
            let near = self.adviser.advise(head.service, names, "there are", now);
            let message = format!("there is no service \"{}\"{near}", shortened(head.service));
            return self.refuse(index, head, Code::UnknownService, message);
        };
        let function = self.services[service].find(head.function);
        let timeout = match head.deadline_ms {
            0 => {
                let offer = function.and_then(|function| self.services[service].functions[function].offer());
                offer.and_then(|offer| offer.timeout).unwrap_or(self.settings.timeout)
            }
            ms => Duration::from_millis(ms.into()),
        };
        self.calls[index].deadline = now + timeout;
        if let Some(function) = function {
            self.calls[index].place = (service, function);
            if self.services[service].functions[function].waiting.live == 0
                && let Some(worker) = self.choose(service, function)
            {
                self.deadlines.insert(index as u32, now + timeout);
                return self.begin(index, worker, beginning, now);
            }
        }
        if let Some((code, message)) = self.refusal(service, function, head, now) {
            return self.refuse(index, head, code, message);
        }
        if !self.hold(index, beginning) {
            let message = format!(
                "it would have to wait, and what this worker's calls that wait carry is {HELD_BYTES_MAX} bytes already"
            );
            return self.refuse(index, head, Code::Overloaded, message);
        }
        let function = self.services[service].find_or_add(head.function);
        self.calls[index].place = (service, function);
        self.deadlines.insert(index as u32, now + timeout);
        self.services[service].waiting += 1;
        let key = CallKey { index: index as u32, serial: self.calls[index].serial };
        self.services[service].functions[function].waiting.push(key);
    }

    /// Why a call for which no worker is free may not even wait.
    fn refusal(
        &mut self,
        service: usize,
        function: Option<usize>,
        head: &CallHead<'_>,
        now: Instant,
    ) -> Option<(Code, String)> {
        let service = &self.services[service];
        let function = function.map(|function| &service.functions[function]);
        let offer = function.and_then(|function| function.offer());
        let is_offered = function.is_some_and(|function| !function.offers.is_empty());
        if service.ready > 0 && !is_offered {
            let near = self.adviser.advise(head.function, service.offered(), "it offers", now);
            let missing = shortened(head.function);
            let message = format!("service \"{}\" offers no function \"{missing}\"{near}", service.name);
            return Some((Code::UnknownFunction, message));
        }
        if service.ready == 0 && (service.is_broken || self.is_closed) {
            return Some((Code::Unavailable, self.why_unavailable(&service.name)));
        }
        let (waiting, queue) = match (function, offer) {
            (Some(function), Some(offer)) => {
                let queue = offer.queue.unwrap_or(self.settings.queue);
                let is_ready = |of: &Offering| self.workers[of.worker].state == State::Ready;
                // A function's own queue is for those that wait until others are answered. For a worker to come waits what may wait
                // of any function.
                let comes = !function.offers.iter().any(is_ready);
                (function.waiting.live, if comes { queue.max(self.settings.queue) } else { queue })
            }
            _ => (service.waiting_for_nobody(), self.settings.queue),
        };
        (waiting >= queue).then(|| {
            let message = match queue {
                0 => "it has as many calls as it takes at a time".to_owned(),
                queue => format!("{queue} calls wait for it already, and no more may"),
            };
            (Code::Overloaded, message)
        })
    }

    pub(super) fn why_unavailable(&self, service: &str) -> String {
        match self.is_closed {
            true => format!("service \"{service}\" is stopping, with the server"),
            false => format!("the workers of service \"{service}\" keep failing; the log says why"),
        }
    }

    /// A call that has no place ends with an error.
    fn refuse(&mut self, index: usize, head: &CallHead<'_>, code: Code, message: String) {
        self.tell(index, || CallError::new(code, message, head.service, head.function));
        self.calls.remove(index);
    }

    /// The worker with the fewest calls, of those that may take one more of this function.
    fn choose(&mut self, service: usize, function: usize) -> Option<usize> {
        let service = &mut self.services[service];
        let function = &mut service.functions[function];
        let count = function.offers.len();
        function.next = function.next.wrapping_add(1);
        let mut fewest: Option<(usize, usize)> = None;
        for offset in 0..count {
            let offering = &function.offers[function.next.wrapping_add(offset) % count];
            let worker = &self.workers[offering.worker];
            if worker.state != State::Ready || offering.running >= offering.offer.concurrency {
                continue;
            }
            let keeps_up = worker.connection.pending_bytes() < CALLEE_PENDING_MAX
                && worker.connection.open_ours() < CALLS_MAX;
            if !keeps_up {
                service.is_stalled = true;
            } else if fewest.is_none_or(|(running, _)| worker.running < running) {
                fewest = Some((worker.running, offering.worker));
            }
        }
        fewest.map(|(_, worker)| worker)
    }

    /// Gives a call to a worker that [`Self::choose`] has named.
    fn begin(&mut self, index: usize, worker: usize, beginning: &Beginning<'_>, now: Instant) {
        let Beginning { head, aboard, ended, granted, .. } = beginning;
        let call = &mut self.calls[index];
        let (service, function) = call.place;
        let caller_service = match &call.caller {
            Some(Caller::Worker { index, .. }) => &*self.services[self.workers[*index].service].name,
            Some(Caller::Local(_)) | None => "",
        };
        let left = call.deadline.saturating_duration_since(now).as_millis();
        let window = u64::from(head.window) + granted;
        let head = CallHead {
            service: caller_service,
            deadline_ms: u32::try_from(left).unwrap_or(u32::MAX).max(1),
            window: u32::try_from(window).unwrap_or(u32::MAX),
            ..*head
        };
        let is_whole = *ended && head.total as usize == aboard.bytes().len() && !head.has_items();
        let (is_idempotent, has_items) = (head.is_idempotent(), head.has_items());
        // The head was one before, and there is room for a call: anything else would be a mistake in here.
        let begun = self.workers[worker].connection.begin(index as u32, &head, *aboard);
        let Ok(Some(id)) = begun else {
            debug_assert!(false, "a worker that was chosen takes no call: {begun:?}");
            let error = self.error(index, Code::Unavailable, "no worker takes it");
            self.tell(index, || error);
            self.deadlines.remove(index as u32);
            self.calls.remove(index);
            return;
        };
        let offering = self.services[service].functions[function].offering_mut(worker);
        let mut may_repeat = false;
        if let Some(offering) = offering {
            offering.running += 1;
            may_repeat = is_whole && (offering.offer.idempotent || is_idempotent);
        }
        self.services[service].functions[function].running += 1;
        self.workers[worker].running += 1;
        let call = &mut self.calls[index];
        call.callee = Some(Callee { index: worker, id });
        if !may_repeat || call.is_repeated {
            self.let_go(index);
        } else if call.held.is_none() {
            // Where no more may be kept it is begun but once.
            self.hold(index, beginning);
        }
        if *ended && has_items {
            self.workers[worker].connection.send(id, Payload::Copied(&[]), true);
        }
        self.mark(worker);
    }

    /// Begins as many calls of a function that wait as there is room for.
    pub(super) fn dispatch(&mut self, service: usize, function: usize, now: Instant) {
        while self.services[service].functions.get(function).is_some_and(|function| function.waiting.live > 0)
        {
            let Some(worker) = self.choose(service, function) else { return };
            let waiting = &mut self.services[service].functions[function].waiting;
            let Some(key) = waiting.pop() else { return };
            if !self.is_waiting(key) {
                continue;
            }
            self.services[service].functions[function].waiting.live -= 1;
            self.services[service].waiting -= 1;
            self.begin_held(key.index as usize, worker, now);
        }
    }

    /// Gives a call that is held to a worker.
    fn begin_held(&mut self, index: usize, worker: usize, now: Instant) {
        let Some(held) = &self.calls[index].held else { return };
        let (payload, granted, ended) = (held.payload.clone(), held.granted, held.ended);
        let Ok((head, aboard)) = CallHead::decode(&payload) else { return };
        let aboard = Payload::Shared(&payload, aboard);
        let beginning = Beginning { head, aboard, ended, granted };
        self.begin(index, worker, &beginning, now);
    }

    /// A call's worker was lost, and it is to be begun once more, before all that wait.
    pub(super) fn repeat(&mut self, index: usize, now: Instant) {
        let call = &mut self.calls[index];
        (call.callee, call.is_repeated) = (None, true);
        let (key, (service, function)) = (CallKey { index: index as u32, serial: call.serial }, call.place);
        self.services[service].waiting += 1;
        self.services[service].functions[function].waiting.push_first(key);
        self.dispatch(service, function, now);
    }

    /// A worker has one call less in its hands.
    pub(super) fn release(&mut self, worker: usize, (service, function): (usize, usize), now: Instant) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.running -= 1;
        }
        let of = &mut self.services[service].functions[function];
        of.running -= 1;
        if let Some(offering) = of.offering_mut(worker) {
            offering.running -= 1;
        }
        if self.services[service].waiting > 0 {
            self.dispatch(service, function, now);
        }
        if self.services[service].is_stalled {
            self.settle(service, now);
        }
    }

    /// Something has changed for a service: calls that wait go on, or are told that they wait in vain.
    pub(super) fn settle(&mut self, service: usize, now: Instant) {
        self.services[service].is_stalled = false;
        if self.services[service].waiting == 0 {
            return;
        }
        let functions: Vec<usize> = self.services[service].functions.iter().map(|(index, _)| index).collect();
        for function in functions {
            self.dispatch(service, function, now);
            let of = &self.services[service];
            let Some(waits_for) = of.functions.get(function).filter(|function| function.waiting.live > 0)
            else {
                continue;
            };
            let name = waits_for.name.clone();
            let head = CallHead { function: &name, ..CallHead::default() };
            let in_vain = self.refusal(service, Some(function), &head, now);
            if let Some((code, message)) = in_vain.filter(|(code, _)| *code != Code::Overloaded) {
                self.refuse_all(service, function, code, &message, now);
            }
        }
    }

    fn refuse_all(&mut self, service: usize, function: usize, code: Code, message: &str, now: Instant) {
        while let Some(key) =
            self.services[service].functions.get_mut(function).and_then(|function| function.waiting.pop())
        {
            if self.is_waiting(key) {
                let index = key.index as usize;
                let error = self.error(index, code, message);
                self.tell(index, || error);
                self.unqueue(index);
                self.remove(index, now);
            }
        }
    }
}
