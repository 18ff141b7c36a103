//! Binding: typed, escaped literals spliced over `$name` at the places where a SQL tokenizer finds one.
//! Every other byte of the query stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlparser::ast::Statement;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::{Catalogue, ParameterType, Query, QueryError};
use crate::window::rfc3339;

/// A value for a `$name`.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// An instant.
    Timestamp(DateTime<Utc>),
    /// Seconds, with a fraction.
    Seconds(f64),
    /// Text, or null for an optional one.
    Text(Option<String>),
}

/// Values by the name of their placeholder.
pub type Parameters = BTreeMap<&'static str, Parameter>;

/// The query's text with every placeholder replaced.
///
/// # Errors
/// [`QueryError::Parameter`] for a placeholder without a value or with one of another type.
pub fn bind(catalogue: &Catalogue, query: &Query, values: &Parameters) -> Result<String, QueryError> {
    let wrong = |parameter: &str, why: &str| QueryError::Parameter {
        name: query.name.clone(),
        parameter: parameter.to_owned(),
        why: why.to_owned(),
    };
    let mut bound = String::with_capacity(query.sql.len());
    let mut copied = 0;
    for place in places(&query.name, &query.sql)? {
        let kind = query.header.params.get(&place.name);
        let kind = kind.ok_or_else(|| wrong(&place.name, "stands in the SQL and not in the header"))?;
        let value = values.get(place.name.as_str());
        let literal = match (kind, value) {
            (ParameterType::Limit, _) => (query.header.budget + 1).to_string(),
            (ParameterType::Query, _) => {
                let part = bind(catalogue, catalogue.get(&place.name)?, values)?;
                format!("(\n{part}\n)")
            }
            (ParameterType::Timestamp, Some(Parameter::Timestamp(at))) => {
                format!("CAST('{}' AS TIMESTAMP(6) WITH TIME ZONE)", rfc3339(*at))
            }
            (ParameterType::Seconds, Some(Parameter::Seconds(seconds))) if seconds.is_finite() => {
                format!("CAST({seconds:?} AS DOUBLE)")
            }
            (ParameterType::Text | ParameterType::OptionalText, Some(Parameter::Text(Some(text)))) => {
                text_literal(text).ok_or_else(|| wrong(&place.name, "holds a NUL character"))?
            }
            (ParameterType::OptionalText, Some(Parameter::Text(None))) => String::from("CAST(NULL AS VARCHAR)"),
            (_, None) => return Err(wrong(&place.name, "has no value here")),
            (_, Some(_)) => return Err(wrong(&place.name, "has a value of another type")),
        };
        bound.push_str(&query.sql[copied..place.start]);
        bound.push_str(&literal);
        copied = place.end;
    }
    bound.push_str(&query.sql[copied..]);
    Ok(bound)
}

/// A text with each `$name` that has a literal replaced by it; others stay.
///
/// # Errors
/// [`QueryError::Sql`] when the text can't be taken apart into tokens.
pub fn splice(sql: &str, literals: &BTreeMap<String, String>) -> Result<String, QueryError> {
    let mut spliced = String::with_capacity(sql.len());
    let mut copied = 0;
    for place in places("sql", sql)? {
        if let Some(literal) = literals.get(&place.name) {
            spliced.push_str(&sql[copied..place.start]);
            spliced.push_str(literal);
            copied = place.end;
        }
    }
    spliced.push_str(&sql[copied..]);
    Ok(spliced)
}

/// Any text as a SQL string literal; `None` if it holds NUL, which no engine takes.
fn text_literal(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| format!("'{}'", text.replace('\'', "''")))
}

/// The names of all placeholders in a text.
pub(super) fn placeholders(query: &str, sql: &str) -> Result<BTreeSet<String>, QueryError> {
    Ok(places(query, sql)?.into_iter().map(|place| place.name).collect())
}

/// Refuses everything but one `SELECT` (or `WITH … SELECT`), before it is sent anywhere.
///
/// # Errors
/// [`QueryError::Sql`] with the parser's words.
pub fn single_select(name: &str, sql: &str) -> Result<(), QueryError> {
    let wrong = |why: String| QueryError::Sql {
        name: name.to_owned(),
        why,
    };
    let statements = Parser::parse_sql(&GenericDialect {}, sql).map_err(|error| wrong(error.to_string()))?;
    match statements.as_slice() {
        [Statement::Query(_)] => Ok(()),
        [] => Err(wrong(String::from("it is empty"))),
        [_] => Err(wrong(String::from("it is not a SELECT"))),
        _ => Err(wrong(String::from("it holds more than one statement"))),
    }
}

/// Where a placeholder stands, in bytes.
struct Place {
    name: String,
    start: usize,
    end: usize,
}

fn places(query: &str, sql: &str) -> Result<Vec<Place>, QueryError> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| QueryError::Sql {
            name: query.to_owned(),
            why: error.to_string(),
        })?;
    let lines: Vec<usize> = std::iter::once(0)
        .chain(sql.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    Ok(tokens.iter().filter_map(|token| place(sql, &lines, token)).collect())
}

/// The tokenizer counts lines from 1 and characters from 1.
fn place(sql: &str, lines: &[usize], token: &TokenWithSpan) -> Option<Place> {
    let Token::Placeholder(text) = &token.token else {
        return None;
    };
    let name = text.strip_prefix('$').filter(|name| !name.is_empty())?;
    let line = *lines.get(usize::try_from(token.span.start.line).ok()?.checked_sub(1)?)?;
    let column = usize::try_from(token.span.start.column).ok()?.checked_sub(1)?;
    let start = line + sql[line..].char_indices().nth(column)?.0;
    let end = start + text.len();
    (sql.get(start..end)? == text).then(|| Place {
        name: name.to_owned(),
        start,
        end,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_strings_comments_and_names_stay() {
        let sql = "SELECT '$a', \"$b\", $c -- $d\n/* $e */ , 'é$f' || $g FROM t";
        let found = placeholders("q", sql).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["c", "g"]);
    }

    #[test]
    fn positions_are_bytes_behind_wide_characters() {
        let places = places("q", "SELECT 'héé' AS x,\n  'ü' || $name").unwrap();
        assert_eq!(places.len(), 1);
        assert_eq!(
            &"SELECT 'héé' AS x,\n  'ü' || $name"[places[0].start..places[0].end],
            "$name"
        );
    }

    #[test]
    fn only_one_select_passes() {
        assert!(single_select("q", "WITH a AS (SELECT 1) SELECT * FROM a").is_ok());
        for refused in ["", "-- nothing", "SELECT 1; SELECT 2", "DROP TABLE records", "SELEC 1"] {
            assert!(single_select("q", refused).is_err(), "{refused}");
        }
    }
}
