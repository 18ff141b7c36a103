//! A file of lines: how it is unpacked, and what its first reading keeps of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Cursor};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use flate2::read::MultiGzDecoder;

use super::SourceError;
use super::blocks::{Block, Blocks};
use super::ndjson::{self, Parsed, Required};
use super::schema;
use super::wanted::{Extent, Wanted};

/// Rows of a batch that is kept: the engine's own preference.
const BATCH_ROWS: usize = 8192;

/// How the lines are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// A file of lines, or the same in memory.
#[derive(Debug)]
pub(super) struct TextFile {
    name: String,
    content: Content,
    packing: Packing,
}

#[derive(Debug)]
enum Content {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

/// What the first reading found.
pub(super) struct Loaded {
    /// `None` without records.
    pub extent: Option<Extent>,
    pub rows: usize,
    /// How long all of it is decoded.
    pub bytes: u64,
    /// Every record, if they are few enough.
    pub batches: Option<Vec<RecordBatch>>,
}

impl TextFile {
    pub(super) fn of(path: PathBuf, packing: Packing) -> Self {
        Self {
            name: path.display().to_string(),
            content: Content::File(path),
            packing,
        }
    }

    pub(super) fn in_memory(name: &str, bytes: &[u8], packing: Packing) -> Self {
        Self {
            name: name.to_owned(),
            content: Content::Bytes(bytes.into()),
            packing,
        }
    }

    /// The path, as messages name it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its lines, from the first on.
    ///
    /// # Errors
    /// [`SourceError::Unreadable`] and [`SourceError::Malformed`].
    pub(super) fn blocks(&self) -> Result<Blocks, SourceError> {
        match &self.content {
            Content::File(path) => {
                let unreadable = |error| self.unreadable(&error);
                let file = File::open(path).map_err(unreadable)?;
                let meta = fs::metadata(path).map_err(unreadable)?;
                self.unpack(BufReader::new(file), meta.is_file() && meta.len() == 0)
            }
            Content::Bytes(bytes) => self.unpack(Cursor::new(Arc::clone(bytes)), bytes.is_empty()),
        }
    }

    fn unpack(&self, packed: impl BufReadSend, is_empty: bool) -> Result<Blocks, SourceError> {
        // Decoders read zero bytes as zero records; but no compressor writes an empty file, so it was cut off.
        if is_empty && self.packing != Packing::Plain {
            return Err(SourceError::Malformed {
                path: self.name.clone(),
                line: 1,
                why: String::from("the compressed file is empty"),
            });
        }
        Ok(match self.packing {
            Packing::Plain => Blocks::new(&self.name, packed),
            Packing::Gzip => Blocks::new(&self.name, MultiGzDecoder::new(packed)),
            Packing::Zstd => {
                let text = zstd::Decoder::with_buffer(packed).map_err(|error| self.unreadable(&error))?;
                Blocks::new(&self.name, text)
            }
        })
    }

    fn unreadable(&self, error: &std::io::Error) -> SourceError {
        SourceError::Unreadable {
            path: self.name.clone(),
            why: error.to_string(),
        }
    }

    /// Reads all of it once, on several threads: keeps every record as long as the text is shorter than `most` bytes,
    /// and only the records' times beyond.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(super) fn load(&self, most: usize, threads: usize) -> Result<Loaded, SourceError> {
        let loading = Loading {
            file: self,
            most,
            everything: Wanted::everything(),
            times: Wanted::times(),
            source: Mutex::new((self.blocks()?, 0)),
            found: Mutex::default(),
        };
        // A short text is over before a thread has begun.
        if loading.step() && threads > 1 {
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| while loading.step() {});
                }
            });
        }
        while loading.step() {}
        let found = loading.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, error)) = found.error {
            return Err(error);
        }
        found.required.check(&self.name)?;
        let batches = match found.bytes <= most {
            true => Some(joined(found.batches).map_err(|error| SourceError::Unreadable {
                path: self.name.clone(),
                why: error.to_string(),
            })?),
            false => None,
        };
        Ok(Loaded {
            extent: found.extent,
            rows: found.rows,
            bytes: found.bytes as u64,
            batches,
        })
    }
}

/// The batches of blocks as few larger ones: a step of the engine costs the same for each.
fn joined(batches: BTreeMap<usize, RecordBatch>) -> Result<Vec<RecordBatch>, ArrowError> {
    let (mut joined, mut group, mut rows) = (Vec::new(), Vec::new(), 0);
    let join = |group: &mut Vec<RecordBatch>| concat_batches(&schema::schema(), &std::mem::take(group));
    for batch in batches.into_values() {
        if rows + batch.num_rows() > BATCH_ROWS && !group.is_empty() {
            joined.push(join(&mut group)?);
            rows = 0;
        }
        rows += batch.num_rows();
        group.push(batch);
    }
    if !group.is_empty() {
        joined.push(join(&mut group)?);
    }
    Ok(joined)
}

/// What the decoders read from.
trait BufReadSend: std::io::BufRead + Send + 'static {}

impl<R: std::io::BufRead + Send + 'static> BufReadSend for R {}

/// A reading under way.
struct Loading<'a> {
    file: &'a TextFile,
    most: usize,
    everything: Wanted,
    times: Wanted,
    /// The lines, and the number of the next block.
    source: Mutex<(Blocks, usize)>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    bytes: usize,
    rows: usize,
    extent: Option<Extent>,
    required: Required,
    batches: BTreeMap<usize, RecordBatch>,
    /// That of the earliest block.
    error: Option<(usize, SourceError)>,
}

impl Loading<'_> {
    /// Reads one block; whether there may be another.
    fn step(&self) -> bool {
        let (number, block, is_last) = {
            let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
            let number = source.1;
            source.1 += 1;
            (number, source.0.next(), source.0.is_at_end())
        };
        let block = match block {
            Ok(Some(block)) => block,
            Ok(None) => return false,
            Err(error) => return self.fail(number, error),
        };
        match self.parse(&block) {
            Ok(parsed) => self.add(number, parsed) && !is_last,
            Err(error) => self.fail(number, error),
        }
    }

    fn parse(&self, block: &Block) -> Result<Parsed, SourceError> {
        let is_large = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.bytes += block.bytes.len();
            found.bytes > self.most
        };
        let wanted = if is_large { &self.times } else { &self.everything };
        ndjson::parse(self.file.name(), block, wanted)
    }

    /// Whether reading goes on.
    fn add(&self, number: usize, parsed: Parsed) -> bool {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.rows += parsed.batch.num_rows();
        let extents = [found.extent, Extent::of(&parsed.batch)];
        found.extent = extents.into_iter().flatten().reduce(Extent::and);
        found.required.add(&parsed.required);
        if found.bytes > self.most {
            found.batches.clear();
        } else if parsed.batch.num_rows() > 0 {
            found.batches.insert(number, parsed.batch);
        }
        found.error.is_none()
    }

    fn fail(&self, number: usize, error: SourceError) -> bool {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.error.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
            found.error = Some((number, error));
        }
        false
    }
}
