//! What a server says when it refuses: six shapes of error bodies as one line, and the place in the SQL.

use serde_json::Value;

/// Longer messages are cut here: some hold a whole query plan.
const MESSAGE_CHARS: usize = 600;
/// `detail` may be JSON in a string, which may hold a `detail` again; nobody nests deeper on purpose.
const DEEPEST: usize = 4;

/// A refusal, told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// One line; empty if the body held nothing.
    pub message: String,
    /// 1-based line and column in the SQL.
    pub at: Option<(u64, u64)>,
    /// Whether the body is a web page, so that no Logfire wrote it.
    pub html: bool,
}

/// Reads the body of an answer that is none.
pub fn body(bytes: &[u8]) -> Refusal {
    let text = String::from_utf8_lossy(bytes);
    if text.trim_start().starts_with('<') {
        return Refusal {
            message: title(&text),
            html: true,
            at: None,
        };
    }
    let mut refusal = match serde_json::from_str(&text) {
        Ok(value) => json(&value, DEEPEST),
        Err(_) => None,
    }
    .unwrap_or_else(|| Refusal {
        message: text
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default()
            .to_owned(),
        ..Refusal::default()
    });
    refusal.message = one_line(&refusal.message);
    refusal
}

/// The order of the reference: `details.details.message`, `details.message`, `error`, `detail`.
fn json(value: &Value, depth: usize) -> Option<Refusal> {
    if let Value::String(text) = value {
        return Some(inner(text, depth));
    }
    let details = value.get("details");
    let deepest = details
        .and_then(|details| details.get("details"))
        .filter(|inner| inner.get("message").is_some());
    if let Some(place) = deepest.or(details)
        && let Some(message) = place.get("message").and_then(Value::as_str)
    {
        let start = place.get("span").and_then(|span| span.get("start"));
        let number = |name: &str| start?.get(name)?.as_u64();
        let better = place.get("replace_span_with").and_then(Value::as_str);
        return Some(Refusal {
            message: match better {
                Some(better) => format!("{message} (did you mean `{better}`?)"),
                None => message.to_owned(),
            },
            at: number("line").zip(number("column")),
            html: false,
        });
    }
    for key in ["error", "message"] {
        match value.get(key) {
            Some(Value::String(text)) => return Some(inner(text, depth)),
            Some(Value::Object(_)) if depth > 0 => return json(&value[key], depth - 1),
            _ => {}
        }
    }
    match value.get("detail")? {
        Value::String(text) => Some(inner(text, depth)),
        Value::Array(problems) => Some(Refusal {
            message: problems.iter().map(problem).collect::<Vec<_>>().join("; "),
            ..Refusal::default()
        }),
        other => Some(Refusal {
            message: other.to_string(),
            ..Refusal::default()
        }),
    }
}

/// Text that may be JSON itself.
fn inner(text: &str, depth: usize) -> Refusal {
    let nested = if depth > 0 && text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(text)
            .ok()
            .and_then(|value| json(&value, depth - 1))
    } else {
        None
    };
    nested.unwrap_or_else(|| Refusal {
        message: text.to_owned(),
        ..Refusal::default()
    })
}

/// One entry of a list of validation errors: where, and what.
fn problem(problem: &Value) -> String {
    let words = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let place: Vec<String> = match problem.get("loc") {
        Some(Value::Array(parts)) => parts.iter().map(words).collect(),
        _ => Vec::new(),
    };
    match problem.get("msg") {
        Some(message) if place.is_empty() => words(message),
        Some(message) => format!("{}: {}", place.join("."), words(message)),
        None => words(problem),
    }
}

/// The title of a web page, which is all that is worth reading of a proxy's.
fn title(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let begin = at + lower[at..].find('>')? + 1;
        let end = begin + lower[begin..].find("</title")?;
        text.get(begin..end)
    });
    one_line(title.unwrap_or_default())
}

/// One line without control characters, cut in length.
fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
