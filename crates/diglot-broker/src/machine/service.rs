//! A service and its functions: who offers them, and which calls wait for one of those.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use slab::Slab;

use super::CallKey;
use crate::offer::Offer;
use diglot_calls::message::NAME_BYTES_MAX;

#[derive(Debug)]
pub(super) struct Service {
    /// As it crosses.
    pub(super) name: Box<str>,
    pub(super) functions: Slab<Function>,
    names: FxHashMap<Box<str>, usize>,
    /// Workers that are ready.
    pub(super) ready: usize,
    /// Its workers keep failing: those that are not ready may never be.
    pub(super) is_broken: bool,
    /// Calls that wait, of all functions.
    pub(super) waiting: usize,
    /// A call waits only because a worker that would have room does not read what is sent to it.
    pub(super) is_stalled: bool,
}

impl Service {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name[..name.floor_char_boundary(NAME_BYTES_MAX)].into(),
            functions: Slab::new(),
            names: FxHashMap::default(),
            ready: 0,
            is_broken: false,
            waiting: 0,
            is_stalled: false,
        }
    }

    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The function of that name; nobody may offer it yet.
    pub(super) fn find_or_add(&mut self, name: &str) -> usize {
        if let Some(index) = self.find(name) {
            return index;
        }
        let index = self.functions.insert(Function::new(name));
        self.names.insert(name.into(), index);
        index
    }

    /// Forgets a function that nobody offers, and of which there is no call. What was offered stays known until a worker is ready again.
    pub(super) fn tidy(&mut self, index: usize) {
        let knows_better = self.ready > 0;
        let is_idle = |function: &Function| {
            function.offers.is_empty()
                && (function.was_offered.is_none() || knows_better)
                && function.waiting.live == 0
                && function.running == 0
        };
        if self.functions.get(index).is_some_and(is_idle) {
            let function = self.functions.remove(index);
            self.names.remove(&function.name);
        }
    }

    /// The same for all of them.
    pub(super) fn tidy_all(&mut self) {
        let functions: Vec<usize> = self.functions.iter().map(|(index, _)| index).collect();
        functions.into_iter().for_each(|function| self.tidy(function));
    }

    /// Calls that wait for functions that nobody offers.
    pub(super) fn waiting_for_nobody(&self) -> usize {
        let functions = self.functions.iter().map(|(_, function)| function);
        functions.filter(|function| function.offers.is_empty()).map(|function| function.waiting.live).sum()
    }

    /// The functions that somebody offers.
    pub(super) fn offered(&self) -> impl Iterator<Item = &str> {
        let functions = self.functions.iter().map(|(_, function)| function);
        functions.filter(|function| !function.offers.is_empty()).map(|function| &*function.name)
    }
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: Box<str>,
    pub(super) offers: Vec<Offering>,
    /// What the last worker that was ready and is gone has offered, where no other does: one is to come in its place.
    pub(super) was_offered: Option<Arc<Offer>>,
    pub(super) waiting: Queue,
    /// Calls of it that workers have.
    pub(super) running: usize,
    /// Where the next choice among equals begins.
    pub(super) next: usize,
}

/// One worker's offer of a function.
#[derive(Debug)]
pub(super) struct Offering {
    pub(super) worker: usize,
    pub(super) offer: Arc<Offer>,
    /// Calls of it that the worker has.
    pub(super) running: usize,
}

impl Function {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            offers: Vec::new(),
            was_offered: None,
            waiting: Queue::default(),
            running: 0,
            next: 0,
        }
    }

    /// What the youngest worker says of it.
    pub(super) fn offer(&self) -> Option<&Arc<Offer>> {
        self.offers.last().map(|offering| &offering.offer).or(self.was_offered.as_ref())
    }

    /// A worker that has offered it is gone.
    pub(super) fn lose(&mut self, worker: usize, was_ready: bool) {
        let Some(at) = self.offers.iter().position(|offering| offering.worker == worker) else { return };
        let Offering { offer, .. } = self.offers.remove(at);
        if was_ready && self.offers.is_empty() {
            self.was_offered = Some(offer);
        }
    }
}

/// Calls in the order in which they came. Those that wait no more stay until it is their turn, or until they are many.
#[derive(Debug, Default)]
pub(super) struct Queue {
    keys: VecDeque<CallKey>,
    /// How many do wait.
    pub(super) live: usize,
}

/// So many that wait no more are kept at least.
const STALE_MIN: usize = 64;

impl Queue {
    pub(super) fn push(&mut self, key: CallKey) {
        self.keys.push_back(key);
        self.live += 1;
    }

    /// Before all others.
    pub(super) fn push_first(&mut self, key: CallKey) {
        self.keys.push_front(key);
        self.live += 1;
    }

    /// The next one, of which it is not known whether it still waits.
    pub(super) fn pop(&mut self) -> Option<CallKey> {
        self.keys.pop_front()
    }

    /// One of them waits no more; `waits` says of each whether it does.
    pub(super) fn leave(&mut self, waits: impl Fn(CallKey) -> bool) {
        self.live -= 1;
        if self.keys.len() > 2 * self.live + STALE_MIN {
            self.keys.retain(|key| waits(*key));
        }
    }
}
