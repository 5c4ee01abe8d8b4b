//! The payloads: of CALL, RETURN, GRANT and ABORT, and the codes of THROW.

use std::fmt;

use crate::Violation;
use crate::frame::{ABOARD_BYTES_MAX, Type};

/// Arguments and answer are JSON, else CBOR.
pub const CALL_JSON: u8 = 0x01;
/// Items follow the arguments.
pub const CALL_ITEMS: u8 = 0x02;
/// The caller knows that it may be begun once more when its worker was lost.
pub const CALL_IDEMPOTENT: u8 = 0x04;

const CALL_FLAGS: u8 = CALL_JSON | CALL_ITEMS | CALL_IDEMPOTENT;
/// Bytes of a CALL payload before its names.
pub const CALL_FIXED_BYTES: usize = 20;
/// Bytes of a RETURN payload before the answer.
pub const RETURN_FIXED_BYTES: usize = 4;
/// Most bytes of the context.
pub const CONTEXT_BYTES_MAX: usize = 4096;
/// Most bytes of a service's or function's name.
pub const NAME_BYTES_MAX: usize = 255;
/// What a RETURN says in the place of a length where the answer is a stream.
pub const STREAM: u32 = u32::MAX;

/// The head of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallHead<'b> {
    /// Bytes of the arguments in all.
    pub total: u32,
    /// Bytes of DATA the caller takes of the answer without further GRANT.
    pub window: u32,
    /// Milliseconds left until its deadline; 0: the caller has set none.
    pub deadline_ms: u32,
    /// [`CALL_JSON`], [`CALL_ITEMS`], [`CALL_IDEMPOTENT`].
    pub flags: u8,
    /// In how many calls it stands.
    pub depth: u8,
    /// To the broker the callee's, to the callee the caller's; at most [`NAME_BYTES_MAX`] bytes.
    pub service: &'b str,
    /// At most [`NAME_BYTES_MAX`] bytes.
    pub function: &'b str,
    /// Lines of the trace's context; at most [`CONTEXT_BYTES_MAX`] bytes.
    pub context: &'b [u8],
}

/// A name or a context that does not fit the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has at most 255 bytes, a context 4,096")]
pub struct HeadTooLong;

impl<'b> CallHead<'b> {
    /// True if items follow the arguments.
    #[inline]
    pub const fn has_items(&self) -> bool {
        self.flags & CALL_ITEMS != 0
    }

    /// True if arguments and answer are JSON.
    #[inline]
    pub const fn is_json(&self) -> bool {
        self.flags & CALL_JSON != 0
    }

    /// True if the caller knows that it may be begun twice.
    #[inline]
    pub const fn is_idempotent(&self) -> bool {
        self.flags & CALL_IDEMPOTENT != 0
    }

    /// How many bytes of the arguments ride with the head: all that fit.
    #[inline]
    pub fn aboard_bytes(&self) -> usize {
        (self.total as usize).min(ABOARD_BYTES_MAX)
    }

    /// Bytes of the payload before the arguments.
    pub(crate) fn encoded_bytes(&self) -> usize {
        CALL_FIXED_BYTES + self.service.len() + self.function.len() + self.context.len()
    }

    pub(crate) fn check(&self) -> Result<(), HeadTooLong> {
        let fits = self.service.len() <= NAME_BYTES_MAX
            && self.function.len() <= NAME_BYTES_MAX
            && self.context.len() <= CONTEXT_BYTES_MAX;
        if fits { Ok(()) } else { Err(HeadTooLong) }
    }

