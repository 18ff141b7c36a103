//! Lets a query end between two batches of any of its steps: a join that only counts its pairs awaits nothing, and
//! would go on for hours after its reader has left.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{exec_err, internal_err};
use datafusion::error::Result;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};
use futures_util::Stream;
use tokio::sync::mpsc;

use super::SourceError;
use super::batches::Piece;

/// When a query is to end.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// When its reader is gone.
    Unread(mpsc::Sender<std::result::Result<Piece, SourceError>>),
    /// When another machine waits for it no longer.
    #[cfg(feature = "cluster")]
    Abandoned(super::cluster::Client),
}

impl End {
    fn has_come(&self) -> bool {
        match self {
            Self::Unread(reader) => reader.is_closed(),
            #[cfg(feature = "cluster")]
            Self::Abandoned(client) => client.has_left(),
        }
    }
}

/// The plan with every step made to end then.
///
/// # Errors
/// The engine's own.
pub(super) fn stoppable(plan: Arc<dyn ExecutionPlan>, end: &End) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|step| {
        let step = Stoppable { step, end: end.clone() };
        Ok(Transformed::yes(Arc::new(step) as Arc<dyn ExecutionPlan>))
    })
    .data()
}

#[derive(Debug)]
struct Stoppable {
    step: Arc<dyn ExecutionPlan>,
    end: End,
}

impl DisplayAs for Stoppable {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl ExecutionPlan for Stoppable {
    fn name(&self) -> &'static str {
        "Stoppable"
    }

    fn downcast_delegate(&self) -> Option<&dyn ExecutionPlan> {
        Some(self.step.as_ref())
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.step.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.step]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(step) => Ok(Arc::new(Self {
                step,
                end: self.end.clone(),
            })),
            None => internal_err!("a step was taken away"),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let mode = datafusion::physical_plan::ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(mode))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        Ok(Box::pin(StoppableStream {
            batches: self.step.execute(partition, context)?,
            end: self.end.clone(),
        }))
    }
}

struct StoppableStream {
    batches: SendableRecordBatchStream,
    end: End,
}

impl Stream for StoppableStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.end.has_come() {
            return Poll::Ready(Some(exec_err!("nobody waits for the result any more")));
        }
        self.batches.as_mut().poll_next(context)
    }
}

impl RecordBatchStream for StoppableStream {
    fn schema(&self) -> SchemaRef {
        self.batches.schema()
    }
}
