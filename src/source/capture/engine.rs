//! Runs one statement over the records of a capture: what is allowed, which rows it sees, where it runs.

use std::future::poll_fn;
use std::sync::Arc;
use std::thread;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::sqlparser::ast::Statement as Sql;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::{Expr, SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::Statement;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::batches::{About, Batches, Piece, Plans};
#[cfg(feature = "cluster")]
use super::cluster::{Workers, settled};
use super::dialect::{self, Sessions};
use super::files::Part;
use super::schema::ZONE;
use super::stop::End;
use super::table::Table;
use super::{Question, SourceError, refusal, stop};
use crate::source::Ran;

/// Planning recurses once a branch and a level, with frames of tens of kilobytes in an unoptimised build.
/// The system gives pages only as they are touched.
const STACK_BYTES: usize = 64 << 20;

/// How many batches the engine may be ahead of the reader.
const BATCHES_AHEAD: usize = 2;

/// The records, and how they are asked.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    pub parts: Arc<[Arc<Part>]>,
    /// Hides what arrived later.
    pub hides_after: Option<DateTime<Utc>>,
    pub sessions: Sessions,
    /// Who answers what this machine would take long for.
    #[cfg(feature = "cluster")]
    pub workers: Option<Workers>,
}

impl Engine {
    /// Runs the statement on threads of its own, and answers as soon as it is planned. Dropping the future or the
    /// batches ends it at its next await; `while_running` is dropped when it has really ended.
    ///
    /// # Errors
    /// [`SourceError::Rejected`] when the statement is refused.
    pub(super) async fn run(
        self: &Arc<Self>,
        question: Question,
        while_running: impl Send + 'static,
    ) -> Result<Batches, SourceError> {
        let (planned, plan) = oneshot::channel();
        let (pieces, received) = mpsc::channel(BATCHES_AHEAD);
        let this = Arc::clone(self);
        thread::Builder::new()
            .name(String::from("capture-query"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let _while_running = while_running;
                match runtime() {
                    Ok(runtime) => runtime.block_on(async {
                        tokio::select! {
                            () = this.answer(&question, planned, &pieces) => {}
                            () = pieces.closed() => {}
                        }
                        #[cfg(feature = "cluster")]
                        if this.workers.is_some() {
                            settled().await;
                        }
                    }),
                    Err(error) => {
                        // Nobody waits any more: then nobody needs the answer.
                        let _ = planned.send(Err(refusal::failed(&error)));
                    }
                }
            })
            .map_err(|error| refusal::failed(&error))?;
        let (schema, about) = plan.await.unwrap_or_else(|_| Err(refusal::unfinished()))?;
        Ok(Batches::new(schema, about, received))
    }

    async fn answer(
        &self,
        question: &Question,
        planned: oneshot::Sender<Planned>,
        pieces: &mpsc::Sender<Result<Piece, SourceError>>,
    ) {
        let begun = match self.begin(question, pieces).await {
            Ok(begun) => begun,
            Err(refused) => {
                let _ = planned.send(Err(refused));
                return;
            }
        };
        let about = About {
            plans: begun.plans,
            ran: begun.ran,
        };
        // The reader's end is noticed by the caller.
        let _ = planned.send(Ok((begun.stream.schema(), about)));
        let last = match pass_on(begun.stream, pieces).await {
            Ok(()) => Ok(Piece::End {
                metrics: question
                    .explain
                    .then(|| text(DisplayableExecutionPlan::with_metrics(begun.plan.as_ref()))),
            }),
            Err(error) => Err(self.refused(&error)),
        };
        let _ = pieces.send(last).await;
    }

    async fn begin(
        &self,
        question: &Question,
        pieces: &mpsc::Sender<Result<Piece, SourceError>>,
    ) -> Result<Begun, SourceError> {
        let rejected = |error| self.refused(&error);
        let context = self.sessions.session(question.timezone.as_deref()).map_err(rejected)?;
        let statement = single_select(&question.request.sql)?;
        let planned = self.plan(&context, statement.clone(), question).await;
        let planned = planned.map_err(rejected)?;
        let ran = self.would_run_here(&planned.plan);
        #[cfg(feature = "cluster")]
        if let (Some(workers), Some(ran)) = (self.asked(question), ran)
            && workers.are_worth_it(ran)
        {
            let begun = self.begin_elsewhere(workers, ran, statement, question).await;
            if let Some(begun) = begun.map_err(rejected)? {
                return Ok(begun);
            }
        }
        let plan = stop::stoppable(planned.plan, &End::Unread(pieces.clone())).map_err(rejected)?;
        let stream = execute_stream(Arc::clone(&plan), planned.task).map_err(rejected)?;
        Ok(Begun {
            plan,
            plans: planned.plans,
            ran,
            stream,
        })
    }

