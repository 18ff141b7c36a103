//! The statements that were slow during an incident, and the tables that their text names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::facts::Evidence;
use crate::facts::row::Row;

/// A statement, its values left out.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Whose it is.
    pub service: String,
    /// Its text, without values and at most 600 characters of it.
    pub text: String,
    /// The tables that it names, sorted.
    pub tables: BTreeSet<String>,
    /// How many were slow.
    pub count: u64,
    /// The longest, seconds; `None` = not known.
    pub longest_s: Option<f64>,
    /// The trace of the longest.
    pub trace_id: Option<String>,
}

/// What stands before the name of a table. `FROM` has other meanings in functions and comparisons.
static TABLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?:["`\[]?[A-Za-z_][\w$]*["`\]]?\.)*["`\[]?([A-Za-z_][\w$]*)["`\]]?"#;
    let verbs = "from|join|update|into|alter table|lock table|truncate table|truncate";
    Regex::new(&format!(r"(?i)(\w+\s+)?\b(?:{verbs})\s+(?:only\s+)?{name}(\s*\()?")).ok()
});
/// Functions whose arguments are joined by FROM, up to it.
static FROM_OF_FUNCTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:extract|substring|trim|overlay|position)\s*\([^()]*?\bfrom\b").ok());

/// The tables that a statement names. A name that it gives to a part of itself (`WITH recent AS`) is none.
pub(super) fn tables(statement: &str) -> BTreeSet<String> {
    let (Some(table), Some(function)) = (TABLE.as_ref(), FROM_OF_FUNCTION.as_ref()) else {
        return BTreeSet::new();
    };
    let text = function.replace_all(statement, "(");
    let is_table = |found: &regex::Captures<'_>| {
        let before = found.get(1).map_or("", |word| word.as_str().trim());
        let is_compared = before.eq_ignore_ascii_case("distinct");
        // ON UPDATE, FOR UPDATE and DO UPDATE change no table that they name.
        let is_clause = ["on", "for", "do"].iter().any(|word| before.eq_ignore_ascii_case(word));
        let name = found.get(2).map_or("", |name| name.as_str());
        let is_word = ["select", "set", "lateral", "unnest", "values", "only"]
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word));
        // INSERT INTO t (columns) is one, FROM f(...) a function.
        let is_call = found.get(3).is_some() && !found.get(0).is_some_and(|all| holds_into(all.as_str()));
        !(is_compared || is_clause || is_word || is_call)
    };
    let named: BTreeSet<String> = table
        .captures_iter(&text)
        .filter(is_table)
        .filter_map(|found| Some(found.get(2)?.as_str().to_owned()))
        .collect();
    let lower = text.to_lowercase();
    let is_own = |name: &String| {
        let name = name.to_lowercase();
        let as_query = [
            format!("{name} as ("),
            format!("{name} as materialized ("),
            format!("{name} as not materialized ("),
        ];
        as_query.iter().any(|part| lower.contains(part))
    };
    named.into_iter().filter(|name| !is_own(name)).collect()
}

fn holds_into(text: &str) -> bool {
    text.to_lowercase().split_whitespace().any(|word| word == "into")
}

/// One row as it came.
pub(super) struct Told {
    statement: Statement,
    by_driver: bool,
}

pub(super) fn told(row: &Row<'_>) -> Result<Told, String> {
    let text = row.text("statement")?;
    Ok(Told {
        by_driver: row.text("recorded_by")? == "driver",
        statement: Statement {
            service: row.text("service")?,
            tables: tables(&text),
            count: row.count("statements")?,
            longest_s: row.maybe_float("longest_s")?,
            trace_id: row.maybe_text("trace_id")?,
            text,
        },
    })
}

/// One statement can be recorded twice: that of the layer which tells of more of them counts, service by service.
pub(super) fn counted_once(found: Evidence<Told>) -> Evidence<Statement> {
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for told in &found.rows {
        let count = counts.entry(told.statement.service.clone()).or_default();
        if told.by_driver {
            count.1 += told.statement.count;
        } else {
            count.0 += told.statement.count;
        }
    }
    let rows = found.rows.into_iter().filter(|told| {
        let (orm, driver) = counts.get(&told.statement.service).copied().unwrap_or_default();
        told.by_driver == (driver > orm)
    });
    Evidence {
        rows: rows.map(|told| told.statement).collect(),
        not_known: found.not_known,
    }
}

#[cfg(test)]
mod tests {
    use super::tables;

    #[test]
    fn tables_are_found_in_what_drivers_record() {
        for (text, expected) in [
            (
                "SELECT tracks.id FROM tracks WHERE tracks.id = %(pk_1)s::INTEGER",
                "tracks",
            ),
            (
                "SELECT a FROM \"app_invoice\" INNER JOIN \"app_customer\" ON (x = y)",
                "app_customer app_invoice",
            ),
            (
                "UPDATE tracks SET play_count=(tracks.play_count + #) WHERE id = $1",
                "tracks",
            ),
            ("INSERT INTO public.plays (track_id) VALUES (%s)", "plays"),
            (
                "INSERT INTO plays(track_id) SELECT id FROM tracks ON CONFLICT DO UPDATE SET n = #",
                "plays tracks",
            ),
            ("SELECT extract(epoch FROM created_at) FROM tracks", "tracks"),
            ("SELECT x FROM t WHERE a IS DISTINCT FROM b", "t"),
            (
                "WITH recent AS (SELECT id FROM plays) SELECT * FROM recent JOIN `tracks` t ON true",
                "plays tracks",
            ),
            ("SELECT * FROM generate_series(#, #)", ""),
            ("SELECT id FROM jobs FOR UPDATE SKIP LOCKED", "jobs"),
            ("SELECT * FROM (SELECT # FROM a) q, LATERAL (SELECT #) r", "a"),
            ("DELETE FROM only tracks", "tracks"),
            ("ALTER TABLE tracks ADD COLUMN x int", "tracks"),
            ("SELECT coalesce(s…coalesce_1 FROM tracks", "tracks"),
            ("SELECT #", ""),
            ("COMMIT", ""),
        ] {
            let found: Vec<String> = tables(text).into_iter().collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }
}
