//! Runs one statement over batches: what is allowed, which rows it sees, where and with how much it runs.

use std::sync::Arc;
use std::thread;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::error::Result as EngineResult;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::sqlparser::ast::Statement as Sql;
use datafusion::prelude::{Expr, SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::Statement;
use tokio::sync::oneshot;

use super::schema::{self, ZONE};
use super::{Request, SourceError, cells, dialect, refusal};
use crate::source::Rows;

/// Planning recurses once a branch and a level, with frames of tens of kilobytes in an unoptimised build.
/// The system gives pages only as they are touched.
const STACK_BYTES: usize = 64 << 20;

/// Runs the statement on a thread of its own; dropping the future ends it at its next await.
///
/// # Errors
/// [`SourceError::Rejected`] when the statement is refused or fails.
pub(super) async fn run(
    batches: Vec<RecordBatch>,
    clock: Option<DateTime<Utc>>,
    request: Request,
) -> Result<Rows, SourceError> {
    let (mut sender, receiver) = oneshot::channel();
    thread::Builder::new()
        .name(String::from("capture-query"))
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let answer = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
                Ok(runtime) => runtime.block_on(async {
                    tokio::select! {
                        answer = answer(batches, clock, &request) => Some(answer),
                        () = sender.closed() => None,
                    }
                }),
                Err(error) => Some(Err(failed(&error))),
            };
            if let Some(answer) = answer {
                // Nobody waits any more: then nobody needs the answer.
                let _ = sender.send(answer);
            }
        })
        .map_err(|error| failed(&error))?;
    receiver
        .await
        .unwrap_or_else(|_| Err(failed(&"the engine ended without an answer")))
}

fn failed(why: &dyn std::fmt::Display) -> SourceError {
    SourceError::Rejected {
        message: format!("the engine could not run: {why}"),
        at: None,
    }
}

async fn answer(
    batches: Vec<RecordBatch>,
    clock: Option<DateTime<Utc>>,
    request: &Request,
) -> Result<Rows, SourceError> {
    let context = dialect::session(clock).map_err(|error| refusal::rejected(&error))?;
    let statement = single_select(&request.sql)?;
    let (schema, batches) = execute(&context, batches, statement, request)
        .await
        .map_err(|error| refusal::rejected(&error))?;
    cells::rows(&schema, &batches).map_err(|message| SourceError::Rejected { message, at: None })
}

/// The statement, if it is the only one and reads only.
fn single_select(sql: &str) -> Result<Statement, SourceError> {
    let refused = |message: &str| {
        Err(SourceError::Rejected {
            message: message.to_owned(),
            at: None,
        })
    };
    let mut statements = dialect::parse(sql).map_err(|error| refusal::rejected(&error))?;
    match (statements.pop_front(), statements.is_empty()) {
        (None, _) => refused("there is no statement in it"),
        (Some(_), false) => refused("it holds more than one statement"),
        (Some(Statement::Statement(statement)), true) if matches!(*statement, Sql::Query(_)) => {
            Ok(Statement::Statement(statement))
        }
        (Some(_), true) => refused("only SELECT and WITH can be asked"),
    }
}

type Answered = (SchemaRef, Vec<RecordBatch>);

async fn execute(
    context: &SessionContext,
    batches: Vec<RecordBatch>,
    statement: Statement,
    request: &Request,
) -> EngineResult<Answered> {
    register_tables(context, batches, request)?;
    let plan = context.state().statement_to_plan(statement).await?;
    // What a SELECT can still hide: INTO, or a changing statement inside WITH.
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)?;
    let frame = context
        .execute_logical_plan(plan)
        .await?
        .limit(0, Some(request.limit))?;
    let schema = Arc::clone(frame.schema().inner());
    Ok((schema, frame.collect().await?))
}

/// The two tables as views of the window, so that the bounds hold wherever a statement names them.
fn register_tables(context: &SessionContext, batches: Vec<RecordBatch>, request: &Request) -> EngineResult<()> {
    let table = MemTable::try_new(schema::schema(), vec![batches])?;
    let all = context
        .read_table(Arc::new(table))?
        .filter(col("start_timestamp").gt_eq(instant(request.from)))?
        .filter(col("start_timestamp").lt(instant(request.to)))?;
    let finished = all.clone().filter(col("kind").not_eq(lit("pending_span")))?;
    context.register_table("records_all", all.into_view())?;
    context.register_table("records", finished.into_view())?;
    Ok(())
}

/// The first whole microsecond that is not before the instant: rows have microseconds, so both half-open bounds stay
/// true when the instant is between two.
fn instant(instant: DateTime<Utc>) -> Expr {
    let micros = instant.timestamp_micros();
    let rounded = micros.saturating_add(i64::from(!instant.timestamp_subsec_nanos().is_multiple_of(1000)));
    lit(ScalarValue::TimestampMicrosecond(Some(rounded), Some(ZONE.into())))
}
