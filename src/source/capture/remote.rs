//! Files in an object store (`s3://`, `gs://`, `az://`, `https://`): which there are, and their bytes in as few requests
//! as a question needs. Credentials and endpoints come from the variables that the platforms' own tools read.

#[cfg(feature = "cluster")]
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, ObjectStoreScheme, RetryConfig};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use tokio::runtime::Handle;
use url::Url;

use super::SourceError;
use super::columnar::unreadable;

/// A footer with its index of pages is rarely longer, so one request learns all that is to be known of a file.
const TAIL_BYTES: u64 = 512 << 10;
/// Files whose footers are fetched side by side.
const AT_ONCE: usize = 16;
/// A store that does not answer is told of in seconds: somebody waits.
const RETRY: RetryConfig = RetryConfig {
    backoff: object_store::BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.0,
    },
    max_retries: 3,
    retry_timeout: Duration::from_secs(20),
};

/// A file in a store, with its end at hand.
#[derive(Debug)]
pub(super) struct Object {
    name: String,
    store: Arc<dyn ObjectStore>,
    path: Path,
    tail: Piece,
    size: u64,
    runtime: Handle,
}

/// Some bytes of a file.
#[derive(Debug, Clone)]
struct Piece {
    from: u64,
    bytes: Bytes,
}

/// A file with what was fetched of it; the rest is fetched when it is wanted.
pub(super) struct Fetched {
    object: Arc<Object>,
    pieces: Vec<Piece>,
}

/// The Parquet file at an address, or all those below it in the order of their names. Blocks: for a thread that may.
///
/// # Errors
/// [`SourceError::Unreadable`].
pub(super) fn list(address: &str) -> std::result::Result<Vec<Arc<Object>>, SourceError> {
    let failed = |error: &dyn ToString| unreadable(address, error.to_string());
    let runtime = Handle::try_current().map_err(|error| failed(&error))?;
    let (store, path, begin) = place(address).map_err(|why| failed(&why))?;
    let found = runtime.block_on(async {
        let metas = match path.as_ref().ends_with(".parquet") {
            true => vec![store.head(&path).await?],
            false => store.list(Some(&path)).try_collect().await?,
        };
        let objects = metas
            .into_iter()
            .filter(|meta| meta.location.as_ref().ends_with(".parquet"));
        let objects = objects.map(|meta| Object::open(&store, meta, &begin, &runtime));
        futures_util::stream::iter(objects)
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await
    });
    let mut found = found.map_err(|error: object_store::Error| failed(&error))?;
    if found.is_empty() {
        return Err(unreadable(address, "there is no Parquet file below it"));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found.into_iter().map(Arc::new).collect())
}

/// Single files by their addresses, in any order. Blocks: for a thread that may.
///
/// # Errors
/// [`SourceError::Unreadable`], with the address of the file that can't be had.
#[cfg(feature = "cluster")]
pub(super) fn by_name(addresses: &[String]) -> std::result::Result<Vec<Arc<Object>>, SourceError> {
    let mut stores: HashMap<String, Arc<dyn ObjectStore>> = HashMap::new();
    let mut wanted = Vec::new();
    for address in addresses {
        let failed = |why: String| unreadable(address, why);
        let begin = stores.keys().find(|begin| address.starts_with(begin.as_str())).cloned();
        let (begin, path) = match begin {
            Some(begin) => {
                let path = Path::parse(&address[begin.len()..]).map_err(|error| failed(error.to_string()))?;
                (begin, path)
            }
            None => {
                let (store, path, begin) = place(address).map_err(failed)?;
                stores.insert(begin.clone(), store);
                (begin, path)
            }
        };
        wanted.push((Arc::clone(&stores[&begin]), path, begin, address));
    }
    let Some(first) = addresses.first() else {
        return Ok(Vec::new());
    };
    let runtime = Handle::try_current().map_err(|error| unreadable(first, error))?;
    let objects = wanted.into_iter().map(|(store, path, begin, address)| {
        let runtime = &runtime;
        async move {
            let opened = async { Object::open(&store, store.head(&path).await?, &begin, runtime).await };
            let opened = opened.await.map(Arc::new);
            opened.map_err(|error| unreadable(address, error))
        }
    });
    runtime.block_on(futures_util::stream::iter(objects).buffered(AT_ONCE).try_collect())
}

