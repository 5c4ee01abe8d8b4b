//! What a compilation gives, as the cache keeps it and a worker reads it.
//!
//! One line of ASCII, then the bytes it counts:
//!
//! ```text
//! diglot-typescript 1 module 1234 <sha1 of what follows, 40 digits>\n<code>
//! ```
//!
//! The third word is `module`, `commonjs` or `error`; for an error the code is its text. The sum tells a damaged file.

use sha1_smol::Sha1;

/// What the first line begins with: the name and revision of the format.
const MAGIC: &str = "diglot-typescript 1";

/// Which of Node's two kinds of module the code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Module,
    CommonJs,
}

/// What a file has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Product {
    /// Code that the Node in use runs, with its source map at the end.
    Code { format: Format, code: String },
    /// Why there is none, for a person.
    Error { text: String },
}

impl Product {
    /// As the cache keeps it and a worker reads it.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, code) = match self {
            Self::Code { format: Format::Module, code } => ("module", code),
            Self::Code { format: Format::CommonJs, code } => ("commonjs", code),
            Self::Error { text } => ("error", text),
        };
        let sum = Sha1::from(code).digest();
        format!("{MAGIC} {kind} {} {sum}\n{code}", code.len()).into_bytes()
    }
}
