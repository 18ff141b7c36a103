//! `config check`: one request that spends no query tells whom the token stands for and whether the clocks agree.

use chrono::{DateTime, TimeDelta, Utc};

use schemars::JsonSchema;
use serde::Serialize;

use super::catalogue::listing;
use super::{Failure, World};
use crate::report::{Block, Note, Report, Severity};
use crate::schema;
use crate::source::api::{Api, CLOCK_TOLERANCE, Check};
use crate::words;

/// A token that ends sooner should be replaced before it is needed at night.
const EXPIRES_SOON: TimeDelta = TimeDelta::days(7);

/// What the server or the settings say of the access.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Access")]
pub(super) struct Seen {
    what: &'static str,
    value: String,
    origin: String,
}

/// What `config check` tells beside its rows.
#[derive(Serialize, JsonSchema)]
pub(super) struct CheckedAccess<'a> {
    /// What will be a trouble.
    warnings: &'a [String],
    /// Requests that it took.
    requests: u32,
}

pub(super) async fn run(api: &Api, world: &World) -> Result<Report, Failure> {
    let check = api.check().await?;
    let access = api.access();
    let told = |value: &Option<String>| value.clone().unwrap_or_else(|| String::from("not told"));
    let info = &check.info;
    let (expiry, expiry_warning) = expiry(info.expires_at.as_deref(), world.now);
    let (clock, clock_warning) = clock(&check);
    let project = format!("{}/{}", told(&info.organization_name), told(&info.project_name));
    let mut rows = vec![
        row("project", &project, "who the token stands for"),
        row(
            "plan",
            &told(&info.organization_subscription_plan),
            "tells the limits of queries",
        ),
        row("expires", &expiry, "the token"),
        row("clock", &clock, "the server's Date against this machine's"),
        row("read_token", &access.token.masked(), &access.token_origin),
        row("base_url", &access.base.to_string(), &access.base_origin),
    ];
    if let Some(end) = &info.billing_cycle_end {
        rows.push(row("billing_cycle_end", end, "when a spent quota is renewed"));
    }
    let capped = info.spending_cap_reached_at.as_ref();
    let capped = capped.map(|at| format!("the organisation reached its spending cap at {at}"));
    let warnings: Vec<String> = [expiry_warning, clock_warning, capped].into_iter().flatten().collect();
    let headline = match warnings.first() {
        Some(warning) => format!("the token is good for {project}, but {warning}"),
        None => format!("the token is good for {project}"),
    };
    let mut report = listing("config-check", headline, ["what", "value", "origin"], rows, world);
    report.severity = if warnings.is_empty() {
        Severity::Ok
    } else {
        Severity::Warning
    };
    if let serde_json::Value::Object(document) = &mut report.document {
        document.extend(schema::fields(&CheckedAccess {
            warnings: &warnings,
            requests: check.attempts,
        }));
    }
    if !warnings.is_empty() {
        report
            .blocks
            .push(Block::Notes(warnings.into_iter().map(Note::from).collect()));
    }
    Ok(report)
}

fn row(what: &'static str, value: &str, origin: &str) -> Seen {
    Seen {
        what,
        value: value.to_owned(),
        origin: origin.to_owned(),
    }
}

fn expiry(expires_at: Option<&str>, now: DateTime<Utc>) -> (String, Option<String>) {
    let Some(text) = expires_at else {
        return (String::from("never"), None);
    };
    let Ok(at) = DateTime::parse_from_rfc3339(text) else {
        return (text.to_owned(), None);
    };
    let left = at.with_timezone(&Utc) - now;
    if left <= TimeDelta::zero() {
        return (text.to_owned(), Some(format!("it has expired at {text}")));
    }
    let in_words = words::duration(left.as_seconds_f64());
    let warning = (left < EXPIRES_SOON).then(|| format!("it expires in {in_words}"));
    (format!("{text} (in {in_words})"), warning)
}

fn clock(check: &Check) -> (String, Option<String>) {
    let Some(offset) = check.clock_offset else {
        return (String::from("the server told no time"), None);
    };
    let off = words::duration(offset.abs().as_seconds_f64());
    let text = match offset > TimeDelta::zero() {
        true => format!("this machine's clock is {off} behind"),
        false => format!("this machine's clock is {off} ahead"),
    };
    if offset.abs() > CLOCK_TOLERANCE {
        let warning = format!("{text}: windows that end now are not the ones that are meant");
        return (text, Some(warning));
    }
    (format!("within {} s", CLOCK_TOLERANCE.num_seconds()), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_near_is_a_warning() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(expiry(None, now), (String::from("never"), None));
        let (text, warning) = expiry(Some("1970-01-03T00:00:00Z"), now);
        assert!(text.contains("2 days") || text.contains("48 h"), "{text}");
        assert!(warning.is_some());
        assert!(expiry(Some("1970-01-30T00:00:00Z"), now).1.is_none());
        assert!(
            expiry(Some("1969-12-30T00:00:00Z"), now)
                .1
                .is_some_and(|text| text.contains("has expired"))
        );
    }
}
