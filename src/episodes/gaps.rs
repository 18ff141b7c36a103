//! Pauses in which nothing began, whoever's they are. Traffic alone can't tell a quiet night from an outage: a pause is judged
//! by its end, where it is told.

use chrono::{DateTime, TimeDelta, Utc};

use super::Episodes;
use crate::facts::{Gap, GapOf};

/// A pause of everything.
#[derive(Debug, Clone, Copy)]
pub struct Pause {
    /// The last start before it.
    pub from: DateTime<Utc>,
    /// The first start after it, or the end of the window.
    pub to: DateTime<Utc>,
    /// Nothing came behind it yet.
    pub is_open: bool,
}

impl Pause {
    /// How long it is.
    pub fn length(&self) -> TimeDelta {
        self.to - self.from
    }
}

impl<'a> Episodes<'a> {
    /// Pauses in which nothing began, anywhere.
    pub fn pauses(&self) -> impl Iterator<Item = Pause> {
        let end = self.facts.window.to;
        let all = self.facts.gaps.rows.iter().filter(|gap| gap.of == GapOf::All);
        all.map(move |gap| Pause {
            from: gap.before_at,
            to: gap.after_at,
            is_open: gap.after_at >= end,
        })
    }

    /// Pauses in which nothing was asked of the database of the services that `chosen` names.
    pub fn idle(&self, chosen: impl Fn(&str) -> bool) -> Vec<&'a Gap> {
        let own = |gap: &&Gap| match &gap.of {
            GapOf::Service(name) => chosen(name),
            GapOf::All | GapOf::Instance(_) => false,
        };
        self.facts.gaps.rows.iter().filter(own).collect()
    }
}
