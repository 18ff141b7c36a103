//! Which files make up a capture, and how each is unpacked.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use datafusion::arrow::record_batch::RecordBatch;
use flate2::read::MultiGzDecoder;

use super::{SourceError, columnar, ndjson};

/// Large enough that decompressing a million records isn't bound by calls.
const BUFFER_BYTES: usize = 256 * 1024;

/// What a supported file name says of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Ndjson,
    NdjsonGz,
    NdjsonZst,
    Parquet,
    Arrow,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let text = |name: &str| name.ends_with(".ndjson") || name.ends_with(".jsonl");
        if text(&name) {
            Some(Self::Ndjson)
        } else if name.strip_suffix(".gz").is_some_and(text) {
            Some(Self::NdjsonGz)
        } else if name.strip_suffix(".zst").is_some_and(text) {
            Some(Self::NdjsonZst)
        } else if name.ends_with(".parquet") {
            Some(Self::Parquet)
        } else if name.ends_with(".arrow") {
            Some(Self::Arrow)
        } else {
            None
        }
    }

    /// Every record of the file, in batches of the records' schema.
    ///
    /// # Errors
    /// Whatever is wrong with the file, named by its path.
    pub(super) fn read(self, path: &Path) -> Result<Vec<RecordBatch>, SourceError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        match self {
            Self::Ndjson => read_text(&name, file),
            Self::NdjsonGz => read_text(
                &name,
                not_empty(&name, MultiGzDecoder::new(BufReader::new(file)), path)?,
            ),
            Self::NdjsonZst => {
                let text = zstd::Decoder::new(file).map_err(|error| unreadable(path, &error))?;
                read_text(&name, not_empty(&name, text, path)?)
            }
            Self::Parquet => columnar::read_parquet(&name, file),
            Self::Arrow => columnar::read_arrow(&name, file),
        }
    }
}

fn read_text(name: &str, text: impl Read) -> Result<Vec<RecordBatch>, SourceError> {
    ndjson::read(name, BufReader::with_capacity(BUFFER_BYTES, text))
}

/// Decoders read zero bytes as zero records; but no compressor writes an empty file, so it was cut off.
fn not_empty<R>(name: &str, decoder: R, path: &Path) -> Result<R, SourceError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() == 0 => Err(empty_stream(name)),
        _ => Ok(decoder),
    }
}

fn empty_stream(name: &str) -> SourceError {
    SourceError::Malformed {
        path: name.to_owned(),
        line: 1,
        why: String::from("the compressed file is empty"),
    }
}

/// Records from zstd-compressed NDJSON in memory.
///
/// # Errors
/// As for a file, with `name` for its path.
pub(super) fn read_ndjson_zst(name: &str, bytes: &[u8]) -> Result<Vec<RecordBatch>, SourceError> {
    if bytes.is_empty() {
        return Err(empty_stream(name));
    }
    let text = zstd::Decoder::with_buffer(bytes).map_err(|error| unreadable(Path::new(name), &error))?;
    read_text(name, text)
}

/// The files to read: the path itself, or what a folder holds of supported files, by name.
///
/// # Errors
/// [`SourceError::Unreadable`] when there is none.
pub(super) fn list(path: &Path) -> Result<Vec<(PathBuf, Format)>, SourceError> {
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
