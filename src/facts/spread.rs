//! How long a set of spans took.

use crate::words::{duration, range};

/// Below this a spread is shown from its shortest to its longest: all of it is fast, so nothing is hidden.
const ALL_FAST_S: f64 = 0.05;
/// The middle nine tenths of fewer values than this are all of them.
const FEW: u64 = 20;

/// Durations of a set of spans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Shortest, seconds.
    pub min_s: f64,
    /// 5th and 95th percentile, seconds; `None` where spreads were joined, since percentiles can't be.
    pub middle_s: Option<(f64, f64)>,
    /// Longest, seconds.
    pub max_s: f64,
}

impl Spread {
    /// Both as one, without percentiles.
    pub fn and(self, other: Self) -> Self {
        Self {
            min_s: self.min_s.min(other.min_s),
            middle_s: None,
            max_s: self.max_s.max(other.max_s),
        }
    }

    /// As a person says it of so many durations: shortest to longest while all is fast or they are few, else the middle
    /// nine tenths and the worst.
    pub fn in_words(&self, count: u64) -> String {
        match self.middle_s {
            Some((p5_s, p95_s)) if self.max_s >= ALL_FAST_S && count >= FEW => {
                let middle = range(p5_s, p95_s);
                if duration(self.max_s) == duration(p95_s) {
                    middle
                } else {
                    format!("{middle}, worst {}", duration(self.max_s))
                }
            }
            _ => range(self.min_s, self.max_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_worst_is_not_hidden() {
        let mut times = Spread {
            min_s: 0.003,
            middle_s: Some((0.004, 0.02)),
            max_s: 0.03,
        };
        assert_eq!(times.in_words(100), "3-30ms");
        times.max_s = 6.0;
        assert_eq!(times.in_words(100), "4-20ms, worst 6s");
        assert_eq!(times.in_words(2), "3ms-6s");
    }
}
