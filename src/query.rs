//! The catalogue of questions: SQL files with a typed header, embedded or from a folder, bound and batched.
//! It makes text for a source and never runs it.

mod batch;
mod bind;
mod header;

pub use batch::{Batch, Section};
pub use bind::{Parameter, Parameters, bind, runnable, single_select, splice};
pub use header::{ColumnSpec, Header, ParameterType};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The built-in questions and the parts that they share: name and text. One line adds one.
const BUILT_IN: &[(&str, &str)] = &[
    ("affected", include_str!("../queries/affected.sql")),
    ("application", include_str!("../queries/application.sql")),
    ("attempts", include_str!("../queries/attempts.sql")),
    ("contrast", include_str!("../queries/contrast.sql")),
    ("error", include_str!("../queries/parts/error.sql")),
    ("failed", include_str!("../queries/parts/failed.sql")),
    ("filters", include_str!("../queries/filters.sql")),
    ("machine", include_str!("../queries/parts/machine.sql")),
    ("occupancy", include_str!("../queries/occupancy.sql")),
    ("process", include_str!("../queries/parts/process.sql")),
    ("processes", include_str!("../queries/processes.sql")),
    ("role", include_str!("../queries/parts/role.sql")),
    ("runs", include_str!("../queries/runs.sql")),
    ("seen", include_str!("../queries/parts/seen.sql")),
    ("statements", include_str!("../queries/statements.sql")),
    ("traffic", include_str!("../queries/traffic.sql")),
    ("trouble", include_str!("../queries/trouble.sql")),
    ("unfinished", include_str!("../queries/unfinished.sql")),
    ("verification", include_str!("../queries/verification.sql")),
];

/// Where a query's text came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Part of this program.
    BuiltIn,
    /// A file of `--queries DIR` under a new name.
    Added(PathBuf),
    /// A file of `--queries DIR` in place of the built-in query of that name.
    Overrides(PathBuf),
}

/// One question.
#[derive(Debug, Clone)]
pub struct Query {
    /// The file's stem.
    pub name: String,
    /// What is asked and what comes back.
    pub header: Header,
    /// The file's text, header included (SQL takes the header for comments).
    pub sql: String,
    /// Built in or from a folder.
    pub origin: Origin,
}

/// What is wrong with a query. The message names the query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No query has this name.
    #[error("there is no query `{name}`")]
    Unknown {
        /// As typed.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The folder or a file in it can't be read.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// The folder or file.
        path: String,
        /// The cause in words.
        why: String,
    },
    /// The `--!` lines are no header.
    #[error("query `{name}`: the `--!` header is wrong: {why}")]
    Header {
        /// The query.
        name: String,
        /// The cause in words.
        why: String,
    },
    /// The text is not one `SELECT`.
    #[error("query `{name}`: {why}")]
    Sql {
        /// The query, or `--sql`.
        name: String,
        /// The cause in words.
        why: String,
    },
    /// The text and the header, or the header and the values, disagree about parameters.
    #[error("query `{name}`: parameter `${parameter}` {why}")]
    Parameter {
        /// The query.
        name: String,
        /// The parameter.
        parameter: String,
        /// The cause in words.
        why: String,
    },
    /// The header's columns don't fit what the program or the other queries expect.
    #[error("query `{name}`: column `{column}` {why}")]
    Column {
        /// The query.
        name: String,
        /// The column.
        column: String,
        /// The cause in words.
        why: String,
    },
}

impl QueryError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { known, .. } => format!("there are: {}", known.join(", ")),
            Self::Unreadable { .. } => String::from("--queries takes a folder of .sql files"),
            Self::Header { .. } | Self::Column { .. } | Self::Parameter { .. } => {
                String::from("`relay-diag queries show NAME` prints a built-in query with its header, to start from")
            }
            Self::Sql { .. } => String::from("a query is one SELECT (it may begin with WITH)"),
        }
    }
}

/// All questions by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    queries: BTreeMap<String, Query>,
}

impl Catalogue {
    /// The built-in questions alone.
    ///
    /// # Errors
    /// Only if a built-in query is wrong; a test keeps that from happening.
    pub fn built_in() -> Result<Self, QueryError> {
        let mut catalogue = Self {
            queries: BTreeMap::new(),
        };
        for (name, sql) in BUILT_IN {
            catalogue.add(name, sql, Origin::BuiltIn)?;
        }
        catalogue.check()?;
        Ok(catalogue)
    }

