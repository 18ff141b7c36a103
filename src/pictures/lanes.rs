//! Who did what beside whom: a lane for each instance, its listener, checkouts, the routes that hung, requests, statements.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::episodes::{Episodes, Hanging, bucket};
use crate::facts::{LineKind, Process, Run, Successes};
use crate::report::{Chart, Drawing, Lane, Mark, MarkKind};
use crate::window::Window;
use crate::words::{self, clock, counted};

/// Instances that have a lane of their own, those in trouble first.
const MOST_INSTANCES: usize = 6;
/// Listeners that have one, those in trouble first.
const MOST_LISTENERS: usize = 3;
/// Routes that hung and have one, those with most hangs first.
const MOST_ROUTES: usize = 6;

/// The lanes of a stretch of time. `runs` are the runs of success, as exact as they are known.
pub fn lanes(episodes: &Episodes<'_>, runs: &[Run], span: Window) -> Chart {
    let draw = Draw { episodes, runs, span };
    let mut lanes = draw.instances();
    lanes.extend(draw.listeners());
    lanes.extend(draw.connects());
    lanes.extend(draw.routes());
    lanes.extend(draw.requests());
    lanes.extend(draw.statements());
    Chart {
        title: String::from("what happened, side by side"),
        from: span.from,
        to: span.to,
        drawing: Drawing::Lanes(lanes),
    }
}

struct Draw<'a, 'b> {
    episodes: &'b Episodes<'a>,
    runs: &'b [Run],
    span: Window,
}

