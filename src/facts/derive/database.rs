//! Whether operations of a database are recorded at all: a service that asks one unseen can't be called healthy.

use std::collections::BTreeSet;

use super::View;
use crate::facts::rows::{Cell, What};
use crate::words::clock;

/// What a team does about it.
const REMEDY: &str = "instrument it (`logfire.instrument_sqlalchemy()`, `instrument_psycopg()`, `instrument_asyncpg()`, ...), or name its \
                      scope in `spans.database_scopes`; a service that has none is named in `app.without_database`";

/// Why nothing is known of the database, or of that of some services; `None` = operations of each service that serves
/// requests are recognised, or there is nothing to judge.
pub(super) fn unseen(view: &View<'_>) -> Option<String> {
    let services = |fits: fn(&Cell) -> bool| -> BTreeSet<&str> {
        let own = view.cells().filter(|cell| fits(cell));
        own.map(|cell| cell.service.as_str()).collect()
    };
    let recorded = services(|cell| cell.in_window);
    let seen = services(|cell| matches!(cell.what, What::Connect | What::Statement));
    let serving = services(|cell| cell.in_window && cell.what.is_request());
    let has_none = |name: &&str| view.profile.app.without_database.iter().any(|other| other == name);
    if recorded.iter().all(has_none) {
        return None;
    }
    let since = clock(view.window.from - view.profile.lookback);
    if seen.is_empty() {
        return Some(format!(
            "no record since {since} is recognised as an operation of a database: {REMEDY}"
        ));
    }
    let unseen: Vec<&str> = serving
        .difference(&seen)
        .copied()
        .filter(|name| !has_none(name))
        .collect();
    (!unseen.is_empty()).then(|| {
        format!(
            "{} served requests, and no record of it since {since} is recognised as an operation of a database: {REMEDY}",
            unseen.join(" and ")
        )
    })
}
