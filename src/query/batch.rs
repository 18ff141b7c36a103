//! Several questions in one request: a `UNION ALL` of sections with one row shape, taken apart again by section.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Catalogue, ColumnSpec, Parameters, QueryError, bind};
use crate::source::Rows;

/// The column that names the section; no query may have it.
const SECTION: &str = "section";
/// The column that counts the rows of the whole answer, in each of them. A server that cuts an answer off does so
/// without a word, and what is missing would read as "nothing wrong".
const ALL_ROWS: &str = "batch_rows";

/// The records that the branches share, and what each stands for.
const SHARED: &str = "known_records";
const SHARED_ROLE: &str = "known_role";

/// A request for several questions, and how to read its answer.
#[derive(Debug, Clone)]
pub struct Batch {
    /// One statement.
    pub sql: String,
    /// One row more than it can give, for the request's `limit`: where so many come, something cut them off.
    pub limit: usize,
    sections: Vec<(String, BTreeMap<String, ColumnSpec>, usize)>,
}

/// The rows of one question.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// One map a row: column name to value, every declared column present.
    pub rows: Vec<BTreeMap<String, Value>>,
    /// There were more rows than the budget or than came back, and at least one of them may not be here.
    pub clipped: bool,
    /// Why there is no answer to it; `None` = there is.
    pub failed: Option<String>,
}

impl Section {
    /// One that could not be asked.
    pub fn failed(why: String) -> Self {
        Self {
            failed: Some(why),
            ..Self::default()
        }
    }
}

/// What the branches share is said once: the records that are asked for, with what each stands for. An engine plans it as if
/// it stood in each branch; the request is a third of the size. Empty if they share nothing.
fn said_once(catalogue: &Catalogue, values: &Parameters, branches: &mut [String]) -> String {
    let part = |name: &str| catalogue.get(name).and_then(|part| bind(catalogue, part, values)).ok();
    let Some((role, seen)) = part("role").zip(part("seen")) else {
        return String::new();
    };
    let from = format!("FROM records_all WHERE ({seen})");
    let mut shared = false;
    for branch in branches.iter_mut() {
        // One that asks in its own way is left as it is.
        if branch.matches(&role).count() == 1 && branch.matches(&from).count() == 1 {
            *branch = branch
                .replace(&role, SHARED_ROLE)
                .replace(&from, &format!("FROM {SHARED} WHERE true"));
            shared = true;
        }
    }
    if shared {
        format!("WITH {SHARED} AS (SELECT *,{role} AS {SHARED_ROLE} {from}) ")
    } else {
        String::new()
    }
}

impl Batch {
    /// Binds the named queries and joins them.
    ///
    /// # Errors
    /// Whatever [`bind`] refuses, or a query without `$limit`, whose size would be unknown.
    pub fn new(catalogue: &Catalogue, names: &[&str], values: &Parameters) -> Result<Self, QueryError> {
        let mut columns: BTreeSet<&str> = BTreeSet::new();
        for name in names {
            columns.extend(catalogue.get(name)?.header.columns.keys().map(String::as_str));
        }
        let mut branches: Vec<String> = Vec::new();
        let mut sections = Vec::new();
        for name in names {
            let query = catalogue.get(name)?;
            // A null takes the type that the column has elsewhere; without an alias engines before 54 refuse a second one. The
            // first branch names the columns, so the nulls of the others need only differ.
            let name_all = branches.is_empty();
            let cells: Vec<String> = columns
                .iter()
                .enumerate()
                .map(|(at, column)| match query.header.columns.contains_key(*column) {
                    true => (*column).to_owned(),
                    false if name_all => format!("NULL AS {column}"),
                    false => format!("NULL n{at}"),
                })
                .collect();
            let sql = bind(catalogue, query, values)?;
            branches.push(format!(
                "SELECT '{name}' AS {SECTION},{} FROM ({sql}) AS q",
                cells.join(",")
            ));
            sections.push((query.name.clone(), query.header.columns.clone(), query.header.budget));
        }
        Ok(Self {
            sql: format!(
                "SELECT *, count(*) OVER () AS {ALL_ROWS} FROM ({}{}) AS batch",
                said_once(catalogue, values, &mut branches),
                branches.join(" UNION ALL ")
            ),
            limit: sections.iter().map(|(_, _, budget)| budget + 1).sum::<usize>() + 1,
            sections,
        })
    }

    /// Takes the answer apart. Rows keep no order: whoever needs one sorts. If there were more rows (or fewer) than
    /// came back, every section is clipped: nobody knows which one lost them.
    ///
    /// # Errors
    /// [`QueryError::Column`] when the answer lacks a declared column.
    pub fn split(&self, answer: &Rows) -> Result<BTreeMap<String, Section>, QueryError> {
        let index: BTreeMap<&str, usize> = answer
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| (c.name.as_str(), i))
            .collect();
        let missing = |name: &str, column: &str| QueryError::Column {
            name: name.to_owned(),
            column: column.to_owned(),
            why: String::from("did not come back"),
        };
        let section_at = *index.get(SECTION).ok_or_else(|| missing("batch", SECTION))?;
        let total_at = *index.get(ALL_ROWS).ok_or_else(|| missing("batch", ALL_ROWS))?;
        let whole = |row: &Vec<Value>| row.get(total_at).and_then(Value::as_u64) == Some(answer.rows.len() as u64);
        let complete = answer.rows.iter().all(whole);
        let mut parts: BTreeMap<String, Section> = BTreeMap::new();
        for (name, columns, budget) in &self.sections {
            let mut places = Vec::new();
            for column in columns.keys() {
                places.push((
                    column,
                    *index.get(column.as_str()).ok_or_else(|| missing(name, column))?,
                ));
            }
            let own = answer
                .rows
                .iter()
                .filter(|row| row.get(section_at).and_then(Value::as_str) == Some(name));
            let rows: Vec<BTreeMap<String, Value>> = own
                .map(|row| {
                    let cell = |at: usize| row.get(at).cloned().unwrap_or(Value::Null);
                    places
                        .iter()
                        .map(|(column, at)| ((*column).clone(), cell(*at)))
                        .collect()
                })
                .collect();
            let clipped = rows.len() > *budget || !complete;
            parts.insert(
                name.clone(),
                Section {
                    rows,
                    clipped,
                    failed: None,
                },
            );
        }
        Ok(parts)
    }
}
