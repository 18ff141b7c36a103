//! What is meant: built-in profile < user's file < relay-diag.toml here or in a parent < environment < flags,
//! merged key by key, with the origin of every value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::profile::{BUILT_IN, Settings};

/// The settings file of a folder.
pub const FILE_NAME: &str = "relay-diag.toml";
const VARIABLE_PREFIX: &str = "RELAY_DIAG_";
/// Variables of that prefix that are no settings.
const OTHER_VARIABLES: [&str; 2] = ["RELAY_DIAG_CONFIG", "RELAY_DIAG_SERVE_TOKEN"];
/// The variable of Logfire's own tools, and the setting that it is here; `RELAY_DIAG_BASE_URL` is more specific.
const BASE_URL: (&str, &str) = ("LOGFIRE_BASE_URL", "base_url");

/// Settings that can't be used. The message names the file or variable and the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named or found can't be read.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause in words.
        why: String,
    },
    /// Not TOML, an unknown key or a value of the wrong type.
    #[error("{origin}: {why}")]
    Wrong {
        /// The file or variable.
        origin: String,
        /// The cause in words.
        why: String,
    },
}

impl ConfigError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        "`relay-diag config show` lists every key with its value and where it came from"
    }
}

/// A value in effect, for `config show`.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Dotted, as in `listener.name`.
    pub key: String,
    /// As TOML.
    pub value: String,
    /// `built-in profile`, a file, a variable or a flag.
    pub origin: String,
}

/// Where settings are looked for; handed in so that tests need no process-wide state.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The working directory.
    pub folder: PathBuf,
    /// The user's configuration folder, if there is one.
    pub user_folder: Option<PathBuf>,
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
}

impl fmt::Debug for Surroundings {
    /// Without the variables' values: one of them is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("folder", &self.folder)
            .field("user_folder", &self.user_folder)
            .field("variables", &self.variables.keys())
            .finish()
    }
}

/// Settings and where each came from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    origins: BTreeMap<String, String>,
    merged: Table,
    /// The file that lay in the working directory or a parent.
    repository: Option<String>,
}

impl Config {
    /// Merges all layers. `named` is `--config`; `flags` are dotted keys with the flag that set them.
    ///
    /// # Errors
    /// [`ConfigError`] for the first layer that can't be used.
    pub fn resolve(
        surroundings: &Surroundings,
        named: Option<&Path>,
        flags: Vec<(&'static str, Value, &'static str)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::built_in()?;
        let user_file = surroundings
            .user_folder
            .as_ref()
            .map(|folder| folder.join("relay-diag").join(FILE_NAME));
        let variable = surroundings
            .variables
            .get("RELAY_DIAG_CONFIG")
            .filter(|path| !path.is_empty());
        let named = named.map(Path::to_path_buf).or_else(|| variable.map(PathBuf::from));
        if let Some(path) = user_file.as_ref().filter(|path| path.is_file()) {
            layers.add_file(path)?;
        }
        let found = surroundings
            .folder
            .ancestors()
            .map(|folder| folder.join(FILE_NAME))
            .find(|path| path.is_file());
        if named.is_none() && found != user_file {
            layers.repository = found.as_ref().map(|path| path.display().to_string());
        }
        if let Some(path) = named.or(found) {
            layers.add_file(&path)?;
        }
        layers.add_variables(&surroundings.variables)?;
        for (key, value, flag) in flags {
            layers.set(key, value, flag)?;
        }
        layers.finish()
    }

    /// Where a value came from.
    pub fn origin(&self, key: &str) -> &str {
        self.origins.get(key).map_or("", String::as_str)
    }

    /// Whether a value came from a file that was found and not chosen: a repository's author may have written it.
    pub fn is_from_repository(&self, key: &str) -> bool {
        self.repository.as_deref().is_some_and(|path| path == self.origin(key))
    }

    /// Every key with its value and origin, in the profile's order of names.
    pub fn resolved(&self) -> Vec<Resolved> {
        let row = |(key, value): (String, &Value)| Resolved {
            origin: self.origins.get(&key).cloned().unwrap_or_default(),
            value: value.to_string(),
            key,
        };
        leaves(&self.merged).into_iter().map(row).collect()
    }
}

struct Layers {
    merged: Table,
    origins: BTreeMap<String, String>,
    repository: Option<String>,
}

