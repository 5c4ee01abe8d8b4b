//! Giving up the privileges that binding needed.

use std::io;

use diglot_config::Identity;

/// Goes on as `identity`, for good. Nothing changes where the process is that user already.
///
/// # Errors
/// If the system refuses: above all where the server was not started as root.
#[cfg(target_os = "linux")]
pub(crate) fn assume(identity: &Identity) -> io::Result<()> {
    use std::ffi::CString;

    use nix::unistd::{Gid, Uid, getegid, geteuid, initgroups, setgid, setgroups, setuid};

    let (gid, uid) = (Gid::from_raw(identity.gid), identity.uid.map(Uid::from_raw));
    if getegid() == gid && uid.is_none_or(|uid| geteuid() == uid) {
        return Ok(());
    }
    // In this order: without the user's privileges the groups could not be changed any more.
    match &identity.name {
        Some(name) => initgroups(&CString::new(name.as_str())?, gid)?,
        None => setgroups(&[gid])?,
    }
    setgid(gid)?;
    if let Some(uid) = uid {
        setuid(uid)?;
        if !uid.is_root() && setuid(Uid::from_raw(0)).is_ok() {
            return Err(io::Error::other("the system let the process become root again"));
        }
    }
    Ok(())
}

/// Not known to be safe here: the further groups of root would stay.
#[cfg(not(target_os = "linux"))]
pub(crate) fn assume(_identity: &Identity) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
