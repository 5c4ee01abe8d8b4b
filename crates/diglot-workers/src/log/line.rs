//! Bytes from a worker's output to lines that are safe to print.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::Write as _;

use super::{LINE_BYTES_MAX, STDERR_TAIL_BYTES_MAX, STDERR_TAIL_LINES_MAX};

/// A byte sequence of UTF-8 is at most this long; a cut looks back no further for a better place.
const UTF8_BYTES_MAX: usize = 4;

/// Cuts a stream of bytes into lines, whatever pieces it arrives in.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    /// The beginning of a line whose end has not come; shorter than [`LINE_BYTES_MAX`].
    partial: Vec<u8>,
}

impl LineSplitter {
    /// Take in the next bytes and give out each line they complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut emit: impl FnMut(String)) {
        while !bytes.is_empty() {
            let room = LINE_BYTES_MAX - self.partial.len();
            let (window, rest) = bytes.split_at(bytes.len().min(room));
            if let Some(end) = window.iter().position(|&byte| byte == b'\n') {
                bytes = &bytes[end + 1..];
                if self.partial.is_empty() {
                    emit(clean_line(&window[..end]));
                } else {
                    self.partial.extend_from_slice(&window[..end]);
                    emit(clean_line(&self.partial));
                    self.partial.clear();
                }
            } else {
                self.partial.extend_from_slice(window);
                bytes = rest;
                if self.partial.len() == LINE_BYTES_MAX {
                    let cut = character_boundary(&self.partial);
                    emit(clean_line(&self.partial[..cut]));
                    self.partial.drain(..cut);
                }
            }
        }
    }

    /// The stream has ended: a last line without an end is a line too.
    pub(crate) fn finish(&mut self, mut emit: impl FnMut(String)) {
        if !self.partial.is_empty() {
            emit(clean_line(&std::mem::take(&mut self.partial)));
        }
    }
}

/// Where to cut a full buffer so that no character is torn: before a sequence that its end leaves incomplete.
fn character_boundary(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(UTF8_BYTES_MAX - 1);
    let Some(start) = (tail..bytes.len()).rev().find(|&at| bytes[at] & 0b1100_0000 != 0b1000_0000) else {
        return bytes.len();
    };
    let length = match bytes[start] {
        0xF0..=0xF7 => 4,
        0xE0..=0xEF => 3,
        0xC0..=0xDF => 2,
        _ => 1,
    };
    if start + length > bytes.len() { start } else { bytes.len() }
}

/// One line, its end taken off: invalid UTF-8 becomes U+FFFD, colours go, and other control characters are shown instead
/// of sent on, so that no app (nor a request it logs) can drive the reader's terminal or forge lines.
fn clean_line(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    escape_controls(&text, |character| character == '\t').into_owned()
}

/// A message of several lines (a traceback), made safe to print; ends of lines and tabs stay.
pub(crate) fn clean_block(text: &str) -> String {
    escape_controls(text, |character| matches!(character, '\t' | '\n')).into_owned()
}

fn escape_controls(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_unsafe = |character: char| character.is_control() && !is_kept(character);
    let Some(first) = text.find(is_unsafe) else { return Cow::Borrowed(text) };
    let mut clean = String::with_capacity(text.len() + 16);
    clean.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(character) = rest.chars().next() {
        if let Some(after) = strip_colour(rest) {
            rest = after;
            continue;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            _ if !is_unsafe(character) => clean.push(character),
            '\r' => clean.push_str("\\r"),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(clean, "\\x{:02x}", u32::from(character));
            }
        }
    }
    Cow::Owned(clean)
}

/// What follows the "select graphic rendition" (ECMA-48, 8.3.117) that the text begins with: harmless, but noise
/// wherever the log is not this terminal.
fn strip_colour(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    parameters
        .trim_start_matches(|character: char| character.is_ascii_digit() || character == ';')
        .strip_prefix('m')
}

