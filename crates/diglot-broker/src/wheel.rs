//! Deadlines of calls: many, mostly alike, and nearly all removed before they pass.
//!
//! A hashed timing wheel (Varghese and Lauck, 1987): putting one in and taking it out cost the same however many there are,
//! and allocate nothing.

use std::time::{Duration, Instant};

/// How late a deadline may be noticed.
pub(crate) const TICK: Duration = Duration::from_millis(16);
/// Deadlines further away than so many ticks are looked at once in a turn of the wheel.
const SLOTS: usize = 4096;
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Entry {
    previous: u32,
    next: u32,
    /// The tick at whose end it is due; 0: it is not in the wheel.
    tick: u64,
}

const ABSENT: Entry = Entry { previous: NONE, next: NONE, tick: 0 };

/// Deadlines by the index of what has them.
#[derive(Debug)]
pub(crate) struct Wheel {
    base: Instant,
    /// Every tick up to this one has been looked at.
    done: u64,
    heads: Box<[u32]>,
    /// A bit for each slot that has entries.
    occupied: [u64; SLOTS / 64],
    entries: Vec<Entry>,
}

impl Wheel {
    pub(crate) fn new(base: Instant) -> Self {
        Self {
            base,
            done: 0,
            heads: vec![NONE; SLOTS].into_boxed_slice(),
            occupied: [0; SLOTS / 64],
            entries: Vec::new(),
        }
    }

    fn tick_of(&self, at: Instant) -> u64 {
        (at.saturating_duration_since(self.base).as_micros() / TICK.as_micros()) as u64
    }

    /// `index` must not be in the wheel.
    pub(crate) fn insert(&mut self, index: u32, deadline: Instant) {
        let tick = (self.tick_of(deadline) + 1).max(self.done + 1);
        let slot = (tick % SLOTS as u64) as usize;
        if self.entries.len() <= index as usize {
            self.entries.resize(index as usize + 1, ABSENT);
        }
        let next = std::mem::replace(&mut self.heads[slot], index);
        if next != NONE {
            self.entries[next as usize].previous = index;
        }
        self.entries[index as usize] = Entry { previous: NONE, next, tick };
        self.occupied[slot / 64] |= 1 << (slot % 64);
    }

    /// Has no effect if `index` is not in the wheel.
    pub(crate) fn remove(&mut self, index: u32) {
        let Some(entry) = self.entries.get_mut(index as usize) else { return };
        let Entry { previous, next, tick } = std::mem::replace(entry, ABSENT);
        if tick == 0 {
            return;
        }
        let slot = (tick % SLOTS as u64) as usize;
        match previous {
            NONE => self.heads[slot] = next,
            previous => self.entries[previous as usize].next = next,
        }
        if next != NONE {
            self.entries[next as usize].previous = previous;
        }
        if self.heads[slot] == NONE {
            self.occupied[slot / 64] &= !(1 << (slot % 64));
        }
    }

    /// Takes out all that are due by `now`, and appends them to `due`.
    pub(crate) fn expire(&mut self, now: Instant, due: &mut Vec<u32>) {
        let current = self.tick_of(now);
        let first = self.done + 1;
        // One turn sees every slot.
        let last = current.min(self.done + SLOTS as u64);
        for tick in first..=last {
            let mut index = self.heads[(tick % SLOTS as u64) as usize];
            while index != NONE {
                let Entry { next, tick, .. } = self.entries[index as usize];
                if tick <= current {
                    self.remove(index);
                    due.push(index);
                }
                index = next;
            }
        }
        self.done = self.done.max(current);
    }

    /// When [`Self::expire`] has something to look at, at the earliest.
    pub(crate) fn next(&self) -> Option<Instant> {
        let start = (self.done + 1) % SLOTS as u64;
        let words = SLOTS / 64;
        let (first_word, first_bit) = ((start / 64) as usize, start % 64);
        for step in 0..=words {
            let word = (first_word + step) % words;
            let mask = match step {
                0 => u64::MAX << first_bit,
                step if step == words => !(u64::MAX << first_bit),
                _ => u64::MAX,
            };
            let bits = self.occupied[word] & mask;
            if bits != 0 {
                let slot = (word * 64) as u64 + u64::from(bits.trailing_zeros());
                let ahead = (slot + SLOTS as u64 - start) % SLOTS as u64;
                let ticks = u32::try_from(self.done + 1 + ahead).unwrap_or(u32::MAX);
                return Some(self.base + TICK * ticks);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert { index: u32, after_ms: u64 },
        Remove { index: u32 },
        Pass { ms: u64 },
        PassToNext,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..50u32, 0..200_000u64).prop_map(|(index, after_ms)| Step::Insert { index, after_ms }),
            (0..50u32).prop_map(|index| Step::Remove { index }),
            (0..90_000u64).prop_map(|ms| Step::Pass { ms }),
            Just(Step::PassToNext),
        ];
        proptest::collection::vec(step, 1..200)
    }

    proptest! {
        /// Never early, never later than a tick, and [`Wheel::next`] is never past what is due.
        #[test]
        fn it_does_what_a_sorted_map_does(steps in steps()) {
            let base = Instant::now();
            let mut wheel = Wheel::new(base);
            let mut model = BTreeMap::<u32, Instant>::new();
            let mut now = base;
            for step in steps {
                match step {
                    Step::Insert { index, after_ms } => {
                        wheel.remove(index);
                        let deadline = now + Duration::from_millis(after_ms);
                        wheel.insert(index, deadline);
                        model.insert(index, deadline);
                    }
                    Step::Remove { index } => {
                        wheel.remove(index);
                        model.remove(&index);
                    }
                    Step::Pass { ms } => now += Duration::from_millis(ms),
                    Step::PassToNext => if let Some(next) = wheel.next() { now = now.max(next) },
                }
                if let Some(next) = wheel.next() {
                    let earliest = model.values().min().copied();
                    prop_assert!(earliest.is_some_and(|earliest| next <= earliest.max(now) + TICK));
                } else {
                    prop_assert!(model.is_empty());
                }
                let mut due = vec![];
                wheel.expire(now, &mut due);
                for index in due {
                    let deadline = model.remove(&index);
                    prop_assert!(deadline.is_some_and(|deadline| deadline <= now));
                }
                prop_assert!(model.values().all(|deadline| *deadline + TICK > now));
            }
        }
    }
}
