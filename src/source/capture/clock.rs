//! Time in queries: `now()` is the capture's, and `extract(epoch from ...)` keeps its fraction.

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::ExprSchemable;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::prelude::{Expr, cast, lit};
use datafusion::scalar::ScalarValue;

use super::schema::ZONE;

const SECONDS_PER_DAY: i64 = 86_400;

/// Answers `now()` and `current_date` for the time of the capture instead of the day it is looked at.
#[derive(Debug)]
pub(super) struct Now(pub(super) DateTime<Utc>);

impl FunctionRewrite for Now {
    fn name(&self) -> &'static str {
        "capture_now"
    }

    fn rewrite(&self, expr: Expr, _: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let name = match &expr {
            Expr::ScalarFunction(call) => call.func.name(),
            _ => return Ok(Transformed::no(expr)),
        };
        let value = match name {
            "now" => ScalarValue::TimestampNanosecond(self.0.timestamp_nanos_opt(), Some(ZONE.into())),
            "current_date" => ScalarValue::Date32(i32::try_from(self.0.timestamp().div_euclid(SECONDS_PER_DAY)).ok()),
            _ => return Ok(Transformed::no(expr)),
        };
        Ok(Transformed::yes(Expr::Literal(value, None)))
    }
}

/// Computes `extract(epoch from b - a)` exactly. The engine's own loses the fraction of a difference of more than
/// 2.1 s: it counts nanoseconds in 32 bits and takes the overflow for zero.
#[derive(Debug)]
pub(super) struct EpochOfDuration;

impl FunctionRewrite for EpochOfDuration {
    fn name(&self) -> &'static str {
        "epoch_of_duration"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Some((difference, unit)) = epoch_of_duration(&expr, schema) else {
            return Ok(Transformed::no(expr));
        };
        let per_second = match unit {
            TimeUnit::Second => 1.0,
            TimeUnit::Millisecond => 1e3,
            TimeUnit::Microsecond => 1e6,
            TimeUnit::Nanosecond => 1e9,
        };
        let count = cast(cast(difference, DataType::Duration(unit)), DataType::Int64);
        Ok(Transformed::yes(cast(count, DataType::Float64) / lit(per_second)))
    }
}

fn epoch_of_duration(expr: &Expr, schema: &DFSchema) -> Option<(Expr, TimeUnit)> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else {
        return None;
    };
    let [Expr::Literal(part, _), difference] = args.as_slice() else {
        return None;
    };
    let is_epoch = func.name() == "date_part" && part.try_as_str()??.eq_ignore_ascii_case("epoch");
    match difference.get_type(schema) {
        Ok(DataType::Duration(unit)) if is_epoch => Some((difference.clone(), unit)),
        _ => None,
    }
}
