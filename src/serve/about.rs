//! The two questions that need no SQL: what the token is for, and which columns there are.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Datelike, Months, NaiveDate, SecondsFormat, Utc};
use datafusion::arrow::datatypes::DataType;
use serde_json::{Map, Value, json};

use super::{Served, refusal};
use crate::source::JSON_COLUMNS;
use crate::source::capture::Capture;

/// Stands where the API names the organization.
const ORGANIZATION: &str = "capture";
/// Where the API has random ids there is nothing to tell apart.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";
/// A plan without a rate limit that clients would keep to.
const PLAN: &str = "non_stripe";
/// Columns that the API declares as never null.
const NEVER_NULL: [&str; 12] = [
    "created_at",
    "day",
    "end_timestamp",
    "kind",
    "level",
    "message",
    "project_id",
    "service_name",
    "span_id",
    "span_name",
    "start_timestamp",
    "trace_id",
];

/// `organization/project` for a capture: its file's name without ending, in the characters of a project's name.
pub(super) fn project(capture: &str) -> String {
    let file = capture.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = file.split('.').find(|part| !part.is_empty()).unwrap_or("records");
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    format!("{ORGANIZATION}/{}", stem.chars().map(plain).collect::<String>())
}

pub(super) async fn read_token_info(State(served): State<Arc<Served>>) -> Response {
    let (organization, project) = served.project.split_once('/').unwrap_or_default();
    let (begin, end) = month(served.capture.clock().unwrap_or_default());
    let info = json!({
        "token_id": NO_ID,
        "organization_id": NO_ID,
        "organization_subscription_plan": PLAN,
        "project_id": NO_ID,
        "organization_name": organization,
        "project_name": project,
        "expires_at": null,
        "spending_cap_reached_at": null,
        "billing_cycle_start": begin,
        "billing_cycle_end": end,
        "organization_analytics_enabled": false,
        "owner_user_id": null,
    });
    refusal::json(StatusCode::OK, &info)
}

/// The month of an instant, as the API's billing cycles are.
fn month(at: DateTime<Utc>) -> (Option<String>, Option<String>) {
    let first = NaiveDate::from_ymd_opt(at.year(), at.month(), 1);
    let text = |day: NaiveDate| {
        day.and_hms_opt(0, 0, 0)
            .map(|time| time.and_utc().to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    let next = first.and_then(|day| day.checked_add_months(Months::new(1)));
    (first.and_then(text), next.and_then(text))
}

pub(super) async fn schemas(State(_): State<Arc<Served>>) -> Response {
    let columns: Map<String, Value> = Capture::schema()
        .fields()
        .iter()
        .map(|field| {
            let name = field.name().as_str();
            let column = json!({
                "data_type": sql_type(field.data_type()),
                "nullable": !NEVER_NULL.contains(&name),
                "is_json": JSON_COLUMNS.contains(&name),
                "description": "",
            });
            (name.to_owned(), column)
        })
        .collect();
    let table = |name: &str| json!({"name": name, "description": "", "schema": columns});
    refusal::json(
        StatusCode::OK,
        &json!({"tables": [table("records"), table("records_all")]}),
    )
}

fn sql_type(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::Int32 => "INTEGER",
        DataType::Float64 => "DOUBLE",
        DataType::Timestamp(..) => "TIMESTAMPTZ",
        DataType::Date32 => "DATE",
        DataType::List(_) => "TEXT[]",
        _ => "TEXT",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_a_header_value() {
        assert_eq!(project("/tmp/a b/healthy.ndjson.zst"), "capture/healthy");
        assert_eq!(project("evidence/"), "capture/evidence");
        assert_eq!(project("é\r\nx: y.parquet"), "capture/---x--y");
        assert_eq!(project(""), "capture/records");
    }

    #[test]
    fn a_cycle_is_a_month() {
        let at = "2026-12-31T23:59:59Z".parse().unwrap();
        assert_eq!(month(at).0.unwrap(), "2026-12-01T00:00:00Z");
        assert_eq!(month(at).1.unwrap(), "2027-01-01T00:00:00Z");
    }
}
