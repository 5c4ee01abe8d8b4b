//! Runs `cases.txt`: each case whole, byte by byte, and cut in two at every place.

use std::collections::HashSet;

use diglot_front::h1::{Limits, Rule};

use crate::connection::{Seen, drive};
use crate::table::{Case, cases};

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