    /// What is to be told of it: nothing, where there is no choice.
    #[cfg(not(feature = "cluster"))]
    #[allow(clippy::unused_self)] // as with workers
    fn would_run_here(&self, _: &Arc<dyn ExecutionPlan>) -> Option<Ran> {
        None
    }

    pub(super) async fn plan(
        &self,
        context: &SessionContext,
        statement: Statement,
        question: &Question,
    ) -> EngineResult<PlannedQuery> {
        self.register_tables(context, question)?;
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
            .limit(0, Some(question.request.limit))?;
        let task = Arc::new(frame.task_ctx());
        let logical = match question.explain {
            true => Some(frame.clone().into_optimized_plan()?.display_indent().to_string()),
            false => None,
        };
        let physical = frame.create_physical_plan().await?;
        let plans = logical.map(|logical| Plans {
            logical,
            physical: text(DisplayableExecutionPlan::new(physical.as_ref())),
        });
        Ok(PlannedQuery {
            plan: physical,
            plans,
            task,
        })
    }

    /// The two tables as views of the window, so that the bounds hold wherever a statement names them.
    fn register_tables(&self, context: &SessionContext, question: &Question) -> EngineResult<()> {
        let table = Table {
            parts: Arc::clone(&self.parts),
            now: self.hides_after.map(|now| now.timestamp_micros()),
        };
        let mut all = context
            .read_table(Arc::new(table))?
            .filter(col("start_timestamp").gt_eq(instant(question.request.from)))?
            .filter(col("start_timestamp").lt(instant(question.request.to)))?;
        if let Some(names) = &question.environments {
            all = all.filter(environment_in(names))?;
        }
        let finished = all.clone().filter(col("kind").not_eq(lit("pending_span")))?;
        context.register_table("records_all", all.into_view())?;
        context.register_table("records", finished.into_view())?;
        Ok(())
    }

    fn refused(&self, error: &DataFusionError) -> SourceError {
        refusal::refused(error, self.sessions.memory.bytes())
    }
}

/// Threads for one statement: planning stays on the caller's, which has the large stack; steps that the plan runs beside
/// each other are spread.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(thread::available_parallelism().map_or(1, usize::from))
        .thread_stack_size(STACK_BYTES)
        .thread_name("capture-step")
        .enable_all()
        .build()
}

type Planned = Result<(SchemaRef, About), SourceError>;

/// A statement that can be run.
pub(super) struct PlannedQuery {
    pub plan: Arc<dyn ExecutionPlan>,
    pub plans: Option<Plans>,
    pub task: Arc<TaskContext>,
}

/// A statement that runs.
pub(super) struct Begun {
    pub plan: Arc<dyn ExecutionPlan>,
    pub plans: Option<Plans>,
    pub ran: Option<Ran>,
    pub stream: SendableRecordBatchStream,
}

async fn pass_on(
    mut stream: SendableRecordBatchStream,
    pieces: &mpsc::Sender<Result<Piece, SourceError>>,
) -> EngineResult<()> {
    while let Some(batch) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        if pieces.send(Ok(Piece::Rows(batch?))).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn text(plan: DisplayableExecutionPlan<'_>) -> String {
    plan.indent(false).to_string()
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

/// The empty name stands for records without an environment.
fn environment_in(names: &[String]) -> Expr {
    let environment = || col("deployment_environment");
    let named = environment().in_list(names.iter().map(|name| lit(name.as_str())).collect(), false);
    match names.iter().any(String::is_empty) {
        true => named.or(environment().is_null()),
        false => named,
    }
}

/// The first whole microsecond that is not before the instant: rows have microseconds, so both half-open bounds stay
/// true when the instant is between two.
fn instant(instant: DateTime<Utc>) -> Expr {
    let micros = instant.timestamp_micros();
    let rounded = micros.saturating_add(i64::from(!instant.timestamp_subsec_nanos().is_multiple_of(1000)));
    lit(ScalarValue::TimestampMicrosecond(Some(rounded), Some(ZONE.into())))
}
