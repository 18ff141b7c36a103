//! Which records are kept, and the SQL that counts and fetches them: explicit columns, half-open stretches of time,
//! pending rows included.

use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::plan::Grid;
use crate::source::capture::Capture;
use crate::window::rfc3339;

/// The one column that can be left out: most of the bytes of a failure, and no rule reads it.
const STACKTRACE: &str = "exception_stacktrace";

/// What a record's key is within one microsecond: a pending row and its final one share the ids.
const KEY: [&str; 3] = ["trace_id", "span_id", "kind"];

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// First and one past the last start, microseconds since the epoch.
    pub starts: Range<i64>,
    /// The same of the arrival (`created_at`); `None` for any.
    pub arrived: Option<Range<i64>>,
    /// Only of this environment; `""` for records without one, `None` for all.
    pub environment: Option<String>,
    /// Only of this service.
    pub service: Option<String>,
    /// Whether stack traces are kept.
    pub stacktraces: bool,
}

impl Selection {
    /// Whether it is the same choice of records, at whatever times.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same = Self {
            starts: other.starts.clone(),
            arrived: other.arrived.clone(),
            ..self.clone()
        };
        same == *other
    }

    /// The columns, in Logfire's order.
    pub(super) fn columns(&self) -> Vec<String> {
        let schema = Capture::schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        names.filter(|name| self.stacktraces || name != STACKTRACE).collect()
    }

    /// How many records there are, by bucket: `bucket`, `records`.
    pub(super) fn count_sql(&self, grid: &Grid) -> String {
        // In whole numbers: a bucket must not depend on how a float was rounded.
        format!(
            "SELECT (second * 1000000 + micro - {from}) / {width} AS bucket, count(*) AS records FROM (\
             SELECT CAST(floor(extract(epoch FROM start_timestamp)) AS BIGINT) AS second, \
             CAST(extract(microsecond FROM start_timestamp) AS BIGINT) % 1000000 AS micro \
             FROM records_all WHERE {filter}) AS counted GROUP BY bucket ORDER BY bucket",
            from = self.starts.start,
            width = grid.width,
            filter = self.filter(&self.starts),
        )
    }

    /// The records of a stretch of time.
    pub(super) fn rows_sql(&self, starts: &Range<i64>) -> String {
        let columns = self.columns().join(", ");
        format!("SELECT {columns} FROM records_all WHERE {}", self.filter(starts))
    }

    /// The records of one microsecond in the order of their keys, from a key on.
    pub(super) fn page_sql(&self, micro: i64, from: Option<&[String; 3]>) -> String {
        let rows = self.rows_sql(&(micro..micro + 1));
        let key = KEY.join(", ");
        let Some([trace_id, span_id, kind]) = from.map(|key| key.each_ref().map(|text| quoted(text))) else {
            return format!("{rows} ORDER BY {key}");
        };
        format!(
            "{rows} AND (trace_id > {trace_id} OR (trace_id = {trace_id} AND (span_id > {span_id} OR \
             (span_id = {span_id} AND kind >= {kind})))) ORDER BY {key}"
        )
    }

    fn filter(&self, starts: &Range<i64>) -> String {
        let mut conditions = vec![within("start_timestamp", starts)];
        conditions.extend(self.arrived.as_ref().map(|arrived| within("created_at", arrived)));
        let environment = self.environment.as_deref();
        conditions.extend(environment.map(|name| format!("coalesce(deployment_environment, '') = {}", quoted(name))));
        let service = self.service.as_deref();
        conditions.extend(service.map(|name| format!("service_name = {}", quoted(name))));
        conditions.join(" AND ")
    }

    /// `environment staging, service shop, without stack traces`.
    pub(super) fn in_words(&self) -> String {
        let mut words = vec![match self.environment.as_deref() {
            None => String::from("all environments"),
            Some("") => String::from("records without environment"),
            Some(name) => format!("environment {name}"),
        }];
        words.extend(self.service.iter().map(|name| format!("service {name}")));
        if !self.stacktraces {
            words.push(String::from("without stack traces"));
        }
        words.join(", ")
    }
}

/// The instant of so many microseconds since the epoch.
pub(super) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

fn within(column: &str, range: &Range<i64>) -> String {
    let literal = |micros| format!("CAST('{}' AS TIMESTAMP(6) WITH TIME ZONE)", rfc3339(instant(micros)));
    format!(
        "{column} >= {} AND {column} < {}",
        literal(range.start),
        literal(range.end)
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Selection {
        Selection {
            starts: 0..60_000_000,
            arrived: None,
            environment: None,
            service: None,
            stacktraces: true,
        }
    }

    #[test]
    fn columns_are_named_and_one_can_be_left_out() {
        let with = all().columns();
        let without = Selection {
            stacktraces: false,
            ..all()
        }
        .columns();
        assert_eq!(with.len(), without.len() + 1);
        assert!(with.contains(&String::from(STACKTRACE)) && !without.contains(&String::from(STACKTRACE)));
        assert!(!all().rows_sql(&(0..1)).contains('*'));
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        let selection = Selection {
            environment: Some(String::from("it's")),
            service: Some(String::from("a' OR '1'='1")),
            ..all()
        };
        let sql = selection.rows_sql(&(0..1));
        assert!(
            sql.ends_with("= 'it''s' AND service_name = 'a'' OR ''1''=''1'"),
            "{sql}"
        );
    }
}
