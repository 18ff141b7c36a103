//! Which stretches of time to ask for: as few as hold all records, none with more rows than one answer can have. Pure.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// An answer holds 10,000 rows at most, and rows go on arriving between the count and the question.
pub(super) const ROWS_PER_ANSWER: u64 = 9_000;
/// As many buckets as a count can tell of, with some to spare below the 10,000 rows of an answer.
const MOST_BUCKETS: i64 = 9_000;

/// A stretch of time and how many records were counted in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slice {
    /// First start, microseconds since the epoch.
    pub from: i64,
    /// First start that is no longer in it.
    pub to: i64,
    /// Records, when they were counted.
    pub counted: u64,
}

/// Counts by buckets of equal width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// First start of the first bucket.
    from: i64,
    /// First start behind the last.
    to: i64,
    /// Of a bucket, microseconds.
    pub width: i64,
}

impl Grid {
    /// So fine that an answer can hold all buckets.
    pub(super) fn over(starts: &Range<i64>) -> Self {
        let length = starts.end.saturating_sub(starts.start).max(1);
        Self {
            from: starts.start,
            to: starts.end,
            width: (length / MOST_BUCKETS + 1).max(1),
        }
    }

    /// Where a bucket begins and ends.
    fn bounds(&self, bucket: i64) -> (i64, i64) {
        let from = self.from.saturating_add(bucket.saturating_mul(self.width));
        (from.max(self.from), from.saturating_add(self.width).min(self.to))
    }

    /// Slices that cover the whole time without a gap, from counts by bucket in the order of time. A bucket with more
    /// records than an answer holds is cut into equal parts, whose own counts nobody knows: each is given its share.
    pub(super) fn slices(&self, counts: &[(i64, u64)]) -> Vec<Slice> {
        let mut slices = Vec::new();
        let mut open = Slice {
            from: self.from,
            to: self.from,
            counted: 0,
        };
        for (bucket, count) in counts {
            let (from, to) = self.bounds(*bucket);
            if open.counted > 0 && open.counted + count > ROWS_PER_ANSWER {
                slices.push(Slice { to: from, ..open });
                open = Slice {
                    from,
                    to: from,
                    counted: 0,
                };
            }
            open.counted += count;
            open.to = to;
            if *count > ROWS_PER_ANSWER {
                let mut parts = cut(&Slice { from, ..open.clone() });
                // Time without records goes with its neighbour.
                if let Some(first) = parts.first_mut() {
                    first.from = open.from;
                }
                slices.extend(parts);
                open = Slice {
                    from: to,
                    to,
                    counted: 0,
                };
            }
        }
        if open.from < self.to {
            slices.push(Slice { to: self.to, ..open });
        }
        slices
    }

    /// The same slices, where those that share a bucket are one: only of buckets it is known how many records they hold.
    pub(super) fn aligned(&self, slices: &[Slice]) -> Vec<Slice> {
        let mut aligned: Vec<Slice> = Vec::new();
        for slice in slices {
            match aligned.last_mut() {
                Some(last) if (slice.from - self.from) % self.width != 0 => {
                    last.to = slice.to;
                    last.counted += slice.counted;
                }
                _ => aligned.push(slice.clone()),
            }
        }
        aligned
    }

    /// How many of the counted records lie in a stretch that begins and ends with buckets.
    pub(super) fn within(&self, counts: &[(i64, u64)], slice: &Range<i64>) -> u64 {
        let begins_within = |bucket: i64| slice.contains(&self.bounds(bucket).0);
        let counts = counts.iter().filter(|(bucket, _)| begins_within(*bucket));
        counts.map(|(_, count)| count).sum()
    }
}

/// The slice, or its parts if no answer holds it.
pub(super) fn cut_to_size(slice: Slice) -> Vec<Slice> {
    match slice.counted {
        ..=ROWS_PER_ANSWER => vec![slice],
        _ => cut(&slice),
    }
}

/// Equal parts with room for an uneven spread; what is still too much is halved when it comes back clipped.
fn cut(slice: &Slice) -> Vec<Slice> {
    let length = slice.to - slice.from;
    let parts = i64::try_from(slice.counted.div_ceil(ROWS_PER_ANSWER * 2 / 3)).unwrap_or(i64::MAX);
    let parts = parts.clamp(1, length.max(1));
    let edge = |number: i64| {
        slice.from + i64::try_from(i128::from(length) * i128::from(number) / i128::from(parts)).unwrap_or(length)
    };
    let share = slice.counted / parts.unsigned_abs();
    let mut cut: Vec<Slice> = (0..parts)
        .map(|number| Slice {
            from: edge(number),
            to: edge(number + 1),
            counted: share,
        })
        .collect();
    if let Some(last) = cut.last_mut() {
        last.counted += slice.counted % parts.unsigned_abs();
    }
    cut
}

