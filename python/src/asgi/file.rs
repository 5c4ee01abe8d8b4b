//! Files that are parts of a response: what `http.response.pathsend` and `http.response.zerocopysend` name.
//!
//! A part of the file is read when there is room for it on the link, and leaves at once: a file of any size costs
//! no memory while its client is slow. It is read on the loop's thread, as `open(...).read()` in a handler is, but
//! without the GIL.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::path::PathBuf;

use diglot_link::frame::BODY_BYTES_MAX;
use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};
use rustix::buffer::spare_capacity;
use rustix::fs::{FileType, Mode, OFlags, SeekFrom, fstat, open, seek, tell};
use rustix::io::{Errno, fcntl_dupfd_cloexec, pread, retry_on_intr};

use crate::errors::type_name;

/// Bytes one read takes at most: those of one frame.
const READ_BYTES_MAX: usize = BODY_BYTES_MAX;

/// Which file an application wants to be sent.
#[derive(Debug)]
pub(crate) enum Source<'py> {
    /// By its path; a relative one is looked for from the working directory, as `open()` does: Starlette passes on what
    /// it was given, though the extension asks for absolute ones.
    Path(Bound<'py, PyString>),
    /// One that the application has opened: an object with `fileno()`, or a descriptor's number.
    Open { file: Bound<'py, PyAny>, offset: Option<u64>, count: Option<u64> },
}

/// What is to be sent of a file.
///
/// How much that is was decided when it was opened: bytes that are appended later are not sent, and bytes that are
/// missing later are an error.
#[derive(Debug)]
pub(super) struct FilePart {
    file: OwnedFd,
    /// What Python's errors call it: its path, or its descriptor's number.
    name: Py<PyAny>,
    /// Where the next byte to be sent is.
    position: u64,
    /// Bytes still to be sent, with those at hand.
    left: u64,
    at_hand: Vec<u8>,
}

impl FilePart {
    /// Opens a file. The position of one that the application has opened is moved behind what is sent, unless there is an
    /// `offset`.
    ///
    /// # Errors
    /// `OSError` with the file's name, also for what is no regular file; or what the application's object raises.
    pub(super) fn open(source: Source<'_>) -> PyResult<Self> {
        match source {
            Source::Path(path) => Self::of_path(&path),
            Source::Open { file, offset, count } => Self::of_open_file(&file, offset, count),
        }
    }

    fn of_path(path: &Bound<'_, PyString>) -> PyResult<Self> {
        let py = path.py();
        let place: PathBuf = path.extract()?;
        // A named pipe would else be waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = py.detach(|| retry_on_intr(|| open(&place, flags, Mode::empty())));
        let file = opened.map_err(|errno| os_error(path, errno, None))?;
        let size = size_of(&file, path)?;
        Ok(Self {
            file,
            name: path.clone().into_any().unbind(),
            position: 0,
            left: size,
            at_hand: Vec::new(),
        })
    }

    fn of_open_file(file: &Bound<'_, PyAny>, offset: Option<u64>, count: Option<u64>) -> PyResult<Self> {
        let py = file.py();
        let number: RawFd = if file.is_instance_of::<PyInt>() {
            file.extract()?
        } else {
            let fileno = file.getattr(intern!(py, "fileno")).map_err(|_| {
                let given = type_name(file);
                PyTypeError::new_err(format!(
                    "\"file\" is an open file or a descriptor's number, not {given}"
                ))
            })?;
            fileno.call0()?.extract()?
        };
        let name = match file.getattr(intern!(py, "name")) {
            Ok(name) => name,
            Err(_) => PyInt::new(py, number).into_any(),
        };
        let duplicate = duplicate(number).map_err(|errno| os_error(&name, errno, None))?;
        let size = size_of(&duplicate, &name)?;
        let position = match (offset, file.getattr(intern!(py, "tell"))) {
            (Some(offset), _) => offset,
            // What the object has read ahead into a buffer of its own, its user has not.
            (None, Ok(tell)) => tell.call0()?.extract()?,
            (None, Err(_)) => tell(&duplicate).map_err(|errno| os_error(&name, errno, None))?,
        };
        let left = size.saturating_sub(position).min(count.unwrap_or(u64::MAX));
        if offset.is_none() {
            let behind = position + left;
            match file.getattr(intern!(py, "seek")) {
                Ok(seek) => drop(seek.call1((behind,))?),
                Err(_) => {
                    let moved = seek(&duplicate, SeekFrom::Start(behind));
                    moved.map_err(|errno| os_error(&name, errno, None))?;
                }
            }
        }
        Ok(Self { file: duplicate, name: name.unbind(), position, left, at_hand: Vec::new() })
    }

    /// Bytes still to be sent.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Those of them that have been read.
    pub(super) fn at_hand(&self) -> &[u8] {
        &self.at_hand
    }

    /// Sees to it that bytes are at hand if any are left and there is `room`, and no more than that.
    ///
    /// # Errors
    /// `OSError` with the file's name: it could not be read, or has become shorter.
    pub(super) fn read(&mut self, py: Python<'_>, room: usize) -> PyResult<()> {
        let count = self.left.min(room.min(READ_BYTES_MAX) as u64) as usize;
        if count == 0 || !self.at_hand.is_empty() {
            return Ok(());
        }
        let (file, position) = (&self.file, self.position);
        let mut data = Vec::with_capacity(count);
        let read = py.detach(|| retry_on_intr(|| pread(file, spare_capacity(&mut data), position)));
        match read {
            Ok(0) => {
                let missing = format!("the file was cut while it was sent, {} bytes are missing", self.left);
                Err(os_error(self.name.bind(py), Errno::IO, Some(missing)))
            }
            Ok(_) => {
                // A vector may have room for more than it was asked for.
                data.truncate(count);
                self.at_hand = data;
                Ok(())
            }
            Err(errno) => Err(os_error(self.name.bind(py), errno, None)),
        }
    }

    /// `count` of the bytes at hand have been sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.position += count as u64;
        self.left -= count as u64;
        if count == self.at_hand.len() {
            self.at_hand = Vec::new();
        } else {
            self.at_hand.drain(..count);
        }
    }

    /// No more than `length` bytes are to be sent.
    pub(super) fn cut_to(&mut self, length: u64) {
        self.left = self.left.min(length);
        self.at_hand.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    }
}

