//! What arrives on a calls socket: every rule is checked here, before anybody hears of a frame.

use crate::call::{Call, Direction};
use crate::connection::{Connection, Role, Total};
use crate::frame::{HEADER_BYTES, Header, Type, WORKER_ID};
use crate::message::{AbortReason, CallHead, STREAM, decode_grant, decode_return};
use crate::preface::{PREFACE_BYTES, Preface};
use crate::{CALLS_MAX, GRANTED_BYTES_MAX, Violation};

/// What bytes that arrived meant. `T` is what was kept with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'b, T> {
    /// The peer's preface has come. To a worker it says how long messages may be.
    Met,
    /// A function the worker offers, as JSON that nobody has looked at.
    Offer(&'b [u8]),
    /// No call follows.
    Drain,
    /// The peer begins a call. What is to be kept with it goes into [`Connection::owner_mut`].
    Call {
        /// The call's id.
        id: u32,
        /// Its head.
        head: CallHead<'b>,
        /// The start of the arguments.
        aboard: &'b [u8],
        /// Nothing follows.
        end: bool,
    },
    /// The answer to a call begins.
    Return {
        /// The call's id.
        id: u32,
        /// What was kept with it.
        owner: T,
        /// How long it is.
        total: Total,
        /// Its start.
        aboard: &'b [u8],
        /// It is whole, and the call is over.
        end: bool,
    },
    /// A call is over, with this error: JSON that nobody has looked at.
    Throw {
        /// The call's id.
        id: u32,
        /// What was kept with it.
        owner: T,
        /// The error.
        error: &'b [u8],
    },
    /// Bytes of a message or of items. A frame may come in several of these.
    Data {
        /// The call's id.
        id: u32,
        /// What was kept with it.
        owner: T,
        /// The bytes.
        bytes: &'b [u8],
        /// This direction of the call has ended; if it is the callee's, the call is over.
        end: bool,
    },
    /// So many bytes more may be sent.
    Granted {
        /// The call's id.
        id: u32,
        /// What was kept with it.
        owner: T,
        /// How many.
        bytes: u32,
    },
    /// The callee wants no more items. The caller ends its own by END.
    Stopped {
        /// The call's id.
        id: u32,
        /// What was kept with it.
        owner: T,
    },
    /// The caller waits no more. The call stays open until it is answered or thrown; in a worker it is over if the rest of its
    /// answer waited for credit: [`Connection::is_open`] says so. Items that wait are to be given to [`Connection::send`] again,
    /// which ends it likewise.
    Aborted {
        /// The call's id.
        id: u32,
        /// What was kept with it.
        owner: T,
        /// Why.
        reason: AbortReason,
    },
    /// A call that was aborted here is over.
    Over {
        /// The call's id.
        id: u32,
        /// What was kept with it.
        owner: T,
    },
}

/// Where in the incoming bytes one is.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The peer's preface has come.
    met: bool,
    /// A DATA frame of which the header has come and not all of the payload.
    partial: Option<Partial>,
}

#[derive(Debug, Clone, Copy)]
struct Partial {
    id: u32,
    left: usize,
    /// Of these, what belongs to the message. Items are behind it.
    of_message: usize,
    end: bool,
}

impl<T: Copy + Default> Connection<T> {
    /// Takes in what arrived: says how many bytes of `input` it took and what they meant, if anything; `None`: more bytes are
    /// needed, [`Self::needs`] says how many. Is to be called until then.
    ///
    /// # Errors
    /// A [`Violation`]: the socket is to be closed.
    #[inline]
    #[expect(clippy::type_complexity, reason = "a name for it would hide more than it says")]
    pub fn handle<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Option<(usize, Option<Event<'b, T>>)>, Violation> {
        if let Some(partial) = self.reader.partial {
            if input.is_empty() {
                return Ok(None);
            }
            let count = input.len().min(partial.left);
            return Ok(Some((count, self.piece(partial, &input[..count])?)));
        }
        if !self.reader.met {
            let Some(preface) = Preface::decode(input, self.role.other())? else { return Ok(None) };
            self.reader.met = true;
            if self.role == Role::Worker {
                self.message_bytes_max = preface.message_bytes_max;
            }
            return Ok(Some((PREFACE_BYTES, Some(Event::Met))));
        }
        let Some(header) = Header::decode(input)? else { return Ok(None) };
        let rest = &input[HEADER_BYTES..];
        if header.kind == Type::Data {
            let partial = self.data(header)?;
            if partial.left == 0 {
                return Ok(Some((HEADER_BYTES, self.piece(partial, &[])?)));
            }
            let count = rest.len().min(partial.left);
            let event = if count == 0 {
                self.reader.partial = Some(partial);
                None
            } else {
                self.piece(partial, &rest[..count])?
            };
            return Ok(Some((HEADER_BYTES + count, event)));
        }
        let Some(payload) = rest.get(..header.length) else { return Ok(None) };
        Ok(Some((HEADER_BYTES + header.length, self.frame_arrived(header, payload)?)))
    }

