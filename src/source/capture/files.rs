//! Which files make up a capture, and what is known of each before anything is asked.

#[cfg(feature = "cluster")]
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use chrono::{DateTime, Utc};
use datafusion::arrow::record_batch::RecordBatch;

use super::SourceError;
use super::arrow::ArrowFile;
use super::parquet::ParquetFile;
use super::place::Place;
#[cfg(feature = "remote")]
use super::remote;
use super::text::{Loaded, Packing, TextFile};
use super::wanted::{Extent, arrived_by};

/// Text and Arrow of a capture up to this size is decoded once, as a command asks more than once; what is larger is
/// decoded for each question.
const KEPT_BYTES: usize = 64 << 20;
/// The window that a capture's writer says it holds, `from/to` in RFC 3339: a note in the footer of a Parquet file.
pub const WINDOW_NOTE: &str = "relay_diag.window";

/// What a supported file name says of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text(Packing),
    Parquet,
    Arrow,
}

/// A file of a capture.
#[derive(Debug)]
pub(super) struct Part {
    pub records: Records,
    /// `None` without records.
    pub extent: Option<Extent>,
    /// How many there are; those that had not arrived by `--now` count only where they are read later.
    pub rows: usize,
    /// About how long they are, decoded.
    pub bytes: u64,
    /// The half-open window that it says it holds.
    pub window: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Where the records of a file are.
#[derive(Debug)]
pub(super) enum Records {
    /// Decoded, complete, and without what had not arrived by `--now`.
    Memory(Vec<RecordBatch>),
    Text(TextFile),
    Arrow(ArrowFile),
    Parquet(ParquetFile),
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let text = |name: &str| name.ends_with(".ndjson") || name.ends_with(".jsonl");
        if text(&name) {
            Some(Self::Text(Packing::Plain))
        } else if name.strip_suffix(".gz").is_some_and(text) {
            Some(Self::Text(Packing::Gzip))
        } else if name.strip_suffix(".zst").is_some_and(text) {
            Some(Self::Text(Packing::Zstd))
        } else if name.ends_with(".parquet") {
            Some(Self::Parquet)
        } else if name.ends_with(".arrow") {
            Some(Self::Arrow)
        } else {
            None
        }
    }
}

/// Opens files one after another, and keeps what is small.
struct Opening {
    now: Option<i64>,
    /// What may still be kept in memory.
    left: usize,
    threads: usize,
}

impl Opening {
    fn new(now: Option<DateTime<Utc>>) -> Self {
        Self {
            now: now.map(|now| now.timestamp_micros()),
            left: KEPT_BYTES,
            threads: thread::available_parallelism().map_or(1, usize::from),
        }
    }

    fn open(&mut self, path: PathBuf, format: Format) -> Result<Part, SourceError> {
        match format {
            Format::Text(packing) => self.text(TextFile::of(path, packing)),
            Format::Arrow => {
                let file = ArrowFile::of(path);
                let loaded = file.load(self.left)?;
                self.part(loaded, Records::Arrow(file))
            }
            Format::Parquet => parquet(Place::Local(path)),
        }
    }

    fn text(&mut self, file: TextFile) -> Result<Part, SourceError> {
        let loaded = file.load(self.left, self.threads)?;
        self.part(loaded, Records::Text(file))
    }

    fn part(&mut self, loaded: Loaded, streamed: Records) -> Result<Part, SourceError> {
        let Loaded {
            extent,
            rows,
            bytes,
            batches,
        } = loaded;
        let Some(batches) = batches else {
            return Ok(Part {
                records: streamed,
                extent,
                rows,
                bytes,
                window: None,
            });
        };
        self.left = self.left.saturating_sub(usize::try_from(bytes).unwrap_or(usize::MAX));
        let batches: Vec<RecordBatch> = match self.now {
            Some(now) => batches
                .iter()
                .map(|batch| arrived_by(batch, now))
                .collect::<Result<_, _>>()
                .map_err(|error| unreadable(Path::new(""), error))?,
            None => batches,
        };
        Ok(Part {
            rows: batches.iter().map(RecordBatch::num_rows).sum(),
            records: Records::Memory(batches),
            bytes,
            extent,
            window: None,
        })
    }
}

