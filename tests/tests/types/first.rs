//! `docs/first-calls.md`: what it says is done, and comes to what it says.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use crate::{Following, Project, Said};

const PAGE: &str = include_str!("../../../docs/first-calls.md");

/// The files of the page in its order, each with what is said of it behind its path: in its first line, or, where that is no
/// place for a remark, in the line before.
fn files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let mut parts = PAGE.split("\n```");
    let pairs = std::iter::from_fn(move || Some((parts.next()?, parts.next()?)));
    pairs.filter_map(|(before, block)| {
        let (_, block) = block.split_once('\n')?;
        let named = before.trim_end().rsplit('\n').next().and_then(|line| line.strip_prefix("`shop/"));
        if let Some(path) = named.and_then(|line| line.strip_suffix("`:")) {
            return Some((path, "", block));
        }
        let (first, text) = block.split_once('\n')?;
        let (_, place) = first.split_once(" shop/")?;
        let (path, more) = place.split_once(", ").unwrap_or((place, ""));
        Some((path, more, text))
    })
}

fn serve(project: &Project) -> Following {
    Following::of(project.command(&["serve", "--listen", "127.0.0.1:0"]))
}

#[test]
fn two_services_call_each_other() {
    let project = Project::empty();
    for (path, _, text) in files().filter(|(_, more, _)| more.is_empty()) {
        project.write(path, text);
    }
    project.does(&["check"]);
    assert!(project.does(&["types"]).says("wrote web/diglot.d.ts"));
    let tsc = project.path("node_modules/typescript/bin/tsc");
    let compiled = Command::new("node").arg(tsc).arg("--project").arg(project.path("web")).output();
    assert_eq!(Said::of(compiled.expect("node can be run")).text, "");

    let running = serve(&project);
    let mut client = TcpStream::connect(running.address()).expect("it listens");
    client
        .write_all(b"GET /?id=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("it takes requests");
    let mut response = String::new();
    client.read_to_string(&mut response).expect("it answers");
    let (_, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    assert!(body.starts_with("[{") && PAGE.contains(&format!("\n    {body}\n")), "{response}");
    let said = project.does(&["call", "model.similar", "{\"item_id\": 3, \"k\": 1}"]);
    assert!(said.says("[{\"id\":4,\"score\":0.5}]"), "{}", said.text);
    drop(running);

    for (path, _, text) in files().filter(|(_, more, _)| *more == "further down") {
        project.write(path, &format!("{}\n{text}", project.read(path)));
    }
    let running = serve(&project);
    running.address();
    let said = project.does(&["call", "model.card_of", "{\"item_id\": 3}"]);
    assert!(said.says(r#""<p class=\"large\">3</p>""#), "{}", said.text);
    project.does(&["types"]);
    assert!(project.read("web/diglot.d.ts").contains("cardOf(args: { itemId: number }"));
}
