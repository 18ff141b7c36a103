//! What makes a long request a hang. Waiting on the database is reason enough; without that a request is a hang if requests
//! of its route are brief as a rule, and others of its service that are brief as a rule last as long beside it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{View, weight};
use crate::error_text::{ErrorClass, read};
use crate::facts::rows::{Long as Span, ProcessRow};
use crate::facts::{Fate, Hang, Long, Nature, Role, Wait, to_seconds};

/// Brief requests of a route, at least, to know that it is brief as a rule.
const LEAST_BRIEF: u64 = 3;
/// Requests of a route that lasted, at least, to say that they usually do.
const LEAST_LASTING: u64 = 3;
/// So many times as long as the brief requests of its route: out of all proportion.
const OUT_OF_PROPORTION: f64 = 10.0;
/// Requests out of proportion at a time, at least: fewer can be two large answers.
const LEAST_TOGETHER: usize = 3;
/// What a WebSocket's span begins with: a connection that is upgraded has no method.
const WEBSOCKET: &str = "HTTP ";

/// A request that lasted long or is open, or a database operation that stands for itself.
pub(super) struct Judged {
    pub hang: Hang,
    /// It waits, or waited, on the database.
    pub hung: bool,
    /// It is open and has asked its database something just now.
    pub works: bool,
    /// The call to another service that it waits on, or waited on most of its time.
    pub call: Option<String>,
}

/// How long the requests of a route take that succeed.
#[derive(Default, Clone, Copy)]
struct Usual {
    count: u64,
    lasted: u64,
    brief_s: f64,
}

impl Usual {
    fn brief(self) -> u64 {
        self.count - self.lasted.min(self.count)
    }

    /// Most of them are brief.
    fn is_brief(self) -> bool {
        self.brief() >= LEAST_BRIEF.max(self.lasted)
    }

    /// As long as a brief one usually takes, seconds.
    fn typical_s(self) -> f64 {
        self.brief_s / weight(self.brief().max(1))
    }

    fn lasts(self) -> bool {
        self.lasted >= LEAST_LASTING && 2 * self.lasted > self.count
    }
}

/// What is known of routes and services.
pub(super) struct Reasons<'a> {
    view: &'a View<'a>,
    routes: BTreeMap<(&'a str, &'a str), Usual>,
    /// Services that record statements and no checkouts.
    without_checkouts: BTreeSet<&'a str>,
}

impl<'a> Reasons<'a> {
    pub fn new(view: &'a View<'a>) -> Self {
        let mut routes: BTreeMap<(&str, &str), Usual> = BTreeMap::new();
        for row in &view.rows.processes.rows {
            for served in &row.routes {
                let usual = routes.entry((&row.service, &served.route)).or_default();
                usual.count += served.count;
                usual.lasted += served.lasted;
                usual.brief_s += served.brief_s;
            }
        }
        Self {
            view,
            routes,
            without_checkouts: without_checkouts(view),
        }
    }

    /// Whether a request's own error is that of a connect without an answer. Where checkouts are recorded they tell how long
    /// it took; elsewhere the request is all there is.
    pub fn connect_timed_out(&self, long: &Span) -> bool {
        let service = long.span.service.as_str();
        let error = long.error.as_deref().filter(|_| long.failed);
        self.without_checkouts.contains(service)
            && error
                .and_then(read)
                .is_some_and(|text| text.class == ErrorClass::ConnectTimeout && text.speaks_of_database)
    }

    /// Hangs, and what is only long.
    pub fn part(&self, found: Vec<Judged>) -> (Vec<Hang>, Vec<Long>) {
        let doubtful: Vec<&Judged> = found.iter().filter(|one| self.is_doubtful(one)).collect();
        let beyond: BTreeSet<String> = doubtful
            .iter()
            .filter(|one| self.together(one, &doubtful).len() >= LEAST_TOGETHER)
            .map(|one| one.hang.span_id.clone())
            .collect();
        let inferred: BTreeSet<String> = doubtful
            .iter()
            .filter(|one| beyond.contains(&one.hang.span_id) && self.waits_before_its_statements(one, &doubtful))
            .map(|one| one.hang.span_id.clone())
            .collect();
        let (mut hangs, mut long) = (Vec::new(), Vec::new());
        for mut one in found {
            if inferred.contains(&one.hang.span_id) {
                let hang = &mut one.hang;
                hang.wait = Some(Wait::single(Role::Connect, hang.started_at, hang.duration_s()));
            }
            if one.hung || beyond.contains(&one.hang.span_id) {
                hangs.push(one.hang);
            } else {
                let nature = self.nature(&one);
                long.push(Long {
                    request: one.hang,
                    nature,
                    call: one.call,
                });
            }
        }
        (hangs, long)
    }

