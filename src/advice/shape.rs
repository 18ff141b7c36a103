//! What the traffic's shape says beside errors and durations: a collapse, a silence, a burst of clients that come back,
//! hangs that end together. Statistics of traffic alone call a quiet night an outage: these lines only go with an answer.

use chrono::{DateTime, TimeDelta, Utc};

use crate::diagnosis::Scene;
use crate::episodes::{ENDS_TOGETHER, Hanging, bucket};
use crate::facts::{Bucket, Facts, Fate, to_seconds};
use crate::words::{clock, counted, duration, grouped};

/// Fewer that end together can be chance.
const LEAST_TOGETHER: usize = 3;
/// A service that has fewer requests in a bucket as a rule can have none by chance.
const LEAST_USUAL: u64 = 3;
/// Buckets before the incident that tell what is usual.
const LEAST_BUCKETS: usize = 5;
/// A bucket with this share of the usual traffic or less has collapsed.
const COLLAPSED: f64 = 0.1;
/// Shorter is a pause.
const LEAST_COLLAPSE: TimeDelta = TimeDelta::seconds(60);
/// Requests in a bucket, against the usual, that are clients catching up.
const BURST_FACTOR: u64 = 3;
/// They come back within this of the end.
const BURST_WITHIN: TimeDelta = TimeDelta::minutes(2);
/// A pause of everything that is worth a line.
const LEAST_SILENCE: TimeDelta = TimeDelta::seconds(60);

/// Sentences about the time from `from` to `to`; `None` = it goes on.
pub(super) fn shape(scene: &Scene<'_>, from: DateTime<Utc>, to: Option<DateTime<Utc>>) -> Vec<String> {
    let facts = scene.facts;
    let until = to.unwrap_or(facts.window.to);
    let mut lines = Vec::new();
    lines.extend(together(&scene.hangs));
    let traffic = Traffic::new(facts, scene.service, from);
    if let Some(traffic) = &traffic {
        lines.extend(traffic.collapse(from, until));
    }
    for pause in scene.episodes.pauses() {
        let (begin, end) = (pause.from.max(from), pause.to.min(until));
        if end - begin >= LEAST_SILENCE {
            lines.push(format!(
                "no record of any kind begins from {} to {} ({})",
                clock(pause.from),
                clock(pause.to),
                duration(to_seconds(pause.length()))
            ));
        }
    }
    lines.extend(traffic.and_then(|traffic| traffic.burst(from, until)));
    lines
}

