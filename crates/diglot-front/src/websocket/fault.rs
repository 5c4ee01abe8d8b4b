//! Every rule of the frames by name, the code that closes a connection over it, and one sentence of why.

use std::fmt;

macro_rules! faults {
    ($($name:ident $code:literal $sentence:literal;)*) => {
        /// A rule the client broke. The connection ends: a close frame with [`Fault::close_code`], then the socket.
        /// `Display` is one sentence with the section of the specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = $sentence] $name,)*
        }

        impl Fault {
            /// All of them, for tests and references that must not miss one.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)*];

            /// The status code of the close frame that answers it (RFC 6455 section 7.4.1): 1002, 1007 or 1009.
            pub const fn close_code(self) -> u16 {
                match self { $(Fault::$name => $code,)* }
            }

            /// One sentence, without a line end, short enough for the reason of a close frame.
            pub const fn sentence(self) -> &'static str {
                match self { $(Fault::$name => $sentence,)* }
            }
        }
    };
}

faults! {
    ReservedBits 1002 "A reserved bit is set that nothing agreed on gives a meaning (RFC 6455 section 5.2).";
    ReservedOpcode 1002 "The opcode is a reserved one (RFC 6455 section 5.2).";
    Unmasked 1002 "A client's frame is not masked (RFC 6455 section 5.1).";
    LengthNotMinimal 1002 "A payload length is not written in the fewest bytes (RFC 6455 section 5.2).";
    LengthTopBit 1002 "The top bit of a 64-bit payload length is set (RFC 6455 section 5.2).";
    ControlFragmented 1002 "A control frame is fragmented (RFC 6455 section 5.5).";
    ControlTooLong 1002 "A control frame has more than 125 bytes of payload (RFC 6455 section 5.5).";
    ContinuationUnexpected 1002 "A continuation frame stands outside of a message (RFC 6455 section 5.4).";
    MessageWithinMessage 1002 "A message begins before the last one has ended (RFC 6455 section 5.4).";
    ClosePayloadCut 1002 "A close frame's payload is one byte, half a status code (RFC 6455 section 5.5.1).";
    CloseCodeInvalid 1002 "A close frame has a status code that may not be sent (RFC 6455 section 7.4).";
    CloseReasonUtf8 1007 "The reason of a close frame is not UTF-8 (RFC 6455 section 5.5.1).";
    TextUtf8 1007 "A text message is not UTF-8 (RFC 6455 section 8.1).";
    DeflateInvalid 1007 "A compressed message is not valid DEFLATE (RFC 7692 section 7.2.2).";
    MessageTooLarge 1009 "A message is longer than this server takes (RFC 6455 section 10.4).";
    TooManyFrames 1009 "A message has more frames than this server takes (RFC 6455 section 10.4).";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for Fault {}
