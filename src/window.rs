//! What people type for a time span ("1h30m", "06:30", RFC 3339, "-2h") as a half-open window `[from, to)`.
//! Pure: `now` is an argument.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A half-open span of time in UTC: `from` is in it, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The first instant that is no longer in it.
    pub to: DateTime<Utc>,
}

/// What was typed can't be a time, a duration or a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Neither RFC 3339 nor one of the short forms.
    #[error("`{0}` is not a time: write 2025-12-08T06:30:00Z, 2025-12-08T06:30, 06:30 (today, UTC) or -2h")]
    Time(String),
    /// Not a sequence of number and unit.
    #[error("`{0}` is not a duration: write 90s, 5m, 1h30m or 2d")]
    Duration(String),
    /// Nothing can lie in it.
    #[error("the window is empty: it begins at {from} and ends at {to}; --from must lie before --to")]
    Empty {
        /// The begin, as RFC 3339.
        from: String,
        /// The end, as RFC 3339.
        to: String,
    },
}

impl Window {
    /// A window that holds at least one instant.
    ///
    /// # Errors
    /// [`WindowError::Empty`] unless `from < to`.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self, WindowError> {
        if from < to {
            Ok(Self { from, to })
        } else {
            Err(WindowError::Empty {
                from: rfc3339(from),
                to: rfc3339(to),
            })
        }
    }

    /// How long it is.
    pub fn length(&self) -> TimeDelta {
        self.to - self.from
    }

    /// Whether `at` lies in it.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

/// RFC 3339 in UTC with microseconds, as all documents and queries have it.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Records have microseconds: the first whole one that is not before `at`.
pub fn ceil_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    let rest = i64::from(at.timestamp_subsec_nanos() % 1000);
    if rest == 0 {
        at
    } else {
        at + TimeDelta::nanoseconds(1000 - rest)
    }
}

/// Reads a positive duration such as `90s`, `5m`, `1h30m`, `2d`, `250ms`.
///
/// # Errors
/// [`WindowError::Duration`] for anything else, zero and overflow included.
pub fn parse_duration(text: &str) -> Result<TimeDelta, WindowError> {
    let wrong = || WindowError::Duration(text.to_owned());
    let mut rest = text.trim();
    let mut total = TimeDelta::zero();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let amount: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit_len = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let part = match &rest[..unit_len] {
            "ms" => TimeDelta::try_milliseconds(amount),
            "s" => TimeDelta::try_seconds(amount),
            "m" => TimeDelta::try_minutes(amount),
            "h" => TimeDelta::try_hours(amount),
            "d" => TimeDelta::try_days(amount),
            _ => None,
        };
        total = part.and_then(|part| total.checked_add(&part)).ok_or_else(wrong)?;
        rest = &rest[unit_len..];
    }
    if total > TimeDelta::zero() {
        Ok(total)
    } else {
        Err(wrong())
    }
}

