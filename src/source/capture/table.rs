//! The files of a capture as the engine's table: what of a statement they can do themselves.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{BinaryExpr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::Expr;
use datafusion::scalar::ScalarValue;

use super::files::{Part, Records};
use super::scan::Scan;
use super::schema::{self, COLUMNS};
use super::sieve::{Sieve, is_cheap};
use super::wanted::Wanted;

/// All records, pending ones too.
#[derive(Debug)]
pub(super) struct Table {
    pub parts: Arc<[Arc<Part>]>,
    /// Hides what arrived later, microseconds.
    pub now: Option<i64>,
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        schema::schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..COLUMNS.len()).collect());
        let all_bounds = filters.iter().filter_map(bounds);
        let starts = all_bounds.fold(i64::MIN..i64::MAX, |all, one| {
            all.start.max(one.start)..all.end.min(one.end)
        });
        let wanted = Wanted::new(columns, starts, self.now);
        let others: Vec<&Expr> = filters.iter().filter(|filter| bounds(filter).is_none()).collect();
        let sieve = Sieve::of(&others, state)?.map(Arc::new);
        let partitions = state.config().target_partitions();
        Ok(Arc::new(Scan::new(&self.parts, wanted, sieve, partitions)))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let reads_parquet = self
            .parts
            .iter()
            .any(|part| matches!(part.records, Records::Parquet(_)));
        let answer = |filter: &&Expr| match bounds(filter) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None if reads_parquet && is_cheap(filter) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(answer).collect())
    }
}

/// The starts (microseconds) that a filter leaves, if it is a bound of `start_timestamp` and nothing else.
fn bounds(filter: &Expr) -> Option<Range<i64>> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else {
        return None;
    };
    let (op, instant) = match (instant(right), instant(left)) {
        (Some(instant), None) if is_start(left) => (*op, instant),
        (None, Some(instant)) if is_start(right) => (op.swap()?, instant),
        _ => return None,
    };
    Some(match op {
        Operator::GtEq => instant..i64::MAX,
        Operator::Gt => instant.checked_add(1)?..i64::MAX,
        Operator::Lt => i64::MIN..instant,
        Operator::LtEq => i64::MIN..instant.checked_add(1)?,
        Operator::Eq => instant..instant.checked_add(1)?,
        _ => return None,
    })
}

fn is_start(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if column.name == "start_timestamp")
}

fn instant(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::TimestampMicrosecond(instant, _), _) => *instant,
        _ => None,
    }
}
