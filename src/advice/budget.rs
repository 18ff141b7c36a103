//! Why a hang lasted as long as it did: attempts x the timeout of each. Pure arithmetic on durations and error texts.

use crate::error_text::{Attempt, ErrorClass, attempts, classify};
use crate::words::{counted, duration, range};

/// Usual timeouts, seconds, and whose they are. Long ones first: what 30 s explains, 10 s explains as well.
const QUANTA: &[(f64, &str)] = &[
    (130.0, "psycopg's default for each address"),
    (60.0, "asyncpg's default"),
    (30.0, "SQLAlchemy's pool timeout"),
    (15.0, "a connect timeout of 15 s"),
    (10.0, "a connect timeout of 10 s"),
];
/// A wait ends a little after its timeouts do: this share of the whole, and at least this long.
const TOLERANCE: f64 = 0.005;
const LEAST_TOLERANCE_S: f64 = 1.0;
/// One length that fits can be chance.
const LEAST_OBSERVED: usize = 2;
/// Of the lengths, so many must fit.
const LEAST_SHARE: f64 = 0.8;
/// What a short timeout would be.
const PROPOSED_S: f64 = 10.0;

/// A hang that ended by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ended {
    /// How long it lasted, seconds.
    pub duration_s: f64,
    /// Whether it ended with an error.
    pub failed: bool,
}

/// What the numbers say of a hang's length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Budget {
    /// For people.
    pub lines: Vec<String>,
    /// Addresses of the longest list of attempts: IPv4 and IPv6.
    pub addresses: Option<(usize, usize)>,
    /// The timeout that each attempt had, seconds.
    pub each_s: Option<f64>,
    /// What it takes to try every address with that timeout, and with the proposed one; seconds.
    pub worst_s: Option<(f64, f64)>,
}

/// The attempts that one connect listed in its error.
struct Listed {
    ipv4: usize,
    ipv6: usize,
    /// Those that waited for an answer, by family: the others were turned away at once.
    waited_ipv4: usize,
    waited: usize,
    /// The timeout of each, by how long the whole took; seconds.
    each_s: Option<f64>,
}

impl Listed {
    fn of(list: &[Attempt], took_s: Option<f64>) -> Self {
        let waits = |attempt: &&Attempt| {
            let class = attempt.cause.as_deref().and_then(classify);
            !matches!(class, Some(ErrorClass::ConnectRefused | ErrorClass::Dns))
        };
        let family = |ipv6: bool| move |attempt: &&Attempt| attempt.is_ipv6() == Some(ipv6);
        let waited = list.iter().filter(waits).count();
        #[allow(clippy::cast_precision_loss)] // a handful of addresses
        let each_s = took_s.map(|took_s| took_s / waited as f64);
        Self {
            ipv4: list.iter().filter(family(false)).count(),
            ipv6: list.iter().filter(family(true)).count(),
            waited_ipv4: list.iter().filter(waits).filter(family(false)).count(),
            waited,
            // What took no time was no wait.
            each_s: each_s.filter(|each_s| waited > 0 && *each_s > 1.0),
        }
    }

    fn all(&self) -> usize {
        self.ipv4 + self.ipv6
    }
}

/// Explains the lengths of hangs that ended by themselves, with the errors of failed connects and how long those took.
pub fn budget(ended: &[Ended], errors: &[(&str, Option<f64>)]) -> Budget {
    let mut found = Budget::default();
    let lists = errors.iter().map(|(text, took_s)| (attempts(text), *took_s));
    let longest = lists
        .max_by_key(|(list, _)| list.len())
        .filter(|(list, _)| list.len() > 1);
    match longest {
        Some((list, took_s)) => by_list(&mut found, &list, &Listed::of(&list, took_s), ended),
        None => by_lengths(&mut found, ended),
    }
    found
}

