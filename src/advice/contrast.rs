//! What tells the requests that hung from those that succeeded beside them. Pure counting.
//!
//! One-sided Fisher's exact test on each value of each attribute (R. A. Fisher, 1922: the hypergeometric tail), with
//! log-factorials; Holm's step-down correction (S. Holm, 1979) for how many were tried. Never ranked by a percentage.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{Sample, Share, shares};
use crate::words::grouped;

/// The chance of a false alarm over all comparisons together.
const ALPHA: f64 = 0.01;
/// Differences that are told.
const MOST_TOLD: usize = 3;
/// Other names of a difference that are told.
const MOST_ALIASES: usize = 3;
/// What the tool itself compares; of several attributes that say the same the first of these is named.
const OWN: [&str; 5] = [
    "instance",
    "route",
    UNDER_WAY,
    "time since the process started",
    "process",
];
/// As the query names it.
const UNDER_WAY: &str = "other requests under way when it began";
/// Attributes of a checkout that name the database's host (OpenTelemetry's names, old and new).
const HOSTS: [&str; 2] = ["database net.peer.name", "database server.address"];

/// A value that the hung requests have more often than chance gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// In a sentence, with its counts.
    pub claim: String,
    /// What is compared.
    pub attribute: String,
    /// Its value.
    pub value: String,
    /// Corrected for how many were tried.
    pub p: f64,
    /// The counts behind it.
    pub share: Share,
    /// All that hung have it.
    of_all: bool,
}

/// What was compared, and what came out.
#[derive(Debug, Clone, Default)]
pub struct Contrast {
    /// Surest first.
    pub differences: Vec<Difference>,
    /// Values compared.
    pub compared: usize,
    /// Attributes compared.
    pub attributes: usize,
    /// Requests in the two groups.
    pub hung: u64,
    /// The fast ones.
    pub fast: u64,
    /// By instance: its name, its hung and its fast requests.
    pub instances: Vec<(String, u64, u64)>,
    /// The database's host, if it is one for both groups, with the hung and the fast requests that name it.
    pub host: Option<(String, u64, u64)>,
}

/// The same for scripts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Contrast")]
pub struct ContrastDocument {
    /// Requests that hung.
    hung: u64,
    /// Fast ones beside them.
    fast: u64,
    /// Values that were compared.
    compared: usize,
    /// Attributes that were compared.
    attributes: usize,
    /// Surest first.
    differences: Vec<DifferenceDocument>,
}

/// Something that those which hung have in common, and the fast ones have not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Difference")]
struct DifferenceDocument {
    /// In a sentence, with its counts.
    claim: String,
    attribute: String,
    value: String,
    /// How likely chance alone would make such a difference, corrected for how many were tried.
    p: f64,
}

impl ContrastDocument {
    pub(super) fn of(contrast: &Contrast) -> Self {
        let differences = contrast.differences.iter().map(|one| DifferenceDocument {
            claim: one.claim.clone(),
            attribute: one.attribute.clone(),
            value: one.value.clone(),
            p: one.p,
        });
        Self {
            hung: contrast.hung,
            fast: contrast.fast,
            compared: contrast.compared,
            attributes: contrast.attributes,
            differences: differences.collect(),
        }
    }
}

/// Compares the two groups. Once a value tells all that hung from the fast ones, another is only told if it still
/// distinguishes among those that have it: what goes with a cause is none.
pub fn contrast(samples: &[Sample]) -> Contrast {
    let mut found = compared(&shares(samples, None), None);
    if let Some(telling) = found.differences.iter().find(|one| one.of_all).cloned() {
        let pair = (telling.attribute.clone(), telling.value.clone());
        let within = compared(&shares(samples, Some(&pair)), Some(&pair));
        found.differences = [telling].into_iter().chain(within.differences).collect();
    }
    found.differences.truncate(MOST_TOLD);
    found
}

