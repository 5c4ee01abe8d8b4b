//! What of a request concerns a call: its path, what its body is, the answer's form, its trace.

use diglot_calls::message::CONTEXT_BYTES_MAX;
use diglot_calls::names::{crossing, is_function_name};
use diglot_front::own::Fields;

/// What crosses from a request to a call, W3C Trace Context and the name that people give requests.
const CONTEXT_FIELDS: [&str; 3] = ["traceparent", "tracestate", "x-request-id"];

/// How a stream's items look on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One a line, by the name the client has for that.
    Lines(&'static str),
    /// `text/event-stream`.
    Events,
}

impl Form {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Lines(name) => name,
            Self::Events => "text/event-stream",
        }
    }

    /// In the order in which they are taken where a client does not care.
    const ALL: [Self; 3] =
        [Self::Lines("application/x-ndjson"), Self::Lines("application/jsonl"), Self::Events];

    /// What a client likes best (RFC 9110 section 12.5.1); the first where it likes none of them.
    pub(super) fn accepted(fields: &Fields) -> Self {
        let given: Vec<String> =
            fields.all("accept").map(|value| String::from_utf8_lossy(value).to_ascii_lowercase()).collect();
        let ranges: Vec<(&str, f32)> =
            given.iter().flat_map(|value| value.split(',')).map(range_and_weight).collect();
        let liking = |form: Self| {
            let name = form.media_type();
            let family = name.split_once('/').map_or("", |(family, _)| family);
            let exactness = |range: &str| match range.split_once('/') {
                _ if range == name => 3,
                Some((of, "*")) if of == family => 2,
                Some(("*", "*")) => 1,
                _ => 0,
            };
            let fitting = ranges.iter().map(|(range, weight)| (exactness(range), *weight));
            let best =
                fitting.filter(|(exactness, _)| *exactness > 0).max_by_key(|(exactness, _)| *exactness);
            best.map_or((0.0, 0), |(exactness, weight)| (weight, exactness))
        };
        let mut best = (Self::ALL[0], liking(Self::ALL[0]));
        for form in &Self::ALL[1..] {
            let liked = liking(*form);
            if liked > best.1 {
                best = (*form, liked);
            }
        }
        best.0
    }
}

/// `text/html;q=0.5`: 0.5 of it.
fn range_and_weight(member: &str) -> (&str, f32) {
    let (range, parameters) = member.split_once(';').unwrap_or((member, ""));
    let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
    (range.trim(), weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0)))
}

/// Service and function of a path below the route, as they cross: `/model/renderCard` is `model`, `render_card`.
pub(super) fn names(path: &str) -> Option<(String, String)> {
    let (service, function) = path.strip_prefix('/')?.split_once('/')?;
    let function = crossing(function);
    is_function_name(&function).then(|| (crossing(service), function))
}

/// Whether the body is JSON as it is. A form of another site cannot send what says so, without its site being asked.
pub(super) fn is_json(fields: &Fields) -> bool {
    let mut types = fields.all("content-type");
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let text = String::from_utf8_lossy(only).to_ascii_lowercase();
    let (name, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let is_known = |parameter: &str| matches!(parameter.trim(), "" | "charset=utf-8" | "charset=\"utf-8\"");
    name.trim() == "application/json" && parameters.split(';').all(is_known)
}

/// Whether the body was coded, as by gzip.
pub(super) fn is_coded(fields: &Fields) -> bool {
    fields.all("content-encoding").any(|value| !value.is_empty() && !value.eq_ignore_ascii_case(b"identity"))
}

/// The trace of a request, as lines. What is no visible ASCII, or comes twice, is left out.
pub(super) fn context(fields: &Fields) -> Vec<u8> {
    let mut lines = Vec::new();
    for name in CONTEXT_FIELDS {
        let values: Vec<&[u8]> = fields.all(name).collect();
        let value = match values.as_slice() {
            [] => continue,
            [only] => only.to_vec(),
            // A list, which may be split over lines.
            several if name == "tracestate" => several.join(&b','),
            _ => continue,
        };
        let is_plain = value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
        let bytes = name.len() + value.len() + 4;
        if is_plain && !value.is_empty() && lines.len() + bytes <= CONTEXT_BYTES_MAX {
            lines.extend_from_slice(&[name.as_bytes(), b": ", &value, b"\r\n"].concat());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&str, &str)]) -> Fields {
        lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
    }

    #[test]
    fn paths_name_functions() {
        let check = |path: &str, expect: Option<(&str, &str)>| {
            let found = names(path);
            let found = found.as_ref().map(|(service, function)| (service.as_str(), function.as_str()));
            assert_eq!(found, expect, "{path}");
        };
        check("/model/similar", Some(("model", "similar")));
        check("/myModel/renderCard", Some(("my_model", "render_card")));
        check("/my-model/similar", Some(("my_model", "similar")));
        for path in [
            "",
            "/",
            "/model",
            "/model/",
            "/model/similar/",
            "/model/similar/x",
            "model/similar",
            "/m/%73",
            "/m/a-b.",
        ] {
            check(path, None);
        }
    }

    #[test]
    fn only_json_is_json() {
        let check =
            |value: &str, expect| assert_eq!(is_json(&fields(&[("Content-Type", value)])), expect, "{value}");
        check("application/json", true);
        check("Application/JSON; charset=UTF-8", true);
        check("application/json;charset=\"utf-8\"", true);
        check("application/json; charset=latin1", false);
        check("text/plain; application/json", false);
        check("application/x-www-form-urlencoded", false);
        check("application/jsonx", false);
        check("", false);
        assert!(!is_json(&fields(&[])));
        assert!(!is_json(&fields(&[("Content-Type", "application/json"), ("Content-Type", "text/plain")])));
    }

    #[test]
    fn clients_choose_the_form_of_a_stream() {
        let check = |accept: &str, expect: &str| {
            assert_eq!(Form::accepted(&fields(&[("Accept", accept)])).media_type(), expect, "{accept}");
        };
        check("text/event-stream", "text/event-stream");
        check("text/event-stream, */*", "text/event-stream");
        check("application/jsonl", "application/jsonl");
        check("application/json, text/plain, */*", "application/x-ndjson");
        check("*/*", "application/x-ndjson");
        check("text/*;q=0.9, application/*;q=0.5", "text/event-stream");
        check("text/event-stream;q=0.1, application/x-ndjson;q=0.2", "application/x-ndjson");
        check("text/event-stream;q=0, */*;q=0.1", "application/x-ndjson");
        check("text/html;q=x", "application/x-ndjson");
        assert_eq!(Form::accepted(&fields(&[])).media_type(), "application/x-ndjson");
    }

    #[test]
    fn traces_cross() {
        let text = |lines: &[(&str, &str)]| String::from_utf8(context(&fields(lines))).expect("ASCII");
        assert_eq!(
            text(&[
                ("X-Request-Id", "r 1"),
                ("Traceparent", "00-a-b-01"),
                ("tracestate", "a=1"),
                ("TraceState", "b=2")
            ]),
            "traceparent: 00-a-b-01\r\ntracestate: a=1,b=2\r\nx-request-id: r 1\r\n"
        );
        assert_eq!(text(&[("traceparent", "a"), ("traceparent", "b"), ("x-request-id", "é")]), "");
        let long = "x".repeat(CONTEXT_BYTES_MAX);
        assert_eq!(text(&[("traceparent", "a"), ("x-request-id", &long)]), "traceparent: a\r\n");
    }
}
