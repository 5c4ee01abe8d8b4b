//! The table of cases, each in all ways a network may cut it and with any room.

use std::collections::HashSet;

use diglot_front::websocket::{Fault, Kind, Limits};

use crate::connection::{Seen, drive};
use crate::peer::{compress, frame};

struct Case {
    name: String,
    deflate: bool,
    limits: Limits,
    sent: Vec<u8>,
    expected: Vec<String>,
}

/// Repeats `{N*text}`.
fn expand(text: &str) -> String {
    let Some((front, rest)) = text.split_once('{') else { return text.to_owned() };
    let (repeated, rest) = rest.split_once('}').expect("a repetition is closed");
    let (times, unit) = repeated.split_once('*').expect("a repetition says how often");
    let times = times.parse().expect("a repetition says how often");
    format!("{front}{}{}", unit.repeat(times), expand(rest))
}

fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'\\', [b'\\', tail @ ..]) => {
                bytes.push(b'\\');
                tail
            }
            (b'\\', [b'x', high, low, tail @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                tail
            }
            (b'\\', _) => panic!("unknown escape in {text}"),
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    bytes
}

fn first_and_payload(text: &str) -> (u8, Vec<u8>) {
    let (first, payload) = text.split_once(' ').unwrap_or((text, ""));
    (u8::from_str_radix(first, 16).expect("a frame begins with a byte in hex"), unescape(&expand(payload)))
}

fn cases() -> Vec<Case> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("cases.txt").lines() {
        let (mark, text) = line.split_once(' ').unwrap_or((line, ""));
        if mark == "=" {
            let limits = Limits::default();
            let (sent, expected) = (Vec::new(), Vec::new());
            cases.push(Case { name: text.to_owned(), deflate: false, limits, sent, expected });
        }
        if matches!(mark, "" | "#" | "##" | "=") {
            continue;
        }
        let case = cases.last_mut().expect("a case has begun");
        match (mark, text) {
            ("!", "deflate") => case.deflate = true,
            ("!", limits) => {
                let mut numbers =
                    limits.strip_prefix("limits ").unwrap().split(' ').map(|n| n.parse().unwrap());
                case.limits.message_bytes_max = numbers.next().unwrap();
                case.limits.message_frames_max = numbers.next().unwrap() as u32;
            }
            (">", text) => {
                let (first, payload) = first_and_payload(text);
                case.sent.extend(frame(first, KEY, &payload));
            }
            (">z", text) => {
                let (first, payload) = first_and_payload(text);
                case.sent.extend(frame(first, KEY, &compress(&payload, 6, 15)));
            }
            (">=", text) => case.sent.extend(unescape(text)),
            ("<", text) => case.expected.push(expand(text)),
            _ => panic!("not a line of a case: {line}"),
        }
    }
    cases
}

fn shown_payload(payload: &[u8]) -> String {
    match payload.len() {
        0..=123 => payload.escape_ascii().to_string(),
        length => format!("{length} bytes of \"{}\"", payload[..16].escape_ascii()),
    }
}

fn shown(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .map(|seen| match seen {
            Seen::Message(Kind::Text, data) => format!("text {}", shown_payload(data)),
            Seen::Message(Kind::Binary, data) => format!("binary {}", shown_payload(data)),
            Seen::Ping(payload) => format!("ping {}", shown_payload(payload)),
            Seen::Pong(payload) => format!("pong {}", shown_payload(payload)),
            Seen::Close(None, reason) => format!("close {reason}"),
            Seen::Close(Some(code), reason) => format!("close {code} {reason}"),
            Seen::Fault(fault) => format!("{} {fault:?}", fault.close_code()),
            Seen::Incomplete => "incomplete".to_owned(),
        })
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// Above this many bytes the cuts are sampled instead of tried at every place.
const CUT_EVERYWHERE_BYTES_MAX: usize = 4096;

#[test]
fn every_case_in_every_cut_and_room() {
    let cases = cases();
    assert!(cases.len() > 100, "the table was not read");
    for Case { name, deflate, limits, sent, expected } in &cases {
        let whole = drive([&sent[..]], *deflate, usize::MAX, limits);
        assert_eq!(&shown(&whole), expected, "case \"{name}\"");
        for room in [1, 7, 4096, usize::MAX] {
            let again = drive(sent.chunks(1), *deflate, room, limits);
            assert!(again == whole, "case \"{name}\", byte by byte, room {room}: {:?}", shown(&again));
        }
        let step = 1 + sent.len() / CUT_EVERYWHERE_BYTES_MAX * 997;
        for cut in (0..=sent.len()).step_by(step) {
            let (front, back) = sent.split_at(cut);
            let again = drive([front, back], *deflate, 100, limits);
            assert!(again == whole, "case \"{name}\", cut at {cut}: {:?}", shown(&again));
        }
    }
}

#[test]
fn names_of_cases_are_unique() {
    let mut names = HashSet::new();
    for case in cases() {
        assert!(names.insert(case.name.clone()), "two cases are called \"{}\"", case.name);
    }
}

/// The table shows every rule a client can break, so that none is dead or untested.
#[test]
fn every_fault_has_a_case() {
    let text = include_str!("cases.txt");
    for fault in Fault::ALL {
        let line = format!("< {} {fault:?}\n", fault.close_code());
        assert!(text.contains(&line), "no case expects {fault:?}");
    }
}

#[test]
fn faults_say_one_sentence_each_that_fits_into_a_close_frame() {
    for fault in Fault::ALL {
        let sentence = fault.to_string();
        assert!(sentence.ends_with(").") && sentence.contains(" section "), "{fault:?}: {sentence}");
        assert!(sentence.len() <= 123, "{fault:?}: {} bytes", sentence.len());
    }
}