/// The last lines of a stream, within limits of lines and bytes.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Tail {
    pub(crate) fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        // One line always fits: it is far shorter than the limit.
        while self.lines.len() > STDERR_TAIL_LINES_MAX || self.bytes > STDERR_TAIL_BYTES_MAX {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for piece in pieces {
            splitter.feed(piece, |line| lines.push(line));
        }
        splitter.finish(|line| lines.push(line));
        lines
    }

    #[test]
    fn lines_are_cut_wherever_the_pieces_end() {
        assert_eq!(split(&[b"one\ntw", b"o\n", b"\nthr", b"ee"]), ["one", "two", "", "three"]);
        assert_eq!(split(&[b"dos\r\n", b"unix\n"]), ["dos", "unix"]);
        assert_eq!(split(&[b"", b""]), Vec::<String>::new());
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(
            split(&[b"\x1b[2Jgone\x07 10%\r20%\ttab\x7f\0\n"]),
            [r"\x1b[2Jgone\x07 10%\r20%	tab\x7f\x00"]
        );
        assert_eq!(split(&["c1 \u{9b}31m\n".as_bytes()]), [r"c1 \x9b31m"]);
        assert_eq!(split(&[b"bad \xff\xc3 utf\n"]), ["bad \u{fffd}\u{fffd} utf"]);
        assert_eq!(clean_block("a\n\tb\x1b[0K\r\n"), "a\n\tb\\x1b[0K\\r\n");
    }

    #[test]
    fn colours_go_and_nothing_that_only_looks_like_them() {
        assert_eq!(split(&[b"\x1b[31mred\x1b[0m \x1b[1;38;5;9mbold\x1b[m\n"]), ["red bold"]);
        assert_eq!(split(&[b"\x1b[3", b"1mred\n"]), ["red"]);
        assert_eq!(split(&[b"\x1b[31\n", b"m \x1b[?25m \x1b31m\n"]), [r"\x1b[31", r"m \x1b[?25m \x1b31m"]);
        assert_eq!(clean_block("\x1b[1mBold\n\x1b[22mplain"), "Bold\nplain");
        assert_eq!(clean_block("\x1b\x1b[1m[1mx"), r"\x1b[1mx");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = format!("{}é{}", "x".repeat(LINE_BYTES_MAX - 1), "y".repeat(10));
        let lines = split(&[long.as_bytes(), b"\nnext"]);
        assert_eq!(
            lines,
            ["x".repeat(LINE_BYTES_MAX - 1), format!("é{}", "y".repeat(10)), "next".to_owned()]
        );
        let exact = "z".repeat(LINE_BYTES_MAX);
        assert_eq!(split(&[exact.as_bytes()]), [exact]);
    }

    #[test]
    fn the_tail_keeps_the_last_lines_within_both_limits() {
        let mut tail = Tail::default();
        for n in 0..200 {
            tail.push(n.to_string());
        }
        let lines = tail.into_lines();
        assert_eq!(
            (lines.len(), lines[0].as_str(), lines[49].as_str()),
            (STDERR_TAIL_LINES_MAX, "150", "199")
        );

        let mut tail = Tail::default();
        for _ in 0..10 {
            tail.push("x".repeat(LINE_BYTES_MAX));
        }
        assert_eq!(tail.into_lines().len(), STDERR_TAIL_BYTES_MAX / LINE_BYTES_MAX);
    }

    proptest! {
        /// The same bytes give the same lines however they arrive, none too long, none unsafe.
        #[test]
        fn pieces_do_not_matter(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(0xC3), Just(0xA9), any::<u8>()], 0..400),
            repeat in 1usize..200,
            cut in 1usize..5000,
        ) {
            let bytes = bytes.repeat(repeat);
            let whole = split(&[&bytes]);
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(&split(&pieces), &whole);
            for line in &whole {
                prop_assert!(line.chars().all(|c| c == '\t' || !c.is_control()));
            }
        }
    }
}
