//! Levels by name: `level >= 'error'` on the integer column, `level_num('error')`, `level_name(level)`.
//! Numbers are those of Logfire's SDK; other libraries' levels lie in between.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int32Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Diagnostic, Spans, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{
    Between, BinaryExpr, Case, ColumnarValue, ExprSchemable, Operator, ScalarUDF, Volatility, create_udf,
};
use datafusion::prelude::Expr;
use datafusion::scalar::ScalarValue;

/// The names, lowest first.
const LEVELS: [(&str, i32); 7] = [
    ("trace", 1),
    ("debug", 5),
    ("info", 9),
    ("notice", 10),
    ("warn", 13),
    ("error", 17),
    ("fatal", 21),
];

fn number(name: &str) -> Result<i32> {
    let name = if name == "warning" { "warn" } else { name };
    match LEVELS.iter().find(|(level, _)| *level == name) {
        Some((_, number)) => Ok(*number),
        None => {
            let names = LEVELS.map(|(name, _)| name).join(", ");
            plan_err!("'{name}' is not a level; the levels are {names}")
        }
    }
}

/// The name of the level or of the next lower one that has a name.
fn name(number: i64) -> Option<&'static str> {
    let at_most = LEVELS.iter().rev().find(|(_, level)| i64::from(*level) <= number);
    at_most.map(|(name, _)| *name)
}

/// `level_num(name)`: the number of a level, null for null; another name is an error.
pub(super) fn level_num() -> ScalarUDF {
    let run = |args: &[ColumnarValue]| {
        map(args, &DataType::Utf8, |names| {
            let numbers: Result<Int32Array> = names
                .as_string::<i32>()
                .iter()
                .map(|name| name.map(number).transpose())
                .collect();
            Ok(Arc::new(numbers?))
        })
    };
    create_udf(
        "level_num",
        vec![DataType::Utf8],
        DataType::Int32,
        Volatility::Immutable,
        Arc::new(run),
    )
}

/// `level_name(number)`: its name, or that of the next lower level; null below the lowest.
pub(super) fn level_name() -> ScalarUDF {
    let run = |args: &[ColumnarValue]| {
        map(args, &DataType::Int64, |numbers| {
            let numbers = numbers.as_primitive::<Int64Type>();
            let names: StringArray = numbers.iter().map(|number| number.and_then(name)).collect();
            Ok(Arc::new(names))
        })
    };
    create_udf(
        "level_name",
        vec![DataType::Int64],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(run),
    )
}

/// Applies a function of one array to the argument, and keeps a scalar a scalar.
fn map(
    args: &[ColumnarValue],
    wanted: &DataType,
    run: impl FnOnce(&ArrayRef) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let [argument] = args else {
        return plan_err!("it takes one argument");
    };
    let array = argument.to_array(1)?;
    let result = run(&cast(&array, wanted)?)?;
    match argument {
        ColumnarValue::Array(_) => Ok(ColumnarValue::Array(result)),
        ColumnarValue::Scalar(_) => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)),
    }
}

/// Puts the number in place of a level's name wherever an integer is compared with it. On the column `level` a text
/// that is neither a level nor a number is an error; text columns are never touched.
#[derive(Debug)]
pub(super) struct LevelNames;

impl FunctionRewrite for LevelNames {
    fn name(&self) -> &'static str {
        "level_names"
    }

    fn rewrite(&self, mut expr: Expr, schema: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let changed = match &mut expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(*op) => {
                name_to_number(left, right, schema)? || name_to_number(right, left, schema)?
            }
            Expr::Between(Between { expr, low, high, .. }) => {
                let low = name_to_number(expr, low, schema)?;
                name_to_number(expr, high, schema)? || low
            }
            Expr::InList(InList { expr, list, .. }) => {
                let mut changed = false;
                for item in list {
                    changed |= name_to_number(expr, item, schema)?;
                }
                changed
            }
            Expr::Case(Case {
                expr: Some(expr),
                when_then_expr,
                ..
            }) => {
                let mut changed = false;
                for (when, _) in when_then_expr {
                    changed |= name_to_number(expr, when, schema)?;
                }
                changed
            }
            _ => false,
        };
        Ok(if changed {
            Transformed::yes(expr)
        } else {
            Transformed::no(expr)
        })
    }
}

fn compares(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(
        op,
        Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom
    )
}

/// Replaces the text if what it is compared with is an integer; says whether it did.
fn name_to_number(compared: &Expr, text: &mut Expr, schema: &DFSchema) -> Result<bool> {
    let Expr::Literal(literal, _) = &*text else {
        return Ok(false);
    };
    let Some(Some(name)) = literal.try_as_str() else {
        return Ok(false);
    };
    if !compared.get_type(schema).is_ok_and(|data_type| data_type.is_integer()) {
        return Ok(false);
    }
    let number = match number(name) {
        Ok(number) => number,
        // `level = '17'` is a comparison the engine knows, and other integers are not ours to judge.
        Err(_) if name.trim().parse::<i64>().is_ok() || !is_level(compared) => return Ok(false),
        Err(error) => return Err(located(error, compared)),
    };
    *text = Expr::Literal(ScalarValue::Int32(Some(number)), None);
    Ok(true)
}

/// The error with the place of the column it is about, where the planner kept it.
fn located(error: DataFusionError, compared: &Expr) -> DataFusionError {
    match compared.spans().and_then(Spans::first) {
        Some(span) => {
            let diagnostic = Diagnostic::new_error(error.message(), Some(span));
            error.with_diagnostic(diagnostic)
        }
        None => error,
    }
}

fn is_level(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) | Expr::OuterReferenceColumn(_, column) if column.name == "level")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_between_have_the_lower_name() {
        let names: Vec<_> = [0, 1, 4, 5, 9, 10, 12, 13, 16, 17, 20, 21, 99].map(name).to_vec();
        let expected = [
            None,
            Some("trace"),
            Some("trace"),
            Some("debug"),
            Some("info"),
            Some("notice"),
            Some("notice"),
            Some("warn"),
            Some("warn"),
            Some("error"),
            Some("error"),
            Some("fatal"),
            Some("fatal"),
        ];
        assert_eq!(names, expected);
    }
}
