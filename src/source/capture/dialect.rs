//! Makes the engine speak Logfire's SQL: which parser, which functions, which rewrites.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::config::Dialect;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::prelude::{Expr, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::{DFParserBuilder, Statement};

use super::level;
use super::schema::ZONE;
use super::time_bucket;

/// What sorts and groups of one query may take, on top of the records themselves.
const MEMORY_BYTES: usize = 4 << 30;

/// A session without tables. With a `clock`, that is what `now()` says.
///
/// # Errors
/// The engine's own, when a part can't be registered.
pub(super) fn session(clock: Option<DateTime<Utc>>) -> Result<SessionContext> {
    // One partition: queries run on one thread, and rows keep one order.
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_information_schema(false);
    let options = config.options_mut();
    options.execution.time_zone = Some(ZONE.to_owned());
    options.sql_parser.dialect = Dialect::PostgreSQL;
    options.sql_parser.collect_spans = true;
    // The tables' text is Utf8: one string type everywhere saves casts.
    options.sql_parser.map_string_types_to_utf8view = false;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(MEMORY_BYTES)))
        .build_arc()?;
    let mut context = SessionContext::new_with_config_rt(config, runtime);
    datafusion_functions_json::register_all(&mut context)?;
    context.register_udf(level::level_num());
    context.register_udf(level::level_name());
    context.register_udf(time_bucket::time_bucket());
    context.register_function_rewrite(Arc::new(level::LevelNames))?;
    if let Some(now) = clock {
        context.register_function_rewrite(Arc::new(Clock(now)))?;
    }
    Ok(context)
}

/// The statements of a text. PostgreSQL's parser is the one that takes `->>`, `?`, `~`, `::` and `FILTER` alike.
///
/// # Errors
/// The parser's own.
pub(super) fn parse(sql: &str) -> Result<VecDeque<Statement>> {
    DFParserBuilder::new(sql)
        .with_dialect(&PostgreSqlDialect {})
        .build()?
        .parse_statements()
}

/// Answers `now()` and `current_date` for the time of the capture instead of the day it is looked at.
#[derive(Debug)]
struct Clock(DateTime<Utc>);

impl FunctionRewrite for Clock {
    fn name(&self) -> &'static str {
        "capture_clock"
    }

    fn rewrite(&self, expr: Expr, _: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let name = match &expr {
            Expr::ScalarFunction(call) => call.func.name(),
            _ => return Ok(Transformed::no(expr)),
        };
        let value = match name {
            "now" => {
                ScalarValue::TimestampNanosecond(self.0.timestamp_nanos_opt(), Some(ZONE.into()))
            }
            "current_date" => {
                ScalarValue::Date32(i32::try_from(self.0.timestamp().div_euclid(86_400)).ok())
            }
            _ => return Ok(Transformed::no(expr)),
        };
        Ok(Transformed::yes(Expr::Literal(value, None)))
    }
}
