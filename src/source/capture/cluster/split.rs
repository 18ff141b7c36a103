//! Which machine reads what: row groups in the order of the files, in runs of about equal size.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_distributed::{
    DesiredTaskCountEvent, DesiredTaskCountEventResponse, DistributedLeafExec, ScaleUpLeafNodeEvent,
    ScaleUpLeafNodeEventResponse,
};

use crate::source::capture::files::{Part, Records};
use crate::source::capture::scan::Scan;

/// A row group that is read.
struct Piece {
    /// The file, by its place in the scan.
    file: usize,
    group: usize,
    bytes: u64,
}

/// As many machines as there are row groups; the engine takes no more than there are.
pub(super) fn tasks(event: DesiredTaskCountEvent) -> Option<Result<DesiredTaskCountEventResponse>> {
    let scan = event.plan.downcast_ref::<Scan>()?;
    let pieces = pieces(scan)?.len().max(1);
    Some(Ok(DesiredTaskCountEventResponse::desired(pieces)))
}

/// The scan as one scan a machine.
pub(super) fn shares(event: ScaleUpLeafNodeEvent) -> Option<Result<ScaleUpLeafNodeEventResponse>> {
    let scan = event.plan.downcast_ref::<Scan>()?;
    let (parts, wanted, sieve) = scan.task();
    let partitions = scan.properties().partitioning.partition_count();
    let runs = runs(pieces(scan)?, event.task_count);
    let variants = runs.into_iter().map(|run| {
        let shares = run
            .into_iter()
            .filter_map(|(file, groups)| share(parts.get(file)?, groups));
        let shares: Vec<Arc<Part>> = shares.collect();
        let scan = Scan::new(&shares, wanted.as_ref().clone(), sieve.cloned(), partitions);
        Arc::new(scan) as Arc<dyn ExecutionPlan>
    });
    let leaf = DistributedLeafExec::try_new(Arc::clone(event.plan), variants);
    Some(leaf.map(|leaf| ScaleUpLeafNodeEventResponse::new(Arc::new(leaf))))
}

/// A file of which only these row groups are looked at; `None` when it has no such group.
pub(super) fn share(part: &Arc<Part>, groups: Vec<usize>) -> Option<Arc<Part>> {
    let Records::Parquet(file) = &part.records else {
        return None;
    };
    let file = file.only(groups)?;
    Some(Arc::new(Part {
        rows: file.rows_looked_at(),
        records: Records::Parquet(file),
        extent: part.extent,
        bytes: part.bytes,
        window: part.window,
    }))
}

/// What a scan reads, in order; `None` when a file of it is not Parquet.
fn pieces(scan: &Scan) -> Option<Vec<Piece>> {
    let (parts, wanted, sieve) = scan.task();
    let mut pieces = Vec::new();
    for (file, part) in parts.iter().enumerate() {
        let Records::Parquet(parquet) = &part.records else {
            return None;
        };
        let groups = parquet.to_read(wanted, sieve).into_iter();
        pieces.extend(groups.map(|(group, bytes)| Piece { file, group, bytes }));
    }
    Some(pieces)
}

/// What a scan reads, bytes; `None` when a file of it is not Parquet: only those are read in shares.
pub(super) fn bytes(scan: &Scan) -> Option<u64> {
    Some(pieces(scan)?.iter().map(|piece| piece.bytes).sum())
}

/// The row groups of each run, by file. Every run is there, also an empty one.
fn runs(pieces: Vec<Piece>, count: usize) -> Vec<BTreeMap<usize, Vec<usize>>> {
    let total: u64 = pieces.iter().map(|piece| piece.bytes.max(1)).sum();
    let mut runs = vec![BTreeMap::<usize, Vec<usize>>::new(); count];
    let mut before = 0;
    for piece in pieces {
        let bytes = piece.bytes.max(1);
        // A piece belongs where its middle falls.
        let middle = u128::from(before) + u128::from(bytes / 2);
        let run = usize::try_from(middle * count as u128 / u128::from(total)).unwrap_or_default();
        runs[run.min(count.saturating_sub(1))]
            .entry(piece.file)
            .or_default()
            .push(piece.group);
        before += bytes;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(sizes: &[(usize, u64)], count: usize) -> Vec<Vec<(usize, usize)>> {
        let pieces = sizes.iter().enumerate().map(|(group, (file, bytes))| Piece {
            file: *file,
            group,
            bytes: *bytes,
        });
        let runs = runs(pieces.collect(), count).into_iter();
        let flat = runs.map(|run| {
            let pairs = run.into_iter();
            pairs
                .flat_map(|(file, groups)| groups.into_iter().map(move |group| (file, group)))
                .collect()
        });
        flat.collect()
    }

    #[test]
    fn every_piece_is_read_once_and_in_order() {
        for count in 1..6 {
            let sizes: Vec<(usize, u64)> = (0..17).map(|piece| (piece / 3, (piece as u64 * 37) % 11)).collect();
            let all: Vec<_> = split(&sizes, count).concat();
            let expected: Vec<_> = sizes
                .iter()
                .enumerate()
                .map(|(group, (file, _))| (*file, group))
                .collect();
            assert_eq!(all, expected);
        }
    }

    #[test]
    fn runs_are_of_about_equal_size() {
        assert_eq!(
            split(&[(0, 10), (0, 10), (1, 10), (1, 10)], 2),
            [vec![(0, 0), (0, 1)], vec![(1, 2), (1, 3)]]
        );
        assert_eq!(
            split(&[(0, 90), (0, 5), (1, 5)], 2),
            [vec![(0, 0)], vec![(0, 1), (1, 2)]]
        );
    }

    #[test]
    fn nothing_to_read_is_a_run_for_each_all_the_same() {
        assert_eq!(split(&[], 3), [vec![], vec![], vec![]]);
    }
}
