//! SQLSTATE: the class of a code, where a text carries one. It is the same in every language.

use std::sync::LazyLock;

use regex::Regex;

use super::ErrorClass::{self, *};

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// It means this, whatever the words.
    Means(ErrorClass),
    /// It means this unless the words say more.
    Hints(ErrorClass),
    /// The server answered, and it is about the statement or the login.
    Elsewhere,
}

/// Beginning of a code and what it says; the first that fits decides. Names: PostgreSQL's appendix A.
const CODES: &[(&str, Code)] = &[
    ("53300", Code::Means(ServerSlotsFull)), // too_many_connections
    ("57P01", Code::Means(StaleConnection)), // admin_shutdown
    ("57P02", Code::Means(StaleConnection)), // crash_shutdown
    ("57P03", Code::Means(ConnectRefused)),  // cannot_connect_now
    ("57P05", Code::Means(StaleConnection)), // idle_session_timeout
    ("25P03", Code::Means(StaleConnection)), // idle_in_transaction_session_timeout
    ("25P04", Code::Means(StaleConnection)), // transaction_timeout, which ends the session
    ("25P02", Code::Means(Misuse)),          // in_failed_sql_transaction
    ("26000", Code::Means(Misuse)),          // invalid_sql_statement_name: no such prepared statement
    ("42P05", Code::Means(Misuse)),          // duplicate_prepared_statement
    ("08003", Code::Hints(StaleConnection)), // connection_does_not_exist
    ("08006", Code::Hints(StaleConnection)), // connection_failure
    ("08007", Code::Hints(StaleConnection)), // transaction_resolution_unknown
    ("08S01", Code::Hints(StaleConnection)), // MySQL: communication link failure
    ("08000", Code::Hints(StaleConnection)), // connection_exception
    ("08001", Code::Hints(ConnectRefused)),  // sqlclient_unable_to_establish_sqlconnection
    ("08004", Code::Hints(ConnectRefused)),  // sqlserver_rejected_establishment_of_sqlconnection
    ("22", Code::Elsewhere),
    ("23", Code::Elsewhere),
    ("28", Code::Elsewhere),
    ("3D", Code::Elsewhere),
    ("40", Code::Elsewhere),
    ("42", Code::Elsewhere),
    ("55", Code::Elsewhere),
    ("57014", Code::Elsewhere),
];

/// Where drivers put the code: `SQLSTATE[08006]`, `SQLState: 08006`, `code: '57P01'`, `FATAL 53300 (`, `57P01: text`.
static WHERE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?i:sql ?state|pg_?code|\bcode)['"]?[\s:=\[({'"]{1,4}([0-9][0-9A-Z]{4})\b"#,
        r"|(?:FATAL|ERROR|PANIC|PostgresException[^:\n]*):?\s+([0-9][0-9A-Z]{4})(?::| \()",
        r"|^\W*([0-9][0-9A-Z]{4}): ",
    ))
    .ok()
});

/// What the codes of a text say; one that means something goes before one that hints.
pub(super) fn code(text: &str) -> Option<Code> {
    let found = WHERE.as_ref()?.captures_iter(text);
    let said: Vec<Code> = found
        .filter_map(|found| {
            let code = found.iter().skip(1).flatten().next()?.as_str();
            CODES
                .iter()
                .find(|(begin, _)| code.starts_with(begin))
                .map(|(_, says)| *says)
        })
        .collect();
    let means = said.iter().find(|code| matches!(code, Code::Means(_)));
    means.or(said.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_write_it_in_many_ways() {
        for text in [
            "x (SQLSTATE 53300)",
            "SQLSTATE[53300] [7] x",
            "SQLState: 53300",
            "{ severity: 'FATAL', code: '53300' }",
            r#"{"code":"53300"}"#,
            "** (Postgrex.Error) FATAL 53300 (too_many_connections) x",
            "PostgresException (0x80004005): 53300: x",
            "53300: x",
            "sqlstate=53300",
        ] {
            assert_eq!(code(text), Some(Code::Means(ServerSlotsFull)), "{text}");
        }
        assert_eq!(code("SQL State: 08006"), Some(Code::Hints(StaleConnection)));
        assert_eq!(code("(SQLSTATE 28P01)"), Some(Code::Elsewhere));
        assert_eq!(code("53300 rows in 57P01"), None);
    }
}
