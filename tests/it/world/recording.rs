//! A recording: rows of `records_all` and the label that says what must come out of them.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// What a folder with a `label.json` holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    pub name: String,
    /// In the order of their starts.
    pub rows: Vec<Value>,
    pub label: Value,
}

impl Recording {
    pub fn read(folder: &Path) -> Result<Self> {
        let path = records(folder)?;
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let bytes = if path.extension().is_some_and(|extension| extension == "zst") {
            zstd::decode_all(bytes.as_slice())?
        } else {
            bytes
        };
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let rows: Result<Vec<Value>, _> = lines.map(serde_json::from_slice).collect();
        Ok(Self {
            name: name(folder),
            rows: rows.with_context(|| format!("a row of {}", path.display()))?,
            label: label(folder)?,
        })
    }

    /// Writes the rows, uncompressed, and the label.
    pub fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("records.ndjson"))?);
        for row in &self.rows {
            serde_json::to_writer(&mut file, row)?;
            file.write_all(b"\n")?;
        }
        file.flush()?;
        std::fs::write(folder.join("label.json"), serde_json::to_vec_pretty(&self.label)?)?;
        Ok(())
    }
}

pub fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

pub fn label(folder: &Path) -> Result<Value> {
    let path = folder.join("label.json");
    let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("the label of {}", folder.display()))
}

/// The file of the rows.
pub fn records(folder: &Path) -> Result<PathBuf> {
    let names = ["records.ndjson.zst", "records.ndjson"];
    match names.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("{} holds none of {}", folder.display(), names.join(", ")),
    }
}

/// The folder itself if it is a recording, else those in it, by name.
pub fn found_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.join("label.json").is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|case| case.join("label.json").is_file());
    found.sort();
    Ok(found)
}

pub fn time(value: &Value) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(value.as_str()?).ok()?.with_timezone(&Utc))
}

/// As the API writes times.
pub fn stamp(time: DateTime<Utc>) -> Value {
    Value::String(time.to_rfc3339_opts(SecondsFormat::Micros, true))
}
