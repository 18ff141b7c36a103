//! A pasted text as its parts: what was said, one exception or log line after the other, and the stack frames between.
//! It undoes what loggers do to a text: escapes of JSON and HTML, colours, statements that are quoted with the error.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The parts of a text.
pub(super) struct Parts {
    /// Messages without their stack traces, in the text's order.
    pub said: Vec<String>,
    /// Lines of stack traces.
    pub frames: String,
}

type Pattern = LazyLock<Option<Regex>>;

/// What is rewritten before anything is read, in this order.
const REWRITES: &[(&str, &str)] = &[
    (r"\r", ""),
    (r"(?:\x1b|\\u001[bB]|\\x1[bB]|\\033)\[[0-9;]*[A-Za-z]", ""),
    (r"&quot;|&#34;|[“”]", "\""),
    (r"&#39;|&#x27;|&apos;|[‘’]", "'"),
    (r"&gt;", ">"),
    (r"&lt;", "<"),
    (r"&amp;", "&"),
    // However often JSON was put into JSON.
    (r"\\+n", "\n"),
    (r"\\+r", ""),
    (r"\\+t", "\t"),
    (r#"\\+(["'/])"#, "$1"),
    // What compose, Kubernetes, syslog, a build and a quotation put before each line.
    (
        r"(?m)^(?:[\w.-]+ +\| ?|\S+ std(?:out|err) [FP] |#\d+ \d+\.\d+ |> ?)",
        "",
    ),
    (
        r"(?m)^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./-]+(?:\[\d+\])?: ",
        "",
    ),
    // A thread's name is not a connection pool's.
    (r"\bpool-\d+-thread-\d+", "thread"),
    // The statement that failed and its values are the user's words, not the driver's.
    (r#"(?is)\[SQL: .*?\](\s*\n|\s*$|\s*[(\["'])"#, "$1"),
    (r#"(?is)\[parameters: .*?\](\s*\n|\s*$|\s*[("'])"#, "$1"),
    (r"\((?:Connection: [^,\n]*, )?SQL: .*\)", ""),
    (r"\(Background on this error at: [^)]*\)", ""),
    (
        r"(?m)^\s*(?:STATEMENT|QUERY|CONTEXT|LINE \d+|DETAIL: +Key|DETAIL: +Failing row)\b.*$",
        "",
    ),
    // A traceback that lost its line breaks.
    (
        r#"(\S)[ \t]+File "([^"\n]+)", line (\d+)"#,
        "$1\n  File \"$2\", line $3",
    ),
];
static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compiled = REWRITES
        .iter()
        .map(|(rule, with)| Some((Regex::new(rule).ok()?, *with)));
    compiled.flatten().collect()
});
/// A path of Windows: its `\n` and `\t` are no escapes.
static DRIVE: Pattern = LazyLock::new(|| Regex::new(r#"\b[A-Za-z]:(?:\\+[^\\\s"':]+)+"#).ok());
static CODE_POINT: Pattern = LazyLock::new(|| Regex::new(r"\\+u([0-9a-fA-F]{4})").ok());

/// A line of a stack trace: Python; Java, .NET and JavaScript; PHP; Ruby, Go and Elixir; and what stands around them.
static FRAME: Pattern = LazyLock::new(|| {
    Regex::new(concat!(
        r#"File "[^"]+", line \d+"#,
        r"|^(?:[^|]*\|)?[\s\W\d]*(?:at|bei) (?:async |new )?\S*[.(/:<]",
        r"|^\W*#\d+ (?:\S*\.php\(\d+\)|\[internal|\{main)",
        r"|^\s*(?:from )?\S+\.(?:rb|cr|php):\d+(?::in |$)|^\s*\S+\.go:\d+(?: \+0x\w+)?$",
        r"|^\s*(?:\([\w.]+ [\w.]+\) )?\S+\.(?:exs?|erl):\d+: \S+$",
        r"|^\s*\.\.\. \d+ (?:more|common)|^goroutine \d+|Traceback \(most recent call last\)|^\W*--- En",
        r"|^[\s|│]*[~^][\s~^]*$",
    ))
    .ok()
});
/// A frame that an exception is glued to, since the line breaks are lost.
static GLUED: Pattern = LazyLock::new(|| {
    Regex::new(r#"File "[^"]+", line \d+, in \S+\s.*?\b((?:\w+\.)*\w*(?:Error|Exception|Timeout)\b.*)$"#).ok()
});
/// Where the next exception of a chain begins within a line, and where a log begins its next line.
static NEXT: Pattern = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)\bcaused? ?(?:by)?: |nested exception is|--->|\[cause\]:|original exception was:?",
        r"|the above exception was the direct cause of the following exception:?",
        r"|during handling of the above exception, another exception occurred:?|\[previous exception\]",
    ))
    .ok()
});
static LOGGED: Pattern = LazyLock::new(|| Regex::new(r"^\W*(?:\w+\[\d+\]: )?\d{4}[-/]\d\d[-/]\d\d[T ]").ok());

