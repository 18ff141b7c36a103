//! What is recognised in any text by how it is written: secrets, people, URLs, values that errors quote. One rule a row.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Kind;
use super::Kind::{Did, Email, Handle, Phone, Query, Secret, User, Value};
use super::claims::Claims;

/// One way of writing something that goes. The group `v` is what goes, the group `keep` what stays.
struct Rule {
    kind: Kind,
    pattern: &'static str,
    /// Whether it is what it looks like: (all of it, what would go).
    is: fn(&Captures<'_>, &str) -> bool,
}

const fn rule(kind: Kind, pattern: &'static str) -> Rule {
    Rule {
        kind,
        pattern,
        is: |_, _| true,
    }
}

/// Before the value of a named field: the sign, and a quote of the name that may be escaped itself.
const VALUE: &str = concat!(
    r#"(?:\\*["'])?\s*(?::|=>|=|%3D)\s*(?:(?:bearer|basic|token|digest|dpop)\s+)?"#,
    r#"(?P<v>\\+"[^"]*"?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\w+\([^)]*\)|[^\s,;&"'<>}\])]+)"#,
);

/// In the order in which they claim. A later rule takes what an earlier one has only as part of something larger.
const RULES: &[Rule] = &[
    rule(
        Secret,
        r"(?s)(?P<v>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
    ),
    rule(Secret, r"(?P<v>pylf_v\d+_[A-Za-z0-9_-]*)"),
    // JSON Web Tokens begin with `{"` in base64, also cut off ones.
    rule(Secret, r"\b(?P<v>eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)*)"),
    rule(Secret, r"\b(?P<v>(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{12,})"),
    rule(
        Secret,
        concat!(
            r"\b(?P<v>(?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|sk-|sk_live_|sk_test_|rk_live_|pk_live_|whsec_|hf_|npm_|npg_",
            r"|pypi-|dop_v1_|FlyV1 fm\d_|fm2_|shpat_|SG\.|AIza|ya29\.|GOCSPX-)[A-Za-z0-9_.=/+-]{10,})",
        ),
    ),
    Rule {
        kind: Secret,
        pattern: r"(?i)\b(?P<s>bearer|dpop|basic|digest|negotiate)(?:\s|%20|\+)+(?P<v>[A-Za-z0-9._~+/=-]{6,})",
        is: |all, value| match all.name("s").map(|scheme| scheme.as_str().to_ascii_lowercase()) {
            Some(scheme) if matches!(scheme.as_str(), "bearer" | "dpop") => {
                !AFTER_BEARER.contains(&value.to_lowercase().as_str())
            }
            _ => looks_secret(value),
        },
    },
    rule(Secret, r#"(?i)\b[a-z][a-z0-9+.-]*://(?P<v>[^\s/?#@"'<>]+)@"#),
    // In a password of a database's address anything may stand, to the last `@`.
    rule(
        Secret,
        r#"(?i)\b(?:postgres|postgresql|mysql|mariadb|mongodb|redis|rediss|amqps?|mssql|oracle|clickhouse|nats|kafka|ldaps?|smtps?|s?ftp)(?:\+[a-z0-9_]+)*://(?P<v>[^\s"'<>]+)@"#,
    ),
    rule(
        Secret,
        r#"(?i)\b(?:set-)?cookie(?:\\*["'])?\s*[:=]\s*(?P<v>[^\r\n"']+)"#,
    ),
    rule(
        Email,
        concat!(
            r"(?P<v>[\p{L}\p{N}._%+-]+(?:@|%40|\\u0040|＠)[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?",
            r"\.(?:\p{L}{2,}|xn--[a-z0-9-]+))",
        ),
    ),
    // An address that was cut off.
    rule(Email, r"(?P<v>[\p{L}\p{N}._%+-]+@[\p{L}\p{N}.-]*)(?:…|\.\.\.)"),
    rule(
        Did,
        r"(?i)\b(?P<v>did(?::|%3A)[a-z0-9]+(?::|%3A)[a-z0-9._:%-]*[a-z0-9])",
    ),
    rule(Handle, r#"(?i)\bat://(?P<v>[a-z0-9][a-z0-9.-]*\.[a-z]{2,})"#),
    rule(
        Handle,
        r"(?i)(?:^|[^\w.-])(?P<v>@?[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.bsky\.(?:social|team))\b",
    ),
    Rule {
        kind: Handle,
        pattern: r#"(?:^|[\s"'(\[{<,;:=/>|`])(?P<v>@[\p{L}_][\p{L}\p{N}_.-]*[\p{L}\p{N}_])(?P<after>[/(]?)"#,
        // Packages and decorators are written so too.
        is: |all, value| value.chars().count() > 3 && all.name("after").is_none_or(|after| after.is_empty()),
    },
    rule(User, r#"(?:/home/|/Users/|\\Users\\)(?P<v>[^/\\\s"':,;]+)"#),
    Rule {
        kind: Phone,
        pattern: r"(?:^|[^\w.+-])(?P<v>\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6})\b",
        is: |_, value| !looks_dated(value) && (8..=15).contains(&value.chars().filter(char::is_ascii_digit).count()),
    },
    rule(Phone, r"(?:^|[^\w])(?P<v>\(\d{3}\) ?\d{3}-\d{4})\b"),
    rule(
        Query,
        r#"(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>?]*\?(?P<v>[^\s"'<>`]*[^\s"'<>`.,;:)\]}])"#,
    ),
    rule(Query, r#"[^\s"'<>?]\?(?P<v>[\w.%\[\]-]+=[^\s"'<>`]*)"#),
    rule(
        Value,
        r"(?s)Key \([^)]*\)=\((?P<v>.*?)\)(?: already exists| is not present| is still| conflicts|\.|\s*$)",
    ),
    rule(Value, r"Key \([^)]*\)=\((?P<v>[^)]*)"),
    rule(
        Value,
        r"(?s)(?:Failing row contains|conflicts with existing key[^=]*=) ?\((?P<v>.*?)(?:\)\.|\)\s*\n|\)?\s*$)",
    ),
    rule(Value, r"(?s)Duplicate entry '(?P<v>.*?)' for key"),
    rule(Value, r#"(?s)invalid input (?:syntax|value) for [^:"]*: "(?P<v>[^"]*)"#),
    rule(Value, r#"(?i)\bvalue "(?P<v>[^"]*)" is out of range"#),
    rule(Value, r"binding parameter \[?\w+\]? as \[\w+\] - \[(?P<v>[^\]]*)"),
    rule(Value, r"(?s)\$\d+ = '(?P<v>(?:[^']|'')*)"),
    // Where a text was cut, the words that said what stands there are missing.
    rule(Value, r"…(?P<v>[^\[\]…]*[})]\])"),
    rule(
        Value,
        r"…(?P<v>[^'…]*)'\s*(?:(?:AND|OR|LIMIT|ORDER|GROUP|RETURNING|ON)\b|[,;)])",
    ),
    Rule {
        kind: Value,
        pattern: r"…(?P<v>[^\s…]+)",
        is: |_, value| !is_end_of_name(value),
    },
    Rule {
        kind: Value,
        pattern: concat!(
            r#"(?P<of_host>\b(?:host|server (?:at|on)|connection to|resolve|call failed)\s*["'=(:]*(?:[^\s"'…]*["'](?:\s*\(|, ))?)?"#,
            r"(?P<v>[^\s…]+)…",
        ),
        is: |all, value| all.name("of_host").is_none() && value.contains(|c: char| c.is_ascii_digit()),
    },
];

/// Names that end so hold a secret, whatever it looks like.
const STRONG: &str = r"(?:passw(?:or)?d|passphrase|passwd|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|authorization|credentials?)";
/// These are words of prose too: `unexpected token: abc` is no secret.
const WEAK: &str = r"(?:token|pass|session(?:[_-]?id)?|csrf|xsrf|signature|otp|jwt|dpop|assertion|auth[_-]?code)";
/// Names of people.
const PEOPLE: &str = r"(?:user[_.-]?name|user[_.-]?id|user[_.-]?handle|user|enduser\.id|screen[_-]?name|display[_-]?name|full[_-]?name|first[_-]?name|last[_-]?name|login|handle|account[_-]?id|customer[_-]?id)";

/// In a sentence a shorter word is none, whatever it looks like: "unexpected token: 5".
const SHORTEST_IN_PROSE: usize = 6;

/// What may stand behind `Bearer` in a sentence.
const AFTER_BEARER: &[&str] = &[
    "authentication",
    "authorization",
    "credentials",
    "header",
    "scheme",
    "tokens",
    "tokens.",
    "security",
];

type Compiled = LazyLock<Option<Vec<(&'static Rule, Regex)>>>;

static COMPILED: Compiled = LazyLock::new(|| {
    let compiled = RULES.iter().map(|rule| Some((rule, Regex::new(rule.pattern).ok()?)));
    compiled.collect()
});

/// Named fields: the name's group is `k`.
static FIELDS: LazyLock<Option<[Regex; 3]>> = LazyLock::new(|| {
    let named = |names: &str, more: &str| Regex::new(&format!(r"(?is)(?P<k>[\w.-]*{names}{more}){VALUE}")).ok();
    Some([
        named(STRONG, r"[\w.-]*")?,
        named(WEAK, "")?,
        named(&format!(r"\b{PEOPLE}"), "")?,
    ])
});

/// What has been taken out already keeps its name.
static NAMES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\[(?:secret|email|did|handle|user|phone|ip|query|value) \d+\]").ok());

/// The links to traces that the tool itself makes: nothing but an id and times.
static TRACE_LINK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\?(?P<keep>q=trace_id%3D%27[0-9a-fA-F]+%27&since=[0-9TZ%A-]+&until=[0-9TZ%A-]+)").ok()
});

/// False if the rules can't be used.
pub(super) fn claim(claims: &mut Claims<'_>) -> bool {
    let (Some(rules), Some(fields), Some(names), Some(link)) =
        (COMPILED.as_ref(), FIELDS.as_ref(), NAMES.as_ref(), TRACE_LINK.as_ref())
    else {
        return false;
    };
    let text = claims.text;
    names.find_iter(text).for_each(|name| claims.keep(name.range()));
    let links = link
        .captures_iter(text)
        .filter_map(|found| Some(found.name("keep")?.range()));
    links.for_each(|range| claims.keep(range));
    for (rule, regex) in rules {
        for found in regex.captures_iter(text) {
            let Some(value) = found.name("v").filter(|value| (rule.is)(&found, value.as_str())) else {
                continue;
            };
            match rule.kind {
                Email | Handle => claims.take_whole(value.range(), rule.kind),
                kind => claims.take(value.range(), kind),
            }
        }
    }
    claim_fields(claims, fields);
    true
}

fn claim_fields(claims: &mut Claims<'_>, [strong, weak, people]: &[Regex; 3]) {
    let text = claims.text;
    for (regex, kind, is_strong) in [(strong, Secret, true), (weak, Secret, false), (people, User, false)] {
        for found in regex.captures_iter(text) {
            let (Some(name), Some(value)) = (found.name("k"), found.name("v")) else {
                continue;
            };
            let between = text.get(name.end()..value.start()).unwrap_or_default();
            let range = unquoted(text, value.range());
            let inner = text.get(range.clone()).unwrap_or_default();
            let is_quoted = between.starts_with(['"', '\'', '\\']);
            let is_said = is_quoted || between.contains('=') || between.contains("%3D");
            let is_prose = match kind {
                Secret if is_strong => false,
                Secret => !is_said && !is_said_by_value(name.as_str(), inner) || is_identifier(inner),
                _ => !is_said || is_identifier(inner),
            };
            if !is_prose && !is_empty_or_hidden(inner) {
                claims.take(range, kind);
            }
        }
    }
}

/// Without quotes and the backslashes of quotes, which may be missing at the end of a text that was cut.
fn unquoted(text: &str, range: Range<usize>) -> Range<usize> {
    let value = text.get(range.clone()).unwrap_or_default();
    let is_quote = |c: char| matches!(c, '"' | '\'' | '\\');
    let begin = range.end - value.trim_start_matches(is_quote).len();
    let end = range.start + value.trim_end_matches(is_quote).len();
    begin..end.max(begin)
}

/// `users.id` of a join: no value.
fn is_identifier(value: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    value.split('.').count() > 1 && value.split('.').all(is_name)
}

/// The end of a word, of a column's name or of the label that an ORM gives it (`coalesce_1`), or of a short number.
fn is_end_of_name(value: &str) -> bool {
    let value = value.trim_matches(|c: char| c.is_ascii_punctuation() && !matches!(c, '_' | '@' | '%' | '$'));
    if value.len() <= 3 && value.chars().all(|c| c.is_ascii_digit()) {
        return true;
    }
    let label = match value.rsplit_once('_') {
        Some((label, number)) if number.len() <= 2 && number.chars().all(|c| c.is_ascii_digit()) => label,
        _ => value,
    };
    label
        .chars()
        .all(|c| c.is_alphabetic() || matches!(c, '_' | ',' | '.' | '"'))
}

/// Nothing, a placeholder, or what an SDK has hidden already.
pub(super) fn is_empty_or_hidden(value: &str) -> bool {
    let value = value.trim();
    let is_placeholder = value.starts_with("%(") || matches!(value, "?" | "%s") || is_numbered(value);
    let is_nothing = matches!(
        value,
        "-" | "None" | "null" | "true" | "false" | "undefined" | "{}" | "[]" | "()"
    );
    value.is_empty()
        || is_placeholder
        || is_nothing
        || value.starts_with("[Scrubbed")
        || value.chars().all(|c| matches!(c, '*' | '.' | '…'))
}

/// `$1`, `:name`, `{param}`.
fn is_numbered(value: &str) -> bool {
    let digits = value
        .strip_prefix('$')
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    let is_word =
        |rest: &str| rest.starts_with(char::is_alphabetic) && rest.chars().all(|c| c.is_alphanumeric() || c == '_');
    digits
        || value.strip_prefix(':').is_some_and(is_word)
        || value
            .strip_prefix('{')
            .is_some_and(|rest| is_word(rest.trim_end_matches('}')))
}

/// `token: a1b2c3` in a sentence. "PASS: 2025-12-08" is an outcome.
fn is_said_by_value(name: &str, value: &str) -> bool {
    value.len() >= SHORTEST_IN_PROSE && looks_secret(value) && !name.to_ascii_lowercase().ends_with("pass")
}

/// Whether a word is rather a secret than a word: digits in it, signs of base64, or very long.
fn looks_secret(value: &str) -> bool {
    let has_capital =
        value.chars().skip(1).any(|c| c.is_ascii_uppercase()) && value.chars().any(|c| c.is_ascii_lowercase());
    value.chars().any(|c| c.is_ascii_digit()) || value.ends_with('=') || has_capital || value.len() >= 20
}

fn looks_dated(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['-', ' ']).collect();
    parts
        .windows(2)
        .any(|pair| matches!(pair, [year, month] if year.len() == 4 && month.len() == 2))
}

/// What a text is if one rule about people takes all of it.
pub(super) fn kind_of_whole(text: &str) -> Option<Kind> {
    COMPILED.as_ref()?.iter().find_map(|(rule, regex)| {
        let found = regex.captures(text)?;
        let is_whole = found.name("v")?.range() == (0..text.len());
        (is_whole && matches!(rule.kind, Email | Did | Handle | Phone)).then_some(rule.kind)
    })
}
