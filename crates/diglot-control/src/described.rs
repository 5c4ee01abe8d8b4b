//! The description of the API as it is asked for here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the services of a server answer, and what of it is missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// OpenAPI 3.1.
    pub document: Value,
    /// What it does not have, and why; each a line for people.
    pub left_out: Vec<String>,
    /// Services that may have more to say and could not be asked; likewise.
    pub unanswered: Vec<String>,
}
