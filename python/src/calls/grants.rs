//! How much others may send: windows, and a budget for messages that have not come whole.

use std::collections::VecDeque;

use diglot_calls::{ARGUMENTS_BYTES_MAX, GRANTED_BYTES_MAX};
use rustc_hash::{FxHashMap, FxHashSet};

/// A call grants so much of its answer from the start while few do: a message of that length takes one turn less.
const ANSWER_WINDOW: u64 = 1024 * 1024;
/// With more than this in windows, calls grant nothing of their answers before those begin.
const EAGER_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What a stream of items may be ahead of its reader, while few streams are open.
const STREAM_WINDOW: u64 = 256 * 1024;
/// The same while very many are: so much there is for each that can be.
const STREAM_WINDOW_MIN: u64 = 512;
/// Of what windows have left, a stream's takes at most this part.
const STREAM_WINDOW_PART: u64 = 128;
/// Of all windows, but for what [`STREAM_WINDOW_MIN`] adds.
const WINDOWS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A message up to this length does not wait for those that are longer.
const SHORT_BYTES_MAX: u64 = 1024 * 1024;
/// What short messages may have together, and what longer ones may.
const BUDGETS: [u64; 2] = [ARGUMENTS_BYTES_MAX / 4, ARGUMENTS_BYTES_MAX - ARGUMENTS_BYTES_MAX / 4];
/// Of one message so much is granted at a time.
pub(super) const STEP: u64 = 16 * 1024 * 1024;
/// What the steps of all messages may be together, with those of calls that were aborted: half of what a worker may grant.
const STEPS_BYTES_MAX: u64 = GRANTED_BYTES_MAX / 2;
/// So long no byte of a message may come while others wait for its room. Counted in ticks, one a second, of the loop that
/// reads: while that stands nothing is counted.
pub(super) const IDLE_SECONDS_MAX: u8 = 5;

/// What has been granted on one socket, and who waits for what.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// Of all calls that are open.
    windows: u64,
    /// For short messages, and for long ones.
    budgets: [Budget; 2],
    /// The messages that have not come whole, by their calls.
    asked: FxHashMap<u32, Asked>,
    /// Steps of those that may come.
    steps: u64,
    /// What may still come of messages of which nothing is kept any more.
    stale: u64,
    /// The services of which a message had to make room, until one comes whole: theirs wait behind those of others.
    late: FxHashSet<Box<str>>,
}

/// What messages of one kind have together.
#[derive(Debug, Default)]
struct Budget {
    in_use: u64,
    /// Calls, the longest waiting first; some may be over.
    waiting: VecDeque<u32>,
    /// Those of services that are late.
    behind: VecDeque<u32>,
}

#[derive(Debug)]
struct Asked {
    bytes: u64,
    /// The service it comes from.
    service: Box<str>,
    is_admitted: bool,
    idle_ticks: u8,
}

impl Asked {
    /// Which budget it is of.
    fn kind(&self) -> usize {
        usize::from(self.bytes > SHORT_BYTES_MAX)
    }
}

impl Grants {
    /// What a call that is begun now grants of its answer.
    pub(super) fn answer_window(&mut self) -> u64 {
        let window = if self.windows < EAGER_BYTES_MAX { ANSWER_WINDOW } else { 0 };
        self.windows += window;
        window
    }

    /// The window of a stream that begins now.
    pub(super) fn stream_window(&mut self) -> u64 {
        let part = WINDOWS_BYTES_MAX.saturating_sub(self.windows) / STREAM_WINDOW_PART;
        let window = part.clamp(STREAM_WINDOW_MIN, STREAM_WINDOW);
        self.windows += window;
        window
    }

    /// The call that had this window is over.
    pub(super) fn give_back(&mut self, window: u64) {
        self.windows = self.windows.saturating_sub(window);
    }

    /// A message of so many bytes comes from a service: [`Self::next`] says when it may.
    pub(super) fn ask(&mut self, id: u32, bytes: u64, service: &str) {
        let asked = Asked { bytes, service: service.into(), is_admitted: false, idle_ticks: 0 };
        let budget = &mut self.budgets[asked.kind()];
        match self.late.contains(service) {
            true => budget.behind.push_back(id),
            false => budget.waiting.push_back(id),
        }
        self.asked.insert(id, asked);
    }