/// With a list of addresses one length stands for so many tries.
fn by_list(found: &mut Budget, list: &[Attempt], listed: &Listed, ended: &[Ended]) {
    found.addresses = Some((listed.ipv4, listed.ipv6));
    let turned_away = list.len() - listed.waited;
    found.lines.push(format!(
        "by its error one connect tried {} addresses one after the other ({} IPv4, {} IPv6){}",
        list.len(),
        listed.ipv4,
        listed.ipv6,
        if turned_away > 0 {
            format!("; {turned_away} turned it away at once")
        } else {
            String::new()
        }
    ));
    let Some(own_s) = listed.each_s else {
        return;
    };
    let quantum = QUANTA.iter().find(|(each_s, _)| near(own_s, *each_s));
    let each_s = quantum.map_or(own_s, |(each_s, _)| *each_s);
    found.each_s = Some(each_s);
    let whose = quantum.map(|(_, whose)| format!(" ({whose})")).unwrap_or_default();
    let whole_s = times(listed.waited, each_s);
    let (whole, sooner): (Vec<&Ended>, Vec<&Ended>) = ended.iter().partition(|one| near(one.duration_s, whole_s));
    found.lines.push(format!(
        "it took {} = {} x {}{whose}{}",
        duration(whole_s),
        listed.waited,
        seconds(each_s),
        if whole.len() >= LEAST_OBSERVED {
            format!(
                ": so long lasted {} of {} hangs that ended by themselves (tolerance {}%)",
                whole.len(),
                ended.len(),
                TOLERANCE * 100.0
            )
        } else {
            String::new()
        }
    ));
    let well: Vec<f64> = sooner
        .iter()
        .filter(|one| !one.failed)
        .map(|one| one.duration_s)
        .collect();
    if let Some(lengths) = spread(&well) {
        found.lines.push(format!(
            "{} ended well after {lengths}: their connect succeeded in the end, before every address was tried",
            counted(well.len() as u64, "hang")
        ));
    }
    let (with_s, without_s) = (times(list.len(), each_s), times(list.len(), PROPOSED_S));
    found.worst_s = Some((with_s, without_s));
    found.lines.push(format!(
        "worst case: {} addresses x {} = {}; with connect_timeout={PROPOSED_S}: {}",
        list.len(),
        seconds(each_s),
        duration(with_s),
        duration(without_s)
    ));
    found.lines.push(without_ipv6(listed, each_s));
}

/// Without a list many lengths must agree on one timeout.
fn by_lengths(found: &mut Budget, ended: &[Ended]) {
    let lengths: Vec<f64> = ended.iter().map(|one| one.duration_s).collect();
    if lengths.len() < LEAST_OBSERVED {
        return;
    }
    let fitting = |each_s: f64| lengths.iter().filter(|length| is_multiple(**length, each_s)).count();
    #[allow(clippy::cast_precision_loss)] // counts of hangs
    let fits =
        |each_s: f64| fitting(each_s) >= LEAST_OBSERVED && fitting(each_s) as f64 >= LEAST_SHARE * lengths.len() as f64;
    match QUANTA.iter().find(|(each_s, _)| fits(*each_s)) {
        Some((each_s, whose)) => {
            found.each_s = Some(*each_s);
            found.lines.push(format!(
                "{} of {} hangs that ended by themselves lasted a multiple of {} ({whose}; tolerance {}%, at least {})",
                fitting(*each_s),
                lengths.len(),
                seconds(*each_s),
                TOLERANCE * 100.0,
                seconds(LEAST_TOLERANCE_S)
            ));
        }
        None => found.lines.push(format!(
            "attempts x timeout does not explain the lengths: {} that ended by themselves ({}) fit no usual timeout \
             (130, 60, 30, 15 or 10 s a try)",
            counted(lengths.len() as u64, "hang"),
            spread(&lengths).unwrap_or_default()
        )),
    }
}

fn without_ipv6(listed: &Listed, each_s: f64) -> String {
    let of = |tries: usize| duration(times(tries, each_s));
    match (listed.ipv4, listed.ipv6) {
        (0, 0) => String::from("whether disabling IPv6 would shorten it is not known: the error has no addresses"),
        (_, 0) => String::from("disabling IPv6 would not shorten it: every address that was tried is IPv4"),
        (0, _) => String::from("disabling IPv6 would leave no address at all: every one that was tried is IPv6"),
        _ if listed.waited == listed.waited_ipv4 => {
            String::from("disabling IPv6 would not shorten it: only IPv4 addresses made it wait")
        }
        _ if listed.waited == listed.all() => format!(
            "disabling IPv6 would shorten it from {} to {}",
            of(listed.waited),
            of(listed.waited_ipv4)
        ),
        _ => format!(
            "disabling IPv6 would shorten it from {} to {} ({} of {} addresses made it wait)",
            of(listed.waited),
            of(listed.waited_ipv4),
            listed.waited,
            listed.all()
        ),
    }
}

