//! Why the system denies a worker its program: which part of the way there is closed, and to whom.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Links on one way, as many as the system follows.
const LINKS_MAX: usize = 40;

/// The folder that cannot be looked into, or the file that cannot be run, on the way to `program`. `None` if
/// neither is found: there are other reasons (a file system without programs, a security module).
pub(super) fn closed_part(program: &Path) -> Option<PathBuf> {
    let mut way = program.to_owned();
    for _ in 0..LINKS_MAX {
        match follow(&way) {
            Step::Closed(part) => return Some(part),
            Step::Leads(next) => way = next,
            Step::End => {
                let runs = rustix::fs::access(&way, rustix::fs::Access::EXEC_OK);
                return runs.is_err().then_some(way);
            }
            Step::Unknown => return None,
        }
    }
    None
}

enum Step {
    Closed(PathBuf),
    /// With its first link replaced by what it leads to.
    Leads(PathBuf),
    /// There is no link on it.
    End,
    Unknown,
}

fn follow(way: &Path) -> Step {
    let mut walked = PathBuf::new();
    let mut rest = way.components();
    while let Some(part) = rest.next() {
        if part == Component::ParentDir {
            walked.pop();
            continue;
        }
        let folder = walked.clone();
        walked.push(part);
        match fs::symlink_metadata(&walked) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Step::Closed(folder),
            Err(_) => return Step::Unknown,
            Ok(metadata) if metadata.is_symlink() => {
                return fs::read_link(&walked)
                    .map_or(Step::Unknown, |to| Step::Leads(folder.join(to).join(rest.as_path())));
            }
            Ok(_) => {}
        }
    }
    if walked == way { Step::End } else { Step::Leads(walked) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn the_file_at_the_end_of_links_is_found_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().canonicalize().expect("it is there");
        let file = folder.join("real/python3");
        fs::create_dir_all(folder.join("real")).expect("a folder");
        fs::create_dir_all(folder.join("venv/bin")).expect("a folder");
        fs::write(&file, "").expect("a file");
        symlink("../../real/python3", folder.join("venv/bin/python3")).expect("a link");
        symlink("python3", folder.join("venv/bin/python")).expect("a link");
        let program = folder.join("venv/bin/python");
        assert_eq!(closed_part(&program), Some(file.clone()));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("permissions");
        assert_eq!(closed_part(&program), None);
        assert_eq!(closed_part(&folder.join("nowhere")), None);
        symlink("loop", folder.join("loop")).expect("a link");
        assert_eq!(closed_part(&folder.join("loop")), None);
    }
}