impl<'a> Draw<'a, '_> {
    /// A mark, if any of it lies in the picture.
    fn mark(&self, from: DateTime<Utc>, to: DateTime<Utc>, kind: MarkKind, count: u64, label: String) -> Option<Mark> {
        let shows = from < self.span.to && to >= self.span.from;
        shows.then(|| Mark {
            from: from.max(self.span.from),
            to: to.min(self.span.to),
            kind,
            count,
            label,
        })
    }

    fn instances(&self) -> Vec<Lane> {
        let mut by_instance: BTreeMap<&str, Vec<&Process>> = BTreeMap::new();
        for process in &self.episodes.facts.processes.rows {
            let shows = process.first_at < self.span.to && process.last_at >= self.span.from;
            if shows {
                by_instance.entry(&process.instance).or_default().push(process);
            }
        }
        let lanes: Vec<(usize, Lane)> = by_instance
            .into_iter()
            .map(|(name, lives)| self.instance(name, &lives))
            .collect();
        folded(lanes, MOST_INSTANCES, "instance")
    }

    /// With how much is notable of it.
    fn instance(&self, name: &str, lives: &[&Process]) -> (usize, Lane) {
        let episodes = self.episodes;
        let mut marks: Vec<Mark> = Vec::new();
        for life in lives {
            let label = format!("{name}: process of {} to {}", clock(life.first_at), clock(life.last_at));
            marks.extend(self.mark(life.first_at, life.last_at, MarkKind::Alive, life.lines, label));
        }
        for start in episodes.starts.iter().filter(|start| start.instance == name) {
            let label = format!("{name} starts at {}", clock(start.at));
            marks.extend(self.mark(start.at, start.at, MarkKind::Start, 1, label));
        }
        let lines = episodes.facts.lifecycle.rows.iter();
        for line in lines.filter(|line| line.instance == name && line.kind == LineKind::Stopping) {
            let label = format!("{name} stops at {}", clock(line.first_at));
            marks.extend(self.mark(line.first_at, line.first_at, MarkKind::Stop, 1, label));
        }
        for silence in episodes.silences.iter().filter(|silence| silence.instance == name) {
            let to = silence.until.unwrap_or(episodes.facts.window.to);
            let label = format!(
                "{name}: nothing recorded from {} to {}",
                clock(silence.last_at),
                clock(to)
            );
            marks.extend(self.mark(silence.last_at, to, MarkKind::Gap, 1, label));
        }
        let hung = episodes.hung().filter(|hang| hang.instance == name).count();
        let notable = hung + marks.iter().filter(|mark| mark.kind != MarkKind::Alive).count();
        let starts = marks.iter().filter(|mark| mark.kind == MarkKind::Start).count() as u64;
        let note = if starts > 1 {
            counted(starts, "start")
        } else {
            String::new()
        };
        (
            notable,
            Lane {
                name: name.to_owned(),
                marks,
                note,
            },
        )
    }

    fn listeners(&self) -> Vec<Lane> {
        let episodes = self.episodes;
        let spoke = episodes.facts.lifecycle.rows.iter();
        let spoke = spoke.filter(|line| line.kind == LineKind::Connected || line.kind.is_trouble());
        let names: BTreeSet<&str> = spoke.map(|line| line.instance.as_str()).collect();
        let of_one = names.len() == 1;
        let lanes: Vec<(usize, Lane)> = names
            .into_iter()
            .map(|name| self.listener(name, of_one))
            .filter(|(_, lane)| !lane.marks.is_empty())
            .collect();
        folded(lanes, MOST_LISTENERS, "listener")
    }

    fn listener(&self, instance: &str, of_one: bool) -> (usize, Lane) {
        let episodes = self.episodes;
        let end = episodes.facts.window.to;
        let troubles = || {
            episodes
                .listener
                .iter()
                .filter(move |trouble| trouble.instance == instance)
        };
        let processes = || {
            episodes
                .facts
                .processes
                .rows
                .iter()
                .filter(move |life| life.instance == instance)
        };
        let mut marks: Vec<Mark> = Vec::new();
        let lines = episodes.facts.lifecycle.rows.iter();
        for line in lines.filter(|line| line.instance == instance && line.kind == LineKind::Connected) {
            let life = processes().find(|life| life.process == line.process);
            let ends = troubles()
                .map(|trouble| trouble.first_at)
                .filter(|at| *at > line.first_at);
            let to = ends.chain(life.map(|life| life.last_at)).min().unwrap_or(end);
            let label = format!("connected from {} to {}", clock(line.first_at), clock(to));
            marks.extend(self.mark(line.first_at, to.max(line.first_at), MarkKind::Alive, 1, label));
        }
        for trouble in troubles() {
            let to = trouble.over_at.unwrap_or(end);
            let label = format!("not connected from {} to {}", clock(trouble.first_at), clock(to));
            marks.extend(self.mark(trouble.first_at, to, MarkKind::Trouble, trouble.lines, label));
        }
        let name = &episodes.profile.listener.name;
        let name = if of_one {
            name.clone()
        } else {
            format!("{name} {instance}")
        };
        (
            troubles().count(),
            Lane {
                name,
                marks,
                note: String::new(),
            },
        )
    }

    /// Those that went well, those that failed, those that hang: all at a time is what a hang in part looks like.
    fn connects(&self) -> Vec<Lane> {
        let bursts = self.episodes.facts.errors.rows.iter().filter(|burst| burst.in_connect);
        let failed = bursts.filter_map(|burst| {
            let label = format!("{} failed: {}", counted(burst.traces, "checkout"), burst.sample);
            self.mark(
                burst.first_at,
                burst.last_ended_at,
                MarkKind::Failure,
                burst.traces,
                label,
            )
        });
        let hung = self.episodes.hung().filter(|hang| hang.waiting_on.is_checkout());
        let hung = hung.filter_map(|hang| self.hang(hang, hang.waits_from(), "a checkout hangs"));
        let lanes = [
            lane("connects", self.successes(|run| run.connects.as_ref(), "checkout")),
            lane("connects failing", failed.collect()),
            lane("connects hanging", hung.collect()),
        ];
        lanes.into_iter().flatten().collect()
    }

    fn successes(&self, of: fn(&Run) -> Option<&Successes>, noun: &str) -> Vec<Mark> {
        let found = self.runs.iter().filter_map(|run| {
            let ok = of(run)?;
            let label = format!(
                "{} succeeded, {}",
                counted(ok.count, noun),
                ok.spread.in_words(ok.count)
            );
            self.mark(ok.first_at, ok.last_at, MarkKind::Success, ok.count, label)
        });
        found.collect()
    }

    fn hang(&self, hang: &Hanging<'_>, from: DateTime<Utc>, what: &str) -> Option<Mark> {
        let now = self.episodes.facts.window.to;
        let to = hang.ended_at().unwrap_or(now);
        let label = format!("{what} from {}, {}", clock(from), words::duration(hang.length_s(now)));
        self.mark(from, to, MarkKind::Hang, 1, label)
    }

    fn routes(&self) -> Vec<Lane> {
        let now = self.episodes.facts.window.to;
        let mut by_route: BTreeMap<&str, Vec<&Hanging<'a>>> = BTreeMap::new();
        for hang in self.episodes.hung() {
            by_route.entry(&hang.hang.span_name).or_default().push(hang);
        }
        let lane = |(name, hangs): (&str, Vec<&Hanging<'a>>)| {
            let lengths = hangs.iter().map(|hang| hang.length_s(now));
            let (least, most) = lengths.fold((f64::INFINITY, 0.0_f64), |(low, high), s| (low.min(s), high.max(s)));
            let times = if hangs.len() > 1 {
                format!("{} x ", hangs.len())
            } else {
                String::new()
            };
            let lane = Lane {
                name: name.to_owned(),
                marks: hangs
                    .iter()
                    .filter_map(|hang| self.hang(hang, hang.started_at, name))
                    .collect(),
                note: format!("{times}{}", words::range(least, most)),
            };
            (lane.marks.len(), lane)
        };
        let lanes: Vec<(usize, Lane)> = by_route.into_iter().map(lane).filter(|(marks, _)| *marks > 0).collect();
        folded(lanes, MOST_ROUTES, "route")
    }

    /// What went well, with the pauses of everything, and what failed.
    fn requests(&self) -> Vec<Lane> {
        let mut marks = self.successes(|run| run.requests.as_ref(), "request");
        marks.extend(self.episodes.pauses().filter_map(|pause| {
            let label = format!("nothing recorded from {} to {}", clock(pause.from), clock(pause.to));
            self.mark(pause.from, pause.to, MarkKind::Gap, 1, label)
        }));
        let width = bucket(self.episodes.facts.window);
        let failing = self
            .episodes
            .facts
            .traffic
            .rows
            .iter()
            .filter(|bucket| bucket.failed > 0);
        let failed = failing.filter_map(|bucket| {
            let label = format!(
                "{} failed from {} on",
                counted(bucket.failed, "request"),
                clock(bucket.at)
            );
            // A picture shows that it failed in this stretch; the mark stays within it.
            self.mark(
                bucket.at,
                bucket.at + width / 2,
                MarkKind::Failure,
                bucket.failed,
                label,
            )
        });
        let lanes = [lane("requests", marks), lane("requests failing", failed.collect())];
        lanes.into_iter().flatten().collect()
    }

    fn statements(&self) -> Vec<Lane> {
        let stretches = self.episodes.slow.iter().flat_map(|service| &service.stretches);
        let marks: Vec<Mark> = stretches
            .filter_map(|stretch| {
                let from = stretch.buckets.first()?.slow_between?.0;
                let to = stretch.buckets.last()?.slow_between?.1;
                let label = format!(
                    "{} slow from {} to {}",
                    counted(stretch.slow(), "statement"),
                    clock(from),
                    clock(to)
                );
                self.mark(from, to, MarkKind::Slow, stretch.slow(), label)
            })
            .collect();
        let lane = Lane {
            name: String::from("statements"),
            note: counted(marks.iter().map(|mark| mark.count).sum(), "slow one"),
            marks,
        };
        if lane.marks.is_empty() { Vec::new() } else { vec![lane] }
    }
}

/// With how many hang or fail behind it; `None` = nothing to draw.
fn lane(name: &str, marks: Vec<Mark>) -> Option<Lane> {
    let bad = marks
        .iter()
        .filter(|mark| matches!(mark.kind, MarkKind::Failure | MarkKind::Hang));
    let bad: u64 = bad.map(|mark| mark.count).sum();
    (!marks.is_empty()).then(|| Lane {
        name: name.to_owned(),
        marks,
        note: if bad > 0 { words::grouped(bad) } else { String::new() },
    })
}

/// Those of which most is notable, and one lane for the rest.
fn folded(mut lanes: Vec<(usize, Lane)>, most: usize, noun: &str) -> Vec<Lane> {
    lanes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let rest: Vec<Lane> = lanes
        .split_off(most.min(lanes.len()))
        .into_iter()
        .map(|(_, lane)| lane)
        .collect();
    let mut kept: Vec<Lane> = lanes.into_iter().map(|(_, lane)| lane).collect();
    if !rest.is_empty() {
        kept.push(Lane {
            name: counted(rest.len() as u64, &format!("more {noun}")),
            marks: rest.into_iter().flat_map(|lane| lane.marks).collect(),
            note: String::new(),
        });
    }
    kept
}
