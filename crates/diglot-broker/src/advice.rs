//! What a name that does not exist may have been meant for.

use std::time::{Duration, Instant};

/// Names listed where none is near.
const LISTED_MAX: usize = 8;
/// How alike names are that one was meant for the other (Jaro and Winkler, 1 is the same).
const NEAR: f64 = 0.8;
/// Names looked at: comparing takes time in which nobody's calls go on.
const NAMES_MAX: usize = 256;
/// Bytes of a name that are compared.
const COMPARED_BYTES_MAX: usize = 64;
/// Bytes of a name a caller made up that are shown: names that exist are shorter.
const SHOWN_BYTES_MAX: usize = 128;
/// So many callers are advised in [`PERIOD`]; the others are told what is wrong, and not what is near.
const ADVISED_MAX: u32 = 32;
const PERIOD: Duration = Duration::from_secs(1);

/// Gives advice, and sees to it that this is never what the broker is busy with.
#[derive(Debug)]
pub(crate) struct Adviser {
    since: Instant,
    advised: u32,
}

impl Adviser {
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, advised: 0 }
    }

    /// As [`advice`], or nothing.
    pub(crate) fn advise<'n>(
        &mut self,
        missing: &str,
        names: impl Iterator<Item = &'n str>,
        has: &str,
        now: Instant,
    ) -> String {
        if now.saturating_duration_since(self.since) >= PERIOD {
            *self = Self::new(now);
        }
        self.advised += 1;
        match self.advised > ADVISED_MAX {
            true => String::new(),
            false => advice(missing, names, has),
        }
    }
}

/// What may have been meant by a name that does not exist: `: did you mean "x"?`, or `; it offers "x", "y"` where `has` is "it
/// offers", or nothing.
pub fn advice<'n>(missing: &str, names: impl Iterator<Item = &'n str>, has: &str) -> String {
    let mut names: Vec<&str> = names.take(NAMES_MAX).collect();
    names.sort_unstable();
    let missing = cut(missing, COMPARED_BYTES_MAX);
    let alike = |name: &&str| strsim::jaro_winkler(missing, cut(name, COMPARED_BYTES_MAX));
    let likenesses = names.iter().map(|name| (name, alike(name)));
    match likenesses.max_by(|(_, one), (_, other)| one.total_cmp(other)) {
        None => String::new(),
        Some((near, likeness)) if likeness >= NEAR => format!(": did you mean \"{near}\"?"),
        Some(_) => {
            let more = if names.len() > LISTED_MAX { ", …" } else { "" };
            let listed: Vec<String> =
                names.iter().take(LISTED_MAX).map(|name| format!("\"{name}\"")).collect();
            format!("; {has} {}{more}", listed.join(", "))
        }
    }
}

/// A name a caller made up, for people.
pub(crate) fn shortened(name: &str) -> &str {
    cut(name, SHOWN_BYTES_MAX)
}

fn cut(name: &str, bytes_max: usize) -> &str {
    &name[..name.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near_are_said() {
        let check = |missing, names: &[&str], expect: &str| {
            assert_eq!(advice(missing, names.iter().copied(), "it offers"), expect);
        };
        check("similr", &["similar", "train"], ": did you mean \"similar\"?");
        check("xyz", &["similar", "train"], "; it offers \"similar\", \"train\"");
        check("xyz", &[], "");
    }

    #[test]
    fn advice_is_rare_where_many_ask() {
        let start = Instant::now();
        let mut adviser = Adviser::new(start);
        let mut looked_at = 0;
        for _ in 0..1000 {
            let names = std::iter::repeat_n("similar", 60_000).inspect(|_| looked_at += 1);
            adviser.advise("xyz", names, "it offers", start + PERIOD / 2);
        }
        assert_eq!(looked_at, NAMES_MAX * ADVISED_MAX as usize);
        let advice = adviser.advise("similr", ["similar"].into_iter(), "it offers", start + PERIOD);
        assert_eq!(advice, ": did you mean \"similar\"?");
    }
}