    /// The built-in questions, shadowed or joined by the `.sql` files of a folder.
    ///
    /// # Errors
    /// The first thing that is wrong with a file: its header, its placeholders, or an override that no longer gives a
    /// column of the query it replaces.
    pub fn with_folder(folder: &Path) -> Result<Self, QueryError> {
        let mut catalogue = Self::built_in()?;
        for path in sql_files(folder)? {
            let sql = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            let name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            let origin = match catalogue.queries.get(&name) {
                Some(_) => Origin::Overrides(path),
                None => Origin::Added(path),
            };
            let replaced = catalogue.queries.get(&name).cloned();
            catalogue.add(&name, &sql, origin)?;
            if let Some(replaced) = replaced {
                catalogue.get(&name)?.keeps_columns_of(&replaced)?;
            }
        }
        catalogue.check()?;
        Ok(catalogue)
    }

    /// One question by name.
    ///
    /// # Errors
    /// [`QueryError::Unknown`], with the names there are.
    pub fn get(&self, name: &str) -> Result<&Query, QueryError> {
        self.queries.get(name).ok_or_else(|| QueryError::Unknown {
            name: name.to_owned(),
            known: self.queries.keys().cloned().collect(),
        })
    }

    /// All questions in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Query> {
        self.queries.values()
    }

    /// The names of the built-in queries that a folder replaced.
    pub fn overridden(&self) -> Vec<String> {
        let replaced = self.iter().filter(|query| matches!(query.origin, Origin::Overrides(_)));
        replaced.map(|query| query.name.clone()).collect()
    }

    fn add(&mut self, name: &str, sql: &str, origin: Origin) -> Result<(), QueryError> {
        let query = Query {
            name: name.to_owned(),
            header: Header::parse(name, sql)?,
            sql: sql.to_owned(),
            origin,
        };
        query.check_placeholders()?;
        self.queries.insert(name.to_owned(), query);
        Ok(())
    }

    /// Refuses a reference to a query that isn't there, a circle of them, and one column name with two types: a batch
    /// of such queries would be coerced to text without a word.
    fn check(&self) -> Result<(), QueryError> {
        let mut seen: BTreeMap<&str, (&ColumnSpec, &str)> = BTreeMap::new();
        for query in self.iter() {
            self.check_references(query, &mut vec![query.name.clone()])?;
            for (column, spec) in &query.header.columns {
                let (first, by) = seen.entry(column).or_insert((spec, &query.name));
                if first.data_type != spec.data_type {
                    return Err(QueryError::Column {
                        name: query.name.clone(),
                        column: column.clone(),
                        why: format!("is {spec} here and {first} in `{by}`: give it another name"),
                    });
                }
            }
        }
        Ok(())
    }

    fn check_references(&self, query: &Query, path: &mut Vec<String>) -> Result<(), QueryError> {
        for (parameter, kind) in &query.header.params {
            if *kind != ParameterType::Query {
                continue;
            }
            if path.contains(parameter) {
                return Err(QueryError::Parameter {
                    name: query.name.clone(),
                    parameter: parameter.clone(),
                    why: String::from("refers to itself in a circle"),
                });
            }
            path.push(parameter.clone());
            self.check_references(self.get(parameter)?, path)?;
            path.pop();
        }
        Ok(())
    }
}

impl Query {
    fn check_placeholders(&self) -> Result<(), QueryError> {
        let used = bind::placeholders(&self.name, &self.sql)?;
        let wrong = |parameter: &str, why: &str| QueryError::Parameter {
            name: self.name.clone(),
            parameter: parameter.to_owned(),
            why: why.to_owned(),
        };
        for name in &used {
            if !self.header.params.contains_key(name) {
                return Err(wrong(name, "stands in the SQL and not in the header"));
            }
        }
        match self.header.params.keys().find(|name| !used.contains(*name)) {
            Some(name) => Err(wrong(name, "stands in the header and not in the SQL")),
            None => Ok(()),
        }
    }

    fn keeps_columns_of(&self, replaced: &Self) -> Result<(), QueryError> {
        if self.header.part != replaced.header.part {
            let what = if replaced.header.part {
                "a part of queries"
            } else {
                "a query"
            };
            return Err(QueryError::Header {
                name: self.name.clone(),
                why: format!("what it replaces is {what}, and so must it be"),
            });
        }
        for (column, spec) in &replaced.header.columns {
            let why = match self.header.columns.get(column) {
                None => String::from("is missing: the query it replaces has it"),
                Some(own) if own.data_type != spec.data_type => format!("is {own}, and must be {spec}"),
                Some(_) => continue,
            };
            return Err(QueryError::Column {
                name: self.name.clone(),
                column: column.clone(),
                why,
            });
        }
        Ok(())
    }
}

fn sql_files(folder: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> QueryError {
    QueryError::Unreadable {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}