/// A descriptor of our own for the same open file: the application may close its own before everything is sent, and
/// the number may then be another file's.
fn duplicate(number: RawFd) -> Result<OwnedFd, Errno> {
    if number < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: the number is not negative, and is used for this one call, which fails if no file is open under it.
    #[allow(unsafe_code)]
    let file = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl_dupfd_cloexec(file, 0)
}

/// A regular file's bytes.
fn size_of(file: &OwnedFd, name: &Bound<'_, PyAny>) -> PyResult<u64> {
    let status = fstat(file).map_err(|errno| os_error(name, errno, None))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => Ok(u64::try_from(status.st_size).unwrap_or(0)),
        FileType::Directory => Err(os_error(name, Errno::ISDIR, None)),
        _ => Err(os_error(name, Errno::INVAL, Some("only a regular file can be sent".to_owned()))),
    }
}

/// Python's own `OSError` for `errno`, a `FileNotFoundError` for instance. `reason` instead of the system's words.
fn os_error(name: &Bound<'_, PyAny>, errno: Errno, reason: Option<String>) -> PyErr {
    let py = name.py();
    let code = errno.raw_os_error();
    let reason = match reason {
        Some(reason) => Ok(PyString::new(py, &reason).into_any()),
        None => py.import(intern!(py, "os")).and_then(|os| os.call_method1(intern!(py, "strerror"), (code,))),
    };
    match reason.and_then(|reason| py.get_type::<PyOSError>().call1((code, reason, name))) {
        Ok(error) => PyErr::from_value(error),
        Err(_) => io::Error::from(errno).into(),
    }
}
