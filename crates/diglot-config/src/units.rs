//! Lengths and spans of time as people write them, with a unit.

use std::time::Duration;

use crate::problem::Flaw;

/// The longest wait that can be asked for; what is longer is a mistake, or wants `"none"`.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

const WAITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// `"32 KiB"`, `"1GB"`, `"512"`: bytes.
pub(crate) fn parse_size(text: &str) -> Result<u64, Flaw> {
    let flaw = || {
        Flaw::new(format!("`{text}` is no size"))
            .hint("write a number and a unit: \"64 KiB\", \"10 MiB\", \"1 GiB\"")
    };
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| flaw())?;
    let bytes = match SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) {
        Some((_, bytes)) => *bytes,
        None if unit.is_empty() => 1,
        None => return Err(flaw()),
    };
    number.checked_mul(bytes).ok_or_else(flaw)
}

/// `"30s"`, `"500 ms"`, `"2m"`, `"1h"`. A unit is asked for: a bare number is seconds to one person and
/// milliseconds to the next.
pub(crate) fn parse_wait(text: &str) -> Result<Duration, Flaw> {
    let flaw = || {
        Flaw::new(format!("`{text}` is no time"))
            .hint("write a number and a unit: \"500ms\", \"30s\", \"2m\", \"1h\"")
    };
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| flaw())?;
    let (_, unit_ms) = WAITS.iter().find(|(name, _)| *name == unit).ok_or_else(flaw)?;
    let wait = Duration::from_millis(number.checked_mul(*unit_ms).ok_or_else(flaw)?);
    match wait {
        Duration::ZERO => Err(Flaw::new("no time at all").hint("the shortest is \"1ms\"")),
        wait if wait > WAIT_MAX => {
            Err(Flaw::new(format!("`{text}` is too long")).hint("the longest is \"24h\""))
        }
        wait => Ok(wait),
    }
}

fn split(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (&text[..digits], text[digits..].trim_start_matches(' '))
}

/// The shortest exact way to write a size.
pub(crate) fn show_size(bytes: u64) -> String {
    let exact =
        SIZES.iter().filter(|(name, _)| name.contains('i')).find(|(_, unit)| bytes.is_multiple_of(*unit));
    match exact {
        Some((name, unit)) if bytes > 0 => format!("{} {name}", bytes / unit),
        _ => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(parse_size(text).ok(), expect, "{text}");
        check("512", Some(512));
        check("32 KiB", Some(32_768));
        check("32kib", Some(32_768));
        check("1GB", Some(1_000_000_000));
        check("1 GiB", Some(1 << 30));
        check("18446744073709551615", Some(u64::MAX));
        check("18446744073709551616", None);
        check("99999999999 GiB", None);
        check("1.5 MiB", None);
        check("10M", None);
        check("-1", None);
        check("+1", None);
        check("", None);
        check("KiB", None);
        check("1\u{a0}KiB", None);
    }

    #[test]
    fn waits() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(parse_wait(text).ok(), expect.map(Duration::from_millis), "{text}");
        };
        check("30s", Some(30_000));
        check("500 ms", Some(500));
        check("2m", Some(120_000));
        check("24h", Some(86_400_000));
        check("25h", None);
        check("0s", None);
        check("30", None);
        check("1.5s", None);
        check("1S", None);
        check("99999999999999999999s", None);
        check("18446744073709551615h", None);
        check("", None);
    }

    #[test]
    fn sizes_are_shown_as_they_are_read() {
        for bytes in [0, 1, 8_190, 32 << 10, 1 << 30, 3 << 20, 1_000_000, u64::MAX] {
            assert_eq!(parse_size(&show_size(bytes)).ok(), Some(bytes), "{}", show_size(bytes));
        }
        assert_eq!(show_size(1 << 30), "1 GiB");
    }
}