    /// Appends the payload up to the arguments. Names and context must fit.
    pub fn encode(&self, out: &mut Vec<u8>) {
        debug_assert!(self.service.len().max(self.function.len()) <= NAME_BYTES_MAX, "another call's head");
        out.extend_from_slice(&self.total.to_le_bytes());
        out.extend_from_slice(&self.window.to_le_bytes());
        out.extend_from_slice(&self.deadline_ms.to_le_bytes());
        out.extend_from_slice(&[self.flags, self.service.len() as u8, self.function.len() as u8, self.depth]);
        out.extend_from_slice(&(self.context.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(self.service.as_bytes());
        out.extend_from_slice(self.function.as_bytes());
        out.extend_from_slice(self.context);
    }

    /// Reads a CALL payload: the head, and the start of the arguments.
    ///
    /// # Errors
    /// [`Violation::Malformed`].
    pub fn decode(payload: &'b [u8]) -> Result<(Self, &'b [u8]), Violation> {
        const MALFORMED: Violation = Violation::Malformed { kind: Type::Call };
        let (fixed, rest) = payload.split_first_chunk::<CALL_FIXED_BYTES>().ok_or(MALFORMED)?;
        let number = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let context_bytes = usize::from(u16::from_le_bytes([fixed[16], fixed[17]]));
        let part = |rest: &'b [u8], bytes: usize| rest.split_at_checked(bytes).ok_or(MALFORMED);
        let (service, rest) = part(rest, usize::from(fixed[13]))?;
        let (function, rest) = part(rest, usize::from(fixed[14]))?;
        let (context, aboard) = part(rest, context_bytes)?;
        let head = Self {
            total: number(0),
            window: number(4),
            deadline_ms: number(8),
            flags: fixed[12],
            depth: fixed[15],
            service: str::from_utf8(service).map_err(|_| MALFORMED)?,
            function: str::from_utf8(function).map_err(|_| MALFORMED)?,
            context,
        };
        let is_wrong = head.flags & !CALL_FLAGS != 0
            || fixed[18..] != [0; 2]
            || context_bytes > CONTEXT_BYTES_MAX
            || aboard.len() != head.aboard_bytes();
        if is_wrong { Err(MALFORMED) } else { Ok((head, aboard)) }
    }
}

/// Reads a RETURN payload: bytes in all or [`STREAM`], and the start of the answer.
pub(crate) fn decode_return(payload: &[u8]) -> Result<(u32, &[u8]), Violation> {
    const MALFORMED: Violation = Violation::Malformed { kind: Type::Return };
    let (fixed, aboard) = payload.split_first_chunk::<RETURN_FIXED_BYTES>().ok_or(MALFORMED)?;
    if aboard.len() > ABOARD_BYTES_MAX {
        return Err(MALFORMED);
    }
    Ok((u32::from_le_bytes(*fixed), aboard))
}

/// Reads a GRANT payload: above 0.
pub(crate) fn decode_grant(payload: &[u8]) -> Result<u32, Violation> {
    match <[u8; 4]>::try_from(payload).map(u32::from_le_bytes) {
        Ok(bytes) if bytes > 0 => Ok(bytes),
        _ => Err(Violation::Malformed { kind: Type::Grant }),
    }
}

/// Why a caller waits no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AbortReason {
    /// It gave up.
    GaveUp = 1,
    /// Its deadline has passed.
    Deadline = 2,
    /// The client it worked for has left.
    ClientLeft = 3,
    /// Its worker has ended.
    CallerLost = 4,
}

impl AbortReason {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Violation> {
        match payload {
            [1] => Ok(Self::GaveUp),
            [2] => Ok(Self::Deadline),
            [3] => Ok(Self::ClientLeft),
            [4] => Ok(Self::CallerLost),
            _ => Err(Violation::Malformed { kind: Type::Abort }),
        }
    }
}

/// What kind of error a THROW is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The function threw.
    Error,
    /// They are not what the function takes.
    InvalidArguments,
    /// It returned something else than it says.
    InvalidResult,
    /// There is no service of that name.
    UnknownService,
    /// The service has no function of that name.
    UnknownFunction,
    /// The service's workers keep failing, or the server stops.
    Unavailable,
    /// As many calls wait as may.
    Overloaded,
    /// It took too long.
    DeadlineExceeded,
    /// The answer to ABORT.
    Cancelled,
    /// The callee's worker ended with the call in its hands.
    WorkerLost,
    /// A message is longer than may be.
    TooLarge,
    /// A value has no counterpart in the other language.
    UnsupportedValue,
    /// Too many calls within calls.
    TooDeep,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::Error,
        Self::InvalidArguments,
        Self::InvalidResult,
        Self::UnknownService,
        Self::UnknownFunction,
        Self::Unavailable,
        Self::Overloaded,
        Self::DeadlineExceeded,
        Self::Cancelled,
        Self::WorkerLost,
        Self::TooLarge,
        Self::UnsupportedValue,
        Self::TooDeep,
    ];

    /// As it stands in the JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::InvalidArguments => "invalid_arguments",
            Self::InvalidResult => "invalid_result",
            Self::UnknownService => "unknown_service",
            Self::UnknownFunction => "unknown_function",
            Self::Unavailable => "unavailable",
            Self::Overloaded => "overloaded",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Cancelled => "cancelled",
            Self::WorkerLost => "worker_lost",
            Self::TooLarge => "too_large",
            Self::UnsupportedValue => "unsupported_value",
            Self::TooDeep => "too_deep",
        }
    }

    /// The code of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
