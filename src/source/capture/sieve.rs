//! The part of a statement's conditions that is worth asking of a Parquet file before its other columns are read: where few
//! records are wanted, the texts of all others are never decoded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::{AsArray, BooleanArray};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::Result;
use datafusion::logical_expr::Operator;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::Expr;

use super::columnar::convert;
use super::schema::{self, COLUMNS, Kind};
use super::wanted::Wanted;

/// When this many records were looked at, it is known whether few of them pass.
const SAMPLE: usize = 50_000;
/// Above one in so many that pass, decoding twice costs more than it saves.
const ONE_IN: usize = 5;

/// See the module. What it lets pass is checked again by the engine.
#[derive(Debug)]
pub(super) struct Sieve {
    /// The columns that the condition reads.
    wanted: Wanted,
    condition: Arc<dyn PhysicalExpr>,
    looked_at: AtomicUsize,
    passed: AtomicUsize,
}

impl Sieve {
    /// Of those conditions that cost little; `None` without any.
    ///
    /// # Errors
    /// The engine's own.
    pub(super) fn of(filters: &[&Expr], state: &dyn Session) -> Result<Option<Self>> {
        let cheap = filters.iter().filter(|filter| is_cheap(filter));
        let Some(condition) = conjunction(cheap.map(|filter| (*filter).clone())) else {
            return Ok(None);
        };
        let columns = condition.column_refs();
        let mut positions: Vec<usize> = columns
            .iter()
            .filter_map(|column| schema::position(&column.name))
            .collect();
        positions.sort_unstable();
        let wanted = Wanted::new(positions, i64::MIN..i64::MAX, None);
        let columns = DFSchema::try_from(Arc::clone(wanted.schema()))?;
        let condition = state.create_physical_expr(condition, &columns)?;
        Ok(Some(Self::with(wanted, condition)))
    }

    /// Of a condition on the columns of `wanted`.
    pub(super) fn with(wanted: Wanted, condition: Arc<dyn PhysicalExpr>) -> Self {
        Self {
            wanted,
            condition,
            looked_at: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
        }
    }

    /// What it asks, and of which columns.
    #[cfg(feature = "cluster")]
    pub(super) fn parts(&self) -> (&Wanted, &Arc<dyn PhysicalExpr>) {
        (&self.wanted, &self.condition)
    }

    /// Positions of the columns to be read for it.
    pub(super) fn reads(&self) -> &[usize] {
        self.wanted.reads()
    }

    /// Whether few records pass, as far as is known.
    pub(super) fn is_worth_it(&self) -> bool {
        let looked_at = self.looked_at.load(Ordering::Relaxed);
        looked_at < SAMPLE || self.passed.load(Ordering::Relaxed) * ONE_IN < looked_at
    }

    /// Which records of a file's batch pass.
    ///
    /// # Errors
    /// As reading them, and the engine's own.
    pub(super) fn passing(&self, name: &str, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let external = |error| ArrowError::ExternalError(Box::new(error));
        let batch = convert(name, batch, &self.wanted).map_err(external)?;
        let found = self
            .condition
            .evaluate(&batch)
            .and_then(|found| found.into_array(batch.num_rows()));
        let found = found.map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        let passing = found.as_boolean().clone();
        self.looked_at.fetch_add(passing.len(), Ordering::Relaxed);
        self.passed.fetch_add(passing.true_count(), Ordering::Relaxed);
        Ok(passing)
    }
}

/// Comparisons of columns with what stands in the statement: no pattern, no function, nothing that can fail.
pub(super) fn is_cheap(filter: &Expr) -> bool {
    let dear = filter.exists(|part| {
        Ok(match part {
            Expr::BinaryExpr(binary) => !is_comparison(binary.op),
            Expr::Cast(cast) => !is_number(&cast.expr),
            Expr::Column(_)
            | Expr::Literal(..)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::InList(_)
            | Expr::Between(_)
            | Expr::Case(_) => false,
            _ => true,
        })
    });
    dear.is_ok_and(|dear| !dear)
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{And, Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq, Or};
    matches!(
        op,
        And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom
    )
}

fn is_number(expr: &Expr) -> bool {
    let Expr::Column(column) = expr else {
        return false;
    };
    let kind = schema::position(&column.name).map(|position| COLUMNS[position].1);
    matches!(kind, Some(Kind::Int | Kind::Float))
}
