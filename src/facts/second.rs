//! Facts of the second request: what the first one suggested to ask. Names result columns, judges nothing.

mod about;
mod contrast;
mod occupancy;
mod runs;
mod statements;

use std::collections::BTreeMap;

pub use about::About;
pub use contrast::{Sample, shares};
pub use runs::exact_runs;
pub(in crate::facts) use runs::whole_runs;
pub use statements::Statement;

use super::read::evidence;
use super::row::Row;
use super::{Evidence, Facts, Fate, Hang, NotKnown, Role, missing, to_seconds};
use crate::profile::Settings;
use crate::query::Section;
use crate::window::Window;

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What hung, and what was fast beside it.
    pub contrast: Evidence<Sample>,
    /// By text.
    pub errors: Evidence<ConnectError>,
    /// By process and step.
    pub occupancy: Evidence<Occupancy>,
    /// The slow ones, those that took most time first; `None` = not asked.
    pub statements: Option<Evidence<Statement>>,
}

impl Second {
    /// The sections of the request.
    pub const SECTIONS: [&'static str; 4] = ["affected", "contrast", "attempts", "occupancy"];
    /// The one more where statements wait.
    pub const STATEMENTS: &'static str = "statements";

    /// Reads them, beside what the first request told of the incident, which is that of one service if there are several.
    pub fn read(
        facts: &Facts,
        profile: &Settings,
        (incident, service): (Window, Option<&str>),
        sections: &BTreeMap<String, Section>,
    ) -> Self {
        let mut compared = evidence(sections, "contrast", contrast::compared);
        let stays = evidence(sections, "occupancy", occupancy::stays);
        let mut affected = evidence(sections, "affected", affected);
        compared.rows.iter_mut().for_each(|row| row.call(&facts.names));
        for row in &mut affected.rows {
            row.instance = facts.names.of(std::mem::take(&mut row.instance));
        }
        Self {
            affected: Evidence {
                rows: with_unfinished(
                    without_long(affected.rows, facts, profile, incident),
                    facts,
                    profile,
                    incident,
                ),
                // The most affected come first.
                not_known: affected.not_known.filter(|_| !is_clipped(sections, "affected")),
            },
            contrast: Evidence {
                rows: contrast::samples(facts, profile, (incident, service), &compared.rows),
                not_known: compared.not_known.filter(|_| !is_clipped(sections, "contrast")),
            },
            errors: evidence(sections, "attempts", |row| {
                Ok(ConnectError {
                    text: row.text("connect_error")?,
                    count: row.count("connects_failed")?,
                    took_s: row.maybe_float("shortest_s")?.zip(row.maybe_float("longest_s")?),
                })
            }),
            statements: sections.get(Self::STATEMENTS).map(|_| {
                let found = statements::counted_once(evidence(sections, Self::STATEMENTS, statements::told));
                Evidence {
                    // Those that took most time come first.
                    not_known: found.not_known.filter(|_| !is_clipped(sections, Self::STATEMENTS)),
                    ..found
                }
            }),
            occupancy: Evidence {
                rows: occupancy::occupancy(facts, profile, incident, &stays.rows),
                not_known: stays.not_known,
            },
        }
    }

    /// What could not be learned, by section.
    pub fn not_known(&self) -> Vec<NotKnown> {
        let statements = self.statements.as_ref().and_then(|found| found.not_known.clone());
        let sections = [
            (Self::STATEMENTS, &statements),
            ("affected", &self.affected.not_known),
            ("contrast", &self.contrast.not_known),
            ("attempts", &self.errors.not_known),
            ("occupancy", &self.occupancy.not_known),
        ];
        missing(&sections).collect()
    }
}

fn is_clipped(sections: &BTreeMap<String, Section>, name: &str) -> bool {
    sections.get(name).is_some_and(|section| section.clipped)
}

fn affected(row: &Row<'_>) -> Result<Affected, String> {
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
}

/// Without what lasts long by its nature, or for a reason that no record tells: the query can't tell it from a hang.
fn without_long(mut rows: Vec<Affected>, facts: &Facts, profile: &Settings, incident: Window) -> Vec<Affected> {
    let hang_after_s = to_seconds(profile.hang_after);
    let within = |hang: &Hang| hang.started_at < incident.to && hang.ended_at().is_some_and(|end| end >= incident.from);
    for row in &mut rows {
        let is_of_row = |hang: &Hang| {
            row.route.as_deref() == Some(hang.span_name.as_str())
                && row.service == hang.service
                && row.instance == hang.instance
        };
        let long = facts.long.iter().map(|long| &long.request).filter(|request| {
            request.duration_s().is_some_and(|length_s| length_s > hang_after_s)
                && is_of_row(request)
                && within(request)
        });
        let (all, failed) = long.fold((0, 0), |(all, failed), request| {
            (all + 1, failed + u64::from(request.failed()))
        });
        if all > 0 {
            let hung = facts.hangs.rows.iter().filter(|hang| is_of_row(hang) && within(hang));
            row.hung = row.hung.saturating_sub(all);
            row.affected = row.affected.saturating_sub(all - failed);
            row.longest_s = hung.filter_map(Hang::duration_s).reduce(f64::max);
        }
    }
    rows
}

/// By instance, with what has no end: it lasted to the end of the incident at least.
fn with_unfinished(rows: Vec<Affected>, facts: &Facts, profile: &Settings, incident: Window) -> Vec<Affected> {
    let hang_after_s = to_seconds(profile.hang_after);
    let open = facts.hangs.rows.iter().filter(|hang| {
        let unfinished = !matches!(hang.fate, Fate::Ended { .. });
        let counts = hang.role == Role::Request && !profile.spans.health.contains(&hang.span_name);
        unfinished && counts && hang.started_at < incident.to
    });
    let open = open.map(|hang| {
        let lasted_s = to_seconds(incident.to - hang.started_at);
        let hung = u64::from(lasted_s > hang_after_s);
        Affected {
            route: Some(hang.span_name.clone()),
            service: hang.service.clone(),
            instance: hang.instance.clone(),
            requests: 1,
            failed: 0,
            hung,
            affected: hung,
            longest_s: Some(lasted_s),
        }
    });
    let mut found: BTreeMap<(Option<String>, String, String), Affected> = BTreeMap::new();
    for row in rows.into_iter().chain(open) {
        let key = (row.route.clone(), row.service.clone(), row.instance.clone());
        found
            .entry(key)
            .and_modify(|other| {
                other.requests += row.requests;
                other.failed += row.failed;
                other.hung += row.hung;
                other.affected += row.affected;
                let both = [other.longest_s, row.longest_s].into_iter().flatten();
                other.longest_s = both.reduce(f64::max);
            })
            .or_insert(row);
    }
    let mut all: Vec<Affected> = found.into_values().collect();
    all.sort_by_key(|row| (std::cmp::Reverse((row.affected, row.requests)), row.route.clone()));
    all
}
