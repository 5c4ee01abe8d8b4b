//! A request that a handler of the server's own has: its body goes there as it is asked for, what comes back goes to the client.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use diglot_link::frame::FIELDS_MAX;

use super::access::Record;
use super::answer::Answer;
use super::connection::{Connection, Next};
use super::dispatch::Scratches;
use crate::buffers::{self, BUFFER_BYTES};
use crate::clock;
use crate::h1::{
    self, BodyEncoder, BodyFraming, Decoder, HeadOptions, Item, RequestFacts, RequestHead, ResponseFraming,
    WorkerFields,
};
use crate::own::{Body, Content, Feed, Fields, Handler, Handling, NextPiece, Request, Response, TooLarge};
use crate::shared::OwnRequest;

/// One request in flight.
pub(super) struct Own {
    handling: Handling,
    request: RequestFacts,
    incoming: Incoming,
    pub(super) record: Option<Box<Record>>,
    /// The final status, 0 before there is one.
    status: u16,
    content_bytes: u64,
}

/// The body, on its way to the handler.
struct Incoming {
    /// `None`: it is whole.
    decoder: Option<Decoder>,
    /// Bytes it may still have.
    allowance: u64,
    feed: Arc<Feed>,
    /// The client waits for a 100 before it sends the body.
    awaits_continue: bool,
}

/// What came of a request.
enum Outcome {
    Response(Response),
    /// The request turned out to be none, or its body did not come.
    Refused(Answer),
    /// The client is gone.
    Gone,
}

/// What came while a piece of an answer was waited for.
enum Came {
    Piece(Bytes),
    End,
    Cut,
    /// What has no end should come to one.
    Farewell,
    /// The client is gone.
    Gone,
}

