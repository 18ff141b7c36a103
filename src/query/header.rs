//! The `--!` header of a query: what it is for, what it takes, what it gives. TOML, a closed set of types.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::QueryError;
use crate::source::ColumnType;

/// How many rows a query may give when its header doesn't say.
const DEFAULT_BUDGET: usize = 100;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The question in one sentence.
    pub purpose: String,
    /// The `$name`s of the SQL and their types.
    #[serde(default)]
    pub params: BTreeMap<String, ParameterType>,
    /// It is no query: an expression that queries share, such as what a span does.
    #[serde(default)]
    pub part: bool,
    /// Each row tells of records that begin in one bucket of time ([`crate::facts::Grid`]): asked for less time it gives the
    /// same rows, and fewer.
    #[serde(default)]
    pub by_bucket: bool,
    /// The columns that it gives and their types; a part has none.
    #[serde(default)]
    pub columns: BTreeMap<String, ColumnSpec>,
    /// The most rows it may give; more is reported as clipped. `$limit` is bound to one more.
    #[serde(default = "default_budget")]
    pub budget: usize,
}

/// The type of a `$name`. `?` in the header: it may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ParameterType {
    /// An instant.
    #[serde(rename = "timestamp")]
    Timestamp,
    /// Seconds, with a fraction.
    #[serde(rename = "seconds")]
    Seconds,
    /// Text.
    #[serde(rename = "text")]
    Text,
    /// Text or null.
    #[serde(rename = "text?")]
    OptionalText,
    /// A whole number.
    #[serde(rename = "int")]
    Int,
    /// A list for `IN`.
    #[serde(rename = "texts")]
    Texts,
    /// The number of the stretch between cut points that a record lies in, by its `service` and `us` (microseconds since
    /// `from`).
    #[serde(rename = "runs")]
    Runs,
    /// Whether a record began within one of some spans of time.
    #[serde(rename = "spans")]
    Spans,
    /// Resource attributes: the value of each, in their order.
    #[serde(rename = "attributes")]
    Attributes,
    /// Resource attributes: the name of the first that a record has.
    #[serde(rename = "attribute_names")]
    AttributeNames,
    /// A row count for `LIMIT`: the header's budget and one, so that clipping shows.
    #[serde(rename = "limit")]
    Limit,
    /// The catalogue's query of that name, as a subquery; a part as it is.
    #[serde(rename = "query")]
    Query,
}

/// The type of a result column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ColumnSpec {
    /// The folded type.
    pub data_type: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
}

impl TryFrom<String> for ColumnSpec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, nullable) = match text.strip_suffix('?') {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        let data_type = match name {
            "text" => ColumnType::Text,
            "int" => ColumnType::Int,
            "float" => ColumnType::Float,
            "bool" => ColumnType::Bool,
            "timestamp" => ColumnType::Timestamp,
            _ => {
                return Err(format!(
                    "`{text}` is no column type: text, int, float, bool, timestamp, each with ? for null"
                ));
            }
        };
        Ok(Self { data_type, nullable })
    }
}

impl fmt::Display for ColumnSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.data_type {
            ColumnType::Text => "text",
            ColumnType::Int => "int",
            ColumnType::Float => "float",
            ColumnType::Bool => "bool",
            ColumnType::Timestamp => "timestamp",
            ColumnType::Json => "json",
        };
        write!(f, "{name}{}", if self.nullable { "?" } else { "" })
    }
}

impl Header {
    /// Reads the `--!` lines at the top of a query's text.
    ///
    /// # Errors
    /// [`QueryError::Header`] when there are none or they are not the TOML that is expected.
    pub fn parse(name: &str, sql: &str) -> Result<Self, QueryError> {
        let wrong = |why: String| QueryError::Header {
            name: name.to_owned(),
            why,
        };
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_name_char) {
            return Err(wrong(format!(
                "`{name}` is no name: small letters, digits and underscores"
            )));
        }
        let lines: Vec<&str> = sql.lines().map_while(|line| line.strip_prefix("--!")).collect();
        if lines.is_empty() {
            return Err(wrong(String::from("the file must begin with `--! purpose = \"…\"`")));
        }
        let header: Self = toml::from_str(&lines.join("\n")).map_err(|error| wrong(error.message().to_owned()))?;
        if header.part != header.columns.is_empty() {
            return Err(wrong(String::from("a query has `columns`, and a `part` has none")));
        }
        let named = header.params.keys().chain(header.columns.keys());
        if let Some(bad) = named
            .into_iter()
            .find(|name| !name.chars().all(is_name_char) || name.is_empty())
        {
            return Err(wrong(format!(
                "`{bad}` is no name: small letters, digits and underscores"
            )));
        }
        Ok(header)
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn default_budget() -> usize {
    DEFAULT_BUDGET
}
