//! Names that no two share.

use std::collections::BTreeSet;

/// The names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// `name`, or, if that is taken, the same with the first free number behind it.
    pub(crate) fn take(&mut self, name: &str) -> String {
        let free = (2_u32..).map(|number| format!("{name}_{number}"));
        let free = std::iter::once(name.to_owned()).chain(free).find(|name| !self.0.contains(name));
        let name = free.unwrap_or_default();
        self.0.insert(name.clone());
        name
    }
}
