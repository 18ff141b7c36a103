//! Makes the engine speak Logfire's SQL: which parser, which functions, which rewrites.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::config::Dialect;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};

use super::clock;
use super::level;
use super::schema::ZONE;
use super::time_bucket;

/// What sorts and groups of one query may take, on top of the records themselves.
const MEMORY_BYTES: usize = 4 << 30;

/// A session without tables. With `now`, that is what `now()` says in it; `zone` is UTC by default.
///
/// # Errors
/// The engine's own, when a part can't be registered.
pub(super) fn session(now: Option<DateTime<Utc>>, zone: Option<&str>) -> Result<SessionContext> {
    // One partition: queries run on one thread, and rows keep one order.
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_information_schema(false);
    let options = config.options_mut();
    options.execution.time_zone = Some(zone.unwrap_or(ZONE).to_owned());
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
    context.register_function_rewrite(Arc::new(clock::EpochOfDuration))?;
    if let Some(now) = now {
        context.register_function_rewrite(Arc::new(clock::Now(now)))?;
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
