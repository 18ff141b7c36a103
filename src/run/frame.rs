//! What every report says of how its answer was got: window, filters, queries spent, what is not known.

use serde_json::{Map, Value, json};

use super::Asked;
use crate::facts::NotKnown;
use crate::report::{Frame, NothingFound};
use crate::source::Source;
use crate::window::rfc3339;

impl Asked {
    /// What stands around an answer. `nothing_found` = not one record passed the filters.
    pub(super) fn frame(&self, command: &str, spent: u32, not_known: &[NotKnown], nothing_found: bool) -> Frame {
        Frame {
            fields: self.fields(command, spent, not_known),
            notes: self.notes(spent, not_known),
            nothing_found: self.nothing_found().filter(|_| nothing_found),
        }
    }

    /// On the API a wrong project, environment or window looks the same as silence.
    fn nothing_found(&self) -> Option<NothingFound> {
        if !matches!(self.source, Source::Api(_)) {
            return None;
        }
        let project = self.project().map_or_else(
            || String::from("a project that the server did not name"),
            |name| format!("project {name}"),
        );
        Some(NothingFound {
            asked: format!(
                "asked was {project}, {}, {} UTC",
                self.filters_in_words(),
                self.window_in_words(),
            ),
            check: String::from(
                "check: is it the right project (`relay-diag config check`), the right environment (--all-envs, \
                 --env NAME), a window that is wide enough (--since 1d)? A token of another project sees nothing",
            ),
        })
    }

    /// The fields that every document has (docs/contract.md).
    fn fields(&self, command: &str, spent: u32, not_known: &[NotKnown]) -> Map<String, Value> {
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
            "sample_rate": settings.sample_rate,
        });
        match fields {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// The same for people.
    fn notes(&self, spent: u32, not_known: &[NotKnown]) -> Vec<String> {
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
        if settings.sample_rate < 1.0 {
            notes.push(format!(
                "sampled: {} of the traces are recorded (setting sample_rate): counts are estimates from those, and how \
                 often anything happens is not known",
                crate::words::percent(settings.sample_rate)
            ));
        }
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
    fn window_in_words(&self) -> String {
        let second = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S");
        format!("{} to {}", second(self.window.from), second(self.window.to))
    }

    /// `environment production, service relay-api`.
    fn filters_in_words(&self) -> String {
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
