//! Functions over HTTP: `POST /rpc/SERVICE/FUNCTION` with a JSON object of the parameters.
//!
//! A client is trusted with nothing: it is told what it has done wrong, and what the function says it throws, and of all else only
//! that it went wrong; the log has the rest.

mod amiss;
mod items;
mod problem;
mod request;
mod room;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use diglot_broker::{Broker, CallError, Items, Reply, Whole};
use diglot_calls::names::crossing;
use diglot_config::{Config, Published};
use diglot_front::own::{Body, Content, Handler, Handling, Request, Response, TooLarge};
use serde_json::json;
use tokio::time::timeout;

use crate::arguments::{Unfit, crossed};
pub(crate) use amiss::amiss;
use items::{State, Streamed};
use problem::Problem;
use request::Form;
use room::{Held, HeldAnswer, Room};

/// Arguments from this length on are looked over on a thread of their own, as clients of the front's would have to wait.
const APART_BYTES: usize = 64 * 1024;
/// How long a stream may take for its first item until the client is told that it has begun. A function that fails before that is
/// answered with a status that says so.
const FIRST_ITEM: Duration = Duration::from_secs(1);
/// Answers beyond this length take room of those that all calls share: clients that read slowly cost the small ones of others nothing.
const SMALL_BYTES: u32 = 64 * 1024;

/// What answers below the path.
#[derive(Debug)]
pub(crate) struct Functions {
    broker: Arc<Broker>,
    published: Published,
    /// By the names that cross.
    services: Vec<String>,
    message_bytes_max: u64,
    /// For arguments, until they are passed on.
    arguments: Arc<Room>,
    /// For answers, until clients have read them.
    answers: Arc<Room>,
}

impl Functions {
    /// `None` where nothing is published.
    pub(crate) fn of(config: &Config, broker: &Arc<Broker>) -> Option<Arc<Self>> {
        config.published.as_ref().map(|published| {
            Arc::new(Self {
                broker: Arc::clone(broker),
                published: published.clone(),
                services: config.services.iter().map(|service| crossing(&service.name)).collect(),
                message_bytes_max: config.functions.message_bytes_max.into(),
                arguments: Arc::default(),
                answers: Arc::default(),
            })
        })
    }

    async fn answer(self: Arc<Self>, request: Request) -> Result<Response, Problem> {
        let names = request::names(request.below());
        let is_published = |(service, function): &(String, String)| {
            self.services.contains(service) && self.published.includes(service, function)
        };
        let (service, function) = names.filter(is_published).ok_or_else(Problem::unknown)?;
        if request.method != "POST" {
            let problem = Problem::new(405, "method", "Functions are called with POST.");
            return Err(problem.field("Allow", "POST"));
        }
        if !request::is_json(&request.fields) {
            let detail = "The body must be a JSON object, with `Content-Type: application/json`.";
            return Err(Problem::new(415, "content_type", detail));
        }
        if request::is_coded(&request.fields) {
            let problem = Problem::new(415, "content_encoding", "The body must not be compressed.");
            return Err(problem.field("Accept-Encoding", "identity"));
        }
        if self.broker.offer(&service, &function).is_some_and(|offer| offer.takes_items) {
            return Err(Problem::takes_stream());
        }
        let (context, form) = (request::context(&request.fields), Form::accepted(&request.fields));
        let mut held = Held::none_of(&self.arguments);
        let arguments = checked(self.read(request.body, &mut held).await?).await?;
        let reply = self.broker.call(&service, &function, arguments, None, &context).reply().await;
        drop(held);
        match reply.map_err(|error| self.problem(&error, &service, &function))? {
            Reply::Value(value) => self.whole(value, &service, &function).await,
            Reply::Items(items) => self.stream(items, form, service, function).await,
        }
    }

    async fn whole(&self, value: Whole, service: &str, function: &str) -> Result<Response, Problem> {
        let mut held = Held::none_of(&self.answers);
        if value.length > SMALL_BYTES && !held.hold(value.length.into()) {
            return Err(Problem::overloaded("The server holds as many long answers as it may."));
        }
        let bytes = value.read().await.map_err(|error| self.problem(&error, service, function))?;
        let content = Bytes::from_owner(HeldAnswer { bytes, _held: held });
        Ok(Response::new(200, Content::Whole(content))
            .field("Content-Type", "application/json")
            .field("X-Content-Type-Options", "nosniff"))
    }

