//! Why a hang lasted as long as it did: attempts x the timeout of each. Pure arithmetic on durations and error texts.

use crate::error_text::{Attempt, attempts};
use crate::words::{counted, duration};

/// Usual timeouts, seconds, and whose they are.
const QUANTA: &[(f64, &str)] = &[
    (130.0, "psycopg's default for each address"),
    (60.0, "asyncpg's default"),
    (30.0, "SQLAlchemy's pool timeout"),
    (15.0, "a connect timeout of 15 s"),
    (10.0, "a connect timeout of 10 s"),
];
/// A wait ends a little after its timeouts do: this share of the whole, and at least this long.
const TOLERANCE: f64 = 0.015;
const LEAST_TOLERANCE_S: f64 = 2.0;
/// One length that fits can be chance.
const LEAST_OBSERVED: usize = 2;
/// Of the lengths that long, so many must fit.
const LEAST_SHARE: f64 = 0.8;
/// What a short timeout would be.
const PROPOSED_S: f64 = 10.0;

/// What the numbers say of a hang's length.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    /// For people.
    pub lines: Vec<String>,
    /// Addresses of the longest list of attempts: IPv4 and IPv6.
    pub addresses: Option<(usize, usize)>,
    /// The timeout that each attempt had, seconds.
    pub each_s: Option<f64>,
}

/// Explains the lengths of hangs that ended by themselves, with the errors of failed connects.
pub fn budget(lengths_s: &[f64], errors: &[(&str, Option<f64>)]) -> Budget {
    let longest: Option<(Vec<Attempt>, Option<f64>)> = errors
        .iter()
        .map(|(text, took_s)| (attempts(text), *took_s))
        .filter(|(list, _)| list.len() > 1)
        .max_by_key(|(list, _)| list.len());
    let mut found = Budget::default();
    let mut own_each = None;
    if let Some((list, took_s)) = &longest {
        let ipv6 = list.iter().filter(|attempt| attempt.is_ipv6() == Some(true)).count();
        let ipv4 = list.iter().filter(|attempt| attempt.is_ipv6() == Some(false)).count();
        found.addresses = Some((ipv4, ipv6));
        found.lines.push(format!(
            "one connect tried {} one after the other ({ipv4} IPv4, {ipv6} IPv6)",
            counted(list.len() as u64, "address").replace("addresss", "addresses")
        ));
        #[allow(clippy::cast_precision_loss)] // a handful of addresses
        let each = took_s.map(|took_s| took_s / list.len() as f64);
        own_each = each.filter(|each| *each > 1.0);
    }
    // The list of addresses says how many tries one length stands for; only without it must many lengths agree.
    let listed = own_each.and_then(|own| QUANTA.iter().find(|(each, _)| (own - each).abs() <= TOLERANCE * each));
    let quantum = QUANTA
        .iter()
        .find(|(each, _)| fitting(lengths_s, *each) >= LEAST_OBSERVED && share(lengths_s, *each) >= LEAST_SHARE);
    let tries = longest.as_ref().map_or(0, |(list, _)| list.len());
    #[allow(clippy::cast_precision_loss)] // a handful of addresses
    let whole = |each: f64| {
        lengths_s
            .iter()
            .filter(|length| (**length - tries as f64 * each).abs() <= TOLERANCE * **length)
            .count()
    };
    match (listed, own_each, quantum) {
        (Some((each, whose)), _, _) if whole(*each) >= LEAST_OBSERVED => {
            found.each_s = Some(*each);
            found.lines.push(format!(
                "{} of {} hangs that ended by themselves lasted {tries} x {} ({whose}), as long as it takes to try every \
                 address (tolerance {}%); the others ended sooner, when a late address answered",
                whole(*each),
                lengths_s.len(),
                seconds(*each),
                TOLERANCE * 100.0
            ));
        }
        (_, Some(each), _) => {
            found.each_s = Some(each);
            found
                .lines
                .push(format!("that connect took {} for each of its addresses", seconds(each)));
        }
        (_, None, Some((each, whose))) => {
            found.each_s = Some(*each);
            found.lines.push(format!(
                "{} of {} lengths of hangs that ended by themselves are multiples of {} ({whose}; tolerance {}% or {} s)",
                fitting(lengths_s, *each),
                lengths_s.len(),
                seconds(*each),
                TOLERANCE * 100.0,
                LEAST_TOLERANCE_S
            ));
        }
        (_, None, None) if lengths_s.len() >= LEAST_OBSERVED => {
            found.lines.push(String::from(
                "the lengths of the hangs fit no usual timeout (130, 60, 30, 15 or 10 s a try): attempts x timeout does not \
                 explain them",
            ));
        }
        (_, None, None) => {}
    }
    if let (Some((list, _)), Some(each)) = (&longest, found.each_s) {
        #[allow(clippy::cast_precision_loss)]
        let tries = list.len() as f64;
        found.lines.push(format!(
            "worst case: {} addresses x {} = {}; with connect_timeout=10: {}",
            list.len(),
            seconds(each),
            duration(tries * each),
            duration(tries * PROPOSED_S)
        ));
        found.lines.push(ipv6_line(found.addresses.unwrap_or_default(), each));
    }
    found
}

