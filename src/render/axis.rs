//! Axes of pictures, whatever they are drawn with: which times they name, and how a value reads.

use chrono::{DateTime, Utc};

use crate::words;

/// Steps of an axis, seconds.
const STEPS_S: [i64; 17] = [
    5, 10, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
];
const DAY_S: i64 = 86_400;

/// A time that an axis names.
pub(super) struct Tick {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// `06:35`, `06:35:10` or `12-08`, as fine as the steps are.
    pub(super) label: String,
}

/// Round times after `from` and before `to`, in equal steps; about `most` of them.
pub(super) fn ticks(from: DateTime<Utc>, to: DateTime<Utc>, most: usize) -> Vec<Tick> {
    let most = i64::try_from(most).unwrap_or(i64::MAX).max(1);
    let least_s = (to - from).num_seconds() / most;
    let step_s = STEPS_S
        .into_iter()
        .find(|step_s| *step_s >= least_s)
        .unwrap_or((least_s / DAY_S + 1) * DAY_S);
    let format = match step_s {
        ..60 => "%H:%M:%S",
        60..DAY_S => "%H:%M",
        _ => "%m-%d",
    };
    let first = (from.timestamp().div_euclid(step_s) + 1) * step_s;
    let times = (0..).map_while(|nth| DateTime::from_timestamp(first + nth * step_s, 0));
    times
        .take_while(|at| *at < to)
        .map(|at| Tick {
            at,
            label: at.format(format).to_string(),
        })
        .collect()
}

/// A value as a person reads it: `1,440`, `14.5`, `0.03`.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !size.is_finite() || size >= 1e15 {
        return format!("{value:.1e}");
    }
    let decimals = match size {
        0.1..100.0 => 1,
        100.0.. => 0,
        _ => 2,
    };
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 && text.contains(|c| c > '0') {
        "-"
    } else {
        ""
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!(
        "{sign}{}{point}{fraction}",
        words::grouped(whole.parse().unwrap_or_default())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short() {
        for (value, said) in [
            (0.0, "0"),
            (-0.001, "0"),
            (0.034, "0.03"),
            (0.5, "0.5"),
            (14.99, "15"),
            (14.46, "14.5"),
            (1_234.4, "1,234"),
            (-2_000_000.0, "-2,000,000"),
            (1e300, "1.0e300"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), said);
        }
    }

    #[test]
    fn times_are_round_and_within() {
        let from = DateTime::from_timestamp(1_765_175_400, 0).unwrap_or_default();
        for (length_s, most, labels) in [
            (1_800, 8, vec!["06:35", "06:40", "06:45", "06:50", "06:55"]),
            (1_800, 3, vec!["06:40", "06:50"]),
            (20, 4, vec!["06:30:05", "06:30:10", "06:30:15"]),
            (3 * DAY_S, 3, vec!["12-09", "12-10", "12-11"]),
            (40 * DAY_S, 2, vec!["12-11", "01-01"]),
            (0, 8, vec![]),
        ] {
            let drawn = ticks(from, from + chrono::TimeDelta::seconds(length_s), most);
            let drawn: Vec<&str> = drawn.iter().map(|tick| tick.label.as_str()).collect();
            assert_eq!(drawn, labels);
        }
    }
}
