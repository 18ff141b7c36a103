//! Who is let in: the token, and the `Host` of requests to a loopback address. Knows no path and no query.

use std::hint::black_box;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::middleware::Next;
use axum::response::Response;

use super::line::Line;
use super::{ServeError, Served, fault, refusal};

/// A shorter token can be guessed: the server counts no wrong guesses.
const MIN_TOKEN_CHARS: usize = 16;

/// What a request must bring to be answered. It never prints.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Token {
    /// A token; `origin` names the file or variable that it is from.
    ///
    /// # Errors
    /// [`ServeError::Token`] when it is short, or could not stand in a header.
    pub fn new(text: &str, origin: &str) -> Result<Self, ServeError> {
        let text = text.trim();
        let why = if text.len() < MIN_TOKEN_CHARS {
            format!("it is shorter than {MIN_TOKEN_CHARS} characters")
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            String::from("it holds more than letters, digits and signs of ASCII")
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(ServeError::Token {
            origin: origin.to_owned(),
            why,
        })
    }

    /// The content of a file.
    ///
    /// # Errors
    /// [`ServeError::Token`] when the file can't be read or holds no token.
    pub fn from_file(path: &Path) -> Result<Self, ServeError> {
        let origin = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ServeError::Token {
            origin: origin.clone(),
            why: error.to_string(),
        })?;
        Self::new(&text, &origin)
    }

    /// Compares every byte whatever the first ones are: the time taken tells nothing of the token but its length.
    fn is(&self, given: &[u8]) -> bool {
        let own = self.0.as_bytes();
        let differing = own
            .iter()
            .zip(given.iter().chain(std::iter::repeat(&0)))
            .fold(own.len() ^ given.len(), |differing, (a, b)| {
                black_box(differing | usize::from(a ^ b))
            });
        differing == 0
    }
}

/// Counts the request, and lets it pass to its path or not.
pub(super) async fn enter(
    State(served): State<Arc<Served>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    served.count.fetch_add(1, Ordering::SeqCst);
    let fault = {
        let mut plan = served.faults.lock().unwrap_or_else(PoisonError::into_inner);
        plan.next()
    };
    if let Some(fault) = fault {
        return fault::misbehave(&served, &line, fault, request, next).await;
    }
    admit(&served, request, next).await
}

/// The checks that hold whatever a fault plan says of the answer.
pub(super) async fn admit(served: &Served, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let address = served.options.address.ip();
    if address.is_loopback() && !names_this_machine(headers, address) {
        return refusal::wrong_host();
    }
    match &served.options.token {
        Some(token) if !presents(headers, token) => refusal::wrong_token(),
        _ => next.run(request).await,
    }
}

/// A web page may have a name of its own resolved to 127.0.0.1 and so make a browser ask; but then the browser sends
/// that name.
fn names_this_machine(headers: &HeaderMap, address: IpAddr) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip == address || ip.is_loopback())
}

/// Bare or behind `Bearer`: the API takes both.
fn presents(headers: &HeaderMap, token: &Token) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| {
        let value = value.as_bytes();
        let bearer = value
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"bearer "));
        token.is(if bearer { value[7..].trim_ascii() } else { value })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_only() {
        let token = Token::new(" 0123456789abcdef\n", "test").unwrap();
        assert!(token.is(b"0123456789abcdef"));
        for other in [
            "",
            "0123456789abcde",
            "0123456789abcdeF",
            "0123456789abcdef0",
            "0123456789abcdef\0",
        ] {
            assert!(!token.is(other.as_bytes()), "{other}");
        }
        assert_eq!(format!("{token:?}"), "[redacted]");
        assert!(Token::new("short", "test").is_err());
        assert!(Token::new("0123456789 abcdef", "test").is_err());
    }

    #[test]
    fn hosts_of_this_machine() {
        let address = "127.0.0.1".parse().unwrap();
        let named = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            names_this_machine(&headers, address)
        };
        for own in ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "127.0.0.1"] {
            assert!(named(own), "{own}");
        }
        for other in [
            "evil.example:8000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "",
        ] {
            assert!(!named(other), "{other}");
        }
        assert!(!names_this_machine(&HeaderMap::new(), address));
    }
}