/// The text without the escapes and colours of what carried it.
pub(super) fn plain(text: &str) -> String {
    let slashed = |found: &Captures| found.get(0).map_or("", |path| path.as_str()).replace('\\', "/");
    let mut text = match DRIVE.as_ref() {
        Some(drive) => drive.replace_all(text, slashed).into_owned(),
        None => text.to_owned(),
    };
    if let Some(code_point) = CODE_POINT.as_ref() {
        let letter = |found: &Captures| {
            let digits = found
                .get(1)
                .and_then(|digits| u32::from_str_radix(digits.as_str(), 16).ok());
            digits.and_then(char::from_u32).unwrap_or(' ').to_string()
        };
        text = code_point.replace_all(&text, letter).into_owned();
    }
    for (rule, with) in COMPILED.iter() {
        if let Cow::Owned(changed) = rule.replace_all(&text, *with) {
            text = changed;
        }
    }
    text
}

/// The parts of a text that is [`plain`].
pub(super) fn parts(plain: &str) -> Parts {
    let marked = match NEXT.as_ref() {
        Some(next) => next.replace_all(plain, "\n\u{1}"),
        None => Cow::Borrowed(plain),
    };
    let mut said: Vec<String> = vec![String::new()];
    let mut frames = String::new();
    // Below a frame of Python stands the line of source, further in than the frame.
    let mut source_from: Option<usize> = None;
    for line in marked.lines() {
        let is = |pattern: &Pattern| pattern.as_ref().is_some_and(|pattern| pattern.is_match(line));
        let is_source = source_from.is_some_and(|column| {
            let mut rest = line.chars().skip(column);
            rest.next().is_some_and(char::is_whitespace) && rest.next().is_some_and(char::is_whitespace)
        });
        if is(&FRAME) || is_source {
            if let Some(column) = line.find("File \"") {
                source_from = line.get(..column).map(|before| before.chars().count());
            }
            frames.push_str(line);
            frames.push('\n');
            let glued = GLUED.as_ref().and_then(|glued| glued.captures(line)?.get(1));
            said.push(glued.map(|message| message.as_str().to_owned()).unwrap_or_default());
            continue;
        }
        source_from = None;
        let begins = line.starts_with('\u{1}') || is(&LOGGED);
        match said.last_mut() {
            Some(last) if !begins => {
                last.push_str(line.trim_start_matches('\u{1}'));
                last.push('\n');
            }
            _ => said.push(format!("{}\n", line.trim_start_matches('\u{1}'))),
        }
    }
    said.retain(|message| !message.trim().is_empty());
    Parts { said, frames }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let parts = parts(&plain(text));
        parts.said.iter().map(|message| message.trim().to_owned()).collect()
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(COMPILED.len(), REWRITES.len());
        for pattern in [&DRIVE, &CODE_POINT, &FRAME, &GLUED, &NEXT, &LOGGED] {
            assert!(pattern.is_some());
        }
    }

    #[test]
    fn frames_and_their_source_are_not_said() {
        let text = "Traceback (most recent call last):\n  File \"/app/pool.py\", line 3, in get\n    raise TimeoutError from pool.timeout\n           ^^^^^\nTimeoutError";
        assert_eq!(said(text), ["TimeoutError"]);
        let logged = "api-1 |   File \"/app/pool.py\", line 3, in get\napi-1 |     pool.timeout()\napi-1 | KeyError: 1";
        assert_eq!(said(logged), ["KeyError: 1"]);
        assert_eq!(
            said("A: b\n\tat com.x.Pool.timeout(Pool.java:3)\nCaused by: C: d"),
            ["A: b", "C: d"]
        );
        let joined = "Traceback (most recent call last): File \"a.py\", line 2, in f g() File \"b.py\", line 3, in g x() ValueError: y";
        assert_eq!(said(joined), ["ValueError: y"]);
        // A log's place in the source is no frame.
        assert_eq!(
            said("repo.go:101 create()] [E] bad connection"),
            ["repo.go:101 create()] [E] bad connection"]
        );
    }

    #[test]
    fn escapes_are_undone_however_deep() {
        assert_eq!(
            said(r#"a \"b\"\nFile \\\"c.py\\\", line 1, in d\\n  e\\nf"#),
            ["a \"b\"", "f"]
        );
        assert_eq!(plain(r"D:\node\tools\pg.js:1"), "D:/node/tools/pg.js:1");
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m \\u0027x\\u0027 &quot;"), "red 'x' \"");
    }

    #[test]
    fn statements_are_not_said() {
        let text = "closed\n[SQL: SELECT a[1] FROM pool WHERE timeout]\n[parameters: {'x': [1]}]\n(Background on this error at: https://x)";
        assert_eq!(said(text), ["closed"]);
        assert_eq!(said("gone away (Connection: mysql, SQL: select ')')"), ["gone away"]);
    }
}
