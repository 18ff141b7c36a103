//! What is no incident, and worth a name (docs/contract.md).

use schemars::JsonSchema;
use serde::Serialize;

/// What is no incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(transform = crate::schema::grows)]
pub enum Finding {
    /// Another version runs.
    Deploy,
    /// A process was replaced.
    Restart,
    /// Nobody asked for anything.
    TrafficLull,
    /// Nothing of note.
    Healthy,
}

impl Finding {
    /// As the contract spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Restart => "restart",
            Self::TrafficLull => "traffic-lull",
            Self::Healthy => "healthy",
        }
    }
}
