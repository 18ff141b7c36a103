//! Binding: typed, escaped literals spliced over `$name` at the places where a SQL tokenizer finds one.
//! Comments and whitespace are left out on the wire; every other byte of the query stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlparser::ast::Statement;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

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
    /// A whole number.
    Int(i64),
    /// A list for `IN`.
    Texts(Vec<String>),
    /// By service the cut points of its runs in order, microseconds since `from`.
    Runs(BTreeMap<String, Vec<i64>>),
    /// Half-open spans of time.
    Spans(Vec<(DateTime<Utc>, DateTime<Utc>)>),
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
    let sql = packed(&query.name, &query.sql)?;
    let mut bound = String::with_capacity(sql.len());
    let mut copied = 0;
    for place in places(&query.name, &sql)? {
        if place.start < copied {
            continue;
        }
        let kind = query.header.params.get(&place.name);
        let kind = kind.ok_or_else(|| wrong(&place.name, "stands in the SQL and not in the header"))?;
        if let Some((text, from, to)) = filter(&query.name, &sql, &place, values)? {
            bound.push_str(&sql[copied..from]);
            bound.push_str(text);
            copied = to;
            continue;
        }
        let literal = match kind {
            ParameterType::Limit => (query.header.budget + 1).to_string(),
            ParameterType::Query => {
                let named = catalogue.get(&place.name)?;
                let part = bind(catalogue, named, values)?;
                if named.header.part && is_closed(&part) {
                    part
                } else {
                    format!("({part})")
                }
            }
            kind => literal(*kind, values.get(place.name.as_str())).map_err(|why| wrong(&place.name, why))?,
        };
        bound.push_str(&sql[copied..place.start]);
        bound.push_str(&literal);
        copied = place.end;
    }
    bound.push_str(&sql[copied..]);
    Ok(bound)
}

/// What a filter at this place says: `($x IS NULL OR …)` is true if `$x` is null, else only what follows counts. The text
/// that stands for what lies between two bytes; `None` = it is no filter.
fn filter<'a>(
    query: &str,
    sql: &str,
    place: &Place,
    values: &Parameters,
) -> Result<Option<(&'a str, usize, usize)>, QueryError> {
    const OPTIONAL: &str = " IS NULL OR ";
    let Some(Parameter::Text(value)) = values.get(place.name.as_str()) else {
        return Ok(None);
    };
    if !sql[..place.start].ends_with('(') || !sql[place.end..].starts_with(OPTIONAL) {
        return Ok(None);
    }
    if value.is_some() {
        return Ok(Some(("", place.start, place.end + OPTIONAL.len())));
    }
    let lines = line_starts(sql);
    let mut open = 0_usize;
    for token in tokens(query, sql)? {
        let Some(at) = offset(sql, &lines, token.span.start).filter(|at| *at >= place.start) else {
            continue;
        };
        match token.token {
            Token::LParen => open += 1,
            Token::RParen if open == 0 => return Ok(Some(("true", place.start - 1, at + 1))),
            Token::RParen => open -= 1,
            _ => {}
        }
    }
    Ok(None)
}

/// What a query or a part is sent as to be tried alone.
pub fn runnable(query: &Query, bound: String) -> String {
    match query.header.part {
        true => format!("SELECT {bound} AS part FROM records_all LIMIT 1"),
        false => bound,
    }
}

/// Whether an expression needs no parentheses around it.
fn is_closed(part: &str) -> bool {
    let call = |name: &str| part.starts_with(name) && part.ends_with(')');
    call("coalesce(") || call("concat(") || (part.starts_with("CASE ") && part.ends_with(" END"))
}

