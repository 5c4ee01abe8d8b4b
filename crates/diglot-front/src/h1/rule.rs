//! Every rule of the codec by name, the status a client gets for breaking it, and one sentence of why.

use std::fmt;

/// A message that must not be processed. The answer has `status`, and the connection closes after it:
/// past the first broken rule nobody knows where the next message begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    /// Status code of the answer to the client.
    pub status: u16,
    /// What was broken.
    pub rule: Rule,
}

impl From<Rule> for Rejection {
    fn from(rule: Rule) -> Self {
        Self { status: rule.status(), rule }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.rule)
    }
}

impl std::error::Error for Rejection {}

macro_rules! rules {
    ($($name:ident $status:literal $sentence:literal;)*) => {
        /// A rule a message broke. `Display` is one sentence with the section of the specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $(#[doc = $sentence] $name,)*
        }

        impl Rule {
            /// As it is written here: what a worker is told, and the log.
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$name => stringify!($name),)* }
            }

            /// All rules, for tests and references that must not miss one.
            pub const ALL: &'static [Rule] = &[$(Rule::$name,)*];

            /// The status code a client gets for breaking the rule. Worker's faults are a 502 instead.
            pub const fn status(self) -> u16 {
                match self { $(Rule::$name => $status,)* }
            }

            /// One sentence, without a line end.
            pub const fn sentence(self) -> &'static str {
                match self { $(Rule::$name => $sentence,)* }
            }
        }
    };
}

rules! {
    TlsOnPlainPort 400 "The client speaks TLS to a plain HTTP port (RFC 8446 section 5.1).";
    Http2Preface 505 "The client opens HTTP/2 on a connection that speaks HTTP/1 (RFC 9113 section 3.4).";
    Http09 400 "The request line has no protocol version, as in HTTP/0.9 (RFC 9112 section 3).";
    EmptyLines 400 "More empty lines stand before the request line than this server skips (RFC 9112 section 2.2).";
    MethodInvalid 400 "The method is not a token (RFC 9110 section 9.1).";
    MethodTooLong 501 "The method is longer than any this server knows (RFC 9112 section 3).";
    RequestLineTooLong 414 "The request line is longer than this server reads (RFC 9112 section 3).";
    RequestLineSpace 400 "Method, target and version are not separated by single spaces (RFC 9112 section 3).";
    TargetByte 400 "The request target holds a byte outside visible ASCII (RFC 9112 section 3.2).";
    TargetFragment 400 "The request target holds a fragment (RFC 9112 section 3.2).";
    TargetForm 400 "The request target has none of the four forms its method allows (RFC 9112 section 3.2).";
    TargetScheme 400 "The scheme of the absolute request target is neither http nor https (RFC 9110 section 4.2).";
    PathDotSegment 400 "The path holds a '.' or '..' segment, plain or encoded (RFC 3986 section 6.2.2.3).";
    PathBackslash 400 "The path holds a backslash (RFC 3986 section 3.3).";
    PathNul 400 "The path holds an encoded NUL (RFC 3986 section 7.3).";
    PathOverlong 400 "The path holds an overlong UTF-8 sequence (RFC 3629 section 3).";
    VersionInvalid 400 "The protocol version is not HTTP/1.0 or HTTP/1.1 followed by CRLF (RFC 9112 section 2.3).";
    VersionUnsupported 505 "The major protocol version is not 1 (RFC 9110 section 15.6.6).";
    BareLf 400 "A line ends with LF alone (RFC 9112 section 2.2).";
    BareCr 400 "A CR is not followed by LF (RFC 9112 section 2.2).";
    LeadingSpace 400 "Whitespace stands before the first header field (RFC 9112 section 2.2).";
    ObsFold 400 "A field value continues on a further line (RFC 9112 section 5.2).";
    NameEmpty 400 "A field line has no name (RFC 9110 section 5.1).";
    NameByte 400 "A field name holds a byte that no token may (RFC 9110 section 5.1).";
    NameTooLong 431 "A field name is longer than this server reads (RFC 6585 section 5).";
    SpaceBeforeColon 400 "Whitespace stands between a field name and its colon (RFC 9112 section 5.1).";
    ColonMissing 400 "A field line has no colon (RFC 9112 section 5).";
    ValueByte 400 "A field value holds a control character (RFC 9110 section 5.5).";
    HeaderTooLarge 431 "The header section is larger than this server reads (RFC 6585 section 5).";
    TooManyFields 431 "There are more field lines than this server reads (RFC 6585 section 5).";
    HostMissing 400 "An HTTP/1.1 request has no Host (RFC 9112 section 3.2).";
    HostDuplicate 400 "There is more than one Host (RFC 9112 section 3.2).";
    HostInvalid 400 "The host is not a name or address with an optional port (RFC 9110 section 7.2).";
    HostUserinfo 400 "The host carries user information (RFC 9110 section 4.2.4).";
    HostMismatch 400 "Host differs from the authority of the request target (RFC 9112 section 3.2).";
    LengthInvalid 400 "Content-Length is not a row of digits (RFC 9112 section 6.3).";
    LengthTooLarge 400 "Content-Length has more digits than this server reads (RFC 9110 section 8.6).";
    LengthDuplicate 400 "There is more than one Content-Length (RFC 9112 section 6.3).";
    LengthWithTransferEncoding 400 "Content-Length stands beside Transfer-Encoding (RFC 9112 section 6.1).";
    TransferEncodingDuplicate 400 "There is more than one Transfer-Encoding (RFC 9112 section 6.1).";
    TransferEncodingInvalid 400 "The last transfer coding is not exactly 'chunked' (RFC 9112 section 6.3).";
    TransferEncodingUnsupported 501 "There are transfer codings other than 'chunked' (RFC 9112 section 6.1).";
    TransferEncodingHttp10 400 "An HTTP/1.0 message has Transfer-Encoding (RFC 9112 section 6.1).";
    ChunkSizeInvalid 400 "A chunk size is not a row of hexadecimal digits (RFC 9112 section 7.1).";
    ChunkSizeTooLarge 400 "A chunk size has more than 16 digits (RFC 9112 section 7.1).";
    ChunkExtensionInvalid 400 "A chunk extension is malformed (RFC 9112 section 7.1.1).";
    ChunkExtensionTooLarge 400 "The chunk extensions are longer than this server reads (RFC 9112 section 7.1.1).";
    ChunkEnd 400 "The data of a chunk is not followed by CRLF (RFC 9112 section 7.1).";
    TrailerTooLarge 431 "The trailer section is larger than this server reads (RFC 6585 section 5).";
    TrailerForbidden 400 "A trailer field decides framing, routing or access (RFC 9110 section 6.5.1).";
    ConnectionTooLong 502 "Connection names more options than this server reads (RFC 9110 section 7.6.1).";
    LineCut 502 "A field line does not end with CRLF (RFC 9112 section 2.2).";
    StatusLineInvalid 502 "The status line is malformed (RFC 9112 section 4).";
    StatusLineTooLong 502 "The status line is longer than this server reads (RFC 9112 section 4).";
    BodyForbidden 502 "A response that has no content declares a transfer coding (RFC 9112 section 6.1).";
    BodyCut 502 "The message ended before its content did (RFC 9112 section 8).";
    BytesAfterEnd 502 "There are bytes after the end of the message (RFC 9112 section 6.3).";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for Rule {}
