//! What zero events in n trials bound: the exact one-sided 95 % upper limit of Clopper and Pearson (Biometrika 26, 1934),
//! which for zero events is 1 - 0.05^(1/n), about 3/n ("rule of three").

/// The chance of being wrong that is accepted.
const ALPHA: f64 = 0.05;

/// The highest rate that fits zero events in `n` trials; 1 for no trials.
pub fn upper_bound(n: u64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    #[allow(clippy::cast_precision_loss)] // counts of requests are far below 2^52
    let n = n as f64;
    // expm1 keeps the digits that 1 - x loses for large n.
    -(ALPHA.ln() / n).exp_m1()
}

/// "0 of 12: under 22 % with 95 % confidence".
pub fn zero_of(n: u64) -> String {
    let percent = upper_bound(n) * 100.0;
    let number = match percent {
        p if p >= 10.0 => format!("{p:.0}"),
        p if p >= 1.0 => format!("{p:.1}"),
        p if p >= 0.01 => format!("{p:.2}"),
        p => format!("{p:.4}"),
    };
    format!(
        "0 of {}: under {number} % with 95 % confidence",
        crate::words::grouped(n)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_of_few_bounds_little() {
        for (n, said) in [
            (1, "0 of 1: under 95 % with 95 % confidence"),
            (12, "0 of 12: under 22 % with 95 % confidence"),
            (59, "0 of 59: under 5.0 % with 95 % confidence"),
            (3_000, "0 of 3,000: under 0.10 % with 95 % confidence"),
            (1_000_000, "0 of 1,000,000: under 0.0003 % with 95 % confidence"),
        ] {
            assert_eq!(zero_of(n), said);
        }
        assert!((upper_bound(0) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn at_the_bound_zero_events_have_a_chance_of_one_in_twenty() {
        for n in [1, 2, 7, 100, 5_000] {
            #[allow(clippy::cast_precision_loss)]
            let chance = (1.0 - upper_bound(n)).powf(n as f64);
            assert!((chance - 0.05).abs() < 1e-9, "{n}: {chance}");
        }
    }
}
