//! How long requests took, by when they began: what succeeded bucket by bucket, what hung or failed one by one.

use crate::episodes::{Episodes, bucket};
use crate::report::{Chart, Drawing, MarkKind, Operation};
use crate::window::Window;
use crate::words::{self, clock, counted};

/// The operations of a stretch of time.
pub fn durations(episodes: &Episodes<'_>, span: Window) -> Chart {
    let facts = episodes.facts;
    let middle = bucket(facts.window) / 2;
    let mut found = Vec::new();
    for bucket in facts.traffic.rows.iter().filter(|bucket| span.holds(bucket.at)) {
        let ended = bucket.requests.saturating_sub(bucket.failed);
        // One of twenty takes longer than the 95th percentile.
        let slow = ended / 20;
        let points = [
            ("median", bucket.requests_p50_s, ended - slow),
            ("95th percentile", bucket.requests_p95_s, slow),
        ];
        for (what, seconds, count) in points {
            found.extend(seconds.filter(|_| count > 0).map(|seconds| Operation {
                at: (bucket.at + middle).min(span.to),
                seconds,
                kind: MarkKind::Success,
                count,
                label: format!(
                    "{} from {}: {what} {}",
                    counted(ended, "request"),
                    clock(bucket.at),
                    words::duration(seconds)
                ),
            }));
        }
    }
    for burst in episodes.failures().filter(|burst| span.holds(burst.first_at)) {
        found.extend(burst.spread.map(|spread| Operation {
            at: burst.first_at,
            seconds: spread.max_s,
            kind: MarkKind::Failure,
            count: burst.traces,
            label: format!(
                "{} failed from {}: {}",
                counted(burst.traces, "request"),
                clock(burst.first_at),
                burst.sample
            ),
        }));
    }
    for hang in episodes.hung().filter(|hang| span.holds(hang.started_at)) {
        let seconds = hang.length_s(facts.window.to);
        found.push(Operation {
            at: hang.started_at,
            seconds,
            kind: MarkKind::Hang,
            count: 1,
            label: format!(
                "{} hung from {}: {}",
                hang.span_name,
                clock(hang.started_at),
                words::duration(seconds)
            ),
        });
    }
    Chart {
        title: String::from("how long requests took, by when they began"),
        from: span.from,
        to: span.to,
        drawing: Drawing::Durations(found),
    }
}