fn parquet(place: Place) -> Result<Part, SourceError> {
    let file = ParquetFile::open(place)?;
    Ok(Part {
        extent: file.extent(),
        rows: file.rows(),
        bytes: file.bytes(),
        window: file.note(WINDOW_NOTE).and_then(window),
        records: Records::Parquet(file),
    })
}

/// The window of a [`WINDOW_NOTE`].
fn window(note: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (from, to) = note.split_once('/')?;
    let window: (DateTime<Utc>, DateTime<Utc>) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (window.0 < window.1).then_some(window)
}

/// The files of a path: itself, or what a folder holds of supported ones, by name.
///
/// # Errors
/// [`SourceError::Unreadable`] when there is none, or whatever is wrong with one, named by its path.
pub(super) fn open(path: &Path, now: Option<DateTime<Utc>>) -> Result<Vec<Arc<Part>>, SourceError> {
    if let Some(address) = path.to_str().filter(|path| path.contains("://")) {
        return in_store(address);
    }
    let mut opening = Opening::new(now);
    let files = list(path)?.into_iter();
    files
        .map(|(file, format)| opening.open(file, format).map(Arc::new))
        .collect()
}

/// Zstd-compressed NDJSON in memory.
///
/// # Errors
/// As for a file, with `name` for its path.
pub(super) fn open_ndjson_zst(
    name: &str,
    bytes: &[u8],
    now: Option<DateTime<Utc>>,
) -> Result<Vec<Arc<Part>>, SourceError> {
    let text = TextFile::in_memory(name, bytes, Packing::Zstd);
    Ok(vec![Arc::new(Opening::new(now).text(text)?)])
}

/// Parquet files by the names that [`Part::name`] gives, in that order. Blocks.
///
/// # Errors
/// As [`open`].
#[cfg(feature = "cluster")]
pub(super) fn by_name(names: &[String]) -> Result<Vec<Arc<Part>>, SourceError> {
    let (remote, local): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| name.contains("://"));
    let places = local.into_iter().map(|path| Place::Local(path.into()));
    let places = places.chain(remote::by_name(&remote)?.into_iter().map(Place::Remote));
    let parts: HashMap<String, Arc<Part>> = places
        .map(|place| Ok((place.name(), Arc::new(parquet(place)?))))
        .collect::<Result<_, SourceError>>()?;
    Ok(names.iter().filter_map(|name| parts.get(name).cloned()).collect())
}

/// The Parquet files at an address.
#[cfg(feature = "remote")]
fn in_store(address: &str) -> Result<Vec<Arc<Part>>, SourceError> {
    let objects = remote::list(address)?.into_iter();
    objects
        .map(|object| parquet(Place::Remote(object)).map(Arc::new))
        .collect()
}

#[cfg(not(feature = "remote"))]
fn in_store(address: &str) -> Result<Vec<Arc<Part>>, SourceError> {
    let why = "this build reads no files of an object store: build it with the feature `remote`";
    Err(unreadable(Path::new(address), why))
}

fn list(path: &Path) -> Result<Vec<(PathBuf, Format)>, SourceError> {
    let meta = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !meta.is_dir() {
        let format = Format::of(path).ok_or_else(|| unreadable(path, "its name does not end like a capture's"))?;
        return Ok(vec![(path.to_owned(), format)]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        if let Some(format) = Format::of(&file).filter(|_| file.is_file()) {
            found.push((file, format));
        }
    }
    if found.is_empty() {
        return Err(unreadable(path, "the folder holds no file of records"));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn unreadable(path: &Path, why: impl ToString) -> SourceError {
    SourceError::Unreadable {
        path: path.display().to_string(),
        why: why.to_string(),
    }
}
