//! What a failure mode is made of. Each one's values stand in its own file under `modes/`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use super::{Judgement, Scene};
use crate::error_text::ErrorClass;

/// A failure mode: everything that belongs to it, and the rule that recognises it.
pub struct FailureMode {
    /// As the contract spells it.
    pub id: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// For people.
    pub documentation: Documentation,
    /// Classes of error that it shows, the most telling first.
    pub error_classes: &'static [ErrorClass],
    /// Whether it explains something or is to be explained.
    pub cause: Cause,
    /// What ends it.
    pub remedy: Remedy,
    /// Whom it hits.
    pub hits: Hits,
    /// Whose records its rule looks at.
    pub looks_at: LooksAt,
    /// What a person asks of it.
    pub questions: Questions,
    /// Sections of evidence without which a "no" is worth nothing.
    pub(super) needs: &'static [&'static str],
    pub(super) judge: fn(&Scene<'_>) -> Judgement,
}

/// What a person should know of a failure mode; `explain` prints it.
#[derive(Debug, Clone, Copy)]
pub struct Documentation {
    /// What the records show.
    pub looks_like: &'static str,
    /// The mechanism.
    pub why: &'static str,
    /// What shows the same at first sight, and what tells them apart.
    pub confused_with: &'static str,
    /// First what ends it, then what keeps it from coming back.
    pub what_to_do: &'static str,
}

/// Whether a failure mode explains or is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It says how the trouble came about.
    Mechanism,
    /// Beside a mechanism it is explained.
    Symptom,
}

/// What the person on call can do about it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Restart the instances concerned.
    Restart,
    /// Read what the platform says of them: the process was ended from outside.
    ReadPlatformLog,
    /// Nothing on the application's side.
    Nothing,
}

/// Whose requests count as hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hits {
    /// Those that failed or hung.
    Suffering,
    /// All, since it slows each of them.
    EveryRequest,
}

/// Whose records a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LooksAt {
    /// Those of one service at a time: another's trouble is no sign.
    EachService,
    /// All: what one service begins another ends.
    AllServices,
}

/// What is asked beside "why".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Questions {
    /// The runbook's open questions: why some hang, where it lies, why the driver does not give up.
    WhySomeHang,
    /// Which statements wait, and on which tables.
    WhichStatements,
    /// What those that hung have in common.
    General,
}

impl PartialEq for FailureMode {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl fmt::Debug for FailureMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Serialize for FailureMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id)
    }
}

impl JsonSchema for FailureMode {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("FailureMode")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        crate::schema::among(super::REGISTRY.iter().map(|mode| mode.id))
    }
}

/// The failure mode of that name.
pub fn named(id: &str) -> Option<&'static FailureMode> {
    super::REGISTRY.iter().copied().find(|mode| mode.id == id)
}

/// The failure modes that show an error of this class, likeliest first.
pub fn showing(class: ErrorClass) -> Vec<&'static FailureMode> {
    let place = |mode: &FailureMode| mode.error_classes.iter().position(|own| *own == class);
    let mut modes: Vec<_> = super::REGISTRY
        .iter()
        .copied()
        .filter_map(|mode| Some((place(mode)?, mode)))
        .collect();
    modes.sort_by_key(|(place, _)| *place);
    modes.into_iter().map(|(_, mode)| mode).collect()
}
