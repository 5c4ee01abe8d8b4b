//! What the services of a server offer as it is asked for by who writes something by it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is offered, and who may have more to offer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Offered {
    /// `{"SERVICE": [OFFER, …], …}`, with the names of services as they cross.
    pub functions: Value,
    /// All services of the configuration that the server runs with, by their names there.
    pub services: Vec<String>,
    /// Those of which no worker is ready: what they offer is not known.
    pub not_ready: Vec<String>,
}
