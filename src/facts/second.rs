//! Facts of the second request: what the first one suggested to ask. Names result columns, judges nothing.

use std::collections::BTreeMap;

use super::read::evidence;
use super::row::Row;
use super::{Evidence, NotKnown, missing};
use crate::query::Section;

/// Requests of a route on an instance during the incident.
#[derive(Debug, Clone)]
pub struct Affected {
    /// Method and route.
    pub route: Option<String>,
    /// Whose they are.
    pub service: String,
    /// The machine.
    pub instance: String,
    /// All.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that hung.
    pub hung: u64,
    /// Those that did either.
    pub affected: u64,
    /// The longest, seconds.
    pub longest_s: Option<f64>,
}

/// How often a value of an attribute stands on requests that hung, and on fast ones beside them.
#[derive(Debug, Clone)]
pub struct Share {
    /// What is compared.
    pub attribute: String,
    /// One of its values.
    pub value: String,
    /// Hung requests with it.
    pub hung: u64,
    /// Fast requests with it.
    pub fast: u64,
    /// All hung requests.
    pub hung_all: u64,
    /// All fast requests.
    pub fast_all: u64,
}

/// Failed connects with one error.
#[derive(Debug, Clone)]
pub struct ConnectError {
    /// In full.
    pub text: String,
    /// How many.
    pub count: u64,
    /// The shortest and the longest, seconds.
    pub took_s: Option<(f64, f64)>,
}

/// How many connections of a process were held in a step of the incident, and how many requests waited for one; estimated.
#[derive(Debug, Clone)]
pub struct Occupancy {
    /// The machine.
    pub instance: String,
    /// The life of it.
    pub process: String,
    /// The step, from 1; 0 = all before the incident.
    pub step: u64,
    /// Held at most in it, and at its end.
    pub held: (u64, u64),
    /// Waiting at most in it, and at its end.
    pub waiting: (u64, u64),
}

/// Steps that an incident is cut into: as many numbers as a line of a terminal can hold.
pub const STEPS: i32 = 24;

/// All of it.
#[derive(Debug, Clone)]
pub struct Second {
    /// By route and instance.
    pub affected: Evidence<Affected>,
    /// By attribute and value.
    pub contrast: Evidence<Share>,
    /// By text.
    pub errors: Evidence<ConnectError>,
    /// By process and step.
    pub occupancy: Evidence<Occupancy>,
}

impl Second {
    /// The sections of the request.
    pub const SECTIONS: [&'static str; 4] = ["affected", "contrast", "attempts", "occupancy"];

    /// Reads them.
    pub fn read(sections: &BTreeMap<String, Section>) -> Self {
        Self {
            affected: evidence(sections, "affected", |row| {
                Ok(Affected {
                    route: row.maybe_text("route")?,
                    service: row.text("service")?,
                    instance: row.text("instance")?,
                    requests: row.count("requests")?,
                    failed: row.count("requests_failed")?,
                    hung: row.count("requests_hung")?,
                    affected: row.count("requests_affected")?,
                    longest_s: row.maybe_float("longest_s")?,
                })
            }),
            contrast: evidence(sections, "contrast", share),
            errors: evidence(sections, "attempts", |row| {
                Ok(ConnectError {
                    text: row.text("connect_error")?,
                    count: row.count("connects_failed")?,
                    took_s: row.maybe_float("shortest_s")?.zip(row.maybe_float("longest_s")?),
                })
            }),
            occupancy: evidence(sections, "occupancy", |row| {
                Ok(Occupancy {
                    instance: row.text("instance")?,
                    process: row.text("process")?,
                    step: row.count("step")?,
                    held: (row.count("held_most")?, row.count("held_last")?),
                    waiting: (row.count("waiting_most")?, row.count("waiting_last")?),
                })
            }),
        }
    }

    /// What could not be learned, by section.
    pub fn not_known(&self) -> Vec<NotKnown> {
        let sections = [
            ("affected", &self.affected.not_known),
            ("contrast", &self.contrast.not_known),
            ("attempts", &self.errors.not_known),
            ("occupancy", &self.occupancy.not_known),
        ];
        missing(&sections).collect()
    }
}

fn share(row: &Row<'_>) -> Result<Share, String> {
    Ok(Share {
        attribute: row.text("attribute")?,
        value: row.text("attribute_value")?,
        hung: row.count("hung_with")?,
        fast: row.count("fast_with")?,
        hung_all: row.count("hung_all")?,
        fast_all: row.count("fast_all")?,
    })
}
