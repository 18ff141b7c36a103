//! Arrow IPC files and streams, batch by batch.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::reader::StreamDecoder;
use datafusion::arrow::record_batch::RecordBatch;

use super::SourceError;
use super::columnar::{check_columns, convert, guarded, unreadable};
use super::text::Loaded;
use super::wanted::{Extent, Wanted};

/// What an IPC file starts and ends with; a stream does not.
const MAGIC: [u8; 6] = *b"ARROW1";
/// Messages are put together from pieces of this size.
const READ_BYTES: usize = 1 << 20;
/// A batch of the file may hold any number of rows: it is worked on in slices of the engine's own preference.
const BATCH_ROWS: usize = 8192;

/// A file of batches.
#[derive(Debug)]
pub(super) struct ArrowFile {
    name: String,
    path: PathBuf,
}

impl ArrowFile {
    pub(super) fn of(path: PathBuf) -> Self {
        Self {
            name: path.display().to_string(),
            path,
        }
    }

    /// The path, as messages name it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its batches, from the first on.
    ///
    /// # Errors
    /// [`SourceError::Unreadable`] and [`SourceError::MissingColumns`].
    pub(super) fn batches(&self) -> Result<Batches, SourceError> {
        let failed = |error: std::io::Error| unreadable(&self.name, error);
        let mut file = File::open(&self.path).map_err(failed)?;
        let is_file = is_file(&mut file).map_err(failed)?;
        if is_file == Some(false) {
            return Err(unreadable(&self.name, "the file is cut off"));
        }
        Ok(Batches {
            name: self.name.clone(),
            file,
            is_file: is_file.is_some(),
            decoder: StreamDecoder::new(),
            rest: Buffer::from_vec(Vec::<u8>::new()),
            at_head: is_file.is_some(),
            checked: false,
        })
    }

    /// Reads all of it once: keeps every record if the file is no longer than `most` bytes, else the records' times.
    ///
    /// # Errors
    /// As [`Batches::next`].
    pub(super) fn load(&self, most: usize) -> Result<Loaded, SourceError> {
        let bytes = self
            .path
            .metadata()
            .map_err(|error| unreadable(&self.name, error))?
            .len();
        let is_small = usize::try_from(bytes).is_ok_and(|bytes| bytes <= most);
        let wanted = if is_small {
            Wanted::everything()
        } else {
            Wanted::times()
        };
        let (mut extent, mut rows, mut kept) = (None, 0, Vec::new());
        let mut batches = self.batches()?;
        while let Some(batch) = batches.next()? {
            for batch in slices(&batch) {
                let batch = guarded(&self.name, || convert(&self.name, &batch, &wanted))?;
                rows += batch.num_rows();
                extent = [extent, Extent::of(&batch)].into_iter().flatten().reduce(Extent::and);
                if is_small {
                    kept.push(batch);
                }
            }
        }
        Ok(Loaded {
            extent,
            rows,
            bytes,
            batches: is_small.then_some(kept),
        })
    }
}

/// The records of a whole stream in memory. What is not a text or a list shares the stream's memory.
///
/// # Errors
/// As [`Batches::next`].
pub(super) fn records(bytes: Vec<u8>) -> Result<Vec<RecordBatch>, SourceError> {
    const NAME: &str = "answer";
    let (mut decoder, mut rest) = (StreamDecoder::new(), Buffer::from_vec(bytes));
    let (everything, mut records) = (Wanted::everything(), Vec::new());
    guarded(NAME, || {
        let failed = |error| unreadable(NAME, error);
        while !rest.is_empty() {
            if let Some(batch) = decoder.decode(&mut rest).map_err(failed)? {
                records.push(convert(NAME, &batch, &everything)?);
            }
        }
        decoder.finish().map_err(failed)?;
        match decoder.schema() {
            Some(schema) => check_columns(NAME, &schema),
            None => Err(unreadable(NAME, "it holds no schema")),
        }
    })?;
    Ok(records)
}

/// Whether the content is a file, and if so whether it has its end; `None` for a stream. The position is the first byte.
fn is_file(file: &mut File) -> std::io::Result<Option<bool>> {
    let length = file.metadata()?.len();
    let mut magic = [0; MAGIC.len()];
    let magic_bytes = MAGIC.len() as u64;
    if length < magic_bytes {
        return Ok(None);
    }
    file.read_exact(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    if magic != MAGIC {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(length - magic_bytes))?;
    file.read_exact(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(Some(magic == MAGIC && length > magic_bytes))
}

/// The batch in slices of at most [`BATCH_ROWS`] rows.
pub(super) fn slices(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(BATCH_ROWS);
    starts.map(|start| batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start)))
}

/// The batches of a file as they stand in it. A file is a stream between a head and a footer, so both are decoded as
/// streams: the library's reader of files allocates whatever length a damaged one claims.
pub(super) struct Batches {
    name: String,
    file: File,
    is_file: bool,
    decoder: StreamDecoder,
    rest: Buffer,
    at_head: bool,
    checked: bool,
}

impl Batches {
    /// The next batch.
    ///
    /// # Errors
    /// [`SourceError::Unreadable`] for a damaged file, [`SourceError::MissingColumns`] for one of something else.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, SourceError> {
        let name = self.name.clone();
        guarded(&name, || self.decode())
    }

    fn decode(&mut self) -> Result<Option<RecordBatch>, SourceError> {
        loop {
            if self.rest.is_empty() && !self.fill()? {
                return self.end();
            }
            let batch = match self.decoder.decode(&mut self.rest) {
                Ok(batch) => batch,
                // Past the end of the stream only the footer of a file may follow.
                Err(_) if self.is_file && self.decoder.finish().is_ok() => return self.end(),
                Err(error) => return Err(unreadable(&self.name, error)),
            };
            if let Some(schema) = self.decoder.schema().filter(|_| !self.checked) {
                self.check(&schema)?;
            }
            if batch.is_some() {
                return Ok(batch);
            }
        }
    }

    /// Reads on; false at the end of the file.
    fn fill(&mut self) -> Result<bool, SourceError> {
        let mut bytes = Vec::with_capacity(READ_BYTES);
        let piece = (&mut self.file).take(READ_BYTES as u64).read_to_end(&mut bytes);
        piece.map_err(|error| unreadable(&self.name, error))?;
        let is_more = !bytes.is_empty();
        self.rest = Buffer::from_vec(bytes);
        if std::mem::take(&mut self.at_head) {
            self.rest.advance(MAGIC.len());
            // Writers pad the head with zeros to the alignment of their choice.
            self.rest
                .advance(self.rest.iter().take_while(|byte| **byte == 0).count());
        }
        Ok(is_more)
    }

    fn check(&mut self, schema: &SchemaRef) -> Result<(), SourceError> {
        self.checked = true;
        check_columns(&self.name, schema)
    }

    fn end(&mut self) -> Result<Option<RecordBatch>, SourceError> {
        self.rest = Buffer::from_vec(Vec::<u8>::new());
        self.decoder.finish().map_err(|error| unreadable(&self.name, error))?;
        match self.decoder.schema() {
            Some(_) => Ok(None),
            None => Err(unreadable(&self.name, "it holds no schema")),
        }
    }
}