/// Compares by these counts: of all, or of those `within` a value.
fn compared(shares: &[Share], within: Option<&(String, String)>) -> Contrast {
    let Some(first) = shares.first() else {
        return Contrast::default();
    };
    let (hung, fast) = (first.hung_all, first.fast_all);
    // What all have in common can tell nothing apart, and is no comparison.
    let mut tested: Vec<(f64, &Share)> = shares
        .iter()
        .filter(|share| !(share.hung == hung && share.fast == fast))
        .map(|share| (fisher(share.hung, hung, share.fast, fast), share))
        .collect();
    tested.sort_by(|(p, a), (q, b)| {
        p.total_cmp(q)
            .then_with(|| (rank(a), &a.attribute, &a.value).cmp(&(rank(b), &b.attribute, &b.value)))
    });
    let compared = tested.len();
    let mut surely: Vec<(f64, &Share, Vec<&Share>)> = Vec::new();
    let mut least = 0.0_f64;
    for (place, (p, share)) in tested.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)] // a few hundred comparisons
        let corrected = (p * (compared - place) as f64).clamp(least, 1.0);
        least = corrected;
        if corrected >= ALPHA {
            break;
        }
        // A machine has many names: what splits the groups in the same way is one difference.
        match surely
            .iter_mut()
            .find(|(_, other, _)| (other.hung, other.fast) == (share.hung, share.fast))
        {
            Some((_, _, aliases)) => aliases.push(share),
            None => surely.push((corrected, share, Vec::new())),
        }
    }
    let attributes: std::collections::BTreeSet<&str> =
        tested.iter().map(|(_, share)| share.attribute.as_str()).collect();
    Contrast {
        differences: surely
            .into_iter()
            .map(|(p, share, aliases)| difference(p, share, &aliases, compared, within))
            .collect(),
        compared,
        attributes: attributes.len(),
        hung,
        fast,
        instances: shares
            .iter()
            .filter(|share| share.attribute == "instance")
            .map(|share| (share.value.clone(), share.hung, share.fast))
            .collect(),
        host: shares
            .iter()
            .find(|share| HOSTS.contains(&share.attribute.as_str()) && share.hung > 0 && share.fast == fast)
            .map(|share| (share.value.clone(), share.hung, share.fast)),
    }
}

fn rank(share: &Share) -> usize {
    OWN.iter().position(|own| *own == share.attribute).unwrap_or(OWN.len())
}

fn difference(
    p: f64,
    share: &Share,
    aliases: &[&Share],
    compared: usize,
    within: Option<&(String, String)>,
) -> Difference {
    let among = within.map(|(attribute, value)| format!("among those with {attribute} = {value}: "));
    let names: Vec<String> = aliases
        .iter()
        .take(MOST_ALIASES)
        .map(|other| format!("{} = {}", other.attribute, other.value))
        .collect();
    let also = if names.is_empty() {
        String::new()
    } else {
        format!(" (the same: {})", names.join(", "))
    };
    let so = if share.attribute == UNDER_WAY {
        "; a request that begins beside others finds the open connections in use, and needs a new one"
    } else {
        ""
    };
    Difference {
        claim: format!(
            "{}{} of {} hung requests, {} of {} fast ones beside them: {} = {}{also}{so} (Fisher's exact test, corrected for {compared} comparisons: \
             p = {p:.1e})",
            among.unwrap_or_default(),
            grouped(share.hung),
            grouped(share.hung_all),
            grouped(share.fast),
            grouped(share.fast_all),
            share.attribute,
            share.value
        ),
        attribute: share.attribute.clone(),
        value: share.value.clone(),
        p,
        share: share.clone(),
        of_all: share.hung == share.hung_all,
    }
}

/// The chance that at least `a` of `hung` have a value that `a + b` of all `hung + fast` have.
fn fisher(a: u64, hung: u64, b: u64, fast: u64) -> f64 {
    let (with, all) = (a + b, hung + fast);
    let most = with.min(hung);
    let tail = (a..=most)
        .filter(|k| with - k <= fast)
        .map(|k| (choose(hung, k) + choose(fast, with - k) - choose(all, with)).exp());
    tail.sum::<f64>().min(1.0)
}

/// The logarithm of the binomial coefficient.
fn choose(n: u64, k: u64) -> f64 {
    log_factorial(n) - log_factorial(k) - log_factorial(n - k)
}

