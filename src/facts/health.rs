//! The sections of `verify` as typed facts: what each life of each instance did in the window. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use super::life::{Life, StatementTimes};
use super::read::evidence;
use super::row::Row;
use super::{Evidence, NotKnown, Rows, derive, missing};
use crate::profile::Settings;
use crate::query::Section;
use crate::window::Window;

/// What `verify` looks at beside the facts of all commands.
#[derive(Debug, Clone)]
pub struct HealthFacts {
    /// Where the lookback begins.
    pub lookback_from: DateTime<Utc>,
    /// Lives of instances, lookback included.
    pub lives: Evidence<Life>,
    /// The runbook's own query.
    pub rows: Evidence<VerificationRow>,
}

/// A row of the runbook's query.
#[derive(Debug, Clone)]
pub struct VerificationRow {
    /// The span's name.
    pub span_name: String,
    /// Its message.
    pub message: String,
    /// When it began.
    pub start_timestamp: DateTime<Utc>,
    /// Milliseconds; `None` for logs.
    pub duration_ms: Option<f64>,
    /// `ERROR`, `OK` or none.
    pub otel_status_code: Option<String>,
    /// The share of traces that is recorded, as the SDK says; `None` = it says nothing.
    pub sample_rate: Option<f64>,
}

impl HealthFacts {
    /// Reads the sections of `verify`'s batch. A section that can't be read is not known; the others stay.
    pub fn read(window: Window, profile: &Settings, sections: &BTreeMap<String, Section>) -> Self {
        let raw = Rows::read(sections, profile);
        let mut rows = evidence(sections, "verification", verification_row);
        if sections.get("verification").is_some_and(|section| section.clipped) {
            // The runbook asks for the newest thirty: that there are more is no gap in the evidence.
            rows.not_known = None;
        }
        rows.rows.sort_by(|a, b| {
            (b.start_timestamp, &a.span_name, &a.message).cmp(&(a.start_timestamp, &b.span_name, &b.message))
        });
        rows.rows.truncate(NEWEST_ROWS);
        Self {
            lookback_from: window.from - profile.lookback,
            lives: Evidence {
                rows: derive::lives(&raw, window, profile),
                not_known: raw.processes.not_known,
            },
            rows,
        }
    }

    /// The share of traces that is recorded, if it is less than all.
    pub fn sample_rate(&self) -> Option<f64> {
        let rates = self.rows.rows.iter().filter_map(|row| row.sample_rate);
        rates.filter(|rate| *rate < 1.0).reduce(f64::min)
    }

    /// What could not be learned, by section.
    pub fn not_known(&self) -> Vec<NotKnown> {
        let sections = [
            ("processes", &self.lives.not_known),
            ("verification", &self.rows.not_known),
        ];
        missing(&sections).collect()
    }
}

/// As many as the runbook's query asks for.
const NEWEST_ROWS: usize = 30;

fn verification_row(row: &Row<'_>) -> Result<VerificationRow, String> {
    Ok(VerificationRow {
        span_name: row.text("span_name")?,
        message: row.text("message")?,
        start_timestamp: row.time("start_timestamp")?,
        duration_ms: row.maybe_float("duration_ms")?,
        otel_status_code: row.maybe_text("otel_status_code")?,
        sample_rate: row.maybe_text("sample_rate")?.and_then(|rate| rate.parse().ok()),
    })
}
