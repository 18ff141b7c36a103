//! The attempts that one connect made, as its error lists them: psycopg's list, libpq's sentence, asyncpg's tuples, and
//! the `host:port` of Go and Node.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

/// One attempt to connect to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The name that was asked for.
    pub host: Option<String>,
    /// The address that it resolved to.
    pub hostaddr: Option<String>,
    /// The port, if the text has one.
    pub port: Option<u16>,
    /// How it ended.
    pub cause: Option<String>,
}

impl Attempt {
    /// Whether its address is IPv6; `None` = no address is known.
    pub fn is_ipv6(&self) -> Option<bool> {
        let address = self.hostaddr.as_deref()?.parse::<IpAddr>().ok()?;
        Some(address.is_ipv6())
    }
}

/// psycopg 3: `- host: 'h', port: 5432, hostaddr: '1.2.3.4': cause`.
static PSYCOPG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*- host: (?:'([^']*)'|None), port: (?:'?(\d+)'?|None), hostaddr: (?:'([^']*)'|None): (.*)$")
        .ok()
});
/// libpq: `connection to server at "h" (1.2.3.4), port 5432 failed: cause`.
static LIBPQ: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"connection to server at "([^"]*)"(?: \(([^)]*)\))?, port (\d+) failed: ([^\n]*)"#).ok()
});
/// libpq before 14: `could not connect to server: cause / Is the server running on host "h" (1.2.3.4) and accepting / … port 5432?`.
static OLD_LIBPQ: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"could not connect to server: ([^\n]*)\s+Is the server running on host "([^"]*)"(?: \(([^)]*)\))? and accepting\s+TCP/IP connections on port (\d+)"#,
    )
    .ok()
});
/// asyncpg and asyncio: `[Errno 111] Connect call failed ('1.2.3.4', 5432)`.
static ASYNCIO: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\[Errno (-?\d+)\] ([^\[\]()]*?)\s*\('([^']+)', (\d+)[^)]*\)").ok());
/// Go: `dial tcp 1.2.3.4:5432: connect: connection refused`; IPv6 in brackets.
static GO: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"dial tcp6? (?:\[([0-9a-fA-F:.]+)\]|([^\s:]+)):(\d+): ([^\n)]*)").ok());
/// pgx 5: `1.2.3.4:5432 (host): dial error: …`.
static PGX: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^|\s)(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d+) \(([^)]+)\): ([^\n]*)").ok());
/// Node: `connect ECONNREFUSED 1.2.3.4:5432`.
static NODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"connect (E[A-Z]+) ([0-9a-fA-F.:]+):(\d+)\b").ok());