    /// With how many bytes of input, at least, [`Self::handle`] gets on. `input` is what it has left untaken.
    pub fn needs(&self, input: &[u8]) -> usize {
        if self.reader.partial.is_some() {
            return 1;
        }
        if !self.reader.met {
            return PREFACE_BYTES;
        }
        match Header::decode(input) {
            Ok(Some(header)) if header.kind != Type::Data => HEADER_BYTES + header.length,
            _ => HEADER_BYTES,
        }
    }

    /// The call, and how many bytes of its DATA come next, where so many can be received straight to where they belong;
    /// [`Self::received`] tells then how many came. `None` where what comes next is not known, or belongs nowhere any more, or has to
    /// be looked at.
    pub fn expected(&self) -> Option<(u32, usize)> {
        let Partial { id, left, of_message, .. } = self.reader.partial?;
        let call = self.calls.get(&id)?;
        let is_looked_at = self.role == Role::Broker && of_message < left;
        (!call.aborted && !is_looked_at).then_some((id, left))
    }

    /// `count` bytes of what [`Self::expected`] announced have been received, past [`Self::handle`]. The event has no bytes.
    pub fn received(&mut self, count: usize) -> Option<Event<'static, T>> {
        let partial = self.reader.partial?;
        debug_assert!(count <= partial.left);
        let count = count.min(partial.left);
        self.advance(partial, count, &[], count > 0)
    }

    /// A DATA frame begins.
    #[inline]
    fn data(&mut self, header: Header) -> Result<Partial, Violation> {
        let Header { id, length, end, kind } = header;
        let mut of_message = length;
        match self.calls.get_mut(&id) {
            Some(call) => {
                of_message = length.min(call.receiving.left as usize);
                call.receiving.advance(id, length, end)?;
                self.granted = self.granted.saturating_sub(length as u64);
            }
            None => self.check_was_begun(kind, id)?,
        }
        Ok(Partial { id, left: length, of_message, end })
    }

    #[inline]
    fn piece<'b>(&mut self, partial: Partial, bytes: &'b [u8]) -> Result<Option<Event<'b, T>>, Violation> {
        let Partial { id, left, of_message, end } = partial;
        if self.role == Role::Broker
            && let Some(call) = self.calls.get_mut(&id)
            && call.receiving.items
            && !call.aborted
        {
            let items = &bytes[of_message.min(bytes.len())..];
            call.items_pass(id, items, self.message_bytes_max, end && bytes.len() == left)?;
        }
        Ok(self.advance(partial, bytes.len(), bytes, !bytes.is_empty()))
    }

    /// `count` bytes of a DATA frame are done with.
    #[inline]
    fn advance<'b>(
        &mut self,
        partial: Partial,
        count: usize,
        bytes: &'b [u8],
        says_something: bool,
    ) -> Option<Event<'b, T>> {
        let Partial { id, left, of_message, end } = partial;
        let left = left - count;
        let of_message = of_message.saturating_sub(count);
        self.reader.partial = (left > 0).then_some(Partial { left, of_message, ..partial });
        let end = end && left == 0;
        let call = self.calls.get(&id)?;
        let (owner, aborted) = (call.owner, call.aborted);
        if end && self.is_ours(id) {
            self.remove(id);
        }
        match aborted {
            true => end.then_some(Event::Over { id, owner }),
            false => (says_something || end).then_some(Event::Data { id, owner, bytes, end }),
        }
    }

    fn frame_arrived<'b>(
        &mut self,
        header: Header,
        payload: &'b [u8],
    ) -> Result<Option<Event<'b, T>>, Violation> {
        let Header { kind, id, end, .. } = header;
        let out_of_turn = Violation::OutOfTurn { kind, id };
        // Who sends what.
        let is_fitting = match kind {
            Type::Offer => self.role == Role::Broker,
            Type::Drain => self.role == Role::Worker,
            Type::Call | Type::Abort => !self.is_ours(id),
            Type::Return | Type::Throw | Type::Stop => self.is_ours(id),
            Type::Data | Type::Grant => true,
        };
        if !is_fitting {
            return Err(out_of_turn);
        }
        match kind {
            Type::Offer => return Ok(Some(Event::Offer(payload))),
            Type::Drain | Type::Call if self.drained => return Err(out_of_turn),
            Type::Drain => {
                self.drained = true;
                return Ok(Some(Event::Drain));
            }
            Type::Call => return self.call_arrived(id, payload, end).map(Some),
            _ => {}
        }
        let granted = if kind == Type::Grant { decode_grant(payload)? } else { 0 };
        let reason = if kind == Type::Abort { Some(AbortReason::decode(payload)?) } else { None };
        let answer = if kind == Type::Return { Some(decode_return(payload)?) } else { None };
        let Some(call) = self.calls.get_mut(&id) else {
            return self.check_was_begun(kind, id).map(|()| None);
        };
        let (owner, aborted) = (call.owner, call.aborted);
        Ok(match kind {
            Type::Return => {
                let (total, aboard) = answer.unwrap_or_default();
                let total = answer_begins(call, id, total, aboard.len(), end, self.message_bytes_max)?;
                if total == Total::Stream && self.role == Role::Broker {
                    call.items_pass(id, aboard, self.message_bytes_max, end)?;
                }
                if end {
                    self.remove(id);
                }
                match aborted {
                    true => end.then_some(Event::Over { id, owner }),
                    false => Some(Event::Return { id, owner, total, aboard, end }),
                }
            }
            Type::Throw => {
                self.remove(id);
                Some(match aborted {
                    true => Event::Over { id, owner },
                    false => Event::Throw { id, owner, error: payload },
                })
            }
            Type::Grant => {
                let may_send = !call.sending.ended && !aborted;
                if may_send {
                    call.sending.credit += u64::from(granted);
                    self.credit(granted.into())?;
                }
                may_send.then_some(Event::Granted { id, owner, bytes: granted })
            }
            Type::Stop if !call.sending.items || call.sending.stopped => return Err(out_of_turn),
            Type::Stop => {
                call.sending.stopped = true;
                (!call.sending.ended && !aborted).then_some(Event::Stopped { id, owner })
            }
            Type::Abort if call.unwanted => return Err(out_of_turn),
            Type::Abort => {
                call.unwanted = true;
                self.end_unwanted(id);
                reason.map(|reason| Event::Aborted { id, owner, reason })
            }
            Type::Offer | Type::Drain | Type::Call | Type::Data => None,
        })
    }

    fn call_arrived<'b>(&mut self, id: u32, payload: &'b [u8], end: bool) -> Result<Event<'b, T>, Violation> {
        if self.theirs.open >= CALLS_MAX {
            return Err(Violation::TooManyCalls { calls_max: CALLS_MAX });
        }
        if self.calls.contains_key(&id) || !self.theirs.follow(id & !WORKER_ID, CALLS_MAX) {
            return Err(Violation::OutOfOrder { id });
        }
        let (head, aboard) = CallHead::decode(payload)?;
        self.check_length(head.total)?;
        let mut receiving = Direction::default();
        receiving.begin(head.total, aboard.len(), head.has_items());
        receiving.end(id, end)?;
        let sending = Direction { credit: head.window.into(), ..Direction::default() };
        self.credit(head.window.into())?;
        self.calls.insert(id, Call::new(T::default(), sending, receiving));
        self.theirs.open += 1;
        Ok(Event::Call { id, head, aboard, end })
    }

    /// The peer has granted so many bytes more.
    fn credit(&mut self, bytes: u64) -> Result<(), Violation> {
        self.credited += bytes;
        // The broker grants what workers grant, each within its own limit.
        if self.role == Role::Broker && self.credited > GRANTED_BYTES_MAX {
            return Err(Violation::TooMuchCredit { bytes: self.credited, bytes_max: GRANTED_BYTES_MAX });
        }
        Ok(())
    }

    fn check_length(&self, bytes: u32) -> Result<(), Violation> {
        match bytes > self.message_bytes_max {
            true => Err(Violation::TooLarge { bytes, bytes_max: self.message_bytes_max }),
            false => Ok(()),
        }
    }

    /// A frame of a call that is not open is late, or breaks the protocol.
    fn check_was_begun(&self, kind: Type, id: u32) -> Result<(), Violation> {
        let ids = if self.is_ours(id) { &self.ours } else { &self.theirs };
        match ids.was_begun(id & !WORKER_ID) {
            true => Ok(()),
            false => Err(Violation::UnknownCall { kind, id }),
        }
    }
}

/// A RETURN has arrived.
fn answer_begins<T>(
    call: &mut Call<T>,
    id: u32,
    total: u32,
    aboard: usize,
    end: bool,
    message_bytes_max: u32,
) -> Result<Total, Violation> {
    if call.receiving.begun {
        return Err(Violation::OutOfTurn { kind: Type::Return, id });
    }
    let is_stream = total == STREAM;
    if !is_stream && total > message_bytes_max {
        return Err(Violation::TooLarge { bytes: total, bytes_max: message_bytes_max });
    }
    if !is_stream && aboard > total as usize {
        return Err(Violation::Excess { id });
    }
    call.receiving.begin(if is_stream { 0 } else { total }, aboard, is_stream);
    call.receiving.end(id, end)?;
    Ok(if is_stream { Total::Stream } else { Total::Message(total) })
}
