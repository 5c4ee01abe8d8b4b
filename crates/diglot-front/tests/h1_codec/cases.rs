//! Runs `cases.txt`: each case whole, byte by byte, and cut in two at every place.

use std::collections::HashSet;

use diglot_front::h1::{Limits, Rule};

use crate::connection::{Seen, drive};

struct Case {
    name: String,
    sent: Vec<u8>,
    expected: Vec<String>,
}

/// Repeats `{N*text}`, also within one another.
fn expand(text: &str) -> String {
    let Some(open) = text.find('{') else { return text.to_owned() };
    let Some((count, _)) = text[open + 1..].split_once('*') else { return text.to_owned() };
    let Ok(times) = count.parse() else { return text.to_owned() };
    let start = open + 1 + count.len() + 1;
    let mut depth = 1;
    let end = text[start..].find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let end = start + end.expect("a repetition is closed");
    format!("{}{}{}", &text[..open], expand(&text[start..end]).repeat(times), expand(&text[end + 1..]))
}

fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        (rest, _) = match (first, tail) {
            (b'\\', [b'r', tail @ ..]) => (tail, bytes.push(b'\r')),
            (b'\\', [b'n', tail @ ..]) => (tail, bytes.push(b'\n')),
            (b'\\', [b't', tail @ ..]) => (tail, bytes.push(b'\t')),
            (b'\\', [b'\\', tail @ ..]) => (tail, bytes.push(b'\\')),
            (b'\\', [b'x', tail @ ..]) => {
                let digits = std::str::from_utf8(&tail[..2]).unwrap();
                (&tail[2..], bytes.push(u8::from_str_radix(digits, 16).unwrap()))
            }
            (b'\\', _) => panic!("unknown escape in {text}"),
            (byte, tail) => (tail, bytes.push(*byte)),
        };
    }
    bytes
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("cases.txt").lines() {
        let Some((mark, text)) = line.split_at_checked(2) else { continue };
        match mark {
            "= " => cases.push(Case { name: text.to_owned(), sent: Vec::new(), expected: Vec::new() }),
            "> " => cases.last_mut().unwrap().sent.extend(unescape(&expand(text))),
            "< " => {
                let lines = expand(text).replace("\\n", "\n");
                cases.last_mut().unwrap().expected.extend(lines.lines().map(str::to_owned));
            }
            "# " | "##" => {}
            _ => panic!("not a line of a case: {line}"),
        }
    }
    cases
}

fn shown(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .map(|one| match one {
            Seen::Request { method, target, content, .. } => {
                let target = target.replace('\\', "\\\\");
                format!("{method} {target} \"{}\"", content.escape_ascii())
            }
            Seen::Rejected(rejection) => format!("{} {:?}", rejection.status, rejection.rule),
            Seen::Incomplete => "incomplete".to_owned(),
            Seen::Closed => "closed".to_owned(),
        })
        .collect()
}

/// Above this many bytes the cuts are sampled instead of tried at every place.
const CUT_EVERYWHERE_BYTES_MAX: usize = 4096;

#[test]
fn every_case_in_every_cut() {
    let cases = cases();
    assert!(cases.len() > 100, "the table was not read");
    for Case { name, sent, expected } in &cases {
        let check = |seen: &[Seen], how: &str| {
            assert_eq!(&shown(seen), expected, "case \"{name}\", {how}");
        };
        let limits = Limits::default();
        let whole = drive([&sent[..]], &limits);
        check(&whole, "whole");
        assert_eq!(drive(sent.chunks(1), &limits), whole, "case \"{name}\", byte by byte");
        let step = 1 + sent.len() / CUT_EVERYWHERE_BYTES_MAX * 997;
        for cut in (0..=sent.len()).step_by(step) {
            let (front, back) = sent.split_at(cut);
            assert_eq!(drive([front, back], &limits), whole, "case \"{name}\", cut at {cut}");
        }
    }
}

#[test]
fn names_of_cases_are_unique() {
    let mut names = HashSet::new();
    for case in cases() {
        assert!(names.insert(case.name.clone()), "two cases are called \"{}\"", case.name);
        assert!(!case.expected.is_empty(), "case \"{}\" expects nothing", case.name);
    }
}

/// The table shows every rule a request can break, so that no rule is dead or untested.
#[test]
fn every_rule_of_requests_has_a_case() {
    let text = include_str!("cases.txt");
    for rule in Rule::ALL.iter().filter(|rule| rule.status() != 502) {
        let line = format!("< {} {rule:?}\n", rule.status());
        assert!(text.contains(&line), "no case expects {rule:?}");
    }
}

#[test]
fn rules_say_one_sentence_each() {
    for rule in Rule::ALL {
        let sentence = rule.to_string();
        assert!(sentence.ends_with(").") && sentence.contains(" section "), "{rule:?}: {sentence}");
    }
}
