//! What a client is told of a call that failed: problem details, by RFC 9457.

use diglot_broker::CallError;
use diglot_calls::message::Code;
use diglot_front::own::{Content, Response};
use serde_json::{Map, Value, json};

/// After how many seconds a client may try again: a worker is free in a moment, or there is another soon.
const RETRY_OVERLOADED_S: u32 = 1;
const RETRY_UNAVAILABLE_S: u32 = 5;
/// Nothing of a function's own mistakes goes to clients.
const FAILED: &str = "The function failed. The server's log says why.";

/// A call that failed, as its client is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) status: u16,
    /// What kind it is, for programs.
    code: &'static str,
    /// For people.
    detail: String,
    /// Members of its kind alone.
    more: Map<String, Value>,
    /// Header fields of its kind alone.
    fields: Vec<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), more: Map::new(), fields: Vec::new() }
    }

    pub(super) fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    fn member(mut self, name: &str, value: Option<&Value>) -> Self {
        if let Some(value) = value {
            self.more.insert(name.to_owned(), value.clone());
        }
        self
    }

    /// Of arguments, with what is wrong where: issues may be none where they were too long to be told.
    pub(super) fn unfit(detail: impl Into<String>, issues: Value) -> Self {
        Self::new(422, Code::InvalidArguments.as_str(), detail).member("issues", Some(&issues))
    }

    /// There is none of these names, or it is not published: which of the two is nobody's business.
    pub(super) fn unknown() -> Self {
        Self::new(404, Code::UnknownFunction.as_str(), "No function is published at this path.")
    }

    /// A request has one body, and what a stream would be in it is not said anywhere.
    pub(super) fn takes_stream() -> Self {
        let detail = "The function takes a stream, which a request cannot carry: only services can call it.";
        Self::new(501, "takes_stream", detail)
    }

    pub(super) fn overloaded(detail: impl Into<String>) -> Self {
        Self::new(503, Code::Overloaded.as_str(), detail).retry_after(RETRY_OVERLOADED_S)
    }

    pub(super) fn too_large(bytes_max: u64) -> Self {
        let detail = format!("The arguments are longer than {bytes_max} bytes.");
        Self::new(413, Code::TooLarge.as_str(), detail)
    }

    /// What a stream is told that is not waited for.
    pub(super) fn stopping() -> Self {
        Self::new(503, Code::Unavailable.as_str(), "The server stops.").retry_after(RETRY_UNAVAILABLE_S)
    }

    fn retry_after(self, seconds: u32) -> Self {
        self.field("Retry-After", seconds.to_string())
    }

    /// What a client is told of an error. `is_declared` says of the class of an exception that the function says that it throws it.
    pub(super) fn of(
        error: &CallError,
        (service, function): (&str, &str),
        is_declared: impl FnOnce(&str) -> bool,
    ) -> Self {
        let member = |name: &str| error.details.get(name);
        let said = |name: &str| member(name).and_then(Value::as_str);
        // Of a call that the function made in its turn: the client has nothing to do with its names.
        let is_of_another = said("service").is_some_and(|name| name != service)
            || said("function").is_some_and(|name| name != function);
        let code = error.code.as_str();
        match error.code {
            Code::Error if !is_of_another && said("type").is_some_and(is_declared) => {
                let problem = Self::new(422, code, &error.message);
                problem.member("error", member("type")).member("data", member("data"))
            }
            Code::InvalidArguments if !is_of_another => {
                Self::unfit(&error.message, member("issues").cloned().unwrap_or_else(|| json!([])))
            }
            Code::UnknownService | Code::UnknownFunction if !is_of_another => Self::unknown(),
            Code::DeadlineExceeded => Self::new(504, code, "The function did not answer in time."),
            Code::Overloaded => Self::overloaded("Too many calls wait already."),
            Code::Unavailable => {
                let detail = "The function's service cannot be reached at the moment.";
                Self::new(503, code, detail).retry_after(RETRY_UNAVAILABLE_S)
            }
            Code::WorkerLost => {
                Self::new(502, code, "The worker that had the call ended before it answered.")
            }
            // What a function made of its own result, or of calls to others, is its own mistake.
            Code::Error
            | Code::InvalidArguments
            | Code::InvalidResult
            | Code::UnknownService
            | Code::UnknownFunction
            | Code::Cancelled
            | Code::TooLarge
            | Code::UnsupportedValue
            | Code::TooDeep => Self::new(500, Code::Error.as_str(), FAILED),
        }
    }

    /// Whether it is the function's fault, of which its author is to hear.
    pub(super) fn is_of_function(&self) -> bool {
        self.status == 500
    }

    /// The JSON of it, on one line.
    pub(super) fn json(&self) -> String {
        let mut members = self.more.clone();
        members.insert("title".to_owned(), json!(title(self.status)));
        members.insert("status".to_owned(), json!(self.status));
        members.insert("code".to_owned(), json!(self.code));
        members.insert("detail".to_owned(), json!(self.detail));
        Value::Object(members).to_string()
    }

    /// Not for caches: to a GET, a 404 and a 405 are for them by default (RFC 9111 section 4.2.2).
    pub(super) fn response(&self) -> Response {
        let response = Response::new(self.status, Content::Whole(self.json().into()))
            .field("Content-Type", "application/problem+json")
            .field("Cache-Control", "no-store");
        self.fields.iter().fold(response, |response, (name, value)| response.field(name, value))
    }
}

