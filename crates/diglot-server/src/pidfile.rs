//! The file that tells other programs which process the server is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A written file, removed when this is dropped, unless another server's has taken its place.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    text: String,
}

impl PidFile {
    /// Writes this process's id into a file that appears whole or not at all, and gives it to that user and group.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(path: &Path, owner: (Option<u32>, Option<u32>)) -> io::Result<Self> {
        let process = std::process::id();
        let partial = path.with_extension(format!("{process}.part"));
        let text = format!("{process}\n");
        fs::write(&partial, &text)?;
        let (uid, gid) = owner;
        let placed = std::os::unix::fs::chown(&partial, uid, gid).and_then(|()| fs::rename(&partial, path));
        if placed.is_err() {
            // The reason is told; a left-over says nothing more.
            let _ = fs::remove_file(&partial);
        }
        placed.map(|()| Self { path: path.to_owned(), text })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if fs::read_to_string(&self.path).is_ok_and(|present| present == self.text) {
            // Whoever the server has become may have no right to; then the file stays, and the next server replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_another_server_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("server.pid");
        let file = PidFile::write(&path, (None, None)).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), format!("{}\n", std::process::id()));
        drop(file);
        assert!(!path.exists());

        let file = PidFile::write(&path, (None, None)).expect("written");
        fs::write(&path, "1\n").expect("written");
        drop(file);
        assert!(path.exists());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
    }
}
