//! Sections -> evidence: what came back, and why it is not all there is to know.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Evidence;
use super::row::Row;
use crate::query::Section;

/// Evidence that is missing or doubtful.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotKnown {
    /// The section of the evidence, or what of it is doubtful.
    pub section: String,
    /// In a sentence.
    pub why: String,
}

/// The sections that are not known, with the reason.
pub(crate) fn missing<'a>(sections: &'a [(&'a str, &'a Option<String>)]) -> impl Iterator<Item = NotKnown> + 'a {
    let parts = sections
        .iter()
        .filter_map(|(section, why)| Some((section, why.as_ref()?)));
    parts.map(|(section, why)| NotKnown {
        section: (*section).to_owned(),
        why: why.clone(),
    })
}

pub(super) fn evidence<T>(
    sections: &BTreeMap<String, Section>,
    name: &str,
    read: impl Fn(&Row<'_>) -> Result<T, String>,
) -> Evidence<T> {
    let Some(section) = sections.get(name) else {
        return Evidence {
            rows: Vec::new(),
            not_known: Some(String::from("it was not asked")),
        };
    };
    if let Some(why) = &section.failed {
        return Evidence {
            rows: Vec::new(),
            not_known: Some(why.clone()),
        };
    }
    let clipped = section
        .clipped
        .then(|| String::from("there were more rows than are fetched; ask a shorter window"));
    let mut rows = Vec::new();
    let mut unread = None;
    for row in &section.rows {
        match read(&Row(row)) {
            Ok(fact) => rows.push(fact),
            Err(why) => unread = Some(why),
        }
    }
    Evidence {
        rows,
        not_known: unread.or(clipped),
    }
}
