//! The episodes as pictures: swimlanes, traffic over time, how long operations took. A view like the others: it judges nothing
//! anew. Pure.

mod durations;
mod lanes;
mod traffic;

pub use durations::durations;
pub use lanes::lanes;
pub use traffic::traffic;

use chrono::{DateTime, TimeDelta, Utc};

use crate::window::Window;

/// What stands before and after an incident, as a share of it: how it was, and how it is again.
const AROUND: i32 = 4;
/// At least so much of both.
const LEAST_AROUND: TimeDelta = TimeDelta::minutes(3);

/// The part of the window that a picture of an incident shows.
pub fn around(window: Window, from: DateTime<Utc>, to: Option<DateTime<Utc>>) -> Window {
    let to = to.unwrap_or(window.to);
    let margin = ((to - from) / AROUND).max(LEAST_AROUND);
    Window {
        from: (from - margin).max(window.from),
        to: (to + margin).min(window.to),
    }
}