/// The store of an address, the path in it, and what stands before that.
fn place(address: &str) -> std::result::Result<(Arc<dyn ObjectStore>, Path, String), String> {
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    let (store, path) = store(&url).map_err(|error| error.to_string())?;
    let begin = url.as_str().strip_suffix(path.as_ref()).unwrap_or(address).to_owned();
    Ok((store, path, begin))
}

fn store(url: &Url) -> object_store::Result<(Arc<dyn ObjectStore>, Path)> {
    // Another part of the process may have chosen one already: either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (scheme, path) = ObjectStoreScheme::parse(url).map_err(object_store::Error::from)?;
    let text = url.as_str();
    let store: Arc<dyn ObjectStore> = match scheme {
        ObjectStoreScheme::AmazonS3 => Arc::new(AmazonS3Builder::from_env().with_url(text).with_retry(RETRY).build()?),
        ObjectStoreScheme::GoogleCloudStorage => Arc::new(
            GoogleCloudStorageBuilder::from_env()
                .with_url(text)
                .with_retry(RETRY)
                .build()?,
        ),
        ObjectStoreScheme::MicrosoftAzure => Arc::new(
            MicrosoftAzureBuilder::from_env()
                .with_url(text)
                .with_retry(RETRY)
                .build()?,
        ),
        _ => {
            let origin = &url[..url::Position::BeforePath];
            let plain = ClientOptions::new().with_allow_http(url.scheme() == "http");
            Arc::new(
                HttpBuilder::new()
                    .with_url(origin)
                    .with_client_options(plain)
                    .with_retry(RETRY)
                    .build()?,
            )
        }
    };
    Ok((store, path))
}

impl Object {
    async fn open(
        store: &Arc<dyn ObjectStore>,
        meta: object_store::ObjectMeta,
        begin: &str,
        runtime: &Handle,
    ) -> object_store::Result<Self> {
        let from = meta.size.saturating_sub(TAIL_BYTES);
        Ok(Self {
            name: format!("{begin}{}", meta.location),
            tail: Piece {
                from,
                bytes: store.get_range(&meta.location, from..meta.size).await?,
            },
            store: Arc::clone(store),
            path: meta.location,
            size: meta.size,
            runtime: runtime.clone(),
        })
    }

    /// As messages name it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The file with these ranges at hand; neighbours come in one request.
    ///
    /// # Errors
    /// In words.
    pub(super) fn fetch(self: &Arc<Self>, ranges: &[Range<u64>]) -> std::result::Result<Fetched, String> {
        let wanted: Vec<Range<u64>> = ranges
            .iter()
            .filter(|range| range.start < self.tail.from)
            .cloned()
            .collect();
        let fetched = self.runtime.block_on(self.store.get_ranges(&self.path, &wanted));
        let fetched = fetched.map_err(|error| error.to_string())?;
        let mut pieces = vec![self.tail.clone()];
        pieces.extend(wanted.iter().zip(fetched).map(|(range, bytes)| Piece {
            from: range.start,
            bytes,
        }));
        Ok(Fetched {
            object: Arc::clone(self),
            pieces,
        })
    }
}

impl Piece {
    /// What it has from a place on.
    fn from(&self, start: u64) -> Option<Bytes> {
        let skipped = usize::try_from(start.checked_sub(self.from)?).ok()?;
        (skipped < self.bytes.len()).then(|| self.bytes.slice(skipped..))
    }
}

impl Fetched {
    fn find(&self, start: u64, least: usize) -> Option<Bytes> {
        let mut found = self.pieces.iter().filter_map(|piece| piece.from(start));
        found.find(|bytes| bytes.len() >= least)
    }
}

impl Length for Fetched {
    fn len(&self) -> u64 {
        self.object.size
    }
}

impl ChunkReader for Fetched {
    type T = bytes::buf::Reader<Bytes>;

    /// Whoever reads on beyond a piece of what was announced finds the end.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        let bytes = match self.find(start, 1) {
            Some(bytes) => bytes,
            None => self.get_bytes(start, usize::try_from(self.object.size - start.min(self.object.size))?)?,
        };
        Ok(bytes.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if let Some(bytes) = self.find(start, length) {
            return Ok(bytes.slice(..length));
        }
        let object = &self.object;
        let range = start..start + length as u64;
        let fetched = object.runtime.block_on(object.store.get_range(&object.path, range));
        fetched.map_err(|error| ParquetError::External(Box::new(error)))
    }
}
