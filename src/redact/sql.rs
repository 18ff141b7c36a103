//! Values in statements: quoted strings and numbers of SQL, and the parameters that errors quote beside it.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::claims::Claims;

/// Where a statement begins. Each spelling apart: "Select one from the list" is prose, and so is "SELECT x slow from 6:30".
static BEGIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let of = |words: [&str; 11]| {
        let [
            select,
            from,
            insert,
            into,
            update,
            set,
            delete,
            place,
            values,
            call,
            with,
        ] = words;
        format!(
            r#"\b{select}\b[^;]*?\b{from}\b|\b{select}\s+(?:['\d(]|[\w.]+\(\s*['$\d])|\b{insert}\s+{into}\b|\b{update}\s+[\w."`]+\s+(?:\w+\s+)?{set}\b|\b{delete}\s+{from}\b|\b{place}\s+[\w."`(]+\s*(?:[=<>!~]|\w+\s*[('$%])|\b{values}\s*\(|\b{call}\s+[\w."]+\(|\b{with}\s+\w+\s+AS\s*\("#,
        )
    };
    let upper = of([
        "SELECT", "FROM", "INSERT", "INTO", "UPDATE", "SET", "DELETE", "WHERE", "VALUES", "CALL", "WITH",
    ]);
    let lower = of([
        "select", "from", "insert", "into", "update", "set", "delete", "where", "values", "call", "with",
    ]);
    let title = of([
        "Select", "From", "Insert", "Into", "Update", "Set", "Delete", "Where", "Values", "Call", "With",
    ]);
    let cut = r"…[^…]*?\b(?:AND|OR|WHERE|VALUES|LIMIT|SET)\b";
    Regex::new(&format!(
        r"(?s)\[SQL: |(?i:\bmerge\s+into\b|\bexec(?:ute)?\s+[\w.]+\s+[@'])|{cut}|{upper}|{lower}|{title}"
    ))
    .ok()
});

/// What stands before a number that is a value.
static BEFORE_NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:[=<>~+*/%|-]|\b(?:between|and|or|limit|offset|like|ilike|then|else|when|select|in|is|interval|by\s+default))\s*[-+]?$").ok()
});

/// What stands before a list of values. A name that is called has no blank before its bracket, unlike a remark in brackets.
static BEFORE_LIST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(?:[\w\]]|\b(?:in|values|any|all|some|array)\s*|\)\s*,\s*)$").ok());

/// Where parameters begin: SQLAlchemy, Rails, Hibernate, the server's log.
static PARAMETERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\bparameters:|\bparams[:=]|\bparameters=|\bbind(?:ing)?s?:|\bargs[:=])\s*(?P<v>[\[({])?").ok()
});

/// Claims values in all statements of a text; `is_sql` = all of it is one.
pub(super) fn claim(claims: &mut Claims<'_>, is_sql: bool) {
    let text = claims.text;
    for found in PARAMETERS.iter().flat_map(|pattern| pattern.captures_iter(text)) {
        let Some(whole) = found.get(0) else { continue };
        // `[parameters: {…}]` and `params=[…]` end with their bracket; what else stands there is a word of prose.
        let begin = found.name("v").map(|bracket| bracket.start());
        if let Some(begin) = begin {
            let end = end_of_brackets(text, begin);
            claims.take(begin..end, Kind::Value);
        } else if text.get(..whole.start()).is_some_and(|before| before.ends_with('[')) {
            let end = end_of_brackets(text, whole.start() - 1);
            claims.take(whole.end()..end.saturating_sub(1).max(whole.end()), Kind::Value);
        }
    }
    let begin = match is_sql {
        true => Some(0),
        false => BEGIN.as_ref().and_then(|pattern| Some(pattern.find(text)?.start())),
    };
    let mut begin = begin;
    while let Some(at) = begin {
        let end = statement(claims, at, is_sql);
        let rest = text.get(end..).unwrap_or_default();
        begin = BEGIN
            .as_ref()
            .and_then(|pattern| Some(end + pattern.find(rest)?.start()));
    }
}

/// Claims the values of the statement that begins there, and says where it ends: at the bracket or the backtick that it
/// stands in, or with the text.
fn statement(claims: &mut Claims<'_>, begin: usize, is_sql: bool) -> usize {
    let text = claims.text;
    let is_quoted = !is_sql && text.get(..begin).is_some_and(|before| before.ends_with('`'));
    let (mut at, mut brackets) = (begin, 0_usize);
    // For each open round bracket: whether it holds a list of values.
    let mut lists: Vec<bool> = Vec::new();
    if text.get(begin..).is_some_and(|rest| rest.starts_with("[SQL: ")) {
        at += "[SQL: ".len();
    }
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let before = text.get(begin..at).unwrap_or_default();
        let next = at + c.len_utf8();
        at = match c {
            '`' if is_quoted => return next,
            '[' => {
                brackets += 1;
                next
            }
            ']' if brackets == 0 && !is_sql => return next,
            ']' => {
                brackets = brackets.saturating_sub(1);
                next
            }
            '(' => {
                lists.push(is(&BEFORE_LIST, before));
                next
            }
            ')' => {
                lists.pop();
                next
            }
            '\'' if opens_string(text, at) => {
                let end = end_of_string(text, next);
                claims.take(next..end, Kind::Value);
                end + usize::from(end < text.len())
            }
            '$' => end_of_dollars(claims, at).unwrap_or(next),
            '0'..='9' if !before.ends_with(is_of_word) => {
                let end = end_of_number(text, at);
                let is_in_list = lists.last().copied().unwrap_or(false) || brackets > 0;
                if is_in_list || is(&BEFORE_NUMBER, before) {
                    claims.take(at..end, Kind::Value);
                }
                end
            }
            _ => next,
        };
    }
    text.len()
}

