//! No input makes the parser panic, and a configuration comes out exactly where there is no error.

use proptest::prelude::*;

use super::Machine;
use crate::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_panics(text in ".*") {
        let machine = Machine::new();
        let said = machine.with_file(&text);
        render(&said.problems, true);
    }

    /// Text that is nearly a configuration reaches further in than noise does.
    #[test]
    fn no_near_configuration_panics(lines in prop::collection::vec(near_line(), 0..12)) {
        let machine = Machine::new();
        let said = machine.with_file(lines.join("\n"));
        render(&said.problems, true);
        prop_assert_eq!(said.config.is_some(), said.problems.iter().all(|problem| !problem.is_error()));
    }

    #[test]
    fn no_target_panics(targets in prop::collection::vec("[a-z./:=()\u{0}é -]{0,12}|.*", 1..4)) {
        let machine = Machine::new();
        let said = machine.resolve(&Arguments { targets, ..Arguments::default() });
        render(&said.problems, true);
    }
}

fn near_line() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "[server]",
        "[server.limits]",
        "[services.a]",
        "[services.b]",
        "[[services]]",
        "[services.a.env]",
    ]);
    let key = prop::sample::select(
        crate::file::SECTIONS.iter().flat_map(|(_, keys)| keys.to_vec()).collect::<Vec<_>>(),
    );
    let value = prop::sample::select(vec![
        "1",
        "-1",
        "99999999999999999999",
        "1.5",
        "true",
        "\"\"",
        "\"main:app\"",
        "\"server.js\"",
        "\"/\"",
        "\"none\"",
        "\"10s\"",
        "\"1 GiB\"",
        "[\"/a\", 1]",
        "[]",
        "{}",
        "{ A = \"1\" }",
        "\"\"\"\né\"\"\"",
        "1979-05-27",
        "\"/\\u0000\"",
        "[",
    ]);
    prop_oneof![
        1 => header.prop_map(str::to_owned),
        3 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
    ]
}
