//! `queries list | show | check` and `config show`: what the tool would ask, and with which settings.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Failure, World};
use crate::config::{Config, Resolved};
use crate::profile::Settings;
use crate::query::{Catalogue, Origin, Query, bind, runnable, single_select};
use crate::report::{Block, Data, Outcome, Report, Severity, Table};
use crate::schema::{self, Time};
use crate::source::api::mask;
use crate::window::Window;
use crate::words::counted;

/// The fields of every document for which no records are asked.
#[derive(Serialize, JsonSchema)]
pub(super) struct MadeDocument {
    schema: String,
    generated_at: Time,
}

/// A list.
#[derive(Serialize, JsonSchema)]
pub(super) struct ListDocument<T> {
    rows: Vec<T>,
}

/// A query of the catalogue.
#[derive(Serialize, JsonSchema)]
pub(super) struct ListedQuery {
    name: String,
    /// Built in, or the file that added or replaced it.
    origin: String,
    purpose: String,
}

/// A query of the catalogue, with its header.
#[derive(Serialize, JsonSchema)]
pub(super) struct ShownQuery<'a> {
    name: &'a str,
    /// Built in, or the file that added or replaced it.
    origin: String,
    sql: &'a str,
}

/// A query that is right.
#[derive(Serialize, JsonSchema)]
pub(super) struct CheckedQuery {
    name: String,
    /// Built in, or the file that added or replaced it.
    origin: String,
    /// How many it has, for people.
    columns: String,
}

/// A setting, tokens masked.
#[derive(Serialize, JsonSchema)]
pub(super) struct Setting {
    key: String,
    /// As TOML.
    value: String,
    /// The flag, variable or file that it is from.
    origin: String,
}

pub(super) fn list(catalogue: &Catalogue, world: &World) -> Report {
    let rows = catalogue
        .iter()
        .map(|query| ListedQuery {
            name: query.name.clone(),
            origin: origin(query),
            purpose: query.header.purpose.clone(),
        })
        .collect();
    let headline = format!("{} queries in the catalogue", catalogue.iter().count());
    listing("queries-list", headline, ["name", "origin", "purpose"], rows, world)
}

fn origin(query: &Query) -> String {
    match &query.origin {
        Origin::BuiltIn => String::from("built in"),
        Origin::Added(path) => format!("added by {}", path.display()),
        Origin::Overrides(path) => format!("replaced by {}", path.display()),
    }
}

pub(super) fn settings_report(config: &Config, access: [Resolved; 2], world: &World) -> Report {
    let mut resolved = config.resolved();
    resolved.retain(|row| access.iter().all(|other| other.key != row.key));
    let changed = resolved.iter().filter(|row| row.origin != "built-in profile").count() as u64;
    let headline = format!(
        "{}, {changed} not from the built-in profile; the read token is {}",
        counted(resolved.len() as u64, "setting"),
        access[0].value
    );
    // A token may stand where nobody expects one; the rows of access are masked already.
    let masked = resolved.into_iter().map(|row| Resolved {
        value: mask(&row.value),
        ..row
    });
    let rows = access
        .into_iter()
        .chain(masked)
        .map(|row| Setting {
            key: row.key,
            value: row.value,
            origin: row.origin,
        })
        .collect();
    listing("config-show", headline, ["key", "value", "origin"], rows, world)
}

pub(super) fn show(query: &Query, world: &World) -> Report {
    let shown = ShownQuery {
        name: &query.name,
        origin: origin(query),
        sql: &query.sql,
    };
    Report {
        headline: query.header.purpose.clone(),
        severity: Severity::Info,
        outcome: Outcome::Fine,
        blocks: vec![Block::Preformatted(query.sql.trim_end().to_owned())],
        screen: None,
        data: Data::of_documents(&["name", "origin", "sql"], &[schema::value(&shown)]),
        document: made("queries-show", world, &shown),
    }
}

/// Binds and parses every query, and plans each against empty tables where there is an engine.
pub(super) async fn check(catalogue: &Catalogue, settings: &Settings, world: &World) -> Result<Report, Failure> {
    let window = Window::new(world.now - chrono::TimeDelta::hours(1), world.now)?;
    let values = super::timeline::parameters(settings, window);
    let mut rows = Vec::new();
    for query in catalogue.iter() {
        let sql = bind(catalogue, query, &values)?;
        let sql = runnable(query, sql);
        single_select(&query.name, &sql)?;
        plan(query, sql, window).await?;
        rows.push(CheckedQuery {
            name: query.name.clone(),
            origin: origin(query),
            columns: match query.header.part {
                true => String::from("a part of queries"),
                false => counted(query.header.columns.len() as u64, "column"),
            },
        });
    }
    let headline = format!("all {} queries are right", rows.len());
    Ok(listing(
        "queries-check",
        headline,
        ["name", "origin", "columns"],
        rows,
        world,
    ))
}

#[cfg(feature = "capture")]
async fn plan(query: &Query, sql: String, window: Window) -> Result<(), Failure> {
    use crate::query::QueryError;
    use crate::source::capture::Capture;
    use crate::source::{Request, SourceError};

    let request = Request {
        sql,
        from: window.from,
        to: window.to,
        limit: 1,
    };
    let wrong = |column: &str, why: String| QueryError::Column {
        name: query.name.clone(),
        column: column.to_owned(),
        why,
    };
    let answer = Capture::empty().query(&request).await.map_err(|error| match error {
        SourceError::Rejected { message, .. } => Failure::Query(QueryError::Sql {
            name: query.name.clone(),
            why: message,
        }),
        other => Failure::Source(other),
    })?;
    if query.header.part {
        return Ok(());
    }
    for (name, spec) in &query.header.columns {
        match answer.rows.columns.iter().find(|column| column.name == *name) {
            None => return Err(wrong(name, String::from("is in the header and not in the result")).into()),
            Some(column) if column.data_type != spec.data_type => {
                return Err(wrong(
                    name,
                    format!("is {spec} in the header and {:?} in the result", column.data_type),
                )
                .into());
            }
            Some(_) => {}
        }
    }
    match answer
        .rows
        .columns
        .iter()
        .find(|column| !query.header.columns.contains_key(&column.name))
    {
        Some(extra) => Err(wrong(&extra.name, String::from("is in the result and not in the header")).into()),
        None => Ok(()),
    }
}

#[cfg(not(feature = "capture"))]
async fn plan(_query: &Query, _sql: String, _window: Window) -> Result<(), Failure> {
    Ok(())
}

/// The document of a command that asks for no records.
pub(super) fn made(command: &str, world: &World, own: &impl Serialize) -> Value {
    let mut document = schema::fields(&MadeDocument {
        schema: schema::id(command),
        generated_at: Time(world.now),
    });
    document.extend(schema::fields(own));
    Value::Object(document)
}

/// A report that is a plain table of texts: the fields of these rows that `columns` names.
pub(super) fn listing<const N: usize>(
    command: &str,
    headline: String,
    columns: [&str; N],
    rows: Vec<impl Serialize>,
    world: &World,
) -> Report {
    let documents: Vec<Value> = rows.iter().map(schema::value).collect();
    let data = Data::of_documents(&columns, &documents);
    let text = |cell: &Value| cell.as_str().unwrap_or_default().to_owned();
    let cells = data.rows.iter().map(|row| row.iter().map(text).collect());
    Report {
        headline,
        severity: Severity::Info,
        outcome: Outcome::Fine,
        blocks: vec![Block::Table(Table::of_texts(&columns, cells.collect()))],
        screen: None,
        document: made(command, world, &ListDocument { rows }),
        data,
    }
}
