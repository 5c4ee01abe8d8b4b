//! The table of attacks, `cases.txt`. The whole-server tests read it through this file too.

/// One attack.
pub(crate) struct Case {
    pub(crate) name: String,
    /// What the client sends.
    pub(crate) sent: Vec<u8>,
    /// Lines of what becomes of it, as the table's head explains.
    pub(crate) expected: Vec<String>,
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
                let digits = std::str::from_utf8(&tail[..2]).expect("two digits");
                (&tail[2..], bytes.push(u8::from_str_radix(digits, 16).expect("two digits")))
            }
            (b'\\', _) => panic!("unknown escape in {text}"),
            (byte, tail) => (tail, bytes.push(*byte)),
        };
    }
    bytes
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("cases.txt").lines() {
        let Some((mark, text)) = line.split_at_checked(2) else { continue };
        match mark {
            "= " => cases.push(Case { name: text.to_owned(), sent: Vec::new(), expected: Vec::new() }),
            "> " => cases.last_mut().expect("a case has begun").sent.extend(unescape(&expand(text))),
            "< " => {
                let lines = expand(text).replace("\\n", "\n");
                cases.last_mut().expect("a case has begun").expected.extend(lines.lines().map(str::to_owned));
            }
            "# " | "##" => {}
            _ => panic!("not a line of a case: {line}"),
        }
    }
    cases
}
