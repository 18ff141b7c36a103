//! What tells the hung requests apart, as two rates with their intervals.

use chrono::{DateTime, Utc};

use super::contrast::Contrast;
use crate::facts::weight;
use crate::report::{Chart, Drawing, Rate, Share};

/// Instances that are compared where nothing tells the hung requests apart.
const MOST_INSTANCES: usize = 5;
/// The 97.5th percentile of the normal distribution: both sides together leave out 5 %.
const Z: f64 = 1.959_964;

/// The differences; without one the instances, on which the hung requests then lie like the fast ones.
pub(super) fn rates(contrast: &Contrast, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Option<Chart> {
    let mut rates: Vec<Rate> = contrast
        .differences
        .iter()
        .map(|one| {
            let share = &one.share;
            rate(
                format!("{} = {}", share.attribute, share.value),
                (share.hung, share.hung_all),
                (share.fast, share.fast_all),
            )
        })
        .collect();
    if rates.is_empty() && contrast.hung > 0 && contrast.fast > 0 {
        let mut instances = contrast.instances.clone();
        instances.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let of = instances.into_iter().take(MOST_INSTANCES).map(|(name, hung, fast)| {
            rate(
                format!("instance = {name}"),
                (hung, contrast.hung),
                (fast, contrast.fast),
            )
        });
        rates = of.collect();
    }
    (!rates.is_empty()).then(|| Chart {
        title: String::from("how often hung requests have it, and fast ones beside them"),
        from,
        to,
        drawing: Drawing::Rates(rates),
    })
}

fn rate(name: String, hung: (u64, u64), fast: (u64, u64)) -> Rate {
    let share = |of: &str, (count, all): (u64, u64)| Share {
        of: of.to_owned(),
        count,
        all,
        interval: wilson(count, all),
    };
    Rate {
        name,
        first: share("hung", hung),
        second: share("fast", fast),
    }
}

/// The interval that holds the true share with 95 % (E. B. Wilson, 1927): it is sound for few and for none.
fn wilson(count: u64, all: u64) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let n = weight(all);
    let share = weight(count) / n;
    let z2 = Z * Z;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn intervals_are_those_of_the_textbook() {
        // 10 of 10: 0.722 to 1; 0 of 10: 0 to 0.278; 1 of 2: 0.095 to 0.905.
        for (count, all, low, high) in [(10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (1, 2, 0.0945, 0.9055)] {
            let (from, to) = wilson(count, all);
            assert!(
                (from - low).abs() < 1e-3 && (to - high).abs() < 1e-3,
                "{count} of {all}: {from} {to}"
            );
        }
    }
}
