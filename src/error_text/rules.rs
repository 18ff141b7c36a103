//! Classes by structure: words that must stand together, in lower case, whatever stands around them. Numbers, hosts and
//! quotes are never part of a rule. The first rule that fits decides, so what is more specific comes first.

use std::sync::LazyLock;

use regex::Regex;

use super::ErrorClass::{self, *};
use super::PoolLimits;

/// Errors of HTTP clients and of statements: they use the same words about something else.
const NOT_THE_CONNECTION: &str = r#"https?connectionpool|max retries exceeded|\b(get|post|put|patch|delete|head)\b "?https?://|statement timeout|lock timeout|deadlock detected|read timeout error|readtimeout|client\.timeout|redis|\bsmtp|amqp|kafka"#;

/// Class and pattern, in the order in which they are tried.
const RULES: &[(ErrorClass, &str)] = &[
    // Never given back.
    (
        Leak,
        r"garbage collector .*connection|connection leak|leaked connection|unclosed connection|abandoned connection|non-checked-in connection|connection .*was not (closed|returned|released)",
    ),
    // Pgbouncer and its kin say who they are.
    (
        PoolerBackendDown,
        r"server_login_retry|server login (has been )?fail|pgbouncer cannot connect|cannot connect to server.*bouncer|couldn'?t connect to compute|all (backend|server)s?( nodes)? (are|is) down|allserversdown|server_connect_timeout|control plane request failed|no healthy (upstream|backend)",
    ),
    (
        PoolerTimeout,
        r"client_login_timeout|query_wait_timeout|client_idle_timeout|pooler error|\b(pgbouncer|odyssey|pgcat|supavisor)(: | ).{0,60}time(d |-)?out",
    ),
    // The server counts.
    (
        ServerSlotsFull,
        r"too many (clients|connections)|connection slots are reserved|no more connections allowed|max_client_conn|max_user_connections|max clients reached|max(imum)?( number of)? (client )?connections (limit )?(reached|exceeded|is)|connection limit exceeded|maximum number of (processes|sessions|connections)|too many open connections",
    ),
    // A pool's worker that failed to connect, without a cause: the driver's timeout has no text.
    (ConnectTimeout, r"error connecting in '[^']*':\s*(\(empty|$)"),
    // The client's pool counts.
    (
        PoolExhausted,
        r"couldn'?t get a connection|cannot get a connection|could not (get|obtain|acquire) a( database)? connection|connection is not available|connection not available and request was dropped",
    ),
    (
        PoolExhausted,
        r"timeout exceeded when trying to connect|fetching a new connection|(acquir|checkout|check out|check-out|waiting for).{0,40}\bconnection.{0,40}(tim(ed|e)[ -]?out|expired)|tim(ed|e)[ -]?out.{0,40}(acquir|checkout|check out|waiting for).{0,40}\b(connection|slot|idle object)",
    ),
    (
        PoolExhausted,
        r"\b\w*pool\b.{0,60}(limit|exhaust|tim(ed|e)[ -]?out|empty|\bfull\b|no (free|available|idle)|already has|already \d+|max(imum)?( pool)? size|requests? waiting|size .*reached)|(exhaust|tim(ed|e)[ -]?out|no (free|available|idle)|elapsed).{0,80}\b\w*pool\b|all pooled connections|pooltimeout|mobc timeout|timed out in bb8|acquiretimeout|connectionacquiretimeout|resourcerequest timed out|max ?connections ?exceeded|queue limit reached",
    ),
    // A name before an address.
    (
        Dns,
        r"name or service not known|name does not resolve|nodename nor servname|temporary failure in name resolution|no such host|unknown ?host|unknown (mysql |database )?server host|no address associated with (host)?name|enotfound|eai_again|eai_noname|gaierror|getaddrinfo|(failed|unable|could ?n[o']t|cannot|can'?t|error) (to )?(resolve|resolving|translate|look ?up)|failed to lookup address|nxdomain|servfail|hostname resolving error|name resolution",
    ),
    // How a session or a driver object is used.
    (
        Misuse,
        r"invalid transaction is rolled back|another operation is in progress|attached to a different (event )?loop|greenlet_spawn has not been called|current transaction is aborted|transaction has been rolled back due to a previous exception|prepared statement .*(already exists|does not exist)|conn(ection)? (is )?busy|this session is (already )?(in|provisioning)|concurrent operations are not permitted|illegalstatechange|cannot use connection\.transaction|commands out of sync|set_session cannot be used|event loop is closed",
    ),
    // What was open is dead. Before timeouts: "read failed: Connection timed out" is about an open connection.
    (
        StaleConnection,
        r"ssl syscall error|closed (the connection )?unexpectedly|closed (in the )?(middle|by (the )?(server|peer|remote))|terminat(ed|ing) connection|connection terminated|connection.{0,40}\b(was|is|has been|already|been)( already)? closed|(conn|connection) closed\b|(was|is|has been) (forcibly )?closed (by|in the)|closed connection|broken pipe|\bepipe\b|reset by peer|econnreset|connectionreset|forcibly closed|bad connection|gone away|lost connection to .{0,20}server during|unexpected eof|closed=true|handler is closed|consuming input failed|(read|receive|recv|send|write)\w* (failed|data).{0,40}(timed out|reset|closed)|could not (receive|send) data|(exception|error|i/o error).{0,30}(reading from|writing to|sending to|while sending|receiving from).{0,20}(stream|backend|server)|communications link failure|server conn crashed|administrator command|cursor already closed|invalidconnection",
    ),
    (
        StaleConnection,
        r"\b(read|write) (tcp|unix)\b.*(timeout|timed out|reset|closed)",
    ),
    // New connections.
    (
        ConnectRefused,
        r"connection refused|econnrefused|actively refused|connect call failed|errno (111|61)\b|\(111\b|refused (the|your) connection|no route to host|ehostunreach|enetunreach|(network|host) is unreachable|no pg_hba\.conf entry|(is|system is) (starting up|shutting down|in recovery mode)|not (yet )?accepting connections|no such file or directory.{0,20}is the server running",
    ),
    (
        ConnectTimeout,
        r"(connect|connection|connecting|dial|login|handshake)\w*.{0,120}\b(timed out|time[- ]?out|timeout expired|deadline exceeded|did not properly respond)|etimedout|timeout expired|i/o timeout|context deadline exceeded|timed out.{0,40}connect|\b10060\b|error connecting in '|can'?t reach (the )?database server|timeout while (connecting|establishing)|time-?out.{0,30}\b(connect|establish)\w*",
    ),
    // The class alone, without a word, or with a driver's connect in its frames.
    (
        ConnectTimeout,
        r"^\s*([\w.]+\.)?timeouterror\s*(:\s*)?(\(\s*\))?\s*$|timeouterror.*(_connect_addr|create_connection|connect_utils)",
    ),
];

