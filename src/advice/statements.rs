//! Which statements waited or were slow, and on which tables: as far as finished spans tell.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::Scene;
use crate::facts::{Second, Statement};
use crate::words::{counted, duration};

/// Statements and tables that are named to people.
const MOST_NAMED: usize = 3;
/// One table is the one concerned if at least so many of ten of the slow statements name it.
const TENTHS_ON_ONE_TABLE: u64 = 9;
/// So much of a statement fits into a line.
const SHOWN_CHARACTERS: usize = 90;

/// For people and for scripts.
#[derive(Debug, Clone, Default)]
pub(super) struct Statements {
    pub lines: Vec<String>,
    /// The table that nearly all of them name.
    pub table: Option<String>,
    /// `None` = not known.
    pub document: Option<Vec<StatementDocument>>,
}

/// A statement that was slow, values masked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Statement")]
pub struct StatementDocument {
    statement: String,
    #[schemars(with = "Vec<String>")]
    tables: BTreeSet<String>,
    count: u64,
    longest_s: Option<f64>,
    service: String,
    trace_id: Option<String>,
}

pub(super) fn statements(scene: &Scene<'_>, second: Option<&Second>) -> Statements {
    let Some(found) = second.and_then(|second| second.statements.as_ref()) else {
        return Statements::default();
    };
    let ours: Vec<&Statement> = found.rows.iter().filter(|one| scene.is_ours(&one.service)).collect();
    let all: u64 = ours.iter().map(|one| one.count).sum();
    let mut by_table: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &ours {
        for table in &one.tables {
            *by_table.entry(table).or_default() += one.count;
        }
    }
    let mut tables: Vec<(&str, u64)> = by_table.into_iter().collect();
    tables.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut lines = Vec::new();
    if !tables.is_empty() {
        let named = tables
            .iter()
            .take(MOST_NAMED)
            .map(|(name, count)| format!("{name} ({count})"));
        lines.push(format!(
            "of {} that finished, by table: {}",
            counted(all, "slow statement"),
            named.collect::<Vec<_>>().join(", ")
        ));
    }
    lines.extend(ours.iter().take(MOST_NAMED).map(|one| line(one)));
    if ours.len() > MOST_NAMED {
        lines.push(format!("and {} more", ours.len() - MOST_NAMED));
    }
    let open = scene
        .hung_in_statements()
        .iter()
        .filter(|hang| hang.duration_s().is_none())
        .count();
    if open > 0 {
        let text = counted(open as u64, "statement");
        lines.push(format!(
            "{text} without an end: what it says is recorded only when it ends"
        ));
    }
    Statements {
        lines,
        table: tables
            .first()
            .filter(|(_, count)| *count * 10 >= all * TENTHS_ON_ONE_TABLE)
            .map(|(name, _)| (*name).to_owned()),
        document: Some(ours.into_iter().map(StatementDocument::of).collect()),
    }
}

impl StatementDocument {
    fn of(one: &Statement) -> Self {
        Self {
            statement: one.text.clone(),
            tables: one.tables.clone(),
            count: one.count,
            longest_s: one.longest_s,
            service: one.service.clone(),
            trace_id: one.trace_id.clone(),
        }
    }
}

fn line(one: &Statement) -> String {
    let longest = one.longest_s.map(|longest_s| {
        let which = if one.count > 1 { "the longest " } else { "" };
        format!(", {which}{}", duration(longest_s))
    });
    format!("{} x {}{}", one.count, shown(&one.text), longest.unwrap_or_default())
}

/// Without the list of columns, which says the least.
fn shown(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let from = lower.find(" from ").filter(|_| lower.starts_with("select "));
    let brief = match from {
        Some(from) => format!("SELECT …{}", &text[from..]),
        None => text.to_owned(),
    };
    match brief.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", brief[..end].trim_end()),
        None => brief,
    }
}