impl Own {
    /// Hands a request to a handler that is mounted at the first `prefix_bytes` of its path.
    pub(super) fn begin(
        handler: &Arc<dyn Handler>,
        head: &RequestHead<'_>,
        prefix_bytes: usize,
        limits: &h1::Limits,
    ) -> Box<Self> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields: Fields = head.headers.iter().map(|field| (field.name, field.value)).collect();
        let (body, feed) = Body::new();
        let incoming = Incoming {
            decoder: (head.framing != BodyFraming::None).then(|| Decoder::new(head.framing, limits)),
            allowance: handler.body_bytes_max(),
            feed,
            awaits_continue: head.expect_continue,
        };
        let request = Request {
            method: text(head.method),
            path: text(head.path),
            prefix_bytes,
            query: head.query.map(text),
            fields,
            body,
        };
        Box::new(Self {
            handling: Arc::clone(handler).handle(request),
            request: RequestFacts::of(head),
            incoming,
            record: None,
            status: 0,
            content_bytes: 0,
        })
    }

    fn poll_outcome(&mut self, connection: &mut Connection, context: &mut Context<'_>) -> Poll<Outcome> {
        loop {
            if let Poll::Ready(response) = self.handling.as_mut().poll(context) {
                return Poll::Ready(Outcome::Response(response));
            }
            // An interim response.
            match connection.poll_written(context) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(Outcome::Gone),
                Poll::Pending => return Poll::Pending,
            }
            match self.incoming.poll(connection, context) {
                // The handler has something to go on with, or the client something to read.
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(outcome)) => return Poll::Ready(outcome),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Writes the head of an answer. Returns how its content is framed, and whether the connection lives on.
    fn write_head(&mut self, connection: &mut Connection, response: &Response) -> (ResponseFraming, bool) {
        let complete = match &response.content {
            Content::Whole(bytes) => Some(bytes.len() as u64),
            Content::Pieces(_) => None,
        };
        let is_whole = self.incoming.ends_at_hand(connection);
        let keep_alive = self.request.keep_alive && is_whole && !connection.shared.is_stopping();
        if connection.output.capacity() == 0 {
            connection.output = buffers::borrow();
        }
        self.status = response.status;
        Scratches::with(|scratches| {
            let fields = WorkerFields::parse(response.fields.as_bytes(), &mut scratches.fields, FIELDS_MAX);
            let fields = fields.unwrap_or_else(|rule| {
                tracing::error!(
                    status = response.status,
                    "an answer of the server's own has no fields: {rule}"
                );
                WorkerFields::EMPTY
            });
            let length = fields.content_length().or(complete.filter(|_| self.request.is_head));
            let framing = h1::frame_response(self.request, response.status, length, complete);
            let date = clock::date();
            let options = HeadOptions {
                status: response.status,
                reason: None,
                framing,
                version: self.request.version,
                keep_alive,
                date: Some(&date),
            };
            (framing, h1::write_head(&mut connection.output, &options, &fields))
        })
    }

    async fn answer(&mut self, connection: &mut Connection, response: Response) -> Next {
        let (framing, lives_on) = self.write_head(connection, &response);
        let mut encoder = BodyEncoder::new(framing);
        let has_content = !matches!(framing, ResponseFraming::NoBody | ResponseFraming::NoBodyLength(_));
        let mut is_told = false;
        match response.content {
            _ if !has_content => {}
            Content::Whole(bytes) => {
                if !self.write(connection, &mut encoder, &bytes).await {
                    return Next::Cut;
                }
            }
            Content::Pieces(mut pieces) => loop {
                let mut next = pieces.next();
                let came = poll_fn(|context| poll_piece(connection, &mut next, is_told, context)).await;
                drop(next);
                match came {
                    Came::Farewell => {
                        is_told = true;
                        pieces.farewell();
                    }
                    Came::Piece(bytes) => {
                        if !self.write(connection, &mut encoder, &bytes).await {
                            return Next::Cut;
                        }
                    }
                    Came::End => break,
                    // The client gets what there is, and sees that it is not all.
                    Came::Cut if !encoder.ends_with_connection() && connection.flush().await => {
                        return Next::Close;
                    }
                    Came::Cut | Came::Gone => return Next::Cut,
                }
            },
        }
        let is_complete = encoder.finish(&mut connection.output, &[]).is_ok();
        match connection.flush().await {
            true if lives_on && is_complete => Next::Request,
            true => Next::Close,
            false => Next::Cut,
        }
    }

    /// Writes content, no more at a time than a buffer has room for. False: the client is gone.
    async fn write(
        &mut self,
        connection: &mut Connection,
        encoder: &mut BodyEncoder,
        content: &[u8],
    ) -> bool {
        for part in content.chunks(BUFFER_BYTES) {
            if connection.output.len() >= BUFFER_BYTES && !connection.flush().await {
                return false;
            }
            if connection.output.capacity() == 0 {
                connection.output = buffers::borrow();
            }
            if encoder.write(&mut connection.output, part).is_err() {
                return false;
            }
            self.content_bytes += part.len() as u64;
        }
        connection.output.len() < BUFFER_BYTES || connection.flush().await
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.write(self.status, self.content_bytes);
        }
    }
}

/// What is ready is taken before the output is written, so that many small pieces leave in one write. `is_told`: of the farewell.
fn poll_piece(
    connection: &mut Connection,
    next: &mut NextPiece<'_>,
    is_told: bool,
    context: &mut Context<'_>,
) -> Poll<Came> {
    if !is_told {
        // Before it is looked at: who says it wakes those that wait.
        connection.exchange.watch(context);
        if connection.shared.says_farewell() {
            return Poll::Ready(Came::Farewell);
        }
    }
    if let Poll::Ready(piece) = next.as_mut().poll(context) {
        return Poll::Ready(match piece {
            Some(Ok(bytes)) => Came::Piece(bytes),
            Some(Err(_)) => Came::Cut,
            None => Came::End,
        });
    }
    match connection.poll_written(context) {
        Poll::Ready(true) => connection.poll_watch(context).map(|()| Came::Gone),
        Poll::Ready(false) => Poll::Ready(Came::Gone),
        Poll::Pending => Poll::Pending,
    }
}

