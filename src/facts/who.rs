//! Who is who where no machine has a name. Then only processes are known: one that begins when another of its service has
//! ended follows it, and both are lives of one instance, which is called by its service. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::rows::{Open, ProcessRow, Trouble};
use super::{ANNOUNCED_WITHIN, LineKind, STARTUP};

/// Why no command names an instance that is known by its processes alone.
const NO_MACHINE: &str = "the records name no machine, so only the platform tells which one it is (logfire 4.37 and later \
                          records host.name; `app.instance_attribute` names another attribute)";
/// Why none names one of another platform.
const OTHER_PLATFORM: &str =
    "the profile's commands are for another platform: `relay-diag init` writes those for yours";
/// Names the machine on every platform, if there is nothing better.
const HOST_NAME: &str = "host.name";

/// How instances without a machine are called, by what their records hold instead: the id of a process.
#[derive(Debug, Clone, Default)]
pub struct Names {
    shown: BTreeMap<String, String>,
    /// Machines by an attribute that the profile's commands are not for.
    foreign: BTreeSet<String>,
}

impl Names {
    /// The name of an instance; that of a machine stays.
    pub fn of(&self, recorded: String) -> String {
        self.shown.get(&recorded).cloned().unwrap_or(recorded)
    }

    /// Whether it stands for processes alone: no platform knows it.
    pub fn is_made_up(&self, name: &str) -> bool {
        self.shown.values().any(|shown| shown == name)
    }

    /// As a sentence calls it: the machine, or a process of its line.
    pub fn title(&self, name: &str) -> String {
        match self.is_made_up(name) {
            true => format!("a process of {name}"),
            false => format!("instance {name}"),
        }
    }

    /// Whether the profile's commands are for another platform than that of an instance.
    pub fn is_foreign(&self, name: &str) -> bool {
        self.foreign.contains(name)
    }

    /// Why no command to paste may name an instance; `None` = one may.
    pub fn unfit(&self, name: &str) -> Option<&'static str> {
        match (self.is_made_up(name), self.is_foreign(name)) {
            (true, _) => Some(NO_MACHINE),
            (false, true) => Some(OTHER_PLATFORM),
            (false, false) => None,
        }
    }

    /// Names what has no machine by the processes that follow each other.
    /// The first of `attributes` is what a team's commands call its machines.
    pub(super) fn new(rows: &[ProcessRow], attributes: &[String]) -> Self {
        let is_foreign = |row: &&ProcessRow| {
            let by = row.machine_by.as_ref();
            by.is_some_and(|name| Some(name) != attributes.first() && name != HOST_NAME)
        };
        let foreign = rows.iter().filter(is_foreign).map(|row| row.instance.clone()).collect();
        let mut services: BTreeMap<&str, BTreeMap<&str, Lived<'_>>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.machine_by.is_none()) {
            let own = services.entry(&row.service).or_default();
            own.entry(&row.instance)
                .and_modify(|lived| lived.join(row))
                .or_insert_with(|| Lived::of(row));
        }
        let mut shown = BTreeMap::new();
        for (service, lived) in services {
            let lines = succession(lived.into_values().collect());
            let called = |place: usize| match (service, lines.len()) {
                ("", 1) => String::from("(no name)"),
                (_, 1) => service.to_owned(),
                _ => format!("{service} #{}", place + 1).trim().to_owned(),
            };
            for (place, ids) in lines.iter().enumerate() {
                shown.extend(ids.iter().map(|id| ((*id).to_owned(), called(place))));
            }
        }
        Self { shown, foreign }
    }

    pub(super) fn rename(&self, processes: &mut [ProcessRow], unfinished: &mut [Open], trouble: &mut [Trouble]) {
        if self.shown.is_empty() {
            return;
        }
        let rename = |name: &mut String| *name = self.of(std::mem::take(name));
        processes.iter_mut().for_each(|row| rename(&mut row.instance));
        unfinished.iter_mut().for_each(|row| rename(&mut row.instance));
        for row in trouble {
            row.instances.iter_mut().for_each(rename);
            let unique: BTreeSet<String> = row.instances.drain(..).collect();
            row.instances.extend(unique);
            row.long.iter_mut().for_each(|long| rename(&mut long.span.instance));
        }
    }
}

/// What is known of an id: as a rule one process.
struct Lived<'a> {
    id: &'a str,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    stopping_at: Option<DateTime<Utc>>,
    served: u64,
}

impl<'a> Lived<'a> {
    fn of(row: &'a ProcessRow) -> Self {
        let stopping = row.lines.iter().filter(|said| said.kind == LineKind::Stopping);
        Self {
            id: &row.instance,
            first_at: row.first_at,
            last_at: row.last_at,
            stopping_at: stopping.map(|said| said.last_at).max(),
            served: row.served,
        }
    }

    /// Workers that were forked share the id of their parent.
    fn join(&mut self, row: &'a ProcessRow) {
        let other = Self::of(row);
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.stopping_at = self.stopping_at.max(other.stopping_at);
        self.served += other.served;
    }

    fn said_goodbye(&self) -> bool {
        self.stopping_at.is_some_and(|at| self.last_at - at <= ANNOUNCED_WITHIN)
    }

    /// Whether it serves requests; `None` = it lived too shortly to tell.
    fn serves(&self) -> Option<bool> {
        (self.served > 0 || self.last_at - self.first_at > STARTUP).then_some(self.served > 0)
    }

    /// How well it fits as the one that another follows: the greater the better. One service name may stand for an
    /// application and its workers.
    fn fits(&self, next: &Self) -> (bool, bool, DateTime<Utc>) {
        let same_kind = match (self.serves(), next.serves()) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        (same_kind, self.said_goodbye(), self.last_at)
    }
}

/// Ids in lines: each follows the one before, which had ended when it began. Nobody is followed twice.
fn succession(mut all: Vec<Lived<'_>>) -> Vec<Vec<&str>> {
    all.sort_by_key(|lived| (lived.first_at, lived.id));
    let mut lines: Vec<Vec<Lived<'_>>> = Vec::new();
    for lived in all {
        let ended = lines.iter_mut().filter_map(|line| {
            let last = line.last().filter(|last| last.last_at <= lived.first_at)?;
            Some((last.fits(&lived), line))
        });
        match ended.max_by_key(|(fits, _)| *fits) {
            Some((_, line)) => line.push(lived),
            None => lines.push(vec![lived]),
        }
    }
    lines
        .into_iter()
        .map(|line| line.into_iter().map(|lived| lived.id).collect())
        .collect()
}
