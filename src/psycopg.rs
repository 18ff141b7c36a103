//! psycopg's error text: the addresses that it tried, one after the other. Pure text; it knows no records.

use serde::Serialize;

/// One address that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The name that was resolved.
    pub host: String,
    /// The address; `None` when the name did not resolve.
    pub hostaddr: Option<String>,
    /// The port; `None` = the default.
    pub port: Option<u16>,
    /// What came of it, the first line.
    pub cause: String,
}

/// Every `- host: '…', port: …, hostaddr: '…': cause` of an error, in its order.
pub fn attempts(error: &str) -> Vec<Attempt> {
    error.lines().filter_map(attempt).collect()
}

fn attempt(line: &str) -> Option<Attempt> {
    let rest = line.trim_start().strip_prefix("- host: ")?;
    let (host, rest) = value(rest)?;
    let (port, rest) = value(rest.strip_prefix(", port: ")?)?;
    let (hostaddr, rest) = match rest.strip_prefix(", hostaddr: ") {
        Some(rest) => value(rest)?,
        None => (None, rest),
    };
    Some(Attempt {
        host: host?.to_owned(),
        hostaddr: hostaddr.map(str::to_owned),
        port: port.and_then(|port| port.parse().ok()),
        cause: rest.trim_start_matches(':').trim().to_owned(),
    })
}

/// A Python literal at the begin of a text, quoted or bare, and what stands behind it; `None` for `None`.
fn value(text: &str) -> Option<(Option<&str>, &str)> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'')?;
        return Some((Some(value), rest));
    }
    let end = text.find([',', ':'])?;
    let (bare, rest) = text.split_at(end);
    Some(((bare != "None").then_some(bare), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_with_its_cause() {
        let text = "(psycopg.errors.ConnectionTimeout) connection timeout expired\n\
            Multiple connection attempts failed. All failures were:\n\
            - host: 'ep-x.neon.test', port: None, hostaddr: '127.81.0.1': connection timeout expired\n\
            - host: 'ep-x.neon.test', port: '5433', hostaddr: '2001:db8::1': connection failed: refused\n\
            \tIs the server running?\n\
            - host: 'ep-x.neon.test', port: 5432: no address\n\
            (Background on this error at: https://sqlalche.me/e/20/e3q8)";
        let found = attempts(text);
        let read: Vec<_> = found
            .iter()
            .map(|a| (a.hostaddr.as_deref(), a.port, a.cause.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                (Some("127.81.0.1"), None, "connection timeout expired"),
                (Some("2001:db8::1"), Some(5433), "connection failed: refused"),
                (None, Some(5432), "no address"),
            ]
        );
        assert_eq!(found[0].host, "ep-x.neon.test");
    }

    #[test]
    fn other_texts_have_none() {
        for text in [
            "",
            "- host: ",
            "- host: 'x",
            "- host: 'x', port",
            "- host: 'x', port: 1",
        ] {
            assert!(attempts(text).is_empty(), "{text}");
        }
    }
}
