//! Names that no two share.

use std::collections::{BTreeMap, BTreeSet};

/// The names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
    /// The number that the next of a name may have behind it: documents have had one ten thousand times.
    next: BTreeMap<String, u32>,
}

impl Names {
    /// `name`, or, if that is taken, the same with the first free number behind it.
    pub(crate) fn take(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        while !self.taken.insert(free.clone()) {
            let next = self.next.entry(name.to_owned()).or_insert(2);
            free = format!("{name}_{next}");
            *next += 1;
        }
        free
    }
}