/// What of a stretch no other covers, in the order of time.
pub(super) fn without(whole: &Range<i64>, covered: &[Range<i64>]) -> Vec<Range<i64>> {
    let mut covered: Vec<&Range<i64>> = covered.iter().filter(|range| !range.is_empty()).collect();
    covered.sort_by_key(|range| range.start);
    let (mut left, mut from) = (Vec::new(), whole.start);
    for range in covered {
        if range.start > from {
            left.push(from..range.start.min(whole.end));
        }
        from = from.max(range.end);
        if from >= whole.end {
            break;
        }
    }
    if from < whole.end {
        left.push(from..whole.end);
    }
    left.retain(|range| !range.is_empty());
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Range<i64> = 1_000_000..3_601_000_000;

    fn is_whole(slices: &[Slice], time: &Range<i64>) {
        is_joined(slices, time);
        assert!(slices.iter().all(|slice| slice.counted <= ROWS_PER_ANSWER));
    }

    fn is_joined(slices: &[Slice], time: &Range<i64>) {
        assert_eq!(slices.first().map(|slice| slice.from), Some(time.start));
        assert_eq!(slices.last().map(|slice| slice.to), Some(time.end));
        for pair in slices.windows(2) {
            assert_eq!(pair[0].to, pair[1].from);
        }
        assert!(slices.iter().all(|slice| slice.from < slice.to));
    }

    #[test]
    fn few_records_are_one_question() {
        let grid = Grid::over(&HOUR);
        for counts in [vec![], vec![(0, 5)], vec![(7, 8_000), (8_000, 999)]] {
            let slices = grid.slices(&counts);
            assert_eq!(slices.len(), 1);
            is_whole(&slices, &HOUR);
        }
    }

    #[test]
    fn slices_are_as_full_as_an_answer_allows_and_lose_nothing() {
        let grid = Grid::over(&HOUR);
        let counts: Vec<(i64, u64)> = (0..8_990).map(|bucket| (bucket, 100)).collect();
        let slices = grid.slices(&counts);
        is_whole(&slices, &HOUR);
        assert_eq!(slices.len(), 100);
        assert_eq!(slices.iter().map(|slice| slice.counted).sum::<u64>(), 899_000);
        for slice in &slices {
            assert_eq!(grid.within(&counts, &(slice.from..slice.to)), slice.counted);
        }
    }

    #[test]
    fn a_bucket_of_many_is_cut_and_one_microsecond_is_not() {
        let grid = Grid::over(&HOUR);
        let slices = grid.slices(&[(3, 10), (4, 50_000), (5, 10)]);
        is_whole(&slices, &HOUR);
        assert_eq!(slices.iter().map(|slice| slice.counted).sum::<u64>(), 50_020);
        let aligned = grid.aligned(&slices);
        is_joined(&aligned, &HOUR);
        for slice in &aligned {
            let counts = [(3, 10), (4, 50_000), (5, 10)];
            assert_eq!(grid.within(&counts, &(slice.from..slice.to)), slice.counted);
        }
        let microsecond = Grid::over(&(5..6));
        assert_eq!(microsecond.width, 1);
        assert_eq!(microsecond.slices(&[(0, 50_000)]).len(), 1);
    }

    #[test]
    fn what_is_left_of_a_stretch_is_what_nothing_covers() {
        let ranges = |pairs: &[(i64, i64)]| pairs.iter().map(|(from, to)| *from..*to).collect::<Vec<_>>();
        let left = |whole: (i64, i64), covered: &[(i64, i64)]| without(&(whole.0..whole.1), &ranges(covered));
        assert_eq!(left((0, 10), &[]), ranges(&[(0, 10)]));
        assert_eq!(left((0, 10), &[(0, 4), (6, 10)]), ranges(&[(4, 6)]));
        assert_eq!(
            left((0, 10), &[(6, 8), (2, 3), (2, 4)]),
            ranges(&[(0, 2), (4, 6), (8, 10)])
        );
        assert_eq!(left((3, 5), &[(0, 10)]), []);
        assert_eq!(left((3, 5), &[(8, 10)]), ranges(&[(3, 5)]));
    }
}
