//! The queue listener: connected, or in trouble from the first sign until it is connected again. Its retries, timeouts
//! and undelivered notifications fold into that one row.

use chrono::{DateTime, Utc};

use super::{DurationOrigin, Entry, EntryKind, Scene, processes};
use crate::facts::{Line, LineKind, to_seconds};
use crate::report::Severity;
use crate::words;

/// A listener's trouble.
pub(crate) struct Episode<'a> {
    pub instance: &'a str,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    /// Connected again, or its process replaced.
    pub over_at: Option<DateTime<Utc>>,
    /// The line that ended it is a connect of the same process.
    pub reconnected: bool,
    pub first: &'a Line,
    pub attempts: u64,
    /// Some attempt to reconnect is known to have failed.
    pub answered: bool,
    undelivered: u64,
    pub lines: u64,
}

fn is_trouble(kind: LineKind) -> bool {
    !matches!(kind, LineKind::Starting | LineKind::Stopping | LineKind::Connected)
}

/// All episodes that reach into the window, in time order.
pub(crate) fn episodes<'a>(scene: &Scene<'a>) -> Vec<Episode<'a>> {
    let lines = &scene.facts.lifecycle.rows;
    let mut found: Vec<Episode<'a>> = Vec::new();
    for line in lines.iter().filter(|line| is_trouble(line.kind)) {
        let same =
            |other: &&Line| other.instance == line.instance && other.episode == line.episode && is_trouble(other.kind);
        let first = lines
            .iter()
            .filter(same)
            .min_by_key(|other| (other.first_at, other.kind))
            .unwrap_or(line);
        if !std::ptr::eq(first, line) {
            continue;
        }
        let count = |kind| {
            lines
                .iter()
                .filter(same)
                .filter(|other| other.kind == kind)
                .map(|other| other.lines)
                .sum()
        };
        let next = lines
            .iter()
            .filter(|other| other.instance == line.instance && other.first_at > line.first_at)
            .filter(|other| matches!(other.kind, LineKind::Connected | LineKind::Starting))
            .min_by_key(|other| other.first_at);
        found.push(Episode {
            instance: &line.instance,
            first_at: line.first_at,
            last_at: lines
                .iter()
                .filter(same)
                .map(|other| other.last_at)
                .max()
                .unwrap_or(line.last_at),
            over_at: next.map(|other| other.first_at),
            reconnected: next.is_some_and(|other| other.kind == LineKind::Connected),
            first: line,
            // A failed attempt may be logged in several ways; the announcement of a try is logged once.
            attempts: count(LineKind::Lost),
            answered: count(LineKind::ReconnectFailed) > 0,
            undelivered: count(LineKind::NotifyFailed),
            lines: lines.iter().filter(same).map(|other| other.lines).sum(),
        });
    }
    found.retain(|episode| episode.over_at.unwrap_or(episode.last_at) >= scene.facts.window.from);
    found.sort_by_key(|episode| (episode.first_at, episode.instance));
    found
}

pub(super) fn entries(scene: &Scene<'_>, episodes: &[Episode<'_>]) -> Vec<Entry> {
    let trouble = episodes.iter().map(|episode| lost(scene, episode));
    trouble.chain(connected(scene, episodes)).collect()
}

fn lost(scene: &Scene<'_>, episode: &Episode<'_>) -> Entry {
    let names = &scene.profile.listener;
    let on = scene.on(episode.instance, episode.first_at);
    let (kind, event) = match episode.first.kind {
        LineKind::HeartbeatTimeout => (
            EntryKind::HeartbeatTimeout,
            format!("{} heartbeat times out{on}", names.short_name),
        ),
        LineKind::HeartbeatFailed => (
            EntryKind::ListenerLost,
            format!("{} heartbeat fails{on}", names.short_name),
        ),
        LineKind::ReconnectFailed => (
            EntryKind::ListenerReconnectFailed,
            format!("{} cannot connect{on}", names.name),
        ),
        _ => (
            EntryKind::ListenerLost,
            format!("{} loses its connection{on}", names.name),
        ),
    };
    let mut entry = Entry::new(episode.first_at, kind, event, Severity::Warning);
    entry.end = episode.over_at;
    entry.in_progress = episode.over_at.is_none();
    if kind == EntryKind::HeartbeatTimeout {
        entry.duration = format!("{} timeout", words::duration(to_seconds(names.heartbeat_timeout)));
        entry.duration_origin = DurationOrigin::Profile;
    } else if let Some(over_at) = episode.over_at {
        let length = to_seconds(over_at - episode.first_at);
        entry.duration = words::duration(length);
        entry.duration_s = Some((length, length));
    }
    entry.count = episode.lines;
    entry.instances = vec![episode.instance.to_owned()];
    entry.trace_ids = episode.first.trace_id.iter().cloned().collect();
    entry
}

/// Connects that are not told by the start of their process.
fn connected(scene: &Scene<'_>, episodes: &[Episode<'_>]) -> Vec<Entry> {
    let starts = processes::starts(scene);
    let told: Vec<&Line> = starts.iter().filter_map(|start| start.ready).collect();
    let lines = scene.facts.lifecycle.rows.iter();
    let own = lines.filter(|line| line.kind == LineKind::Connected && scene.facts.window.holds(line.first_at));
    own.filter(|line| !told.iter().any(|other| std::ptr::eq(*other, *line)))
        .map(|line| {
            let ended = episodes
                .iter()
                .find(|episode| episode.instance == line.instance && episode.over_at == Some(line.first_at));
            let again = if ended.is_some() { " again" } else { "" };
            let on = scene.on(&line.instance, line.first_at);
            let event = format!("{} connected{again}{on}", scene.profile.listener.name);
            let mut entry = Entry::new(line.first_at, EntryKind::ListenerConnected, event, Severity::Ok);
            if let Some(episode) = ended {
                let length = to_seconds(line.first_at - episode.first_at);
                entry.duration = format!("after {}", words::duration(length));
                entry.duration_s = Some((length, length));
            }
            entry.instances = vec![line.instance.clone()];
            entry.trace_ids = line.trace_id.iter().cloned().collect();
            entry
        })
        .collect()
}

/// One line an episode about what was folded into its row.
pub(super) fn notes(scene: &Scene<'_>, episodes: &[Episode<'_>]) -> Vec<String> {
    let clock = |at: DateTime<Utc>| at.format("%H:%M:%S").to_string();
    episodes
        .iter()
        .filter(|episode| episode.attempts > 1 || episode.undelivered > 0 || !episode.reconnected)
        .map(|episode| {
            let mut note = format!(
                "{} on {}: in trouble from {}",
                scene.profile.listener.name,
                episode.instance,
                clock(episode.first_at)
            );
            note.push_str(&format!(
                ", {} to reconnect",
                words::counted(episode.attempts, "attempt")
            ));
            if episode.attempts > 0 && !episode.answered && !episode.reconnected {
                note.push_str(" without any outcome in the records");
            }
            if episode.undelivered > 0 {
                note.push_str(&format!(
                    ", {} not sent",
                    words::counted(episode.undelivered, "notification")
                ));
            }
            match (episode.over_at, episode.reconnected) {
                (Some(at), true) => note.push_str(&format!("; connected again at {}", clock(at))),
                (Some(at), false) => note.push_str(&format!(
                    "; not connected until its process was replaced at {}",
                    clock(at)
                )),
                (None, _) => note.push_str(&format!(
                    "; not connected up to its last line at {}",
                    clock(episode.last_at)
                )),
            }
            note
        })
        .collect()
}
