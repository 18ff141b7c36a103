//! Makes the engine speak Logfire's SQL: which parser, which functions, which rewrites.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
};
use datafusion::config::Dialect;
use datafusion::error::Result;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};

use super::clock;
use super::level;
use super::memory::Memory;
use super::schema::ZONE;
use super::time_bucket;

/// A sort keeps this share of the limit for merging what it has spilled: a statement may sort in many places at once.
const MERGE_SHARE: u64 = 256;
/// Below this the merge of a wide row would not fit.
const LEAST_MERGE_BYTES: usize = 256 << 10;

/// So many batches fit into the limit: each step of a statement holds a few, and a merge one for each thing it merges.
const BATCH_SHARE: u64 = 128;
/// What a batch should hold, whatever the limit.
const BATCH_BYTES: RangeInclusive<u64> = 256 << 10..=4 << 20;
/// Fewer rows cost more than they hold; more are not faster.
const BATCH_ROWS: RangeInclusive<u64> = 64..=8192;

/// A tenth of the planning of a small question. The checks among them are of the engine's own plans.
const USELESS_RULES: [&str; 8] = [
    "FilterPushdown",
    "FilterPushdown(Post)",
    "HashJoinBuffering",
    "LimitPushPastWindows",
    "PushdownSort",
    "SanityCheckPlan",
    "TopKRepartition",
    "WindowTopN",
];

/// Makes sessions for one capture. Functions and rewrites are registered once.
#[derive(Debug, Clone)]
pub(super) struct Sessions {
    /// What `now()` says.
    pub now: Option<DateTime<Utc>>,
    pub memory: Memory,
    /// How many threads work on one statement.
    pub partitions: usize,
    /// How long a record is, decoded; 0 without records.
    pub row_bytes: u64,
    state: OnceLock<SessionState>,
}

impl Sessions {
    pub(super) fn new(now: Option<DateTime<Utc>>, memory: Memory, partitions: usize, row_bytes: u64) -> Self {
        Self {
            now,
            memory,
            partitions,
            row_bytes,
            state: OnceLock::new(),
        }
    }

    /// A session without tables; `zone` is UTC by default.
    ///
    /// # Errors
    /// The engine's own, when a part can't be registered.
    pub(super) fn session(&self, zone: Option<&str>) -> Result<SessionContext> {
        let state = match self.state.get() {
            Some(state) => state,
            None => {
                let state = self.state()?;
                self.state.get_or_init(|| state)
            }
        };
        let state = match zone {
            None | Some(ZONE) => state.clone(),
            // Functions of time learn the zone when they are registered.
            Some(zone) => {
                let mut config = state.config().clone();
                config.options_mut().execution.time_zone = Some(zone.to_owned());
                SessionStateBuilder::new_from_existing(state.clone())
                    .with_config(config)
                    .build()
            }
        };
        Self::with_own_tables(state)
    }

    /// A session of this state with room for tables that no other sees.
    ///
    /// # Errors
    /// The engine's own.
    pub(super) fn with_own_tables(state: SessionState) -> Result<SessionContext> {
        let context = SessionContext::new_with_state(state);
        context.register_catalog_list(own_tables(&context)?);
        Ok(context)
    }

    /// Wide records come in small batches: a merge of sorted ones holds several.
    fn batch_rows(&self) -> usize {
        let bytes = (self.memory.bytes() / BATCH_SHARE).clamp(*BATCH_BYTES.start(), *BATCH_BYTES.end());
        let rows = bytes / self.row_bytes.max(1);
        usize::try_from(rows.clamp(*BATCH_ROWS.start(), *BATCH_ROWS.end())).unwrap_or_default()
    }

    fn state(&self) -> Result<SessionState> {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.partitions)
            .with_batch_size(self.batch_rows())
            .with_information_schema(false);
        let options = config.options_mut();
        // Planning is most of a small question's time, and a second pass of the rules finds hardly anything.
        options.optimizer.max_passes = 1;
        options.execution.time_zone = Some(ZONE.to_owned());
        options.sql_parser.dialect = Dialect::PostgreSQL;
        options.sql_parser.collect_spans = true;
        // A long text that is made in a statement is copied: views would hold on to more than they show.
        options.sql_parser.map_string_types_to_utf8view = false;
        let merge = usize::try_from(self.memory.bytes() / MERGE_SHARE).unwrap_or(usize::MAX);
        let usual = options.execution.sort_spill_reservation_bytes;
        options.execution.sort_spill_reservation_bytes = merge.clamp(LEAST_MERGE_BYTES, usual);
        let state = SessionStateBuilder::new_with_default_features()
            .with_config(config)
            .with_runtime_env(self.memory.runtime()?)
            .with_physical_optimizer_rules(rules())
            .build();
        let mut context = SessionContext::new_with_state(state);
        datafusion_functions_json::register_all(&mut context)?;
        context.register_udf(level::level_num());
        context.register_udf(level::level_name());
        context.register_udf(time_bucket::time_bucket());
        context.register_function_rewrite(Arc::new(level::LevelNames))?;
        context.register_function_rewrite(Arc::new(clock::EpochOfDuration))?;
        if let Some(now) = self.now {
            context.register_function_rewrite(Arc::new(clock::Now(now)))?;
        }
        Ok(context.state())
    }
}

/// The engine's rules without those that find nothing in a scan which sorts nothing and takes no conditions from the steps above.
fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    rules.retain(|rule| !USELESS_RULES.contains(&rule.name()));
    rules
}

/// Room for the tables of one session: what is registered in a session is seen by all that share a state.
fn own_tables(context: &SessionContext) -> Result<Arc<MemoryCatalogProviderList>> {
    let catalog = MemoryCatalogProvider::new();
    let (list, names) = (MemoryCatalogProviderList::new(), context.copied_config());
    let names = &names.options().catalog;
    catalog.register_schema(&names.default_schema, Arc::new(MemorySchemaProvider::new()))?;
    list.register_catalog(names.default_catalog.clone(), Arc::new(catalog));
    Ok(Arc::new(list))
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
