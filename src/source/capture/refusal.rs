//! The engine's errors as one line for a person, with the place in the SQL where it says one.

use datafusion::error::DataFusionError;

use super::SourceError;

/// Column lists in messages are cut here: the 44 columns of `records` would bury the cause.
const MESSAGE_CHARS: usize = 600;

/// The engine could not begin or end.
pub(super) fn failed(why: &dyn std::fmt::Display) -> SourceError {
    SourceError::Rejected {
        message: format!("the engine could not run: {why}"),
        at: None,
    }
}

/// Its thread is gone without a word.
pub(super) fn unfinished() -> SourceError {
    failed(&"it ended without an answer")
}

/// What the error of a running statement stands for: a file that can't be read, too little memory (`limit` bytes), or
/// the statement itself.
pub(super) fn refused(error: &DataFusionError, limit: u64) -> SourceError {
    match root(error) {
        DataFusionError::External(cause) => match cause.downcast_ref::<SourceError>().and_then(of_file) {
            Some(error) => error,
            None => of_worker(cause.as_ref()).unwrap_or_else(|| rejected(error)),
        },
        DataFusionError::ResourcesExhausted(_) => SourceError::Memory { limit },
        _ => rejected(error),
    }
}

/// The same error again, if it is one of a file.
fn of_file(error: &SourceError) -> Option<SourceError> {
    match error {
        SourceError::Unreadable { path, why } => Some(SourceError::Unreadable {
            path: path.clone(),
            why: why.clone(),
        }),
        SourceError::Malformed { path, line, why } => Some(SourceError::Malformed {
            path: path.clone(),
            line: *line,
            why: why.clone(),
        }),
        SourceError::MissingColumns { path, missing } => Some(SourceError::MissingColumns {
            path: path.clone(),
            missing: missing.clone(),
        }),
        SourceError::Rejected { .. } | SourceError::Memory { .. } | SourceError::Api(_) => None,
        #[cfg(feature = "cluster")]
        SourceError::Worker(_) => None,
    }
}

#[cfg(feature = "cluster")]
fn of_worker(cause: &(dyn std::error::Error + 'static)) -> Option<SourceError> {
    let error = cause.downcast_ref::<super::WorkerError>()?;
    Some(SourceError::Worker(error.clone()))
}

#[cfg(not(feature = "cluster"))]
fn of_worker(_: &(dyn std::error::Error + 'static)) -> Option<SourceError> {
    None
}

/// The refusal that the engine's error stands for.
pub(super) fn rejected(error: &DataFusionError) -> SourceError {
    let root = root(error);
    let mut message = tidy(&root_message(root));
    if message.starts_with("table '") && message.ends_with("not found") {
        message.push_str("; a capture has the tables records and records_all");
    }
    let at = error
        .diagnostic()
        .or_else(|| root.diagnostic())
        .and_then(|diagnostic| diagnostic.span)
        .map(|span| (span.start.line, span.start.column))
        .or_else(|| place(&message));
    SourceError::Rejected { message, at }
}

/// The innermost engine error: the outer ones tell which optimizer rule met it.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error.find_root() {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => root(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, root),
        DataFusionError::Shared(inner) => root(inner),
        found => found,
    }
}

fn root_message(error: &DataFusionError) -> String {
    match error {
        // Their own `message()` is debug output, or adds an appeal to file a bug.
        DataFusionError::SQL(inner, _) => inner.to_string(),
        DataFusionError::Internal(message) => message.clone(),
        other => other.message().into_owned(),
    }
}

fn tidy(message: &str) -> String {
    let message = message.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or(message);
    let message = message
        .split("\nThis issue was likely caused")
        .next()
        .unwrap_or(message);
    let message = message.strip_prefix("sql parser error: ").unwrap_or(message);
    // How the planner wraps what a function says of its arguments.
    let message = message
        .rsplit_once("coercion failed with: Error during planning: ")
        .and_then(|(_, cause)| cause.split_once(" No function matches"))
        .map_or(message, |(cause, _)| cause);
    let message = message.replace("datafusion.public.", "");
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// The parser names the place in its text only: `... at Line: 1, Column: 5`.
fn place(message: &str) -> Option<(u64, u64)> {
    let (line, column) = message.rsplit_once("Line: ")?.1.split_once(", Column: ")?;
    let digits = column.find(|c: char| !c.is_ascii_digit()).unwrap_or(column.len());
    Some((line.parse().ok()?, column[..digits].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_read_from_the_parser_s_text() {
        assert_eq!(
            place("Expected: an expression, found: EOF at Line: 3, Column: 15"),
            Some((3, 15))
        );
        assert_eq!(place("found: ) at Line: 1, Column: 5 near x"), Some((1, 5)));
        assert_eq!(place("no place"), None);
        assert_eq!(place("Line: , Column: "), None);
    }

    #[test]
    fn messages_are_one_line_without_boilerplate() {
        let error = DataFusionError::Internal(String::from("what\n  happened")).context("some rule");
        let SourceError::Rejected { message, at } = rejected(&error) else {
            unreachable!("always a refusal")
        };
        assert_eq!((message.as_str(), at), ("what happened", None));
    }
}
