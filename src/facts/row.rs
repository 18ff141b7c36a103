//! One result row, read by column name and type. A column that is missing or of another type is an error, never a zero.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Spread;

/// A row of a section.
pub struct Row<'a>(pub &'a BTreeMap<String, Value>);

impl Row<'_> {
    fn get(&self, column: &str) -> Result<&Value, String> {
        self.0
            .get(column)
            .ok_or_else(|| format!("the column `{column}` did not come back"))
    }

    fn maybe<T>(&self, column: &str, kind: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        match self.get(column)? {
            Value::Null => Ok(None),
            value => read(value)
                .map(Some)
                .ok_or_else(|| format!("the column `{column}` holds no {kind}")),
        }
    }

    fn must<T>(column: &str, value: Option<T>) -> Result<T, String> {
        value.ok_or_else(|| format!("the column `{column}` is null"))
    }

    /// Text or null.
    pub fn maybe_text(&self, column: &str) -> Result<Option<String>, String> {
        self.maybe(column, "text", |value| value.as_str().map(str::to_owned))
    }

    /// Text.
    pub fn text(&self, column: &str) -> Result<String, String> {
        Self::must(column, self.maybe_text(column)?)
    }

    /// An instant or null.
    pub fn maybe_time(&self, column: &str) -> Result<Option<DateTime<Utc>>, String> {
        self.maybe(column, "time", |value| {
            let at = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            Some(at.with_timezone(&Utc))
        })
    }

    /// An instant.
    pub fn time(&self, column: &str) -> Result<DateTime<Utc>, String> {
        Self::must(column, self.maybe_time(column)?)
    }

    /// A number or null.
    pub fn maybe_float(&self, column: &str) -> Result<Option<f64>, String> {
        self.maybe(column, "number", Value::as_f64)
    }

    /// A number that counts.
    pub fn count(&self, column: &str) -> Result<u64, String> {
        Self::must(column, self.maybe(column, "count", Value::as_u64)?)
    }

    /// A whole number.
    pub fn whole(&self, column: &str) -> Result<i64, String> {
        Self::must(column, self.maybe(column, "whole number", Value::as_i64)?)
    }

    /// Yes or no.
    pub fn flag(&self, column: &str) -> Result<bool, String> {
        Self::must(column, self.maybe(column, "boolean", Value::as_bool)?)
    }

    /// The four columns of a [`Spread`] behind a common prefix; `None` if the shortest is null.
    pub fn spread(&self, prefix: &str) -> Result<Option<Spread>, String> {
        let part = |name: &str| self.maybe_float(&format!("{prefix}{name}_s"));
        let Some(p5_s) = part("p5")? else {
            return Ok(None);
        };
        let p95_s = part("p95")?.unwrap_or(p5_s);
        let max_s = part("max")?.unwrap_or(p95_s);
        Ok(Some(Spread {
            min_s: part("min")?.unwrap_or(p5_s),
            middle_s: Some((p5_s, p95_s)),
            max_s,
        }))
    }
}