fn is(pattern: &LazyLock<Option<Regex>>, before: &str) -> bool {
    // What matters stands just before.
    let begin = before.len().saturating_sub(24);
    let begin = (begin..=before.len())
        .find(|at| before.is_char_boundary(*at))
        .unwrap_or(0);
    let near = before.get(begin..).unwrap_or_default();
    pattern.as_ref().is_none_or(|pattern| pattern.is_match(near))
}

/// A part of a name, a placeholder or a time.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | ':' | '"')
}

/// The apostrophe of "couldn't" opens nothing; that of `E'…'` does.
fn opens_string(text: &str, at: usize) -> bool {
    let mut before = text.get(..at).unwrap_or_default().chars().rev();
    let is_in_word = before.next().is_some_and(char::is_alphabetic) && before.next().is_some_and(char::is_alphabetic);
    let after = text.get(at + 1..).and_then(|rest| rest.chars().next());
    !(is_in_word && after.is_some_and(char::is_alphabetic))
}

/// Where the string ends that begins behind its quote: at the quote that is not doubled or escaped.
fn end_of_string(text: &str, begin: usize) -> usize {
    let mut chars = text.get(begin..).unwrap_or_default().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
            }
            '\'' => return begin + at,
            _ => {}
        }
    }
    text.len()
}

/// `$$…$$` and `$tag$…$tag$`; `None` for `$1`.
fn end_of_dollars(claims: &mut Claims<'_>, at: usize) -> Option<usize> {
    let rest = claims.text.get(at + 1..)?;
    let tag = rest.split('$').next()?;
    let is_tag = tag.len() < rest.len()
        && tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return None;
    }
    let mark = format!("${tag}$");
    let begin = at + mark.len();
    let length = claims.text.get(begin..)?.find(&mark);
    let end = length.map_or(claims.text.len(), |length| begin + length);
    claims.take(begin..end, Kind::Value);
    Some((end + mark.len()).min(claims.text.len()))
}

fn end_of_number(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest
        .find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_')
        .unwrap_or(rest.len());
    at + rest
        .get(..length)
        .unwrap_or_default()
        .trim_end_matches('.')
        .len()
        .max(1)
}

/// Behind the bracket that closes the one that stands there, quotes heeded; the end of the text if it was cut off.
fn end_of_brackets(text: &str, begin: usize) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut chars = text.get(begin..).unwrap_or_default().char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']' | ')' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return begin + at + c.len_utf8();
                }
            }
            _ => {}
        }
    }
    text.len()
}
