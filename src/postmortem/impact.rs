//! Who suffered, as a section of the page: the sum, by route, by instance.

use crate::advice::{Impact, InstanceHit};
use crate::report::{Align, Block, Table};
use crate::words::{counted, duration, grouped};

/// Routes and instances in a table of the impact.
const MOST_ROWS: usize = 10;

pub(super) fn impact(impact: Option<&Impact>) -> Vec<Block> {
    let Some((impact, requests)) = impact.and_then(|impact| Some((impact, impact.requests?))) else {
        return vec![Block::lines([String::from(
            "How many requests were affected is not known.",
        )])];
    };
    let number = |count: Option<u64>| count.map_or(String::from("-"), grouped);
    let longest = impact.longest_hang_s.map_or(String::from("-"), duration);
    let mut blocks = vec![Block::lines([format!(
        "{} affected, {} failed, {} hung, the longest {longest}; {} errors recorded in all",
        counted(requests, "request"),
        number(impact.failed),
        number(impact.hung),
        grouped(impact.errors),
    )])];
    let routes = impact.routes.iter().map(|one| (one.route.as_str(), one.hit));
    let instances = impact.instances.iter().filter_map(|one| match one {
        InstanceHit::Counted { instance, hit } => Some((instance.as_str(), *hit)),
        InstanceHit::Named(_) => None,
    });
    let tables = [
        ("route", routes.take(MOST_ROWS).collect::<Vec<_>>()),
        ("instance", instances.take(MOST_ROWS).collect()),
    ];
    for (key, hits) in tables.into_iter().filter(|(_, hits)| !hits.is_empty()) {
        let rows = hits.into_iter().map(|(name, hit)| {
            let counts = [hit.requests, hit.failed, hit.hung].map(grouped);
            [name.to_owned()].into_iter().chain(counts).collect()
        });
        let mut table = Table::of_texts(&[key, "affected", "failed", "hung"], rows.collect());
        for column in table.columns.iter_mut().skip(1) {
            column.align = Align::Right;
        }
        blocks.push(Block::Table(table));
    }
    blocks
}