impl Layers {
    fn built_in() -> Result<Self, ConfigError> {
        let merged: Table = parse("the built-in profile", BUILT_IN)?;
        let origins = leaves(&merged)
            .into_iter()
            .map(|(key, _)| (key, String::from("built-in profile")))
            .collect();
        Ok(Self {
            merged,
            origins,
            repository: None,
        })
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let origin = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: origin.clone(),
            why: error.to_string(),
        })?;
        for (key, value) in leaves(&parse(&origin, &text)?) {
            self.set(&key, value.clone(), &origin)?;
        }
        Ok(())
    }

    /// `RELAY_DIAG_LISTENER_NAME` sets `listener.name`; a list is comma-separated.
    fn add_variables(&mut self, variables: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let (name, key) = BASE_URL;
        if let Some(url) = variables.get(name).filter(|url| !url.is_empty()) {
            self.set(key, Value::String(url.clone()), name)?;
        }
        let keys: BTreeMap<String, String> = leaves(&self.merged)
            .into_iter()
            .map(|(key, _)| {
                (
                    format!("{VARIABLE_PREFIX}{}", key.to_uppercase().replace('.', "_")),
                    key,
                )
            })
            .collect();
        for (name, text) in variables.range(VARIABLE_PREFIX.to_owned()..) {
            if !name.starts_with(VARIABLE_PREFIX) {
                break;
            }
            if OTHER_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            let key = keys.get(name).ok_or_else(|| ConfigError::Wrong {
                origin: name.clone(),
                why: String::from("there is no such setting"),
            })?;
            let value = match self.get(key) {
                Some(Value::Boolean(_)) => truth(text),
                Some(Value::Integer(_)) => text
                    .parse()
                    .map_or_else(|_| Value::String(text.clone()), Value::Integer),
                Some(Value::Array(_)) => Value::Array(
                    text.split(',')
                        .map(|part| Value::String(part.trim().to_owned()))
                        .collect(),
                ),
                _ => Value::String(text.clone()),
            };
            self.set(key, value, name)?;
        }
        Ok(())
    }

    fn get(&self, key: &str) -> Option<&Value> {
        match key.split_once('.') {
            Some((table, name)) => self.merged.get(table)?.get(name),
            None => self.merged.get(key),
        }
    }

    fn set(&mut self, key: &str, value: Value, origin: &str) -> Result<(), ConfigError> {
        let wrong = |why: String| ConfigError::Wrong {
            origin: origin.to_owned(),
            why,
        };
        let slot = match key.split_once('.') {
            Some((table, name)) => self.merged.get_mut(table).and_then(|table| table.get_mut(name)),
            None => self.merged.get_mut(key),
        };
        let slot = slot.ok_or_else(|| wrong(format!("there is no setting `{key}`")))?;
        // A list of one may be written without brackets.
        let value = match (&*slot, value) {
            (Value::Array(_), Value::String(one)) => Value::Array(vec![Value::String(one)]),
            (_, value) => value,
        };
        if !slot.same_type(&value) {
            return Err(wrong(format!(
                "`{key}` must be a {}, not a {}",
                slot.type_str(),
                value.type_str()
            )));
        }
        *slot = value;
        // Deserialising after each change lets the message name the layer that is to blame.
        Settings::deserialize(self.merged.clone()).map_err(|error| wrong(format!("`{key}`: {}", error.message())))?;
        self.origins.insert(key.to_owned(), origin.to_owned());
        Ok(())
    }

    fn finish(self) -> Result<Config, ConfigError> {
        let settings = Settings::deserialize(self.merged.clone()).map_err(|error| ConfigError::Wrong {
            origin: String::from("the built-in profile"),
            why: error.message().to_owned(),
        })?;
        Ok(Config {
            settings,
            origins: self.origins,
            merged: self.merged,
            repository: self.repository,
        })
    }
}

/// What is no clear yes or no stays a text, which is refused: to take `on` for a no would show what was to be hidden.
fn truth(text: &str) -> Value {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Value::Boolean(true),
        "" | "0" | "false" | "no" | "off" => Value::Boolean(false),
        _ => Value::String(text.to_owned()),
    }
}

fn parse(origin: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        ConfigError::Wrong {
            origin: match line {
                Some(line) => format!("{origin}, line {line}"),
                None => origin.to_owned(),
            },
            why: error.message().to_owned(),
        }
    })
}

/// All values that are not tables, by dotted key.
fn leaves(table: &Table) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => found.extend(
                leaves(inner)
                    .into_iter()
                    .map(|(name, value)| (format!("{key}.{name}"), value)),
            ),
            _ => found.push((key.clone(), value)),
        }
    }
    found
}
