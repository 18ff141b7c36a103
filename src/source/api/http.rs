//! One attempt over HTTP: send, read within bounds, and tell apart how a connection can fail.

use std::error::Error;
use std::time::Duration;

#[cfg(feature = "capture")]
use reqwest::header::ACCEPT_ENCODING;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::decode::Unusable;
use super::error::{ApiError, ApiErrorKind};
use super::ndjson::Lines;
use super::{BaseUrl, Token};
use crate::source::Rows;

/// The most that is read of an answer, unpacked: 10,000 rows of 6 kB. A broken or hostile server can't fill the memory.
pub(super) const MOST_BYTES: usize = 64 << 20;
/// The most that is read of an error.
const MOST_ERROR_BYTES: usize = 64 << 10;
/// A host that is there answers a connect within a round trip; this leaves room for a lost packet or two.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// `organization/project` of the token, with every answer.
const CONTEXT: HeaderName = HeaderName::from_static("x-logfire-context");
/// Advice of the server.
const WARNING: HeaderName = HeaderName::from_static("x-logfire-warning");

/// What to ask.
pub(super) enum Ask {
    /// `POST`, one JSON document back.
    Query(String),
    /// `POST`, lines back.
    Stream(String),
    /// `POST`, a stream in Arrow's format back.
    #[cfg(feature = "capture")]
    Arrow {
        body: String,
        /// Within one machine there is no line to spare, and packing takes longer than all the rest.
        packed: bool,
    },
    /// `GET`, one JSON document back.
    Get,
}

/// What came back: a status, some headers, and a body that is complete.
pub(super) struct Reply {
    pub status: u16,
    pub retry_after: Option<String>,
    pub location: Option<String>,
    pub context: Option<String>,
    pub date: Option<String>,
    pub warning: Option<String>,
    pub body: Body,
}

pub(super) enum Body {
    Bytes(Vec<u8>),
    Rows(Result<Rows, Unusable>),
}

/// How an attempt can end without a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No connection.
    Connect(String),
    /// A connection that can't be trusted; trying again changes nothing.
    Tls(String),
    /// It broke before the answer was complete.
    Broken(String),
    /// What came can't be unpacked.
    Garbled(String),
    /// There is no end to it.
    TooLarge,
}

/// A client that sends the token nowhere but to `base`.
pub(super) fn client(base: &BaseUrl) -> Result<Client, ApiError> {
    // Another part of the process may have chosen one already: either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("relay-diag/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .gzip(true);
    if base.is_loopback() {
        // A proxy has no business between two ends of one machine.
        builder = builder.no_proxy();
        if !base.is_https() {
            builder = builder.tls_certs_only(std::iter::empty());
        }
    }
    builder.build().map_err(|error| {
        ApiError::new(
            ApiErrorKind::Unreachable,
            format!("cannot prepare encrypted connections: {}", cause(&error)),
            "the system's CA certificates are needed: install the package ca-certificates, or set SSL_CERT_FILE",
        )
    })
}

/// Sends one request and reads its answer.
pub(super) async fn attempt(client: &Client, token: &Token, url: &str, ask: &Ask) -> Result<Reply, Trouble> {
    let post = |body: &String| {
        let request = client.post(url).header(CONTENT_TYPE, "application/json");
        request.body(body.clone())
    };
    let (request, accept) = match ask {
        Ask::Query(body) => (post(body), "application/json"),
        Ask::Stream(body) => (post(body), "application/x-ndjson"),
        #[cfg(feature = "capture")]
        Ask::Arrow { body, packed } => {
            let request = post(body);
            let request = if *packed {
                request
            } else {
                request.header(ACCEPT_ENCODING, "identity")
            };
            (request, "application/vnd.apache.arrow.stream")
        }
        Ask::Get => (client.get(url), "application/json"),
    };
    let mut request = request.header(ACCEPT, accept);
    if let Some(bearer) = token.bearer() {
        request = request.header(AUTHORIZATION, bearer);
    }
    let response = request.send().await.map_err(|error| trouble(&error))?;
    let status = response.status().as_u16();
    let headers = response.headers();
    let text = |name: &HeaderName| header(headers, name);
    Ok(Reply {
        status,
        retry_after: text(&RETRY_AFTER),
        location: text(&LOCATION),
        context: text(&CONTEXT).filter(|context| is_context(context)),
        date: text(&DATE),
        warning: text(&WARNING),
        body: match (status, ask) {
            (200, Ask::Stream(_)) => lines(response).await?,
            (200, _) => Body::Bytes(whole(response).await?),
            _ => Body::Bytes(beginning(response).await),
        },
    })
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// `organization/project`: it becomes part of links, so nothing else is let in.
fn is_context(text: &str) -> bool {
    let slug = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    text.split_once('/')
        .is_some_and(|(organization, project)| slug(organization) && slug(project))
}

async fn whole(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Trouble::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Ends at the first line that is wrong: what comes after it is not worth the wait.
async fn lines(mut response: Response) -> Result<Body, Trouble> {
    let mut lines = Lines::default();
    let mut read = 0;
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        read += chunk.len();
        if read > MOST_BYTES {
            return Err(Trouble::TooLarge);
        }
        if let Err(unusable) = lines.push(&chunk) {
            return Ok(Body::Rows(Err(unusable)));
        }
    }
    Ok(Body::Rows(lines.finish()))
}

/// As much of an error as there is: that it breaks off changes nothing about the status.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MOST_ERROR_BYTES {
            body.truncate(MOST_ERROR_BYTES);
            break;
        }
    }
    body
}

fn trouble(error: &reqwest::Error) -> Trouble {
    let why = cause(error);
    if is_tls(error) {
        Trouble::Tls(why)
    } else if error.is_connect() {
        Trouble::Connect(why)
    } else if is_packing(error) {
        Trouble::Garbled(why)
    } else {
        Trouble::Broken(why)
    }
}

/// The innermost error says what happened; the ones around it say where in the library.
fn cause(error: &reqwest::Error) -> String {
    let causes = causes(error);
    let last = causes
        .last()
        .map(ToString::to_string)
        .unwrap_or_else(|| error.to_string());
    if error.is_timeout() {
        return format!("no connection within {} s", CONNECT_TIMEOUT.as_secs());
    }
    last
}

fn causes(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        causes.push(error);
        next = error.source();
    }
    causes
}

/// An I/O error hides what it wraps from the chain of sources.
fn is_tls(error: &reqwest::Error) -> bool {
    causes(error).into_iter().any(holds_tls)
}

fn holds_tls(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || inner.is_some_and(|inner| holds_tls(inner))
}

/// Whether the bytes arrived and can't be unpacked.
fn is_packing(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    causes(error)
        .last()
        .and_then(|error| error.downcast_ref::<std::io::Error>())
        .is_some_and(|error| matches!(error.kind(), InvalidData | InvalidInput))
}
