//! Calls of those who are no workers: the shell's, and clients'. Arguments and answers are JSON.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use diglot_calls::message::Code;
use diglot_calls::{Total, items};
use parking_lot::Mutex;

use crate::driver::Shared;
use crate::error::CallError;
use crate::machine::CallKey;

/// Bytes of an answer that may be on their way. More are asked for when half of it has been taken.
pub(crate) const WINDOW_BYTES: u32 = 256 * 1024;

/// Where the answer to a call arrives.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<Arrived>);

#[derive(Debug, Default)]
struct Arrived {
    /// What the answer is, once it has begun.
    begun: Option<Total>,
    /// What nobody has taken; no more than the window and what rode with the head.
    bytes: Vec<u8>,
    /// Of these, what cost credit.
    charged: u32,
    ended: bool,
    error: Option<CallError>,
    waker: Option<Waker>,
}

impl Inbox {
    pub(crate) fn answer(&self, total: Total, aboard: &[u8], end: bool) {
        self.with(|arrived| {
            arrived.begun = Some(total);
            arrived.bytes.extend_from_slice(aboard);
            arrived.ended = end;
        });
    }

    pub(crate) fn data(&self, bytes: &[u8], end: bool) {
        self.with(|arrived| {
            arrived.bytes.extend_from_slice(bytes);
            arrived.charged += bytes.len() as u32;
            arrived.ended |= end;
        });
    }

    pub(crate) fn throw(&self, error: CallError) {
        self.with(|arrived| (arrived.error, arrived.ended) = (Some(error), true));
    }

    fn with(&self, act: impl FnOnce(&mut Arrived)) {
        let mut arrived = self.0.lock();
        act(&mut arrived);
        let waker = arrived.waker.take();
        drop(arrived);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// What has come of an answer.
struct Taken {
    bytes: Vec<u8>,
    ended: bool,
}

/// A call under way. Dropping it, or what came of it, before it is over aborts it.
pub struct Call {
    shared: Arc<Shared>,
    key: CallKey,
    inbox: Arc<Inbox>,
    /// Bytes taken and not granted anew.
    owed: u32,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.key).finish()
    }
}

/// The answer to a call.
#[derive(Debug)]
pub enum Reply {
    /// A value, of which the bytes may be still to come.
    Value(Whole),
    /// A stream.
    Items(Items),
}

/// One value as JSON. No more of it comes than the window has room for until it is read.
#[derive(Debug)]
pub struct Whole {
    call: Call,
    /// How many bytes it has.
    pub length: u32,
}

/// A stream of items, each JSON.
#[derive(Debug)]
pub struct Items {
    call: Call,
    splitter: items::Items,
    /// Whole items nobody has taken, the next one last.
    ready: Vec<Vec<u8>>,
    ended: bool,
}

impl Call {
    pub(crate) fn new(shared: Arc<Shared>, key: CallKey, inbox: Arc<Inbox>) -> Self {
        Self { shared, key, inbox, owed: 0 }
    }

    /// Waits for the answer to begin.
    ///
    /// # Errors
    /// What the callee threw, or why it was not reached.
    pub async fn reply(self) -> Result<Reply, CallError> {
        match poll_fn(|context| self.poll_begun(context)).await? {
            Total::Message(length) => Ok(Reply::Value(Whole { call: self, length })),
            Total::Stream => {
                let splitter = items::Items::new(self.shared.message_bytes_max());
                Ok(Reply::Items(Items { call: self, splitter, ready: Vec::new(), ended: false }))
            }
        }
    }

    /// What the answer is, once it has begun.
    fn poll_begun(&self, context: &mut Context<'_>) -> Poll<Result<Total, CallError>> {
        let mut arrived = self.inbox.0.lock();
        if arrived.bytes.is_empty()
            && let Some(error) = arrived.error.take()
        {
            return Poll::Ready(Err(error));
        }
        match arrived.begun {
            Some(total) => Poll::Ready(Ok(total)),
            None => {
                arrived.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Waits for more of the answer, and takes it.
    async fn take(&mut self) -> Result<Taken, CallError> {
        let (taken, charged) = poll_fn(|context| self.poll_take(context)).await?;
        self.owed += charged;
        if self.owed >= WINDOW_BYTES / 2 && !taken.ended {
            self.shared.grant_local(self.key, std::mem::take(&mut self.owed));
        }
        Ok(taken)
    }

    fn poll_take(&self, context: &mut Context<'_>) -> Poll<Result<(Taken, u32), CallError>> {
        let mut arrived = self.inbox.0.lock();
        // Items that came before an error are good.
        let goes_first = arrived.begun == Some(Total::Stream) && !arrived.bytes.is_empty();
        if !goes_first && let Some(error) = arrived.error.take() {
            return Poll::Ready(Err(error));
        }
        if arrived.begun.is_some() && (arrived.ended || !arrived.bytes.is_empty()) {
            let bytes = std::mem::take(&mut arrived.bytes);
            let taken = Taken { bytes, ended: arrived.ended && arrived.error.is_none() };
            return Poll::Ready(Ok((taken, std::mem::take(&mut arrived.charged))));
        }
        // An answer that has no bytes yet, of which the others are to be asked for.
        arrived.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.shared.abandon_local(self.key);
    }
}

impl Whole {
    /// Waits for all of it.
    ///
    /// # Errors
    /// The worker was lost, or the deadline has passed, before it had come.
    pub async fn read(mut self) -> Result<Vec<u8>, CallError> {
        let Taken { mut bytes, mut ended } = self.call.take().await?;
        bytes.reserve_exact((self.length as usize).saturating_sub(bytes.len()));
        while !ended {
            let more = self.call.take().await?;
            bytes.extend_from_slice(&more.bytes);
            ended = more.ended;
        }
        Ok(bytes)
    }
}

impl Items {
    /// The next item; `None` behind the last.
    ///
    /// # Errors
    /// What the callee threw in its midst. Nothing follows then.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, CallError>> {
        loop {
            if let Some(item) = self.ready.pop() {
                return Some(Ok(item));
            }
            if self.ended {
                return None;
            }
            let more = match self.call.take().await {
                Ok(more) => self.push(&more.bytes).map(|()| more.ended),
                Err(error) => Err(error),
            };
            match more {
                Ok(ended) => self.ended = ended,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        let ready = &mut self.ready;
        let split = self.splitter.push(bytes, |item| ready.push(item.to_vec()));
        ready.reverse();
        split.map_err(|error| CallError::new(Code::TooLarge, error.to_string(), "", ""))
    }
}
