//! Where the bytes of a Parquet file are: on this machine, or in an object store.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;
#[cfg(feature = "remote")]
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

#[cfg(feature = "remote")]
use super::remote::{Fetched, Object};

/// A file.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Local(PathBuf),
    #[cfg(feature = "remote")]
    Remote(Arc<Object>),
}

/// Its bytes.
pub(super) enum Content {
    Local(File),
    #[cfg(feature = "remote")]
    Remote(Fetched),
}

impl Place {
    /// As messages name it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Local(path) => path.display().to_string(),
            #[cfg(feature = "remote")]
            Self::Remote(object) => object.name().to_owned(),
        }
    }

    /// Whether reading waits for a network.
    pub(super) fn is_remote(&self) -> bool {
        match self {
            Self::Local(_) => false,
            #[cfg(feature = "remote")]
            Self::Remote(_) => true,
        }
    }

    /// The bytes; those of `ranges` will be wanted, so what is far away is fetched at once.
    ///
    /// # Errors
    /// In words.
    #[cfg_attr(not(feature = "remote"), allow(unused_variables))] // what is near need not be fetched
    pub(super) fn open(&self, ranges: &[Range<u64>]) -> std::result::Result<Content, String> {
        match self {
            Self::Local(path) => File::open(path).map(Content::Local).map_err(|error| error.to_string()),
            #[cfg(feature = "remote")]
            Self::Remote(object) => object.fetch(ranges).map(Content::Remote),
        }
    }
}

impl Length for Content {
    fn len(&self) -> u64 {
        match self {
            Self::Local(file) => file.len(),
            #[cfg(feature = "remote")]
            Self::Remote(fetched) => fetched.len(),
        }
    }
}

impl ChunkReader for Content {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        match self {
            Self::Local(file) => Ok(Box::new(file.get_read(start)?)),
            #[cfg(feature = "remote")]
            Self::Remote(fetched) => Ok(Box::new(fetched.get_read(start)?)),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        match self {
            Self::Local(file) => file.get_bytes(start, length),
            #[cfg(feature = "remote")]
            Self::Remote(fetched) => fetched.get_bytes(start, length),
        }
    }
}