/// ln n!, exact by summing below 256, by Stirling's series above.
fn log_factorial(n: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // counts of requests
    let x = n as f64;
    if n < 256 {
        #[allow(clippy::cast_precision_loss)]
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(attribute: &str, value: &str, hung: u64, fast: u64, all: (u64, u64)) -> Share {
        Share {
            attribute: attribute.to_owned(),
            value: value.to_owned(),
            hung,
            fast,
            hung_all: all.0,
            fast_all: all.1,
        }
    }

    #[test]
    fn the_lady_tasting_tea() {
        // Fisher's own example: 3 of 4 right has p = 0.243, 4 of 4 has p = 0.014.
        assert!((fisher(3, 4, 1, 4) - 0.242_857).abs() < 1e-5);
        assert!((fisher(4, 4, 0, 4) - 0.014_286).abs() < 1e-5);
    }

    #[test]
    fn stirling_meets_the_sum() {
        let summed: f64 = (2..=300_u32).map(|k| f64::from(k).ln()).sum();
        assert!((log_factorial(300) - summed).abs() < 1e-9);
    }

    #[test]
    fn an_instance_that_has_all_hangs_is_told_once_with_counts() {
        let all = (15, 212);
        let found = compared(
            &[
                share("resource host.name", "a", 15, 0, all),
                share("process", "a/1", 15, 0, all),
                share("instance", "a", 15, 0, all),
                share("instance", "b", 0, 212, all),
                share("http.flavor", "1.1", 15, 212, all),
                share("route", "GET /x", 3, 40, all),
            ],
            None,
        );
        assert_eq!(found.differences.len(), 1);
        assert!(
            found.differences[0]
                .claim
                .starts_with("15 of 15 hung requests, 0 of 212 fast ones beside them: instance = a (the same: process = a/1, resource host.name = a)"),
            "{}",
            found.differences[0].claim
        );
        assert_eq!(found.compared, 5);
    }

    #[test]
    fn two_of_two_is_no_proof() {
        let found = compared(&[share("route", "GET /x", 2, 30, (2, 100))], None);
        assert!(found.differences.is_empty());
    }

    #[test]
    fn many_comparisons_ask_for_more() {
        // 4 of 4 against 0 of 8: p = 0.002 alone; among fifty attributes that is chance.
        let all = (4, 8);
        let mut shares = vec![share("http.user_agent", "x", 4, 0, all)];
        assert_eq!(compared(&shares, None).differences.len(), 1);
        shares.extend((0..50).map(|n| share(&format!("a{n}"), "y", 2, 4, all)));
        assert!(compared(&shares, None).differences.is_empty());
    }

    /// So many hung, and so many fast ones, with these attributes.
    type Group<'a> = (usize, usize, &'a [(&'a str, &'a str)]);

    fn samples(groups: &[Group<'_>]) -> Vec<Sample> {
        let one = |hung, pairs: &[(&str, &str)]| Sample {
            hung,
            attributes: pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let group = |(hung, fast, pairs): &Group<'_>| {
            let mut all = vec![one(true, pairs); *hung];
            all.extend(vec![one(false, pairs); *fast]);
            all
        };
        groups.iter().flat_map(group).collect()
    }

    #[test]
    fn what_goes_with_a_cause_is_none() {
        // All that hung is on one machine, and its region and most of its routes are its own.
        let found = contrast(&samples(&[
            (14, 6, &[("instance", "a"), ("route", "GET /x")]),
            (1, 4, &[("instance", "a"), ("route", "GET /y")]),
            (0, 200, &[("instance", "b"), ("route", "GET /y")]),
        ]));
        let told: Vec<&str> = found.differences.iter().map(|one| one.attribute.as_str()).collect();
        assert_eq!(told, ["instance"], "{found:?}");
    }

    #[test]
    fn what_distinguishes_within_is_told() {
        let found = contrast(&samples(&[
            (15, 0, &[("instance", "a"), ("route", "GET /x")]),
            (0, 40, &[("instance", "a"), ("route", "GET /y")]),
            (0, 200, &[("instance", "b"), ("route", "GET /x")]),
        ]));
        let told: Vec<&str> = found.differences.iter().map(|one| one.claim.as_str()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[1].starts_with("among those with instance = a: 15 of 15 hung requests, 0 of 40"),
            "{told:?}"
        );
    }
}
