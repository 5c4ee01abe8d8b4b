//! What a merge had to leave out, or to call by another name, for the log.

use std::fmt;

use crate::places::Owner;

/// Something of a service's document that the merged one does not have, or has by another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The routes lead its path to somebody else.
    Unreachable {
        /// Whose document has it.
        service: String,
        /// In capitals.
        method: String,
        /// As it would be reached.
        path: String,
        /// Who answers there.
        owner: Owner,
    },
    /// The service has it twice: paths that differ in the names of their parameters only are one.
    Twice {
        /// Whose document has it.
        service: String,
        /// In capitals.
        method: String,
        /// The one that is left out.
        path: String,
        /// The one that is kept.
        kept: String,
    },
    /// Its document says that another server answers it.
    Elsewhere {
        /// Whose document has it.
        service: String,
        /// In capitals.
        method: String,
        /// As its document has it.
        path: String,
        /// The server's URL, as it is written there.
        server: String,
    },
    /// All that its document says of a path is a reference, and no path is there.
    NoItem {
        /// Whose document has it.
        service: String,
        /// As its document has it.
        path: String,
        /// As it is written there.
        reference: String,
    },
    /// A reference has no target within the document.
    Dangling {
        /// Whose document has it.
        service: String,
        /// As it is written there.
        reference: String,
    },
    /// Several documents mean different things by the name of a component.
    Renamed {
        /// As each of them has it.
        name: String,
        /// Whose documents they are.
        services: Vec<String>,
        /// What each is called in the merged one, in their order.
        names: Vec<String>,
    },
    /// What it says of many of its paths at once is too much to be said of each.
    Repeated {
        /// Whose document it is.
        service: String,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { service, method, path, owner } => {
                write!(f, "{method} {path} of service \"{service}\" cannot be reached and is left out: ")?;
                match owner {
                    Owner::Service(owner) => {
                        write!(f, "the route of service \"{owner}\" takes it")
                    }
                    Owner::Server => write!(f, "the server itself answers there"),
                    Owner::Nobody => write!(f, "no route leads there"),
                }
            }
            Self::Twice { service, method, path, kept } => {
                write!(
                    f,
                    "{method} {path} of service \"{service}\" is left out: it is the same path as {kept}"
                )
            }
            Self::Elsewhere { service, method, path, server } => {
                write!(
                    f,
                    "{method} {path} of service \"{service}\" is left out: its document says that {server} answers it"
                )
            }
            Self::NoItem { service, path, reference } => write!(
                f,
                "{path} of service \"{service}\" is left out: it refers to {reference}, and no path is there"
            ),
            Self::Dangling { service, reference } => write!(
                f,
                "the description of service \"{service}\" refers to {reference}, which it does not have; anything \
                 is taken to be allowed there"
            ),
            Self::Renamed { name, services, names } => write!(
                f,
                "services \"{}\" mean different things by {name}: they are called {}",
                services.join("\", \""),
                names.join(", ")
            ),
            Self::Repeated { service } => write!(
                f,
                "the description of service \"{service}\" repeats more of itself, by references and by what holds for all \
                 of its operations, than can be written out; the rest of that is left out"
            ),
        }
    }
}
