//! What a capture has fetched so far: a folder beside the file that is to be made. A part appears in it whole or not at
//! all, and its name says what it holds, so a kill at any moment loses at most the answers that were on their way.

use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use super::error::CaptureError;
use super::plan::Slice;
use super::records;
use super::selection::Selection;

/// Behind the name of the file that is to be made.
const SUFFIX: &str = ".partial";
const PLAN: &str = "plan.json";
const LOCK: &str = "lock";
/// The end of a part's name.
const PART: &str = ".arrow.zst";
/// The end of what is still being written.
const UNFINISHED: &str = ".unfinished";
/// Parts are written once and read once.
const FAST: i32 = 1;

/// What is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Which records.
    pub selection: Selection,
    /// The window that was asked for, microseconds; records of the time before it are there to look back.
    pub window: Range<i64>,
    /// The API's address, or the path of a capture.
    pub source: String,
    /// `organization/project`, where the source says so.
    pub project: Option<String>,
    /// Records, as counted before the first was fetched.
    pub counted: u64,
    /// The stretches of time, in order and without a gap.
    pub slices: Vec<Slice>,
}

/// Records of a stretch of time, all of them, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Starts, microseconds.
    pub starts: Range<i64>,
    pub rows: u64,
    path: PathBuf,
}

/// The folder. Only one process at a time has it.
#[derive(Debug)]
pub(super) struct Partial {
    folder: PathBuf,
    _lock: File,
}

impl Partial {
    /// Where the parts of a file are.
    pub(super) fn folder_of(target: &Path) -> PathBuf {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(SUFFIX);
        target.with_file_name(name)
    }

    /// Opens the folder of a file, or makes it.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`]; [`CaptureError::Usage`] while another process has it.
    pub(super) fn open(target: &Path) -> Result<Self, CaptureError> {
        let folder = Self::folder_of(target);
        let failed = |error| CaptureError::unwritable(&folder, error);
        private_folder(&folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(CaptureError::Usage {
                message: format!("another process is capturing to {}", target.display()),
                hint: String::from("wait for it, or write to another file"),
            }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// What was to be fetched when the work stopped; `None` if nothing had begun.
    ///
    /// # Errors
    /// [`CaptureError::Usage`] for a plan of another version.
    pub(super) fn plan(&self) -> Result<Option<Plan>, CaptureError> {
        let path = self.folder.join(PLAN);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CaptureError::unwritable(&path, error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| CaptureError::Usage {
                message: format!("{} is not this version's: {error}", path.display()),
                hint: String::from("begin again with --force"),
            })
    }

    /// Forgets what there is and begins anew.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn begin(&self, plan: &Plan) -> Result<(), CaptureError> {
        self.clear()?;
        let text = serde_json::to_vec(plan).unwrap_or_default();
        self.write(PLAN, |file| file.write_all(&text))
    }

    /// What was fetched, in the order of time.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn parts(&self) -> Result<Vec<Part>, CaptureError> {
        let mut parts: Vec<Part> = self.files()?.into_iter().filter_map(Part::of).collect();
        parts.sort_by_key(|part| part.starts.start);
        Ok(parts)
    }

    /// Keeps the records of a stretch of time, in the order of their starts.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn keep(&self, starts: &Range<i64>, batches: Vec<RecordBatch>) -> Result<u64, CaptureError> {
        let sorted = records::sorted(batches).map_err(CaptureError::broken)?;
        let rows = sorted.num_rows() as u64;
        let name = format!("{}-{}-{rows}{PART}", starts.start, starts.end);
        self.write(&name, |file| {
            let mut packed = zstd::Encoder::new(file, FAST)?;
            packed.include_checksum(true)?;
            let mut stream = StreamWriter::try_new(&mut packed, &sorted.schema()).map_err(std::io::Error::other)?;
            stream.write(&sorted).map_err(std::io::Error::other)?;
            stream.finish().map_err(std::io::Error::other)?;
            drop(stream);
            packed.finish().map(drop)
        })?;
        Ok(rows)
    }

    /// Removes parts: they are to be fetched again.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn drop_parts(&self, parts: &[Part]) -> Result<(), CaptureError> {
        for part in parts {
            fs::remove_file(&part.path).map_err(|error| CaptureError::unwritable(&part.path, error))?;
        }
        Ok(())
    }

    /// A path in the folder for the file that is made of the parts.
    pub(super) fn whole(&self) -> PathBuf {
        self.folder.join(format!("whole{UNFINISHED}"))
    }

    /// Removes the folder: all is done.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`].
    pub(super) fn remove(self) -> Result<(), CaptureError> {
        fs::remove_dir_all(&self.folder).map_err(|error| CaptureError::unwritable(&self.folder, error))
    }

    fn clear(&self) -> Result<(), CaptureError> {
        // The plan goes first: parts without one count for nothing.
        let plan = self.folder.join(PLAN);
        let rest = self
            .files()?
            .into_iter()
            .filter(|path| !path.ends_with(LOCK) && *path != plan);
        for path in std::iter::once(plan.clone()).chain(rest) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CaptureError::unwritable(&path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<PathBuf>, CaptureError> {
        let failed = |error| CaptureError::unwritable(&self.folder, error);
        let entries = fs::read_dir(&self.folder).map_err(failed)?;
        entries.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
    }

    /// Writes a file of the folder so that it is there whole or not at all.
    fn write(
        &self,
        name: &str,
        content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<(), CaptureError> {
        let (path, unfinished) = (self.folder.join(name), self.folder.join(format!("{name}{UNFINISHED}")));
        let written = || {
            let mut file = BufWriter::new(File::create(&unfinished)?);
            content(&mut file)?;
            file.flush()?;
            file.get_ref().sync_all()?;
            fs::rename(&unfinished, &path)
        };
        written().map_err(|error| CaptureError::unwritable(&path, error))
    }
}

impl Part {
    fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(PART)?;
        let mut numbers = name.splitn(3, '-').map(str::parse::<i64>);
        let (from, to, rows) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Self {
            starts: from..to,
            rows: u64::try_from(rows).ok()?,
            path,
        })
    }

    /// Whether it begins in this stretch of time.
    pub(super) fn is_within(&self, starts: &Range<i64>) -> bool {
        starts.contains(&self.starts.start)
    }

    /// Its records, sorted.
    ///
    /// # Errors
    /// [`CaptureError::Unwritable`] for a part that is damaged.
    pub(super) fn read(&self) -> Result<Vec<RecordBatch>, CaptureError> {
        let failed = |error| CaptureError::unwritable(&self.path, error);
        let file = File::open(&self.path).map_err(failed)?;
        let unpacked = zstd::Decoder::new(file).map_err(failed)?;
        let stream = StreamReader::try_new(unpacked, None).map_err(|error| failed(std::io::Error::other(error)))?;
        let batches: Result<Vec<_>, _> = stream.collect();
        batches.map_err(|error| failed(std::io::Error::other(error)))
    }
}

/// What is in it may be anybody's data.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}