static COMPILED: LazyLock<Vec<(ErrorClass, Regex)>> = LazyLock::new(|| {
    let compiled = RULES.iter().map(|(class, rule)| Some((*class, pattern(rule)?)));
    compiled.flatten().collect()
});
static EXCLUDED: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(NOT_THE_CONNECTION));
/// `QueuePool limit of size 10 overflow 5 reached, connection timed out, timeout 30.00`, by structure.
static LIMITS: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"pool\b.*\bsize (\d+) overflow (\d+)(?:.*\btimeout (\d+(?:\.\d+)?))?"));

fn pattern(rule: &str) -> Option<Regex> {
    Regex::new(&format!("(?is){rule}")).ok()
}

/// The class that the words of a text speak for.
pub(super) fn class_of(text: &str) -> Option<ErrorClass> {
    if EXCLUDED.as_ref().is_some_and(|rule| rule.is_match(text)) {
        return None;
    }
    let first = COMPILED.iter().find(|(_, rule)| rule.is_match(text));
    first.map(|(class, _)| *class)
}

pub(super) fn pool_limits(text: &str) -> Option<PoolLimits> {
    let found = LIMITS.as_ref()?.captures(text)?;
    Some(PoolLimits {
        size: found.get(1)?.as_str().parse().ok()?,
        overflow: found.get(2)?.as_str().parse().ok()?,
        timeout_s: found.get(3).and_then(|number| number.as_str().parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        assert_eq!(COMPILED.len(), RULES.len());
        assert!(EXCLUDED.is_some() && LIMITS.is_some());
    }
}
