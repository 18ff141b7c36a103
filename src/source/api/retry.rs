//! When to ask again: only what can succeed, with growing pauses, never beyond the deadline. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Three repetitions outlast a proxy's restart (about 3 s together); each may cost a query of a small budget.
pub const MOST_ATTEMPTS: u32 = 4;
/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The least share of a pause that chance leaves.
const LEAST_SHARE: f64 = 0.5;

/// Whether a failure can pass by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chance {
    /// Asking again gives the same.
    None,
    /// It may be over soon.
    Soon,
    /// The server says when.
    After(Duration),
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Pause, then ask again.
    Again(Duration),
    /// Don't ask again.
    Stop,
    /// The server asks for a pause that ends after the deadline.
    ComeBack(Duration),
}

/// Decides after `attempts` attempts, with `left` until the deadline; `chance_of` is a random share from 0 to 1, so
/// that a hundred clients don't come back at the same instant.
pub fn next(chance: Chance, attempts: u32, left: Duration, random: f64) -> Next {
    match chance {
        Chance::None => Next::Stop,
        Chance::After(pause) if pause >= left => Next::ComeBack(pause),
        _ if attempts >= MOST_ATTEMPTS => Next::Stop,
        Chance::After(pause) => Next::Again(pause),
        Chance::Soon => {
            let longest = FIRST_PAUSE.saturating_mul(1 << (attempts.max(1) - 1).min(16));
            let share = LEAST_SHARE + (1.0 - LEAST_SHARE) * random.clamp(0.0, 1.0);
            let pause = longest.mul_f64(share);
            if pause < left { Next::Again(pause) } else { Next::Stop }
        }
    }
}

/// What a status and its `Retry-After` promise. A 429 without the header is a spent quota.
pub fn chance(status: u16, retry_after: Option<&str>, now: DateTime<Utc>) -> Chance {
    match (status, retry_after) {
        (429 | 503, Some(text)) => wait(text, now).map_or(Chance::Soon, Chance::After),
        (502..=504, _) => Chance::Soon,
        _ => Chance::None,
    }
}

/// `Retry-After`: seconds or a date. A number beyond all bounds is a long wait, not an unreadable one.
fn wait(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some((at.with_timezone(&Utc) - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<_> = (1..=5)
            .map(|attempts| next(Chance::Soon, attempts, MINUTE, 1.0))
            .collect();
        let again = |millis| Next::Again(Duration::from_millis(millis));
        assert_eq!(pauses, [again(500), again(1000), again(2000), Next::Stop, Next::Stop]);
        assert_eq!(next(Chance::Soon, 1, MINUTE, 0.0), again(250));
    }

    #[test]
    fn nothing_waits_beyond_the_deadline() {
        let left = Duration::from_millis(400);
        assert_eq!(next(Chance::Soon, 1, left, 1.0), Next::Stop);
        assert_eq!(next(Chance::After(MINUTE), 1, MINUTE, 0.0), Next::ComeBack(MINUTE));
        assert_eq!(next(Chance::After(left), 1, MINUTE, 0.0), Next::Again(left));
        assert_eq!(next(Chance::After(left), MOST_ATTEMPTS, MINUTE, 0.0), Next::Stop);
        assert_eq!(next(Chance::None, 1, MINUTE, 0.0), Next::Stop);
    }

    #[test]
    fn statuses_promise_what_the_reference_says() {
        let now = DateTime::UNIX_EPOCH;
        let seconds = |count| Chance::After(Duration::from_secs(count));
        assert_eq!(chance(429, Some(" 7 "), now), seconds(7));
        assert_eq!(chance(429, Some("99999999999999999999999"), now), seconds(u64::MAX));
        assert_eq!(chance(429, Some("Thu, 01 Jan 1970 00:00:09 GMT"), now), seconds(9));
        assert_eq!(chance(429, Some("soon"), now), Chance::Soon);
        assert_eq!(chance(503, Some("2"), now), seconds(2));
        for status in [502, 503, 504] {
            assert_eq!(chance(status, None, now), Chance::Soon);
        }
        for status in [200, 301, 400, 401, 402, 403, 404, 415, 422, 429, 500, 501] {
            assert_eq!(chance(status, None, now), Chance::None, "{status}");
        }
    }
}
