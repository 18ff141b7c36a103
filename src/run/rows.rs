//! `query NAME` and `query --sql`: rows as they are.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Asked, Failure};
use crate::cli::QueryArgs;
use crate::query::{bind, single_select};
use crate::report::{Align, Block, Cell, Data, Header, Outcome, Report, Severity, Table, Told};
use crate::schema;
use crate::source::{Column, ColumnType, Request, Rows};
use crate::words::counted;

pub(super) async fn run(asked: &Asked, args: &QueryArgs, input: Option<&str>) -> Result<Report, Failure> {
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let (name, sql, from) = match (&args.name, args.sql.as_deref()) {
        (Some(name), _) => {
            let query = asked.catalogue.get(name)?;
            let sql = bind(&asked.catalogue, query, &asked.parameters())?;
            (name.clone(), sql, asked.window.from - asked.settings.lookback)
        }
        (None, typed) => {
            let sql = match typed {
                Some("-") => input.unwrap_or_default(),
                other => other.unwrap_or_default(),
            };
            (String::from("--sql"), sql.to_owned(), asked.window.from)
        }
    };
    single_select(&name, &sql)?;
    let request = Request {
        sql: sql.clone(),
        from,
        to: asked.window.to,
        limit: limit + 1,
    };
    let answer = asked.ask_for_many(&request).await?;
    let mut rows = answer.rows;
    let clipped = answer.clipped || rows.rows.len() > limit;
    rows.rows.truncate(limit);
    let empty = rows.rows.is_empty();
    let frame = asked.frame("query", answer.attempts.max(1), &[], empty);
    Ok(frame.around(told(&name, &sql, &rows, clipped)))
}

/// What `query` tells scripts.
#[derive(Serialize, JsonSchema)]
pub(super) struct QueryDocument<'a> {
    query: QueryAsked<'a>,
    columns: &'a [Column],
    /// A value for each column, by its name.
    rows: Vec<Map<String, Value>>,
    /// Whether there are more.
    clipped: bool,
}

/// What was asked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Asked")]
struct QueryAsked<'a> {
    /// `--sql` for one that was typed.
    name: &'a str,
    sql: &'a str,
}

fn told(name: &str, sql: &str, rows: &Rows, clipped: bool) -> Told {
    let count = counted(rows.rows.len() as u64, "row");
    let headline = match (rows.rows.is_empty(), clipped) {
        (true, _) => format!("no rows for {name}"),
        (false, true) => format!("the first {count} of more for {name}: raise --limit or narrow the window"),
        (false, false) => format!("{count} for {name}"),
    };
    let header = |column: &Column| Header {
        title: column.name.clone(),
        align: match column.data_type {
            ColumnType::Int | ColumnType::Float => Align::Right,
            _ => Align::Left,
        },
    };
    let cells = |row: &Vec<Value>| row.iter().map(|value| Cell::plain(text(value))).collect();
    let names: Vec<String> = rows.columns.iter().map(|column| column.name.clone()).collect();
    let object = |row: &Vec<Value>| names.iter().cloned().zip(row.iter().cloned()).collect();
    let document = QueryDocument {
        query: QueryAsked { name, sql },
        columns: &rows.columns,
        rows: rows.rows.iter().map(object).collect(),
        clipped,
    };
    Told {
        headline,
        severity: if rows.rows.is_empty() {
            Severity::Warning
        } else {
            Severity::Info
        },
        outcome: if rows.rows.is_empty() {
            Outcome::Inconclusive
        } else {
            Outcome::Fine
        },
        blocks: vec![Block::Table(Table {
            columns: rows.columns.iter().map(header).collect(),
            rows: rows.rows.iter().map(cells).collect(),
        })],
        screen: None,
        fields: schema::fields(&document),
        data: Data {
            columns: names.clone(),
            rows: rows.rows.clone(),
        },
    }
}

/// A cell for people: text as it is, null as a dash, the rest as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::from("-"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
