//! IP addresses: whose they are shows in what stands around them. Those of databases are evidence and stay.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::claims::Claims;

/// How far before an address is looked for what it is.
const BEFORE: usize = 160;

/// Four numbers, or digits and colons; what it really is, parsing says.
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<v>[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|\d{1,3}(?:\.\d{1,3}){3})").ok());

/// What a driver, a resolver or an address to connect to writes before an address.
static OF_DATABASE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = concat!(
        r"(?:server (?:at|on)|running on host|\bhost(?:addr|name)?|connect call failed|econnrefused|econnreset|etimedout",
        r"|ehostunreach|enetunreach|dial (?:tcp|udp)[46]?|\b(?:connection|connect|connecting) to(?: server)?",
        r"|\blookup \S+ on|name the same one,|->)",
    );
    let scheme = r"\b(?:postgres|postgresql|mysql|mariadb|mongodb|redis|rediss|amqps?|mssql|clickhouse)(?:\+[a-z0-9_]+)*://(?:\S*@)?\[?";
    Regex::new(&format!(
        r#"(?i)(?:{words}[\s"'=:,(\[]*(?:[^\s"'(]*["']?\s*\()?|{scheme})$"#
    ))
    .ok()
});

/// A port on which databases and poolers listen.
static DATABASE_PORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^["')\]]*(?::|, ?(?:port:? ?)?)'?(?:5432|5433|5434|6432|3306|1433|1521|27017|6379|26257|4000)\b"#)
        .ok()
});

/// A version is written like an address.
static OF_VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:\bversion|\brelease|==|\b(?:chrome|chromium|edg|opr|crios|headlesschrome)/)[\s:="']*$"#).ok()
});

/// Addresses of databases that a text names as such.
pub(super) fn of_databases(text: &str) -> Vec<IpAddr> {
    let found = found(text).into_iter().filter(|(range, _)| is_of_database(text, range));
    found.map(|(_, address)| address).collect()
}

/// All others go, but for those that are every machine's own.
pub(super) fn claim(claims: &mut Claims<'_>, kept: &BTreeSet<IpAddr>) {
    let text = claims.text;
    for (range, address) in found(text) {
        let is_nobodys = address.is_loopback() || address.is_unspecified();
        if !is_nobodys && !kept.contains(&address) && !is_of_database(text, &range) {
            claims.take_whole(range, Kind::Ip);
        }
    }
}

fn found(text: &str) -> Vec<(Range<usize>, IpAddr)> {
    let Some(pattern) = ADDRESS.as_ref() else {
        // Then the rules of the other file can't be used either, and nothing is shown.
        return Vec::new();
    };
    let found = pattern.find_iter(text).filter_map(|found| {
        let before = text.get(..found.start()).unwrap_or_default();
        let after = text.get(found.end()..).unwrap_or_default();
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric());
        // `1.2.3.4.5` and `x.1.2.3.4` are none; a sentence may end behind one.
        let goes_on = after.strip_prefix('.').is_some_and(|rest| is_part(rest.chars().next()));
        if is_part(before.chars().next_back()) || is_part(after.chars().next()) || before.ends_with('.') || goes_on {
            return None;
        }
        let word = found.as_str().trim_end_matches(['.', ':']);
        let word = if found.as_str().ends_with("::") {
            found.as_str()
        } else {
            word
        };
        let address: IpAddr = word.parse().ok()?;
        let is_version = OF_VERSION
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(tail(before)));
        let is_name = address.is_ipv6() && !word.contains(|c: char| c.is_ascii_digit());
        (!is_version && !is_name).then_some((found.start()..found.start() + word.len(), address))
    });
    found.collect()
}

fn is_of_database(text: &str, range: &Range<usize>) -> bool {
    let before = tail(text.get(..range.start).unwrap_or_default());
    let after = text.get(range.end..).unwrap_or_default();
    let is = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_some_and(|pattern| pattern.is_match(text));
    is(&OF_DATABASE, before) || is(&DATABASE_PORT, after)
}

fn tail(text: &str) -> &str {
    let begin = text.len().saturating_sub(BEFORE);
    let begin = (begin..=text.len()).find(|at| text.is_char_boundary(*at));
    begin.and_then(|begin| text.get(begin..)).unwrap_or_default()
}