impl Incoming {
    /// Reads what the handler wants, or sees to it that the client is still there.
    fn poll(&mut self, connection: &mut Connection, context: &mut Context<'_>) -> Poll<Result<(), Outcome>> {
        if !self.feed.is_wanted(context) {
            connection.deadline.lift();
            return connection.poll_watch(context).map(|()| Err(Outcome::Gone));
        }
        loop {
            let Some(decoder) = &mut self.decoder else {
                self.feed.give(None);
                return Poll::Ready(Ok(()));
            };
            if decoder.remaining_length().is_some_and(|length| length > self.allowance) {
                self.feed.give(Some(Err(TooLarge)));
                return Poll::Ready(Ok(()));
            }
            let start = connection.taken;
            let decoded = match decoder.decode(&connection.input[start..]) {
                Ok(decoded) => decoded,
                Err(rejection) => return Poll::Ready(Err(Outcome::Refused(Answer::rejected(&rejection)))),
            };
            connection.taken += decoded.consumed;
            match decoded.item {
                Item::End { .. } => self.decoder = None,
                Item::Data(range) => {
                    connection.deadline.lift();
                    self.awaits_continue = false;
                    let allowance = self.allowance.checked_sub(range.len() as u64);
                    let piece = Bytes::copy_from_slice(&connection.input[start..][range]);
                    self.feed.give(Some(allowance.map(|_| piece).ok_or(TooLarge)));
                    self.allowance = allowance.unwrap_or(0);
                    return Poll::Ready(Ok(()));
                }
                Item::NeedMore if std::mem::take(&mut self.awaits_continue) => {
                    h1::write_informational(&mut connection.output, 100, &WorkerFields::EMPTY);
                    return Poll::Ready(Ok(()));
                }
                Item::NeedMore => match connection.poll_fill(context) {
                    Poll::Ready(Ok(0) | Err(_)) => {
                        connection.ended = true;
                        return Poll::Ready(Err(Outcome::Gone));
                    }
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => {
                        connection.deadline.set_once(connection.shared.timeouts.body);
                        let timed_out = || Err(Outcome::Refused(Answer::BODY_TIMED_OUT));
                        return connection.deadline.poll(context).map(|()| timed_out());
                    }
                },
            }
        }
    }

    /// Whether the body comes to its end within what has been read, so that the next request can follow.
    fn ends_at_hand(&mut self, connection: &mut Connection) -> bool {
        while let Some(decoder) = &mut self.decoder {
            let Ok(decoded) = decoder.decode(&connection.input[connection.taken..]) else { return false };
            connection.taken += decoded.consumed;
            match decoded.item {
                Item::End { .. } => self.decoder = None,
                Item::NeedMore => return false,
                Item::Data(_) => {}
            }
        }
        true
    }
}

impl Connection {
    /// Sees a request through that a handler of the server's own has.
    pub(super) async fn serve_own(&mut self, mut own: Box<Own>) -> Next {
        let _counted = OwnRequest::new(&self.shared);
        let next = match poll_fn(|context| own.poll_outcome(self, context)).await {
            Outcome::Response(response) => own.answer(self, response).await,
            Outcome::Refused(answer) => {
                (own.status, own.content_bytes) = (answer.status, answer.content_bytes());
                answer.write(&mut self.output, &own.request, false);
                Next::Close
            }
            Outcome::Gone => Next::Cut,
        };
        drop(own);
        self.deadline.lift();
        if self.taken == self.input.len() {
            buffers::give_back(&mut self.input);
            self.taken = 0;
        }
        next
    }

    /// Writes the output. False: the client is gone.
    async fn flush(&mut self) -> bool {
        poll_fn(|context| self.poll_written(context)).await
    }

    /// Writes the output, as patiently as is right. False: the client is gone.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        match self.poll_flush(context) {
            Poll::Ready(written) => Poll::Ready(written.is_ok()),
            Poll::Pending => {
                self.deadline.set_once(self.shared.timeouts.write);
                self.deadline.poll(context).map(|()| false)
            }
        }
    }
}
