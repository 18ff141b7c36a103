//! The columns of `records_all`: their names, their types, and which of them every record has.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The zone of every timestamp column and of the engine's own `now()`, so that comparing them needs no cast.
pub(super) const ZONE: &str = "UTC";

/// How a column is read and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// JSON, kept as its text.
    Json,
    /// JSON that is the same text in most rows: each batch holds it once.
    RepeatedJson,
    /// An instant, microseconds in UTC.
    Timestamp,
    /// A 64-bit float.
    Float,
    /// A 32-bit integer.
    Int,
    /// A boolean.
    Bool,
    /// A day.
    Date,
    /// A list of strings.
    TextList,
}

impl Kind {
    /// The engine's type for it.
    pub(super) fn data_type(self) -> DataType {
        match self {
            // A view of a text that stands in many rows costs the same whatever its length, and a Parquet file's dictionary
            // is never copied out. Where each row has a long text of its own, views only hold on to more than they show.
            Self::Text | Self::RepeatedJson => DataType::Utf8View,
            Self::Json => DataType::Utf8,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into())),
            Self::Float => DataType::Float64,
            Self::Int => DataType::Int32,
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::TextList => DataType::new_list(DataType::Utf8, true),
        }
    }
}

/// Every column of Logfire's `records`, in the order of its own schema: the alphabet's, which lookups rely on.
pub(super) const COLUMNS: [(&str, Kind); 44] = [
    ("attributes", Kind::Json),
    ("attributes_json_schema", Kind::Json),
    ("created_at", Kind::Timestamp),
    ("day", Kind::Date),
    ("deployment_environment", Kind::Text),
    ("duration", Kind::Float),
    ("end_timestamp", Kind::Timestamp),
    ("exception_message", Kind::Text),
    ("exception_stacktrace", Kind::Text),
    ("exception_type", Kind::Text),
    ("http_method", Kind::Text),
    ("http_response_status_code", Kind::Int),
    ("http_route", Kind::Text),
    ("is_exception", Kind::Bool),
    ("kind", Kind::Text),
    ("level", Kind::Int),
    ("log_body", Kind::Json),
    ("message", Kind::Text),
    ("otel_events", Kind::Json),
    ("otel_links", Kind::Json),
    ("otel_resource_attributes", Kind::RepeatedJson),
    ("otel_scope_attributes", Kind::RepeatedJson),
    ("otel_scope_name", Kind::Text),
    ("otel_scope_version", Kind::Text),
    ("otel_status_code", Kind::Text),
    ("otel_status_message", Kind::Text),
    ("parent_span_id", Kind::Text),
    ("process_pid", Kind::Int),
    ("project_id", Kind::Text),
    ("service_instance_id", Kind::Text),
    ("service_name", Kind::Text),
    ("service_namespace", Kind::Text),
    ("service_version", Kind::Text),
    ("span_id", Kind::Text),
    ("span_name", Kind::Text),
    ("start_timestamp", Kind::Timestamp),
    ("tags", Kind::TextList),
    ("telemetry_sdk_language", Kind::Text),
    ("telemetry_sdk_name", Kind::Text),
    ("telemetry_sdk_version", Kind::Text),
    ("trace_id", Kind::Text),
    ("url_full", Kind::Text),
    ("url_path", Kind::Text),
    ("url_query", Kind::Text),
];

/// Without these nothing can be said of a record; Logfire never leaves them null.
pub(super) const REQUIRED: [&str; 5] = ["trace_id", "span_id", "span_name", "start_timestamp", "kind"];

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields: Vec<Field> = COLUMNS
        .iter()
        .map(|(name, kind)| Field::new(*name, kind.data_type(), true))
        .collect();
    Arc::new(Schema::new(fields))
});

/// The schema of `records_all` and `records`.
pub(super) fn schema() -> SchemaRef {
    SCHEMA.clone()
}

/// Where a column stands, or `None` for a name that Logfire does not have.
pub(super) fn position(name: &str) -> Option<usize> {
    COLUMNS.binary_search_by(|(column, _)| (*column).cmp(name)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::JSON_COLUMNS;

    #[test]
    fn columns_are_sorted_and_json_ones_agree_with_the_interface() {
        assert!(COLUMNS.is_sorted_by(|a, b| a.0 < b.0));
        let json: Vec<&str> = COLUMNS
            .iter()
            .filter(|(_, kind)| matches!(kind, Kind::Json | Kind::RepeatedJson))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(json, JSON_COLUMNS);
    }

    #[test]
    fn every_required_column_exists() {
        for name in REQUIRED {
            assert!(position(name).is_some(), "{name}");
        }
    }
}