/// A form of list, and which of its groups are host, address, port and cause.
type Form = (&'static LazyLock<Option<Regex>>, [Option<usize>; 4]);

/// Every attempt that a message lists, in its order.
pub fn attempts(text: &str) -> Vec<Attempt> {
    // The first form that is found is the one that lists them all: psycopg repeats libpq's sentence within its list.
    let forms: [Form; 4] = [
        (&PSYCOPG, [Some(1), Some(3), Some(2), Some(4)]),
        (&LIBPQ, [Some(1), Some(2), Some(3), Some(4)]),
        (&OLD_LIBPQ, [Some(2), Some(3), Some(4), Some(1)]),
        (&ASYNCIO, [None, Some(3), Some(4), Some(2)]),
    ];
    for (form, [host, address, port, cause]) in forms {
        let found = listed(form, text, |part| {
            attempt(
                host.and_then(part),
                address.and_then(part),
                port.and_then(part),
                cause.and_then(part),
            )
        });
        if !found.is_empty() {
            return found;
        }
    }
    let pgx = listed(&PGX, text, |part| {
        attempt(part(4), part(1).or(part(2)), part(3), part(5))
    });
    if !pgx.is_empty() {
        return pgx;
    }
    let go = listed(&GO, text, |part| attempt(None, part(1).or(part(2)), part(3), part(4)));
    if !go.is_empty() {
        return go;
    }
    listed(&NODE, text, |part| attempt(None, part(2), part(3), part(1)))
}

fn listed<'t>(
    form: &LazyLock<Option<Regex>>,
    text: &'t str,
    read: impl Fn(&dyn Fn(usize) -> Option<&'t str>) -> Attempt,
) -> Vec<Attempt> {
    let Some(form) = form.as_ref() else {
        return Vec::new();
    };
    form.captures_iter(text)
        .map(|found| read(&|group| found.get(group).map(|part| part.as_str())))
        .collect()
}

fn attempt(host: Option<&str>, address: Option<&str>, port: Option<&str>, cause: Option<&str>) -> Attempt {
    let mut host = host.filter(|text| !text.is_empty()).map(str::to_owned);
    let mut hostaddr = address.filter(|text| !text.is_empty()).map(str::to_owned);
    // Where only one of the two is given, its form tells which it is.
    if let (Some(name), None) = (&host, &hostaddr)
        && name.parse::<IpAddr>().is_ok()
    {
        hostaddr = Some(name.clone());
    }
    if let (None, Some(name)) = (&host, &hostaddr)
        && name.parse::<IpAddr>().is_err()
    {
        host = hostaddr.take();
    }
    Attempt {
        host,
        hostaddr,
        port: port.and_then(|digits| digits.parse().ok()),
        cause: cause
            .map(|text| text.trim().trim_end_matches(',').to_owned())
            .filter(|text| !text.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psycopg_lists_every_address() {
        let text = "connection timeout expired\nMultiple connection attempts failed. All failures were:\n\
            - host: 'db.test', port: None, hostaddr: '192.0.2.1': connection timeout expired\n\
            - host: 'db.test', port: '5432', hostaddr: '2001:db8::1': connection failed: connection to server at \
            \"2001:db8::1\", port 5432 failed: Network is unreachable\n(Background";
        let found = attempts(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].hostaddr.as_deref(), Some("192.0.2.1"));
        assert_eq!((found[0].port, found[1].port), (None, Some(5432)));
        assert_eq!((found[0].is_ipv6(), found[1].is_ipv6()), (Some(false), Some(true)));
        assert_eq!(found[0].cause.as_deref(), Some("connection timeout expired"));
    }

    #[test]
    fn libpq_repeats_its_sentence() {
        let text = "connection to server at \"db.test\" (192.0.2.1), port 5432 failed: Connection refused\n\tIs the server\n\
            connection to server at \"db.test\" (2001:db8::2), port 5432 failed: timeout expired";
        let found = attempts(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].host.as_deref(), Some("db.test"));
        assert_eq!(found[1].hostaddr.as_deref(), Some("2001:db8::2"));
        assert_eq!(found[1].cause.as_deref(), Some("timeout expired"));
    }

    #[test]
    fn asyncpg_lists_tuples() {
        let text = "Multiple exceptions: [Errno 111] Connect call failed ('127.0.0.1', 5432), \
            [Errno 111] Connect call failed ('::1', 5432, 0, 0)";
        let found = attempts(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].hostaddr.as_deref(), Some("::1"));
        assert_eq!(found[1].port, Some(5432));
        assert_eq!(found[0].cause.as_deref(), Some("Connect call failed"));
    }

    #[test]
    fn go_and_node_name_one() {
        let go = attempts("dial tcp 10.0.0.7:5432: connect: connection refused");
        assert_eq!(go[0].hostaddr.as_deref(), Some("10.0.0.7"));
        let node = attempts("Error: connect ECONNREFUSED 127.0.0.1:5432");
        assert_eq!(
            (node[0].cause.as_deref(), node[0].port),
            (Some("ECONNREFUSED"), Some(5432))
        );
        assert!(attempts("duplicate key value violates unique constraint").is_empty());
    }
}
