//! Applications for the tests of faults: the same paths in every language.

/// One application of `apps/faults`.
#[derive(Debug, Clone, Copy)]
pub struct App {
    /// What messages of tests call it.
    pub name: &'static str,
    /// The file it is written to.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
    /// How it is named as a TARGET.
    pub entry: &'static str,
}

/// An ASGI application.
pub const ASGI: App = App {
    name: "ASGI",
    file: "faults_asgi.py",
    text: include_str!("../apps/faults/asgi.py"),
    entry: "faults_asgi:app",
};

/// A WSGI application.
pub const WSGI: App = App {
    name: "WSGI",
    file: "faults_wsgi.py",
    text: include_str!("../apps/faults/wsgi.py"),
    entry: "faults_wsgi:app",
};

/// A program on Node's `http`.
pub const NODE: App = App {
    name: "Node",
    file: "faults_node.js",
    text: include_str!("../apps/faults/node.js"),
    entry: "faults_node.js",
};

/// A module that exports `fetch`. It has the paths for streams and for clients that leave.
pub const FETCH: App = App {
    name: "fetch",
    file: "faults_fetch.mjs",
    text: include_str!("../apps/faults/fetch.mjs"),
    entry: "faults_fetch.mjs",
};

/// Every kind.
pub const APPS: [App; 4] = [NODE, ASGI, WSGI, FETCH];

/// Length of the pattern that bodies of the applications repeat. It shares no factor with any buffer's size, so that a
/// byte that is lost, doubled or moved shows.
const BLOCK_BYTES: usize = 65_521;

/// The bytes a body of the applications has from `offset` on, as far as a chunk may reach.
#[derive(Debug)]
pub struct Pattern {
    bytes: Vec<u8>,
}

impl Default for Pattern {
    fn default() -> Self {
        let block = |at: usize| (at * 167 + (at >> 8) * 59) as u8;
        Self { bytes: (0..4 * BLOCK_BYTES).map(|at| block(at % BLOCK_BYTES)).collect() }
    }
}

impl Pattern {
    /// Most bytes [`Self::at`] gives.
    pub const CHUNK_BYTES_MAX: usize = 2 * BLOCK_BYTES;

    /// `length` bytes of the body from `offset` on.
    ///
    /// # Panics
    /// If `length` is above [`Self::CHUNK_BYTES_MAX`].
    pub fn at(&self, offset: u64, length: usize) -> &[u8] {
        assert!(length <= Self::CHUNK_BYTES_MAX, "a chunk of {length} bytes is too long");
        let start = (offset % BLOCK_BYTES as u64) as usize;
        &self.bytes[start..start + length]
    }
}
