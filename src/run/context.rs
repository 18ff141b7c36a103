//! What every report says of how its answer was got: window, filters, queries spent, what is not known.

use serde_json::{Map, Value, json};

use super::Asked;
use crate::window::rfc3339;

/// Evidence that is missing: the section and why.
pub struct NotKnown {
    pub section: String,
    pub why: String,
}

/// What facts say is missing of them.
pub(super) fn not_known(parts: Vec<(&str, &str)>) -> Vec<NotKnown> {
    let part = |(section, why): (&str, &str)| NotKnown {
        section: section.to_owned(),
        why: why.to_owned(),
    };
    parts.into_iter().map(part).collect()
}

impl Asked {
    /// The fields that every document has (contract.md).
    pub(super) fn document(&self, command: &str, spent: u32, not_known: &[NotKnown]) -> Map<String, Value> {
        let settings = &self.settings;
        let missing: Vec<Value> = not_known
            .iter()
            .map(|part| json!({"section": part.section, "why": part.why}))
            .collect();
        let fields = json!({
            "schema": format!("relay-diag.{command}.v1"),
            "generated_at": rfc3339(self.generated_at),
            "source": {"kind": self.source_kind, "name": self.source_name, "project": self.project()},
            "window": {"from": rfc3339(self.window.from), "to": rfc3339(self.window.to)},
            "filters": {
                "environment": (!settings.all_environments).then_some(&settings.environment),
                "service": filter(&settings.service),
                "instance": filter(&settings.instance),
            },
            "complete": not_known.is_empty(),
            "not_known": missing,
            "queries_spent": spent,
            "queries_overridden": self.catalogue.overridden(),
        });
        match fields {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// The same for people.
    pub(super) fn notes(&self, spent: u32, not_known: &[NotKnown]) -> Vec<String> {
        let settings = &self.settings;
        let mut notes = vec![
            format!("window: {} UTC; {}", self.window_in_words(), self.filters_in_words()),
            format!(
                "source: {} {}{}; queries spent: {spent}",
                self.source_kind,
                self.source_name,
                self.project()
                    .map(|project| format!(", project {project}"))
                    .unwrap_or_default()
            ),
        ];
        notes.extend(self.learned.warnings());
        notes.extend(
            not_known
                .iter()
                .map(|part| format!("not known: {}: {}", part.section, part.why)),
        );
        let overridden = self.catalogue.overridden();
        if !overridden.is_empty() {
            notes.push(format!(
                "queries replaced by {}: {}",
                settings.queries,
                overridden.join(", ")
            ));
        }
        notes
    }

    /// `2025-12-08 06:30:00 to 2025-12-08 07:30:00`.
    pub(super) fn window_in_words(&self) -> String {
        let second = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S");
        format!("{} to {}", second(self.window.from), second(self.window.to))
    }

    /// `environment production, service relay-api`.
    pub(super) fn filters_in_words(&self) -> String {
        let settings = &self.settings;
        let mut filters = vec![match (settings.all_environments, settings.environment.as_str()) {
            (true, _) => String::from("all environments"),
            (false, "") => String::from("records without environment"),
            (false, name) => format!("environment {name}"),
        }];
        filters.extend(filter(&settings.service).map(|name| format!("service {name}")));
        filters.extend(filter(&settings.instance).map(|name| format!("instance {name}")));
        filters.join(", ")
    }
}

fn filter(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}
