//! Which parts of a text are taken out, as what. The first rule that claims a part has it, unless a later one takes a
//! larger part around it.

use std::ops::Range;

use super::Kind;

/// Parts of one text.
pub(super) struct Claims<'t> {
    pub(super) text: &'t str,
    /// `None` = it stays, whatever else claims it.
    parts: Vec<(Range<usize>, Option<Kind>)>,
}

impl<'t> Claims<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            parts: Vec::new(),
        }
    }

    /// This part stays.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.parts.push((range, None));
        }
    }

    /// This part goes. What it shares with a part of another rule belongs to that rule.
    pub(super) fn take(&mut self, range: Range<usize>, kind: Kind) {
        let overlapping: Vec<Range<usize>> = self
            .parts
            .iter()
            .filter(|(part, kind)| {
                overlap(part, &range) && (kind.is_none() || !is_within(part, &range) || *part == range)
            })
            .map(|(part, _)| part.clone())
            .collect();
        self.parts
            .retain(|(part, kind)| kind.is_none() || !is_within(part, &range) || *part == range);
        let mut rest = vec![range];
        for taken in overlapping {
            rest = rest.into_iter().flat_map(|range| without(&range, &taken)).collect();
        }
        self.parts.extend(rest.into_iter().map(|range| (range, Some(kind))));
    }

    /// This part goes if no rule has claimed any of it: half of it would not be what this rule is about.
    pub(super) fn take_whole(&mut self, range: Range<usize>, kind: Kind) {
        if !self.parts.iter().any(|(part, _)| overlap(part, &range)) {
            self.take(range, kind);
        }
    }

    /// What goes, from left to right.
    pub(super) fn into_sorted(self) -> Vec<(Range<usize>, Kind)> {
        let parts = self.parts.into_iter();
        let mut parts: Vec<(Range<usize>, Kind)> = parts.filter_map(|(range, kind)| Some((range, kind?))).collect();
        parts.sort_by_key(|(range, _)| range.start);
        parts
    }
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn is_within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// What of `range` lies outside of `taken`.
fn without(range: &Range<usize>, taken: &Range<usize>) -> Vec<Range<usize>> {
    if !overlap(range, taken) {
        return vec![range.clone()];
    }
    let sides = [
        range.start..taken.start.max(range.start),
        taken.end.min(range.end)..range.end,
    ];
    sides.into_iter().filter(|side| !side.is_empty()).collect()
}