    /// Out of proportion to what its route does, and not at work in its database.
    fn is_doubtful(&self, one: &Judged) -> bool {
        let usual = self.usual(&one.hang);
        let by_design = self.is_named(&one.hang.span_name) || one.hang.span_name.starts_with(WEBSOCKET);
        let length_s = one.hang.length_s(self.view.window.to);
        // What was cut off by the end of its process may have been about to end, unless it had hung by then.
        let cut_off = matches!(one.hang.fate, Fate::Died(_)) && length_s <= to_seconds(self.view.profile.hang_after);
        !one.hung
            && !one.works
            && !by_design
            && !cut_off
            && usual.is_brief()
            && length_s >= OUT_OF_PROPORTION * usual.typical_s()
    }

    /// Those of its service that are open at a time with it.
    fn together<'b>(&self, one: &Judged, doubtful: &[&'b Judged]) -> Vec<&'b Judged> {
        let from = one.hang.started_at;
        let to = self.end(&one.hang);
        let beside = doubtful.iter().filter(|other| {
            other.hang.service == one.hang.service && other.hang.started_at < to && from < self.end(&other.hang)
        });
        beside.copied().collect()
    }

    fn end(&self, hang: &Hang) -> DateTime<Utc> {
        hang.ended_at().unwrap_or(self.view.window.to)
    }

    /// Where no checkouts are recorded, a request that waits on nothing recorded while requests of other routes do so too waits
    /// for its connection: what a single route does beside its statements has another reason.
    fn waits_before_its_statements(&self, one: &Judged, doubtful: &[&Judged]) -> bool {
        let silent: Vec<&Judged> = self
            .together(one, doubtful)
            .into_iter()
            .filter(|other| other.hang.wait.is_none())
            .collect();
        let routes: BTreeSet<&str> = silent.iter().map(|other| other.hang.span_name.as_str()).collect();
        one.hang.wait.is_none() && routes.len() > 1 && self.without_checkouts.contains(one.hang.service.as_str())
    }

    fn nature(&self, one: &Judged) -> Nature {
        let usual = self.usual(&one.hang);
        if self.is_named(&one.hang.span_name) {
            Nature::Named
        } else if one.hang.span_name.starts_with(WEBSOCKET) {
            Nature::WebSocket
        } else if one.call.is_some() {
            Nature::Call
        } else if usual.lasts() {
            Nature::Route {
                lasted: usual.lasted,
                count: usual.count,
            }
        } else {
            Nature::Unknown
        }
    }

    fn usual(&self, hang: &Hang) -> Usual {
        let route = (hang.service.as_str(), hang.span_name.as_str());
        self.routes.get(&route).copied().unwrap_or_default()
    }

    fn is_named(&self, name: &str) -> bool {
        let patterns = &self.view.profile.spans.long_lived;
        patterns.iter().any(|pattern| is_like(name, pattern))
    }
}

/// Services of which statements are recorded and no checkouts.
pub(super) fn without_checkouts<'a>(view: &View<'a>) -> BTreeSet<&'a str> {
    let rows = &view.rows.processes.rows;
    let of = |has: fn(&ProcessRow) -> bool| -> BTreeSet<&'a str> {
        let own = rows.iter().filter(|row| has(row));
        own.map(|row| row.service.as_str()).collect()
    };
    let connects = of(|row| row.has_connects);
    let statements = of(|row| row.has_statements);
    statements.difference(&connects).copied().collect()
}

/// Whether a name fits a pattern in which `*` stands for any text.
fn is_like(name: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return name == pattern;
    };
    let Some(rest) = name.strip_prefix(before) else {
        return false;
    };
    let places = rest.char_indices().map(|(place, _)| place).chain([rest.len()]);
    places.into_iter().any(|place| is_like(&rest[place..], after))
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_star_stands_for_any_text() {
        for (name, pattern, like) in [
            ("GET /audio/{file_id}", "GET /audio/{file_id}", true),
            ("GET /audio/{file_id}/url", "GET /audio/{file_id}", false),
            ("GET /tracks/uploads/{upload_id}/progress", "GET */progress", true),
            ("GET /progress/{id}", "GET */progress", false),
            ("HTTP /jams/{code}/ws", "HTTP *", true),
            ("GET /a", "*", true),
            ("GET /é/live", "GET /*/live", true),
        ] {
            assert_eq!(is_like(name, pattern), like, "{name} {pattern}");
        }
    }
}