#[allow(clippy::cast_precision_loss)] // a handful of addresses
fn times(tries: usize, each_s: f64) -> f64 {
    tries as f64 * each_s
}

fn near(length_s: f64, expected_s: f64) -> bool {
    (length_s - expected_s).abs() <= (TOLERANCE * expected_s).max(LEAST_TOLERANCE_S)
}

fn is_multiple(length_s: f64, each_s: f64) -> bool {
    let tries = (length_s / each_s).round();
    tries >= 1.0 && near(length_s, tries * each_s)
}

fn spread(lengths_s: &[f64]) -> Option<String> {
    let shortest = lengths_s.iter().copied().reduce(f64::min)?;
    Some(range(shortest, lengths_s.iter().copied().reduce(f64::max)?))
}

/// As a timeout is written.
pub(super) fn seconds(value: f64) -> String {
    format!("{} s", (value * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(v4: usize, v6: usize, v6_cause: &str) -> String {
        let line =
            |address: String, cause: &str| format!("- host: 'db.test', port: None, hostaddr: '{address}': {cause}\n");
        let v4 = (1..=v4).map(|n| line(format!("192.0.2.{n}"), "connection timeout expired"));
        let v6 = (1..=v6).map(|n| line(format!("2001:db8::{n}"), v6_cause));
        v4.chain(v6).collect()
    }

    fn ended(lengths_s: &[f64], failed: bool) -> Vec<Ended> {
        let all = lengths_s.iter();
        all.map(|duration_s| Ended {
            duration_s: *duration_s,
            failed,
        })
        .collect()
    }

    #[test]
    fn twelve_addresses_of_130_s() {
        let text = listed(12, 0, "");
        let mut hangs = ended(&[1560.2, 1560.9], true);
        hangs.extend(ended(&[1440.2, 1080.1], false));
        let all = budget(&hangs, &[(&text, Some(1560.0))]).lines.join("\n");
        assert!(
            all.contains("12 addresses x 130 s = 26 min; with connect_timeout=10: 2 min"),
            "{all}"
        );
        assert!(all.contains("so long lasted 2 of 4 hangs"), "{all}");
        assert!(all.contains("2 hangs ended well after 18-24 min"), "{all}");
        assert!(all.contains("would not shorten it"), "{all}");
    }

    #[test]
    fn both_families_halve() {
        let text = listed(3, 3, "connection timeout expired");
        let all = budget(&ended(&[60.2, 60.1], true), &[(&text, Some(60.1))])
            .lines
            .join("\n");
        assert!(
            all.contains("disabling IPv6 would shorten it from 60s to 30s") || all.contains("from 1 min to 30s"),
            "{all}"
        );
    }

    #[test]
    fn what_is_turned_away_at_once_costs_nothing() {
        let text = listed(2, 4, "Network is unreachable");
        let found = budget(&[], &[(&text, Some(20.1))]);
        assert_eq!(found.each_s, Some(10.0));
        let all = found.lines.join("\n");
        assert!(
            all.contains("4 turned it away at once") && all.contains("only IPv4 addresses made it wait"),
            "{all}"
        );
    }

    #[test]
    fn lengths_alone_must_agree() {
        let found = budget(&ended(&[30.1, 60.2, 90.1], true), &[]);
        assert_eq!(found.each_s, Some(30.0), "{:?}", found.lines);
        let found = budget(&ended(&[47.3, 77.9, 101.4], false), &[]);
        assert!(found.lines[0].contains("fit no usual timeout"), "{:?}", found.lines);
        assert_eq!(budget(&ended(&[130.0], true), &[]), Budget::default());
    }
}
