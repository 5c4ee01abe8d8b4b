//! A function's stream as the content of an answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use diglot_broker::{CallError, Items};
use diglot_front::own::{Cut, NextPiece, Pieces};
use tokio::time::timeout;

use super::Functions;
use super::problem::Problem;
use super::request::Form;

/// After so long without an item a client of events is sent a comment, since proxies cut what is silent (WHATWG HTML section 9.2.7).
const SILENCE: Duration = Duration::from_secs(15);
const COMMENT: &[u8] = b":\n\n";

/// What is left of a stream.
pub(super) struct Streamed {
    pub(super) functions: Arc<Functions>,
    pub(super) service: String,
    pub(super) function: String,
    pub(super) form: Form,
    /// What was waited for before there was an answer: the next item, if it had come.
    pub(super) first: Option<Vec<u8>>,
    pub(super) items: Items,
    pub(super) state: State,
}

/// Whether anything follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Goes,
    /// The server stops, and does not wait for what may have no end.
    Leaves,
    /// It has failed, and the client has been told why.
    Failed,
}

impl Pieces for Streamed {
    fn next(&mut self) -> NextPiece<'_> {
        Box::pin(async move {
            if self.state == State::Failed {
                // Behind an error the content breaks off, so that nobody takes it for all there is.
                return Some(Err(Cut));
            }
            if let Some(first) = self.first.take() {
                return Some(Ok(self.written(first)));
            }
            if self.state == State::Leaves {
                return Some(Ok(self.told(&Problem::stopping())));
            }
            let item = match self.form {
                Form::Lines(_) => self.items.next().await,
                Form::Events => match timeout(SILENCE, self.items.next()).await {
                    Ok(item) => item,
                    Err(_) => return Some(Ok(Bytes::from_static(COMMENT))),
                },
            };
            Some(Ok(match item? {
                Ok(item) => self.written(item),
                Err(error) => self.failed(&error),
            }))
        })
    }

    /// The call ends with the content, which tells why and breaks off: its reader begins anew with the next server.
    fn farewell(&mut self) {
        if self.state == State::Goes {
            self.state = State::Leaves;
        }
    }
}

impl Streamed {
    fn written(&self, mut item: Vec<u8>) -> Bytes {
        // White space between values; in a text JSON has neither. A line's end would be an item's.
        item.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        match self.form {
            Form::Lines(_) => item.push(b'\n'),
            Form::Events => item = [b"data: ", &item[..], b"\n\n"].concat(),
        }
        item.into()
    }

    fn failed(&mut self, error: &CallError) -> Bytes {
        let problem = self.functions.problem(error, &self.service, &self.function);
        self.told(&problem)
    }

    fn told(&mut self, problem: &Problem) -> Bytes {
        self.state = State::Failed;
        let problem = problem.json();
        match self.form {
            Form::Lines(_) => format!("{problem}\n"),
            Form::Events => format!("event: error\ndata: {problem}\n\n"),
        }
        .into()
    }
}