    async fn stream(
        self: Arc<Self>,
        mut items: Items,
        form: Form,
        service: String,
        function: String,
    ) -> Result<Response, Problem> {
        let first = match timeout(FIRST_ITEM, items.next()).await {
            Ok(Some(Err(error))) => return Err(self.problem(&error, &service, &function)),
            Ok(Some(Ok(item))) => Some(item),
            // It was empty, or takes its time.
            Ok(None) | Err(_) => None,
        };
        let streamed =
            Streamed { functions: self, service, function, form, first, items, state: State::Goes };
        Ok(Response::new(200, Content::Pieces(Box::new(streamed)))
            .field("Content-Type", form.media_type())
            .field("Cache-Control", "no-cache")
            .field("X-Accel-Buffering", "no")
            .field("X-Content-Type-Options", "nosniff"))
    }

    /// Reads the arguments, as long as there is room for them.
    async fn read(&self, mut body: Body, held: &mut Held) -> Result<Bytes, Problem> {
        let mut arguments: Vec<u8> = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|TooLarge| Problem::too_large(self.message_bytes_max))?;
            if !held.hold(piece.len() as u64) {
                return Err(Problem::overloaded("The server holds as many arguments as it may."));
            }
            arguments.extend_from_slice(&piece);
        }
        Ok(arguments.into())
    }

    /// What the client is told of an error. What is the function's own fault is for the log.
    fn problem(&self, error: &CallError, service: &str, function: &str) -> Problem {
        let is_declared = |class: &str| {
            let offer = self.broker.offer(service, function);
            offer.is_some_and(|offer| offer.throws.iter().any(|declared| **declared == *class))
        };
        let problem = Problem::of(error, (service, function), is_declared);
        if problem.is_of_function() {
            let said = |name: &str| error.details.get(name).and_then(serde_json::Value::as_str);
            let kind = said("type").unwrap_or(error.code.as_str());
            let stack = said("stack").map(|stack| format!("\n{}", stack.trim_end())).unwrap_or_default();
            // Of a call that the function has made itself.
            let inner = match (said("service"), said("function"), said("stack")) {
                (Some(service), Some(function), Some(_)) => format!("{service}.{function}: "),
                _ => String::new(),
            };
            let what = within_a_line(&format!("{kind}: {inner}{}{stack}", error.message));
            tracing::error!("{service}.{function}, called over HTTP, failed: {what}");
        }
        problem
    }
}

impl Handler for Functions {
    fn body_bytes_max(&self) -> u64 {
        self.message_bytes_max
    }

    fn handle(self: Arc<Self>, request: Request) -> Handling {
        Box::pin(async move { self.answer(request).await.unwrap_or_else(|problem| problem.response()) })
    }
}

/// Arguments with names as they cross.
async fn checked(arguments: Bytes) -> Result<Bytes, Problem> {
    let checked = match arguments.len() < APART_BYTES {
        true => crossed(arguments),
        false => tokio::task::spawn_blocking(|| crossed(arguments))
            .await
            .unwrap_or_else(|error| Err(Unfit::NoObject(error.to_string()))),
    };
    checked.map_err(|unfit| match unfit {
        Unfit::NoObject(_) => Problem::new(400, "invalid_json", format!("{unfit}.")),
        Unfit::Twice(ref name) => {
            Problem::unfit(format!("{unfit}."), json!([{ "path": [name], "message": "is given twice" }]))
        }
    })
}

/// Text that a client may have had a say in: its lines stand below the one that they belong to, so that none looks like one of the log's.
fn within_a_line(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => written.push_str("\n    "),
            '\t' => written.push(char),
            _ if char.is_control() => written.extend(char.escape_default()),
            _ => written.push(char),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_the_log_is_made_by_a_client() {
        assert_eq!(within_a_line("a\r\n2026 ERROR b\u{1b}[31m\tc"), "a\\r\n    2026 ERROR b\\u{1b}[31m\tc");
    }
}