fn ipv6_line((ipv4, ipv6): (usize, usize), each: f64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let of = |tries: usize| duration(tries as f64 * each);
    match (ipv4, ipv6) {
        (0, 0) => String::from("whether disabling IPv6 would shorten it is not known: the error has no addresses"),
        (_, 0) => String::from("disabling IPv6 would not shorten it: every address that was tried is IPv4"),
        (0, _) => String::from("disabling IPv6 would leave no address at all: every one that was tried is IPv6"),
        (v4, v6) => format!("disabling IPv6 would shorten it from {} to {}", of(v4 + v6), of(v4)),
    }
}

fn seconds(value: f64) -> String {
    format!("{} s", (value * 10.0).round() / 10.0)
}

fn fits(length_s: f64, each: f64) -> bool {
    let tries = (length_s / each).round();
    tries >= 1.0 && (length_s - tries * each).abs() <= (TOLERANCE * length_s).max(LEAST_TOLERANCE_S).min(each / 8.0)
}

fn fitting(lengths_s: &[f64], each: f64) -> usize {
    lengths_s.iter().filter(|length| fits(**length, each)).count()
}

#[allow(clippy::cast_precision_loss)]
fn share(lengths_s: &[f64], each: f64) -> f64 {
    fitting(lengths_s, each) as f64 / lengths_s.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(v4: usize, v6: usize) -> String {
        let mut text = String::new();
        for n in 1..=v4 {
            text.push_str(&format!(
                "- host: 'db.test', port: None, hostaddr: '192.0.2.{n}': connection timeout expired\n"
            ));
        }
        for n in 1..=v6 {
            text.push_str(&format!(
                "- host: 'db.test', port: None, hostaddr: '2001:db8::{n}': connection timeout expired\n"
            ));
        }
        text
    }

    #[test]
    fn twelve_addresses_of_130_s() {
        let text = listed(12, 0);
        let found = budget(&[1440.2, 1080.1, 1560.2, 1560.9], &[(&text, Some(1560.0))]);
        let all = found.lines.join("\n");
        assert!(
            all.contains("12 addresses x 130 s = 26 min; with connect_timeout=10: 2 min"),
            "{all}"
        );
        assert!(all.contains("would not shorten it"), "{all}");
    }

    #[test]
    fn both_families_halve() {
        let text = listed(3, 3);
        let found = budget(&[60.2, 60.1], &[(&text, Some(60.1))]);
        assert!(
            found
                .lines
                .iter()
                .any(|line| line.contains("disabling IPv6 would shorten it")),
            "{:?}",
            found.lines
        );
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let found = budget(&[47.3, 77.9, 101.4], &[]);
        assert!(found.lines[0].contains("fit no usual timeout"), "{:?}", found.lines);
        assert!(budget(&[130.0], &[]).lines.is_empty());
    }
}