    /// The next call whose message may come.
    pub(super) fn next(&mut self) -> Option<u32> {
        for (budget, bytes_max) in self.budgets.iter_mut().zip(BUDGETS) {
            let Some(id) = budget.first(&self.asked) else { continue };
            let Some(asked) = self.asked.get_mut(&id) else { continue };
            // The longest message comes alone.
            let fits = budget.in_use == 0 || budget.in_use + asked.bytes <= bytes_max;
            let step = asked.bytes.min(STEP);
            if fits && self.steps + self.stale + step <= STEPS_BYTES_MAX {
                asked.is_admitted = true;
                budget.in_use += asked.bytes;
                self.steps += step;
                budget.take_first();
                return Some(id);
            }
        }
        None
    }

    /// Some of a call's message has come.
    pub(super) fn progressed(&mut self, id: u32) {
        if let Some(asked) = self.asked.get_mut(&id) {
            asked.idle_ticks = 0;
        }
    }

    /// A call's message is there.
    pub(super) fn came_whole(&mut self, id: u32) {
        if let Some(asked) = self.release(id) {
            self.late.remove(&asked.service);
        }
    }

    /// No more is kept of a call's message. The call stays open for a while: returns what may still come of `credit`.
    pub(super) fn dropped(&mut self, id: u32, credit: u64) -> u64 {
        let stale = if self.release(id).is_some() { credit } else { 0 };
        self.stale += stale;
        stale
    }

    /// A call is over, of which so much might still have come.
    pub(super) fn over(&mut self, id: u32, stale: u64) {
        self.release(id);
        self.stale = self.stale.saturating_sub(stale);
    }

    fn release(&mut self, id: u32) -> Option<Asked> {
        let asked = self.asked.remove(&id)?;
        if asked.is_admitted {
            self.budgets[asked.kind()].in_use -= asked.bytes;
            self.steps -= asked.bytes.min(STEP);
        }
        Some(asked)
    }

    /// Whether a message waits for others.
    pub(super) fn is_waited_for(&mut self) -> bool {
        let Self { budgets, asked, .. } = self;
        budgets.iter_mut().any(|budget| budget.first(asked).is_some())
    }

    /// A second has passed. Returns the calls whose messages have stood too long while others wait for their room: their
    /// services are late.
    pub(super) fn tick(&mut self) -> Vec<u32> {
        let Self { budgets, asked, late, .. } = self;
        let are_waited_for = budgets.each_mut().map(|budget| budget.first(asked).is_some());
        let mut stalled = Vec::new();
        for (id, each) in asked.iter_mut().filter(|(_, each)| each.is_admitted) {
            each.idle_ticks = each.idle_ticks.saturating_add(1);
            if are_waited_for[each.kind()] && each.idle_ticks >= IDLE_SECONDS_MAX {
                late.insert(each.service.clone());
                stalled.push(*id);
            }
        }
        if !stalled.is_empty() {
            let is_late = |id: &u32| asked.get(id).is_some_and(|each| late.contains(&each.service));
            budgets.iter_mut().for_each(|budget| budget.put_behind(is_late));
        }
        stalled
    }
}

impl Budget {
    /// The call whose message is the next that may come. Those that are over are left out for good.
    fn first(&mut self, asked: &FxHashMap<u32, Asked>) -> Option<u32> {
        for queue in [&mut self.waiting, &mut self.behind] {
            while queue.front().is_some_and(|id| !asked.contains_key(id)) {
                queue.pop_front();
            }
        }
        self.waiting.front().or(self.behind.front()).copied()
    }

    fn take_first(&mut self) {
        if self.waiting.pop_front().is_none() {
            self.behind.pop_front();
        }
    }

    fn put_behind(&mut self, is_late: impl Fn(&u32) -> bool) {
        let (late, others) = self.waiting.drain(..).partition(is_late);
        self.waiting = others;
        let mut late: VecDeque<u32> = late;
        self.behind.append(&mut late);
    }
}