fn literal(kind: ParameterType, value: Option<&Parameter>) -> Result<String, &'static str> {
    let nul = "holds a NUL character";
    Ok(match (kind, value) {
        (_, None) => return Err("has no value here"),
        (ParameterType::Timestamp, Some(Parameter::Timestamp(at))) => time_literal(*at),
        (ParameterType::Seconds, Some(Parameter::Seconds(seconds))) if seconds.is_finite() => {
            format!("CAST({seconds:?} AS DOUBLE)")
        }
        (ParameterType::Int, Some(Parameter::Int(number))) => number.to_string(),
        (ParameterType::Text | ParameterType::OptionalText, Some(Parameter::Text(Some(text)))) => {
            text_literal(text).ok_or(nul)?
        }
        (ParameterType::OptionalText, Some(Parameter::Text(None))) => String::from("CAST(NULL AS VARCHAR)"),
        (ParameterType::Texts, Some(Parameter::Texts(texts))) if texts.is_empty() => {
            String::from("(CAST(NULL AS VARCHAR))")
        }
        (ParameterType::Texts, Some(Parameter::Texts(texts))) => {
            let all: Option<Vec<String>> = texts.iter().map(|text| text_literal(text)).collect();
            format!("({})", all.ok_or(nul)?.join(","))
        }
        (ParameterType::Attributes, Some(Parameter::Texts(names))) if names.is_empty() => {
            String::from("CAST(NULL AS VARCHAR)")
        }
        (ParameterType::Attributes, Some(Parameter::Texts(names))) => {
            let value = |name: &String| Some(format!("otel_resource_attributes->>{}", text_literal(name)?));
            let all: Option<Vec<String>> = names.iter().map(value).collect();
            all.ok_or(nul)?.join(",")
        }
        (ParameterType::AttributeNames, Some(Parameter::Texts(names))) if names.is_empty() => {
            String::from("CAST(NULL AS VARCHAR)")
        }
        (ParameterType::AttributeNames, Some(Parameter::Texts(names))) => {
            let when = |name: &String| {
                let name = text_literal(name)?;
                Some(format!(
                    " WHEN otel_resource_attributes->>{name} IS NOT NULL THEN {name}"
                ))
            };
            let all: Option<String> = names.iter().map(when).collect();
            format!("CASE{} END", all.ok_or(nul)?)
        }
        (ParameterType::Runs, Some(Parameter::Runs(cuts))) => runs_literal(cuts).ok_or(nul)?,
        (ParameterType::Spans, Some(Parameter::Spans(spans))) if spans.is_empty() => String::from("false"),
        (ParameterType::Spans, Some(Parameter::Spans(spans))) => {
            let within = |(from, to): &(DateTime<Utc>, DateTime<Utc>)| {
                let (from, to) = (time_literal(*from), time_literal(*to));
                format!("start_timestamp >= {from} AND start_timestamp < {to}")
            };
            format!("({})", spans.iter().map(within).collect::<Vec<_>>().join(" OR "))
        }
        (_, Some(_)) => return Err("has a value of another type"),
    })
}

fn time_literal(at: DateTime<Utc>) -> String {
    format!("CAST('{}' AS TIMESTAMP(6) WITH TIME ZONE)", rfc3339(at))
}

fn runs_literal(cuts: &BTreeMap<String, Vec<i64>>) -> Option<String> {
    let mut text = String::from("CASE");
    for (service, points) in cuts.iter().filter(|(_, points)| !points.is_empty()) {
        text += &format!(" WHEN service = {} THEN CASE", text_literal(service)?);
        for (number, point) in points.iter().enumerate() {
            text += &format!(" WHEN us < {point} THEN {number}");
        }
        text += &format!(" ELSE {} END", points.len());
    }
    Some(match text.as_str() {
        "CASE" => String::from("0"),
        _ => text + " ELSE 0 END",
    })
}

