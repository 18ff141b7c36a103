//! Numbers as a person would say them: "3-6ms", "14ms", "24 min", "~2.5 min", "16 requests".

use chrono::{DateTime, Utc};

/// Minutes are halved below this: "2.5 min", but "24 min".
const HALF_MINUTES_BELOW_S: f64 = 600.0;

/// A duration of so many seconds: `<1ms`, `14ms`, `1.2s`, `30s`, `2.5 min`, `24 min`, `1.5 h`, `3 days`.
pub fn duration(seconds: f64) -> String {
    let (number, unit) = parts(seconds);
    format!("{number}{unit}")
}

fn parts(seconds: f64) -> (String, &'static str) {
    let tenths = |value: f64| trimmed((value * 10.0).round() / 10.0);
    match seconds {
        s if s < 0.0005 => (String::from("<1"), "ms"),
        s if s < 0.9995 => (trimmed((s * 1000.0).round()), "ms"),
        s if s < 9.95 => (tenths(s), "s"),
        s if s < 59.5 => (trimmed(s.round()), "s"),
        s if s < HALF_MINUTES_BELOW_S => (trimmed((s / 30.0).round() / 2.0), " min"),
        s if s < 5370.0 => (trimmed((s / 60.0).round()), " min"),
        s if s < 172_800.0 => (tenths(s / 3600.0), " h"),
        s => (trimmed((s / 86_400.0).round()), " days"),
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// From one duration to another: `3-6ms`, `18-26 min`, `900ms-1.2s`; one if they read the same.
pub fn range(from_s: f64, to_s: f64) -> String {
    let (from, from_unit) = parts(from_s);
    let (to, to_unit) = parts(to_s);
    if (&from, from_unit) == (&to, to_unit) {
        format!("{to}{to_unit}")
    } else if from_unit == to_unit {
        format!("{from}-{to}{to_unit}")
    } else {
        format!("{from}{from_unit}-{to}{to_unit}")
    }
}

/// A count with its noun: `1 request`, `1,440 requests`.
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// A share of one: `50 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 1.0 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.2} %")
    }
}

/// A count with its thousands apart: `1,440`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A time of day, to the second: `06:32:40`.
pub fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// The first line of an error without the class before it and the advertising behind it. If it is longer than `most`
/// characters, its middle is left out: the cause stands at the end.
pub fn error(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line
        .split(" (Background on this error at")
        .next()
        .unwrap_or(line)
        .trim();
    let line = match line.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
        Some((class, rest)) if !class.contains(' ') && !rest.is_empty() => rest,
        _ => line,
    };
    let letters: Vec<char> = line.chars().collect();
    if letters.len() <= most {
        return line.to_owned();
    }
    let tail = most / 3;
    let head: String = letters[..most - tail - 1].iter().collect();
    let end: String = letters[letters.len() - tail..].iter().collect();
    format!("{}…{}", head.trim_end(), end.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_the_runbook_has_them() {
        for (seconds, said) in [
            (0.0001, "<1ms"),
            (0.0138, "14ms"),
            (0.9996, "1s"),
            (1.24, "1.2s"),
            (5.0, "5s"),
            (30.01, "30s"),
            (61.0, "1 min"),
            (85.0, "1.5 min"),
            (148.0, "2.5 min"),
            (1440.0, "24 min"),
            (1080.2, "18 min"),
            (5400.0, "1.5 h"),
            (259_200.0, "3 days"),
        ] {
            assert_eq!(duration(seconds), said);
        }
    }

    #[test]
    fn ranges_share_a_unit_where_they_can() {
        assert_eq!(range(0.0031, 0.0058), "3-6ms");
        assert_eq!(range(0.0031, 0.0032), "3ms");
        assert_eq!(range(0.3, 1.2), "300ms-1.2s");
        assert_eq!(range(1080.0, 1560.0), "18-26 min");
    }

    #[test]
    fn an_error_is_told_by_its_beginning_and_its_end() {
        let text = "(psycopg.OperationalError) connection failed: port 5432 failed: Connection refused\nIs the server";
        assert_eq!(
            error(text, 90),
            "connection failed: port 5432 failed: Connection refused"
        );
        assert_eq!(error(text, 30), "connection failed:…on refused");
        assert_eq!(error("(no class here) text", 30), "(no class here) text");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(1_234_567, "request"), "1,234,567 requests");
    }
}
