//! The attempts that one connect made, as its error lists them: psycopg's list, libpq's sentence, asyncpg's tuples, and
//! the `host:port` of Go and Node.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use schemars::JsonSchema;
use serde::Serialize;

/// One attempt to connect to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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

type Pattern = LazyLock<Option<Regex>>;
/// What a group of a form holds: host, address, port and cause.
type Groups = [&'static [usize]; 4];

/// psycopg 3: `- host: 'h', port: 5432, hostaddr: '1.2.3.4': cause`.
static PSYCOPG: Pattern = LazyLock::new(|| {
    Regex::new(r"- host: (?:'([^']*)'|None), port: (?:'?(\d+)'?|None), hostaddr: (?:'([^']*)'|None): (.*)").ok()
});
/// libpq: `connection to server at "h" (1.2.3.4), port 5432 failed: cause`, or `on socket "path" failed: cause`.
static LIBPQ: Pattern = LazyLock::new(|| {
    Regex::new(
        r#"connection to server (?:at "([^"]*)"(?: \(([^)]*)\))?, port (\d+)|on socket "([^"]*)") failed: ([^\n]*)"#,
    )
    .ok()
});
/// libpq before 14: `could not connect to server: cause / Is the server running on host "h" (1.2.3.4) and accepting / … port 5432?`.
static OLD_LIBPQ: Pattern = LazyLock::new(|| {
    Regex::new(
        r#"could not connect to server: ([^\n]*)\s+Is the server running on host "([^"]*)"(?: \(([^)]*)\))? and accepting\s+TCP/IP connections on port (\d+)"#,
    )
    .ok()
});
/// asyncpg and asyncio: `[Errno 111] Connect call failed ('1.2.3.4', 5432)`; of several addresses some have no more than
/// `[Errno 99] Cannot assign requested address`.
static ASYNCIO: Pattern = LazyLock::new(|| {
    Regex::new(r"(\[(?:Errno|WinError) -?\d+\] [^\[\](),']*?)\s*(?:\('([^']+)', (\d+)[^)]*\)|[,\]'\n]|$)").ok()
});
/// pgx 5: `1.2.3.4:5432 (host): dial error: …`.
static PGX: Pattern =
    LazyLock::new(|| Regex::new(r"(?m)(?:^|\s)(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d+) \(([^)]+)\): ([^\n]*)").ok());
/// Go: `dial tcp 1.2.3.4:5432: connect: connection refused`; IPv6 in brackets.
static GO: Pattern =
    LazyLock::new(|| Regex::new(r"dial tcp[46]? (?:\[([0-9a-fA-F:.]+)\]|([^\s:]+)):(\d+): ([^\n)]*)").ok());
/// Node: `connect ECONNREFUSED 1.2.3.4:5432`; IPv6 without brackets.
static NODE: Pattern = LazyLock::new(|| Regex::new(r"connect (E[A-Z]+) ([0-9a-fA-F.:]+):(\d+)\b").ok());
/// Npgsql: `Failed to connect to 1.2.3.4:5432`, and the cause is the exception within.
static NPGSQL: Pattern = LazyLock::new(|| {
    Regex::new(r"Failed to connect to (?:\[([0-9a-fA-F:.]+)\]|([^\s:\[\]]+)):(\d+)(?:\s*--->\s*([^\n]*))?").ok()
});
/// pgjdbc: `Connection to h:5432 refused`.
static PGJDBC: Pattern =
    LazyLock::new(|| Regex::new(r"Connection to (?:\[([0-9a-fA-F:.]+)\]|([^\s:]+)):(\d+) (refused)").ok());
/// Postgrex: `tcp connect (h:5432): connection refused - :econnrefused`.
static POSTGREX: Pattern = LazyLock::new(|| Regex::new(r"tcp connect \(([^()\s]+?):(\d+)\): ([^\n]*)").ok());

/// The forms and their groups. The first that is found is the one that lists them all: psycopg repeats libpq's sentence
/// within its list, and pgx repeats Go's.
const FORMS: [(&Pattern, Groups); 10] = [
    (&PSYCOPG, [&[1], &[3], &[2], &[4]]),
    (&LIBPQ, [&[1, 4], &[2], &[3], &[5]]),
    (&OLD_LIBPQ, [&[2], &[3], &[4], &[1]]),
    (&ASYNCIO, [&[], &[2], &[3], &[1]]),
    (&PGX, [&[4], &[1, 2], &[3], &[5]]),
    (&GO, [&[], &[1, 2], &[3], &[4]]),
    (&NODE, [&[], &[2], &[3], &[1]]),
    (&NPGSQL, [&[], &[1, 2], &[3], &[4]]),
    (&PGJDBC, [&[], &[1, 2], &[3], &[4]]),
    (&POSTGREX, [&[], &[1], &[2], &[3]]),
];

/// Every attempt that a message lists, in its order.
pub fn attempts(text: &str) -> Vec<Attempt> {
    // Each on its own line, also where a log has joined them. Within psycopg's list libpq's sentence is the cause.
    let lines = super::parts::plain(text).replace(" - host: ", "\n- host: ");
    let sentences = lines.replace("failed: connection to server ", "failed: \nconnection to server ");
    let found = FORMS
        .iter()
        .enumerate()
        .map(|(place, (form, groups))| listed(form, groups, if place == 0 { &lines } else { &sentences }));
    let mut found = found.filter(|tried| !tried.is_empty());
    found.next().unwrap_or_default()
}

fn listed(form: &Pattern, groups: &Groups, text: &str) -> Vec<Attempt> {
    let Some(form) = form.as_ref() else {
        return Vec::new();
    };
    let read = |found: Captures<'_>| {
        let part = |groups: &[usize]| {
            groups
                .iter()
                .find_map(|group| Some(found.get(*group)?.as_str().to_owned()))
        };
        let [host, address, port, cause] = groups.map(part);
        attempt(host.as_deref(), address.as_deref(), port.as_deref(), cause.as_deref())
    };
    let tried: Vec<Attempt> = form.captures_iter(text).map(read).collect();
    // An error number alone is no attempt; beside addresses it is one of theirs.
    let known = |attempt: &Attempt| attempt.host.is_some() || attempt.hostaddr.is_some();
    if tried.iter().any(known) { tried } else { Vec::new() }
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
            .map(|text| {
                text.trim()
                    .trim_end_matches(',')
                    .trim_end_matches("')")
                    .trim_end_matches("\")")
                    .to_owned()
            })
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
        assert_eq!(found[0].cause.as_deref(), Some("[Errno 111] Connect call failed"));
    }

    /// Address, port and cause of every attempt.
    fn tried(text: &str) -> Vec<(Option<String>, Option<u16>, Option<String>)> {
        let found = attempts(text).into_iter();
        found.map(|one| (one.hostaddr, one.port, one.cause)).collect()
    }

    fn one(address: &str, port: u16, cause: &str) -> (Option<String>, Option<u16>, Option<String>) {
        (Some(address.to_owned()), Some(port), Some(cause.to_owned()))
    }

    #[test]
    fn every_form_has_ipv6() {
        assert_eq!(
            tried("dial tcp [::1]:5432: connect: connection refused"),
            [one("::1", 5432, "connect: connection refused")]
        );
        assert_eq!(
            tried(
                "failed to connect to `user=a database=b`:\n\t10.0.0.7:5432 (db): dial error: timeout\n\t[2001:db8::7]:5432 (db): dial error: dial tcp [2001:db8::7]:5432: i/o timeout"
            ),
            [
                one("10.0.0.7", 5432, "dial error: timeout"),
                one(
                    "2001:db8::7",
                    5432,
                    "dial error: dial tcp [2001:db8::7]:5432: i/o timeout"
                )
            ]
        );
        assert_eq!(
            tried(
                "AggregateError [ECONNREFUSED]:\n  [errors]: [\n    Error: connect ECONNREFUSED ::1:5432\n    Error: connect ECONNREFUSED 127.0.0.1:5432\n  ]"
            ),
            [one("::1", 5432, "ECONNREFUSED"), one("127.0.0.1", 5432, "ECONNREFUSED")]
        );
        assert_eq!(
            tried(
                "NpgsqlException: Failed to connect to [::1]:5432\n ---> SocketException (99): Address not available"
            ),
            [one("::1", 5432, "SocketException (99): Address not available")]
        );
        assert_eq!(
            tried("Connection to [::1]:5432 refused. Check that"),
            [one("::1", 5432, "refused")]
        );
        let libpq = "connection to server at \"localhost\" (::1), port 5432 failed: Connection refused";
        assert_eq!(tried(libpq), [one("::1", 5432, "Connection refused")]);
    }

    #[test]
    fn a_log_joins_and_escapes_the_list() {
        let psycopg = r"OperationalError('connection timeout expired\nMultiple connection attempts failed. All failures were:\n- host: \'db\', port: 5432, hostaddr: \'192.0.2.1\': connection timeout expired\n- host: \'db\', port: 5432, hostaddr: \'2001:db8::1\': connection failed: Network is unreachable')";
        assert_eq!(
            tried(psycopg),
            [
                one("192.0.2.1", 5432, "connection timeout expired"),
                one("2001:db8::1", 5432, "connection failed: Network is unreachable")
            ]
        );
        let joined = "All failures were: - host: 'db', port: None, hostaddr: '192.0.2.1': timeout - host: 'db', port: None, hostaddr: '192.0.2.2': refused";
        assert_eq!(attempts(joined).len(), 2);
        let twice = "connection to server at \"h\" (192.0.2.1), port 5432 failed: connection to server at \"h\" (192.0.2.1), port 5432 failed: FATAL:  full";
        assert_eq!(
            tried(twice),
            [
                (Some(String::from("192.0.2.1")), Some(5432), None),
                one("192.0.2.1", 5432, "FATAL:  full")
            ]
        );
    }

    #[test]
    fn some_attempts_have_no_address() {
        let asyncio = "Multiple exceptions: [Errno 111] Connect call failed ('127.0.0.1', 3306), [Errno 99] Cannot assign requested address";
        let last = (
            None,
            None,
            Some(String::from("[Errno 99] Cannot assign requested address")),
        );
        assert_eq!(
            tried(asyncio),
            [one("127.0.0.1", 3306, "[Errno 111] Connect call failed"), last]
        );
        assert!(attempts("[Errno 99] Cannot assign requested address").is_empty());
        let socket =
            attempts("connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: No such file or directory");
        assert_eq!(socket[0].host.as_deref(), Some("/tmp/.s.PGSQL.5432"));
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