/// As RFC 9110 has them.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(details: Value) -> CallError {
        let Value::Object(details) = details else { panic!("an object") };
        let text = |name: &str| details.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let code = Code::from_name(&text("code")).expect("a code");
        CallError { code, message: text("message"), details }
    }

    fn of(details: Value) -> (u16, Value) {
        let problem = Problem::of(&error(details), ("model", "similar"), |class| class == "OutOfStock");
        (problem.status, serde_json::from_str(&problem.json()).expect("JSON"))
    }

    #[test]
    fn what_the_function_says_it_throws_is_the_clients_to_know() {
        let details = json!({ "code": "error", "type": "OutOfStock", "message": "none left", "data": { "left": 0 }, "stack": "x.py" });
        let expect = json!({ "title": "Unprocessable Content", "status": 422, "code": "error", "detail": "none left",
            "error": "OutOfStock", "data": { "left": 0 } });
        assert_eq!(of(details), (422, expect));
    }

    #[test]
    fn what_else_goes_wrong_in_it_is_not() {
        let expect =
            json!({ "title": "Internal Server Error", "status": 500, "code": "error", "detail": FAILED });
        for details in [
            json!({ "code": "error", "type": "KeyError", "message": "'secret'", "stack": "x.py" }),
            json!({ "code": "error", "type": "OutOfStock", "message": "secret", "service": "shop", "function": "buy" }),
            json!({ "code": "invalid_result", "message": "secret", "issues": [] }),
            json!({ "code": "invalid_arguments", "message": "secret", "service": "model", "function": "other" }),
            json!({ "code": "unknown_function", "message": "secret", "service": "shop", "function": "bye" }),
            json!({ "code": "too_large", "message": "secret" }),
        ] {
            assert_eq!(of(details.clone()), (500, expect.clone()), "{details}");
        }
    }

    #[test]
    fn issues_are_always_there() {
        let issues = json!([{ "path": ["k"], "message": "is missing" }]);
        let told = of(json!({ "code": "invalid_arguments", "message": "k: is missing", "issues": issues })).1;
        assert_eq!((&told["issues"], &told["detail"]), (&issues, &json!("k: is missing")));
        let told = of(json!({ "code": "invalid_arguments", "message": "too much is wrong" })).1;
        assert_eq!(told["issues"], json!([]));
    }

    #[test]
    fn statuses() {
        for (code, status) in [
            ("invalid_arguments", 422),
            ("unknown_service", 404),
            ("unknown_function", 404),
            ("unavailable", 503),
            ("overloaded", 503),
            ("deadline_exceeded", 504),
            ("worker_lost", 502),
            ("cancelled", 500),
            ("unsupported_value", 500),
            ("too_deep", 500),
        ] {
            let (found, problem) =
                of(json!({ "code": code, "message": "", "service": "model", "function": "similar" }));
            assert_eq!((found, &problem["status"]), (status, &json!(status)), "{code}");
        }
    }
}
