//! A share of a file: some of its row groups, for one of several machines.

use std::sync::Arc;

use super::ParquetFile;
use crate::source::capture::place::Place;
use crate::source::capture::sieve::Sieve;
use crate::source::capture::wanted::Wanted;

impl ParquetFile {
    /// Where it is.
    pub(in crate::source::capture) fn place(&self) -> &Place {
        &self.place
    }

    /// The row groups that a question reads, each with the bytes of the columns it reads of it, before they are unpacked.
    pub(in crate::source::capture) fn to_read(&self, wanted: &Wanted, sieve: Option<&Arc<Sieve>>) -> Vec<(usize, u64)> {
        let groups = self.wanted_groups(wanted).into_iter();
        let read = |group: super::Group| {
            let ranges = self.read_of(group.index, wanted, sieve).into_iter();
            (group.index, ranges.map(|range| range.end - range.start).sum())
        };
        groups.map(read).collect()
    }

    /// The same file, of which only these row groups are looked at. `None` when it has no such group.
    pub(in crate::source::capture) fn only(&self, groups: Vec<usize>) -> Option<Self> {
        let within = groups.iter().all(|group| *group < self.starts.len());
        within.then(|| Self { groups, ..self.clone() })
    }

    /// The row groups that are looked at.
    pub(in crate::source::capture) fn looked_at(&self) -> &[usize] {
        &self.groups
    }

    /// How many records those hold.
    pub(in crate::source::capture) fn rows_looked_at(&self) -> usize {
        let groups = self.groups.iter().filter_map(|group| self.groups().get(*group));
        usize::try_from(groups.map(|group| group.num_rows()).sum::<i64>()).unwrap_or_default()
    }
}
