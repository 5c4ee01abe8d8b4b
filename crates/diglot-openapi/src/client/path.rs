//! The path of an operation as its function has it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::quoted;

/// The member `path` of what is sent: these expressions stand where the path has parameters of their names. `cut_off` is what a proxy
/// in front takes away.
pub(super) fn written(cut_off: &str, path: &str, expressions: &BTreeMap<String, String>) -> String {
    if expressions.is_empty() {
        return format!("path: {}", quoted(&format!("{cut_off}{path}")));
    }
    let plain = |text: &str| text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${");
    let mut written = plain(cut_off);
    for (text, name) in parts(path) {
        written.push_str(&plain(text));
        if let Some(expression) = name.and_then(|name| expressions.get(name)) {
            let _ = write!(written, "${{http.segment({expression})}}");
        }
    }
    format!("path: `{written}`")
}

/// The text of a path up to each of its parameters, with the name of that.
pub(super) fn parts(path: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((before, (name, behind))) =
            text.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
        else {
            return Some((text, None));
        };
        rest = Some(behind);
        Some((before, Some(name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_parts() {
        let several: Vec<_> = parts("/a/{b}/c.{d}{e").collect();
        assert_eq!(several, [("/a/", Some("b")), ("/c.", Some("d")), ("{e", None)]);
        assert_eq!(parts("/a").collect::<Vec<_>>(), [("/a", None)]);
    }

    #[test]
    fn what_is_no_parameter_is_text() {
        let expressions = BTreeMap::from([("b`${c".to_owned(), "args.b".to_owned())]);
        assert_eq!(written("/$", "{b`${c}/`${", &expressions), "path: `/$${http.segment(args.b)}/\\`\\${`");
        assert_eq!(written("/shop", "/`", &BTreeMap::new()), "path: \"/shop/`\"");
    }
}
