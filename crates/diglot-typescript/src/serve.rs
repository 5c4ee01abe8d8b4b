//! The way workers ask: a blocking socket of each one's own, on which a request is answered before the next is read.
//!
//! Both directions carry a length (4 bytes, little endian) and so many bytes. A request is a JSON object:
//!
//! - `{"about": true}` is answered with the compiler's `version`, and the fingerprint of the `options` of a program without
//!   `tsconfig.json`.
//! - `{"project": "/abs/tsconfig.json"}` is answered with what [`Project::describe`] gives, or `{"error": "…"}`.
//! - `{"file": "/abs/x.ts", "config": "/abs/tsconfig.json" or null, "package": "module", "commonjs" or null}` is answered with a
//!   [`Product`] as it is encoded, which is in the cache from then on.
//!
//! The file is read here, so a request is small whatever the source.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use serde_json::{Value, json};

use crate::COMPILER_VERSION;
use crate::cache::Cache;
use crate::compile::{Input, SOURCE_BYTES_MAX, compile};
use crate::options::Options;
use crate::product::Product;
use crate::project::{PackageType, Project};

/// Longest request: two paths.
const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// The compiler goes as deep as a source nests, up to `depth.rs`'s limits. Memory of a stack is taken only as it is used.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Who has not asked for so long has loaded what it loads at its start. What comes later is asked of a process of its own.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// Answers a worker until it closes its end, or has not asked for [`IDLE_MAX`].
///
/// # Errors
/// If the socket fails, a request is too long, or the system gives no thread.
pub fn serve(socket: UnixStream, cache: Cache) -> io::Result<()> {
    socket.set_read_timeout(Some(IDLE_MAX))?;
    deep(move || answer_all(socket, &cache))?
}

/// Answers one request.
///
/// # Errors
/// If the system gives no thread.
pub fn answer_one(request: Vec<u8>, cache: Cache) -> io::Result<Vec<u8>> {
    deep(move || answer(&request, &cache))
}

/// Does something on a stack that is deep enough to compile on.
fn deep<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
    thread.join().map_err(|_| io::Error::other("the compiler failed"))
}

fn answer_all(mut socket: UnixStream, cache: &Cache) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        match socket.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) => match error.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::WouldBlock | ErrorKind::TimedOut => return Ok(()),
                _ => return Err(error),
            },
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > REQUEST_BYTES_MAX {
            return Err(io::Error::other("a request that is too long"));
        }
        let mut request = vec![0; length];
        socket.read_exact(&mut request)?;
        let answer = answer(&request, cache);
        let length = u32::try_from(answer.len()).map_err(io::Error::other)?;
        socket.write_all(&length.to_le_bytes())?;
        socket.write_all(&answer)?;
    }
}

fn answer(request: &[u8], cache: &Cache) -> Vec<u8> {
    let request: Value = serde_json::from_slice(request).unwrap_or_default();
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    if request.get("about").is_some() {
        let about = json!({ "version": COMPILER_VERSION, "options": Options::default().fingerprint() });
        return about.to_string().into_bytes();
    }
    if let Some(config) = text("project") {
        let described = Project::read(Path::new(config));
        let described = described
            .map_or_else(|error| json!({ "error": error.to_string() }), |project| project.describe());
        return described.to_string().into_bytes();
    }
    let package = match text("package") {
        Some("module") => PackageType::Module,
        Some("commonjs") => PackageType::CommonJs,
        _ => PackageType::Unsaid,
    };
    match text("file") {
        Some(file) => compile_file(Path::new(file), text("config").map(Path::new), package, cache),
        None => Product::Error { text: "a request that is none".to_owned() }.encode(),
    }
}

fn compile_file(file: &Path, config: Option<&Path>, package: PackageType, cache: &Cache) -> Vec<u8> {
    let failed = |text: String| Product::Error { text }.encode();
    let project = match config.map(Project::read).transpose() {
        Ok(project) => project.unwrap_or_default(),
        Err(error) => return failed(error.to_string()),
    };
    let bytes = match fs::read(file) {
        Ok(bytes) if bytes.len() <= SOURCE_BYTES_MAX => bytes,
        Ok(_) => return failed(format!("{} is longer than {SOURCE_BYTES_MAX} bytes", file.display())),
        Err(error) => return failed(format!("{} cannot be read: {error}", file.display())),
    };
    // As Node and TypeScript read it.
    let source = String::from_utf8_lossy(&bytes);
    let product = compile(Input { file, source: &source, package, options: &project.options });
    let encoded = product.encode();
    if let Product::Code { .. } = product {
        // Without it the file is compiled again the next time, and that is all.
        let _ = cache.store(&Cache::key(&project.options.fingerprint(), package, file, &bytes), &encoded);
    }
    encoded
}
