//! Rows of the queue listener: its connects, and each time of trouble as one row.

use super::{DurationOrigin, Entry, EntryKind};
use crate::episodes::{Episodes, ListenerTrouble};
use crate::facts::{Line, LineKind, to_seconds};
use crate::report::Severity;
use crate::words::{self, clock};

pub(super) fn entries(episodes: &Episodes<'_>) -> Vec<Entry> {
    let trouble = episodes.listener.iter().map(|trouble| lost(episodes, trouble));
    trouble.chain(connected(episodes)).collect()
}

fn lost(episodes: &Episodes<'_>, trouble: &ListenerTrouble<'_>) -> Entry {
    let names = &episodes.profile.listener;
    let on = episodes.on(trouble.instance, trouble.first_at);
    let (kind, event) = match trouble.first.kind {
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
    let mut entry = Entry::new(trouble.first_at, kind, event, Severity::Warning);
    entry.end = trouble.over_at;
    entry.in_progress = trouble.over_at.is_none();
    if kind == EntryKind::HeartbeatTimeout {
        entry.duration = format!("{} timeout", words::duration(to_seconds(names.heartbeat_timeout)));
        entry.duration_origin = DurationOrigin::Profile;
    } else if let Some(over_at) = trouble.over_at {
        let length = to_seconds(over_at - trouble.first_at);
        entry.duration = words::duration(length);
        entry.duration_s = Some((length, length));
    }
    entry.count = trouble.lines;
    entry.instances = vec![trouble.instance.to_owned()];
    entry.trace_ids = trouble.first.trace_id.iter().cloned().collect();
    entry
}

/// Connects that are not told by the start of their process.
fn connected(episodes: &Episodes<'_>) -> Vec<Entry> {
    let told: Vec<&Line> = episodes.starts.iter().filter_map(|start| start.ready).collect();
    let lines = episodes.facts.lifecycle.rows.iter();
    let own = lines.filter(|line| line.kind == LineKind::Connected && episodes.facts.window.holds(line.first_at));
    own.filter(|line| !told.iter().any(|other| std::ptr::eq(*other, *line)))
        .map(|line| {
            let ended = episodes
                .listener
                .iter()
                .find(|trouble| trouble.instance == line.instance && trouble.over_at == Some(line.first_at));
            let again = if ended.is_some() { " again" } else { "" };
            let on = episodes.on(&line.instance, line.first_at);
            let event = format!("{} connected{again}{on}", episodes.profile.listener.name);
            let mut entry = Entry::new(line.first_at, EntryKind::ListenerConnected, event, Severity::Ok);
            if let Some(trouble) = ended {
                let length = to_seconds(line.first_at - trouble.first_at);
                entry.duration = format!("after {}", words::duration(length));
                entry.duration_s = Some((length, length));
            }
            entry.instances = vec![line.instance.clone()];
            entry.trace_ids = line.trace_id.iter().cloned().collect();
            entry
        })
        .collect()
}

/// One line a trouble about what was folded into its row.
pub(super) fn notes(episodes: &Episodes<'_>) -> Vec<String> {
    episodes
        .listener
        .iter()
        .filter(|trouble| trouble.attempts > 1 || trouble.undelivered > 0 || !trouble.reconnected)
        .map(|trouble| {
            let mut note = format!(
                "{} on {}: in trouble from {}",
                episodes.profile.listener.name,
                trouble.instance,
                clock(trouble.first_at)
            );
            note.push_str(&format!(
                ", {} to reconnect",
                words::counted(trouble.attempts, "attempt")
            ));
            if trouble.attempts > 0 && !trouble.answered && !trouble.reconnected {
                note.push_str(" without any outcome in the records");
            }
            if trouble.undelivered > 0 {
                note.push_str(&format!(
                    ", {} not sent",
                    words::counted(trouble.undelivered, "notification")
                ));
            }
            match (trouble.over_at, trouble.reconnected) {
                (Some(at), true) => note.push_str(&format!("; connected again at {}", clock(at))),
                (Some(at), false) => note.push_str(&format!(
                    "; not connected until its process was replaced at {}",
                    clock(at)
                )),
                (None, _) => note.push_str(&format!(
                    "; not connected up to its last line at {}",
                    clock(trouble.last_at)
                )),
            }
            note
        })
        .collect()
}