/// The text without comments and with one space where any whitespace was; none beside commas and inside parentheses.
fn packed(query: &str, sql: &str) -> Result<String, QueryError> {
    let tokens = tokens(query, sql)?;
    let lines = line_starts(sql);
    let mut packed = String::with_capacity(sql.len());
    let mut gap = false;
    for token in &tokens {
        if matches!(token.token, Token::Whitespace(_)) {
            gap = true;
            continue;
        }
        let text = offset(sql, &lines, token.span.start)
            .zip(offset(sql, &lines, token.span.end))
            .and_then(|(start, end)| sql.get(start..end))
            .unwrap_or_default();
        let tight = packed.ends_with([',', '(']) || matches!(token.token, Token::Comma | Token::RParen);
        if gap && !packed.is_empty() && !tight {
            packed.push(' ');
        }
        gap = false;
        packed.push_str(text);
    }
    Ok(packed)
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

fn tokens(query: &str, sql: &str) -> Result<Vec<TokenWithSpan>, QueryError> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location();
    tokens.map_err(|error| QueryError::Sql {
        name: query.to_owned(),
        why: error.to_string(),
    })
}

fn places(query: &str, sql: &str) -> Result<Vec<Place>, QueryError> {
    let tokens = tokens(query, sql)?;
    let lines = line_starts(sql);
    Ok(tokens.iter().filter_map(|token| place(sql, &lines, token)).collect())
}

fn line_starts(sql: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(sql.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

/// The byte at which a location of the tokenizer stands; it counts lines from 1 and characters from 1.
fn offset(sql: &str, lines: &[usize], at: Location) -> Option<usize> {
    let line = *lines.get(usize::try_from(at.line).ok()?.checked_sub(1)?)?;
    let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
    let rest = sql.get(line..)?;
    match rest.is_ascii() {
        true => Some((line + column).min(sql.len())),
        false => Some(
            rest.char_indices()
                .nth(column)
                .map_or(sql.len(), |(byte, _)| line + byte),
        ),
    }
}

fn place(sql: &str, lines: &[usize], token: &TokenWithSpan) -> Option<Place> {
    let Token::Placeholder(text) = &token.token else {
        return None;
    };
    let name = text.strip_prefix('$').filter(|name| !name.is_empty())?;
    let start = offset(sql, lines, token.span.start)?;
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
    fn comments_and_whitespace_stay_at_home() {
        let sql = "--! purpose = \"x\"\n-- why\nSELECT  a ,\n ( b ) /* no */, '-- é  kept', \"c  d\"\nFROM t";
        assert_eq!(packed("q", sql).unwrap(), "SELECT a,(b),'-- é  kept',\"c  d\" FROM t");
    }

    #[test]
    fn a_filter_that_is_not_set_is_not_sent() {
        let sql = "a > 1 AND ($x IS NULL OR f(b,')') = $x) AND c";
        let place = |sql: &str| places("q", sql).unwrap().remove(0);
        let said = |value: Option<&str>| {
            let values = Parameters::from([("x", Parameter::Text(value.map(str::to_owned)))]);
            let (text, from, to) = filter("q", sql, &place(sql), &values).unwrap().unwrap();
            format!("{}{text}{}", &sql[..from], &sql[to..])
        };
        assert_eq!(said(None), "a > 1 AND true AND c");
        assert_eq!(said(Some("v")), "a > 1 AND (f(b,')') = $x) AND c");
    }

    #[test]
    fn runs_are_numbered_by_their_cut_points() {
        let cuts = BTreeMap::from([(String::from("a'b"), vec![5, 9]), (String::from("c"), vec![])]);
        let said = "CASE WHEN service = 'a''b' THEN CASE WHEN us < 5 THEN 0 WHEN us < 9 THEN 1 ELSE 2 END ELSE 0 END";
        assert_eq!(runs_literal(&cuts).unwrap(), said);
        assert_eq!(runs_literal(&BTreeMap::new()).unwrap(), "0");
    }

    #[test]
    fn only_one_select_passes() {
        assert!(single_select("q", "WITH a AS (SELECT 1) SELECT * FROM a").is_ok());
        for refused in ["", "-- nothing", "SELECT 1; SELECT 2", "DROP TABLE records", "SELEC 1"] {
            assert!(single_select("q", refused).is_err(), "{refused}");
        }
    }
}
