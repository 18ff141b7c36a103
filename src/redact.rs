//! Takes people's data and secrets out of what is shown: out of a whole [`Report`] before any renderer sees it, or out of
//! single texts. docs/redaction.md says what goes and what stays. Pure; it knows no command and no format.
//!
//! Each value becomes a name such as `[email 1]`, the same one wherever it stands in one output, numbered in the order in
//! which the values are met: headline, blocks, document, rows.

mod addresses;
mod claims;
mod fields;
mod patterns;
mod report;
mod sql;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use self::claims::Claims;
use self::fields::Field;
use crate::render::for_terminal;

pub use self::report::report;

/// Stands for a text if the rules themselves can't be used: nothing is shown rather than everything.
const WITHHELD: &str = "[not shown]";

/// No secret that shows by its letters alone is shorter than this.
const SHORTEST: usize = 9;

/// A capture has more texts than anybody has memory; those that come again come soon.
const MOST_DONE_BYTES: usize = 32 << 20;

/// What a value is, and how its name begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Secret,
    Email,
    Did,
    Handle,
    User,
    Phone,
    Ip,
    Query,
    Value,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Email => "email",
            Self::Did => "did",
            Self::Handle => "handle",
            Self::User => "user",
            Self::Phone => "phone",
            Self::Ip => "ip",
            Self::Query => "query",
            Self::Value => "value",
        }
    }

    /// The same value in the ways in which it is written.
    fn normal(self, raw: &str) -> String {
        match self {
            Self::Email => raw
                .replace("%40", "@")
                .replace("\\u0040", "@")
                .replace('＠', "@")
                .to_lowercase(),
            Self::Did => raw.replace("%3A", ":").replace("%3a", ":"),
            Self::Handle => raw.trim_start_matches('@').to_lowercase(),
            Self::Ip => raw
                .parse::<IpAddr>()
                .map_or_else(|_| raw.to_owned(), |ip| ip.to_canonical().to_string()),
            Self::Phone => raw.chars().filter(char::is_ascii_digit).collect(),
            _ => raw.to_owned(),
        }
    }
}

/// Gives names to what it takes out; one for all texts of an output.
#[derive(Debug, Default)]
pub struct Redactor {
    names: BTreeMap<(Kind, String), usize>,
    counts: BTreeMap<Kind, usize>,
    /// Addresses of databases and instances: evidence, wherever they stand.
    kept: BTreeSet<IpAddr>,
    /// What became of a text: an answer holds each in its table, its document and its rows, and keys again and again.
    done: BTreeMap<(bool, String), Option<String>>,
    /// How long those texts are together.
    done_bytes: usize,
}

impl Redactor {
    /// One that has met nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers the addresses of databases that a text names, so that they stay in others too. For every text of an
    /// output, before the first is changed.
    pub fn learn(&mut self, text: &str) {
        let before = self.kept.len();
        self.kept.extend(addresses::of_databases(text));
        if self.kept.len() > before {
            self.done.clear();
        }
    }

    /// The same of a value of a record, as [`Redactor::value`] changes it.
    pub fn learn_value(&mut self, field: &str, value: &Value) {
        self.learn_document(&Field::named(field), value);
    }

    /// A text without people's data and secrets.
    pub fn text(&mut self, text: &str) -> String {
        self.changed(text, false).unwrap_or_else(|| text.to_owned())
    }

    /// A value of a record: a field of that name says more than its text alone.
    pub fn value(&mut self, field: &str, value: Value) -> Value {
        self.value_of(&Field::named(field), value)
    }

    fn value_of(&mut self, field: &Field, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text_of(field, &text)),
            Value::Number(number) if field.hides_numbers() => Value::String(self.text_of(field, &number.to_string())),
            Value::Array(items) => items.into_iter().map(|item| self.value_of(field, item)).collect(),
            Value::Object(entries) => {
                let of_database = field.is_of_database(&entries);
                let entry = |(key, value): (String, Value)| {
                    let inner = Field::within(field, &key, of_database);
                    (self.text(&key), self.value_of(&inner, value))
                };
                Value::Object(entries.into_iter().map(entry).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    fn text_of(&mut self, field: &Field, text: &str) -> String {
        if text.is_empty() || field.keeps(text) {
            return text.to_owned();
        }
        match field.hides(text) {
            Some(kind) => self.name(kind, text),
            None => self.changed(text, field.is_sql()).unwrap_or_else(|| text.to_owned()),
        }
    }

    /// `None` if there is nothing to take out.
    fn changed(&mut self, text: &str, is_sql: bool) -> Option<String> {
        if is_plain(text) {
            return None;
        }
        let key = (is_sql, text.to_owned());
        if let Some(done) = self.done.get(&key) {
            return done.clone();
        }
        let changed = self.changed_anew(text, is_sql);
        self.done_bytes += text.len();
        if self.done_bytes > MOST_DONE_BYTES {
            self.done.clear();
            self.done_bytes = 0;
        }
        self.done.insert(key, changed.clone());
        changed
    }

    /// What a reader can't see may part a word, so the visible text counts too.
    fn changed_anew(&mut self, text: &str, is_sql: bool) -> Option<String> {
        if let Some(changed) = self.within_json(text) {
            return Some(changed);
        }
        let visible: Vec<String> = text.split('\n').map(for_terminal).collect();
        let visible = visible.join("\n");
        if visible != text
            && let Some(changed) = self.replaced(&visible, is_sql)
        {
            return Some(changed);
        }
        self.replaced(text, is_sql)
    }

    /// A text that is a JSON document, such as attributes in a column: its escapes are read, and its keys count.
    fn within_json(&mut self, text: &str) -> Option<String> {
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let read: Value = serde_json::from_str(text).ok()?;
        let (Value::Array(_) | Value::Object(_)) = read else {
            return None;
        };
        let before = read.to_string();
        let after = self.value_of(&Field::default(), read).to_string();
        (before != after).then_some(after)
    }

    fn replaced(&mut self, text: &str, is_sql: bool) -> Option<String> {
        let mut claims = Claims::new(text);
        if !patterns::claim(&mut claims) {
            return Some(String::from(WITHHELD));
        }
        addresses::claim(&mut claims, &self.kept);
        sql::claim(&mut claims, is_sql);
        let found = claims.into_sorted();
        if found.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for (range, kind) in found {
            out.push_str(text.get(end..range.start).unwrap_or_default());
            out.push_str(&self.name(kind, text.get(range.clone()).unwrap_or_default()));
            end = range.end;
        }
        out.push_str(text.get(end..).unwrap_or_default());
        Some(out)
    }

    fn name(&mut self, kind: Kind, raw: &str) -> String {
        let next = self.counts.get(&kind).copied().unwrap_or(0) + 1;
        let number = *self.names.entry((kind, kind.normal(raw))).or_insert(next);
        if number == next {
            self.counts.insert(kind, next);
        }
        format!("[{} {number}]", kind.word())
    }
}

/// Whether nothing that goes is written so: ids of traces and spans, times, short words.
fn is_plain(text: &str) -> bool {
    let is_id = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let is_of_time = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z');
    let is_time = || text.get(..10).is_some_and(|day| day.split('-').count() == 3) && text.chars().all(is_of_time);
    let is_word = || text.len() < SHORTEST && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    text.chars().all(is_id) || is_word() || is_time()
}

#[cfg(test)]
mod tests;