/// Reads a point in time: RFC 3339, also without seconds (`2025-12-08T08:30+02:00`); `2025-12-08T06:30[:15[.5]]` or the
/// date alone (UTC); `06:30[:15]` (the day of `now`, UTC); `now`; or `-2h` before `now`.
///
/// # Errors
/// [`WindowError::Time`] for anything else.
pub fn parse_time(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, WindowError> {
    let wrong = || WindowError::Time(text.to_owned());
    let typed = text.trim();
    if typed == "now" {
        return Ok(now);
    }
    if let Some(ago) = typed.strip_prefix('-') {
        let ago = parse_duration(ago).map_err(|_| wrong())?;
        return now.checked_sub_signed(ago).ok_or_else(wrong);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(typed) {
        return Ok(at.with_timezone(&Utc));
    }
    // RFC 3339 wants seconds; people leave them out beside a zone as well.
    for format in ["%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(at) = DateTime::parse_from_str(typed, format) {
            return Ok(at.with_timezone(&Utc));
        }
    }
    for format in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ] {
        if let Ok(at) = NaiveDateTime::parse_from_str(typed, format) {
            return Ok(at.and_utc());
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(typed, "%Y-%m-%d") {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    for format in ["%H:%M:%S%.f", "%H:%M"] {
        if let Ok(time) = NaiveTime::parse_from_str(typed, format) {
            return Ok(now.date_naive().and_time(time).and_utc());
        }
    }
    Err(wrong())
}

/// What was typed of the window; all three may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Typed<'a> {
    /// `--since`, excludes the others.
    pub since: Option<&'a str>,
    /// `--from`.
    pub from: Option<&'a str>,
    /// `--to`.
    pub to: Option<&'a str>,
}

/// Makes a window of what was typed. `whole` is used when nothing was typed; otherwise what is missing is `now` as the
/// end and the length of `whole` before it as the begin.
///
/// # Errors
/// Whatever [`parse_time`], [`parse_duration`] and [`Window::new`] refuse.
pub fn resolve(typed: Typed<'_>, now: DateTime<Utc>, whole: Window) -> Result<Window, WindowError> {
    if let Some(since) = typed.since {
        let length = parse_duration(since)?;
        let from = now
            .checked_sub_signed(length)
            .ok_or_else(|| WindowError::Duration(since.to_owned()))?;
        return Window::new(from, now);
    }
    if typed.from.is_none() && typed.to.is_none() {
        return Ok(whole);
    }
    let to = typed.to.map_or(Ok(now), |text| parse_time(text, now))?;
    let from = match typed.from {
        Some(text) => parse_time(text, now)?,
        None => to - whole.length(),
    };
    Window::new(from, to)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    #[test]
    fn durations_are_sums_of_number_and_unit() {
        assert_eq!(parse_duration("90s").unwrap(), TimeDelta::seconds(90));
        assert_eq!(parse_duration("1h30m").unwrap(), TimeDelta::minutes(90));
        assert_eq!(parse_duration("2d").unwrap(), TimeDelta::days(2));
        for wrong in [
            "",
            "5",
            "m",
            "5x",
            "-5m",
            "0s",
            "1h 30m",
            "9999999999999999d",
            "1.5h",
            "５m",
        ] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_in_every_documented_form() {
        let now = at("2025-12-08T07:00:00Z");
        for (typed, meant) in [
            ("2025-12-08T06:30:00Z", "2025-12-08T06:30:00Z"),
            ("2025-12-08T07:30:00+01:00", "2025-12-08T06:30:00Z"),
            ("2025-12-08T06:30Z", "2025-12-08T06:30:00Z"),
            ("2025-12-08T08:30+02:00", "2025-12-08T06:30:00Z"),
            ("2025-12-08T01:30-0500", "2025-12-08T06:30:00Z"),
            ("2025-12-08 06:30Z", "2025-12-08T06:30:00Z"),
            ("2025-12-08 08:30:15+02:00", "2025-12-08T06:30:15Z"),
            ("2025-12-08T06:30", "2025-12-08T06:30:00Z"),
            ("2025-12-08 06:30:01.5", "2025-12-08T06:30:01.5Z"),
            ("2025-12-08", "2025-12-08T00:00:00Z"),
            ("06:30", "2025-12-08T06:30:00Z"),
            ("-2h", "2025-12-08T05:00:00Z"),
            ("now", "2025-12-08T07:00:00Z"),
        ] {
            assert_eq!(parse_time(typed, now).unwrap(), at(meant), "{typed}");
        }
        for wrong in [
            "",
            "25:00",
            "yesterday",
            "2025-13-01",
            "-",
            "--2h",
            "2025-12-08T06:30:00+99:00",
            "2025-12-08T06:30+99:00",
            "2025-12-08T06:30+02:00x",
            "2025-12-08T06Z",
        ] {
            assert!(parse_time(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_window_is_never_empty() {
        let now = at("2025-12-08T07:00:00Z");
        let whole = Window::new(at("2025-12-08T06:00:00Z"), now).unwrap();
        let typed = |from, to| Typed { since: None, from, to };
        assert_eq!(resolve(Typed::default(), now, whole).unwrap(), whole);
        assert!(resolve(typed(Some("06:30"), Some("06:30")), now, whole).is_err());
        assert!(resolve(typed(Some("2025-12-08T06:40"), Some("2025-12-08T06:30")), now, whole).is_err());
        let since = resolve(
            Typed {
                since: Some("5m"),
                ..Typed::default()
            },
            now,
            whole,
        );
        assert_eq!(since.unwrap().from, at("2025-12-08T06:55:00Z"));
    }
}
