//! As whom the server goes on once its addresses are bound: `user` and `group`, by name or number.

use std::path::PathBuf;

use nix::unistd::{Gid, Group, Uid, User};

use crate::{problem::Flaw, read::Located};

/// A user and a group, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `None` leaves the user as it is.
    pub uid: Option<u32>,
    pub gid: u32,
    /// Whose further groups are taken too; `None` for a number that has no name, and where only a group is given.
    pub name: Option<String>,
    /// For `HOME`.
    pub home: Option<PathBuf>,
}

/// What the two keys mean together. A flaw comes with the key it is about.
pub(crate) fn resolve<'k>(
    user: Option<&'k Located<String>>,
    group: Option<&'k Located<String>>,
) -> Result<Option<Identity>, (Flaw, &'k Located<String>)> {
    let gid = group.map(|group| find_group(&group.value).map_err(|flaw| (flaw, group))).transpose()?;
    let Some(user) = user else {
        return Ok(gid.map(|gid| Identity { uid: None, gid, name: None, home: None }));
    };
    let found = find_user(&user.value).map_err(|flaw| (flaw, user))?;
    match (found, gid) {
        (Found::Known(known), gid) => Ok(Some(Identity {
            uid: Some(known.uid.as_raw()),
            gid: gid.unwrap_or(known.gid.as_raw()),
            name: Some(known.name),
            home: Some(known.dir),
        })),
        (Found::Number(uid), Some(gid)) => Ok(Some(Identity { uid: Some(uid), gid, name: None, home: None })),
        (Found::Number(uid), None) => {
            let flaw =
                Flaw::new(format!("user {uid} has no entry on this machine, so its group is not known"));
            Err((flaw.hint(format!("add the group: group = \"{uid}\"")), user))
        }
    }
}

enum Found {
    Known(Box<User>),
    /// As containers have it: a number that no file names.
    Number(u32),
}

fn find_user(text: &str) -> Result<Found, Flaw> {
    let number = text.parse::<u32>().ok();
    let found = match number {
        Some(number) => User::from_uid(Uid::from_raw(number)),
        None => User::from_name(text),
    };
    match (found, number) {
        (Ok(Some(user)), _) => Ok(Found::Known(Box::new(user))),
        (Ok(None), Some(number)) => Ok(Found::Number(number)),
        (Ok(None), None) => Err(Flaw::new(format!("there is no user `{text}` on this machine"))
            .hint("`getent passwd` lists them; a number will do")),
        (Err(error), _) => Err(Flaw::new(format!("the user `{text}` cannot be looked up: {error}"))),
    }
}

fn find_group(text: &str) -> Result<u32, Flaw> {
    if let Ok(number) = text.parse::<u32>() {
        return Ok(number);
    }
    match Group::from_name(text) {
        Ok(Some(group)) => Ok(Gid::as_raw(group.gid)),
        Ok(None) => Err(Flaw::new(format!("there is no group `{text}` on this machine"))
            .hint("`getent group` lists them; a number will do")),
        Err(error) => Err(Flaw::new(format!("the group `{text}` cannot be looked up: {error}"))),
    }
}