/// The most hangs that ended within seconds of each other.
fn together(hangs: &[Hanging<'_>]) -> Option<String> {
    let mut ends: Vec<(DateTime<Utc>, bool)> = hangs
        .iter()
        .filter_map(|hang| Some((hang.ended_at()?, matches!(hang.fate, Fate::Died(_)))))
        .collect();
    ends.sort();
    let group = |from: usize| -> &[(DateTime<Utc>, bool)] {
        let first = ends[from].0;
        let length = ends[from..]
            .iter()
            .take_while(|(at, _)| *at - first <= ENDS_TOGETHER)
            .count();
        &ends[from..from + length]
    };
    let most = (0..ends.len()).map(group).max_by_key(|group| group.len())?;
    let (first, last) = (most.first()?.0, most.last()?.0);
    if most.len() < LEAST_TOGETHER {
        return None;
    }
    let died = most.iter().filter(|(_, died)| *died).count();
    let (these, all) = (most.len(), counted(ends.len() as u64, "hang"));
    let within = duration(to_seconds((last - first).max(TimeDelta::seconds(1))));
    Some(match died {
        0 => format!(
            "{these} of {all} ended within {within} of each other at {}: as if what they waited for came back; no process went away",
            clock(first)
        ),
        died if died == these => format!("{these} of {all} ended with their process, at {}", clock(first)),
        _ => format!(
            "{these} of {all} ended within {within} of each other at {}, some with their process",
            clock(first)
        ),
    })
}

/// Requests in each bucket of the window, empty ones included.
struct Traffic {
    width: TimeDelta,
    buckets: Vec<(DateTime<Utc>, u64)>,
    /// The median of the buckets before the incident.
    usual: u64,
}

impl Traffic {
    fn new(facts: &Facts, service: Option<&str>, from: DateTime<Utc>) -> Option<Self> {
        let width = bucket(facts.window);
        let ours = |row: &&Bucket| service.is_none_or(|own| own == row.service);
        let rows: Vec<&Bucket> = facts.traffic.rows.iter().filter(ours).collect();
        let mut at = rows.iter().map(|row| row.at).min()?;
        let last = facts.window.to;
        let mut buckets = Vec::new();
        // Times of buckets are multiples of their width from the first on.
        while at < last {
            let own = rows.iter().filter(|row| row.at == at).map(|row| row.requests).sum();
            buckets.push((at, own));
            at += width;
        }
        let mut before: Vec<u64> = buckets
            .iter()
            .filter(|(at, _)| *at + width <= from)
            .map(|(_, requests)| *requests)
            .collect();
        before.sort_unstable();
        let usual = *before.get(before.len() / 2)?;
        (before.len() >= LEAST_BUCKETS && usual >= LEAST_USUAL).then_some(Self { width, buckets, usual })
    }

    /// The longest stretch with hardly a request.
    fn collapse(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<String> {
        #[allow(clippy::cast_precision_loss)] // requests in a bucket
        let low = |requests: u64| requests as f64 <= COLLAPSED * self.usual as f64;
        let during: Vec<&(DateTime<Utc>, u64)> = self
            .buckets
            .iter()
            .filter(|(at, _)| *at >= from && *at + self.width <= to)
            .collect();
        let stretches = during.chunk_by(|a, b| low(a.1) == low(b.1));
        let longest = stretches
            .filter(|stretch| low(stretch[0].1))
            .max_by_key(|stretch| stretch.len())?;
        let (first, last) = (longest.first()?.0, longest.last()?.0 + self.width);
        let total: u64 = longest.iter().map(|(_, requests)| requests).sum();
        (last - first >= LEAST_COLLAPSE).then(|| {
            format!(
                "traffic collapsed: {} from {} to {}, where {} in {} are usual",
                counted(total, "request"),
                clock(first),
                clock(last),
                grouped(self.usual),
                duration(to_seconds(self.width))
            )
        })
    }

    /// Clients that come back all at once.
    fn burst(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<String> {
        let after = self
            .buckets
            .iter()
            .filter(|(at, _)| *at >= from && *at <= to + BURST_WITHIN);
        let (at, most) = after.max_by_key(|(_, requests)| *requests)?;
        (*most >= BURST_FACTOR * self.usual).then(|| {
            format!(
                "then a burst: {} in the {} from {}, where {} are usual: clients that had waited, or try again",
                counted(*most, "request"),
                duration(to_seconds(self.width)),
                clock(*at),
                grouped(self.usual)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::episodes::WaitingOn;
    use crate::facts::{Evidence, Hang, Role};

    use crate::window::Window;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_764_570_000 + second, 0).unwrap_or_default()
    }

    fn known<T>(rows: Vec<T>) -> Evidence<T> {
        Evidence { rows, not_known: None }
    }

    /// An hour whose buckets of 31 s have so many requests each; none = no row, as the query gives it.
    fn facts(requests: impl Fn(i64) -> u64, hangs: Vec<Hang>) -> Facts {
        let buckets = (0..116).filter(|n| requests(*n) > 0).map(|n| Bucket {
            at: at(n * 31),
            service: String::new(),
            usual_before_s: None,
            requests: requests(n),
            failed: 0,
            requests_p50_s: None,
            requests_p95_s: None,
            statements: 0,
            statements_slow: 0,
            statements_spread: None,
            statements_p50_s: None,
            slow_between: None,
            trace_id: None,
        });
        Facts {
            traffic: known(buckets.collect()),
            hangs: known(hangs),
            ..Facts::empty(Window {
                from: at(0),
                to: at(3600),
            })
        }
    }

    fn hang(from: i64, fate: Fate) -> Hang {
        Hang {
            trace_id: String::new(),
            span_id: String::new(),
            span_name: String::from("GET /x"),
            role: Role::Request,
            started_at: at(from),
            fate,
            service: String::new(),
            instance: String::from("a"),
            error: None,
            addresses: 0,
            process: String::new(),
            wait: None,
            pool_timed_out: false,
            pool_timeout_at: None,
            process_last_at: None,
        }
    }

    fn judged(hangs: &[Hang]) -> Vec<Hanging<'_>> {
        let of = |hang| Hanging {
            hang,
            waiting_on: WaitingOn::Unknown,
            died_with_process: None,
        };
        hangs.iter().map(of).collect()
    }

    fn told(facts: &Facts) -> Vec<String> {
        let traffic = Traffic::new(facts, None, at(1800));
        let (collapse, burst) = traffic
            .map(|traffic| (traffic.collapse(at(1800), at(2400)), traffic.burst(at(1800), at(2400))))
            .unwrap_or_default();
        collapse.into_iter().chain(burst).collect()
    }

    #[test]
    fn traffic_that_collapses_and_comes_back_in_a_burst() {
        let facts = facts(
            |n| match n {
                60..=75 => 0,
                76 => 93,
                _ => 20,
            },
            vec![],
        );
        let lines = told(&facts);
        assert!(lines[0].starts_with("traffic collapsed: 0 requests from "), "{lines:?}");
        assert!(lines[1].starts_with("then a burst: 93 requests"), "{lines:?}");
    }

    #[test]
    fn a_night_has_no_shape() {
        assert!(told(&facts(|n| u64::from(n % 9 == 0), vec![])).is_empty());
        assert!(told(&facts(|n| if n == 70 { 25 } else { 20 }, vec![])).is_empty());
    }

    #[test]
    fn three_that_end_within_seconds_end_together() {
        let ended = |from, duration_s| {
            hang(
                from,
                Fate::Ended {
                    duration_s,
                    failed: false,
                },
            )
        };
        let mut hangs = vec![ended(0, 300.0), ended(100, 202.0), ended(200, 104.0), ended(500, 60.0)];
        let line = together(&judged(&hangs)).unwrap_or_default();
        assert!(line.starts_with("3 of 4 hangs ended within 4s"), "{line}");
        assert!(line.ends_with("no process went away"), "{line}");
        hangs.truncate(2);
        assert_eq!(together(&judged(&hangs)), None);
        let died: Vec<Hang> = (0..3).map(|n| hang(n, Fate::Died(at(400)))).collect();
        let line = together(&judged(&died)).unwrap_or_default();
        assert!(line.starts_with("3 of 3 hangs ended with their process"), "{line}");
    }
}
