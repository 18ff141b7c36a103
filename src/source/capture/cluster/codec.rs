//! How a share of the files travels to a worker: which row groups of which files, which columns, which records.

use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{
    PhysicalExtensionCodec, PhysicalPlanDecodeContext, PhysicalProtoConverterExtension,
};
use datafusion_proto::protobuf::PhysicalExprNode;
use prost::Message;

use super::split::share;
use super::visit::Visit;
use crate::source::SourceError;
use crate::source::capture::files::{Part, Records};
use crate::source::capture::place::Place;
use crate::source::capture::scan::Scan;
use crate::source::capture::schema::COLUMNS;
use crate::source::capture::sieve::Sieve;
use crate::source::capture::wanted::{Extent, Wanted};

/// Reads and writes [`Scan`].
#[derive(Debug)]
pub(super) struct ScanCodec;

/// A [`Scan`] on its way.
#[derive(Clone, PartialEq, Message)]
struct ScanMessage {
    #[prost(message, repeated, tag = "1")]
    files: Vec<FileMessage>,
    /// Positions in the records' schema.
    #[prost(uint32, repeated, tag = "2")]
    columns: Vec<u32>,
    /// Bounds of the start, microseconds, half-open.
    #[prost(sint64, tag = "3")]
    from: i64,
    #[prost(sint64, tag = "4")]
    to: i64,
    /// What arrived later is hidden, microseconds.
    #[prost(sint64, optional, tag = "5")]
    now: Option<i64>,
    #[prost(message, optional, tag = "6")]
    sieve: Option<SieveMessage>,
    #[prost(uint32, tag = "7")]
    partitions: u32,
}

/// A file, and what of it is known to the client: the worker must find the same.
#[derive(Clone, PartialEq, Message)]
struct FileMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint32, repeated, tag = "2")]
    groups: Vec<u32>,
    #[prost(message, optional, tag = "3")]
    state: Option<StateMessage>,
}

/// Two states of a file differ in one of these, unless it was made to deceive.
#[derive(Clone, PartialEq, Message)]
struct StateMessage {
    #[prost(uint64, tag = "1")]
    rows: u64,
    /// Decoded.
    #[prost(uint64, tag = "2")]
    bytes: u64,
    /// Microseconds.
    #[prost(sint64, tag = "3")]
    first_start: i64,
    #[prost(sint64, tag = "4")]
    last_start: i64,
    #[prost(sint64, tag = "5")]
    last_arrival: i64,
}

/// The condition that is asked before the other columns are read.
#[derive(Clone, PartialEq, Message)]
struct SieveMessage {
    #[prost(uint32, repeated, tag = "1")]
    columns: Vec<u32>,
    #[prost(message, optional, tag = "2")]
    condition: Option<PhysicalExprNode>,
}

impl PhysicalExtensionCodec for ScanCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        _: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let message = ScanMessage::decode(bytes).map_err(external)?;
        let Some(visit) = context.session_config().get_extension::<Visit>() else {
            return internal_err!("a share of the files came without a question");
        };
        let wanted = Wanted::new(positions(&message.columns)?, message.from..message.to, message.now);
        let sieve = match &message.sieve {
            Some(sieve) => Some(Arc::new(self.sieve(sieve, context, converter)?)),
            None => None,
        };
        let names: Vec<String> = message.files.iter().map(|file| file.name.clone()).collect();
        let parts = visit.open(&names).map_err(external)?;
        let shares = message.files.iter().zip(parts).map(|(file, part)| {
            let groups = file.groups.iter().map(|group| *group as usize).collect();
            match (Some(state(&part)) == file.state, share(&part, groups)) {
                (true, Some(share)) => Ok(share),
                _ => Err(external(SourceError::Unreadable {
                    path: file.name.clone(),
                    why: String::from(
                        "it is not the file that was asked about: it has changed, or another one lies here",
                    ),
                })),
            }
        });
        let shares = shares.collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(Scan::new(&shares, wanted, sieve, message.partitions as usize)))
    }

    fn try_encode(
        &self,
        step: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let Some(scan) = step.downcast_ref::<Scan>() else {
            return internal_err!("{} is no scan of records", step.name());
        };
        let (parts, wanted, sieve) = scan.task();
        let sieve = sieve.map(|sieve| {
            let (wanted, condition) = sieve.parts();
            Ok::<_, DataFusionError>(SieveMessage {
                columns: numbers(wanted.columns()),
                condition: Some(converter.physical_expr_to_proto(condition, self)?),
            })
        });
        let message = ScanMessage {
            files: parts.iter().map(file).collect::<Result<_>>()?,
            columns: numbers(wanted.columns()),
            from: wanted.starts().start,
            to: wanted.starts().end,
            now: wanted.now(),
            sieve: sieve.transpose()?,
            partitions: number(scan.properties().partitioning.partition_count()),
        };
        message.encode(bytes).map_err(external)
    }
}

impl ScanCodec {
    fn sieve(
        &self,
        message: &SieveMessage,
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Sieve> {
        let wanted = Wanted::new(positions(&message.columns)?, i64::MIN..i64::MAX, None);
        let Some(condition) = &message.condition else {
            return internal_err!("a condition is missing");
        };
        let context = PhysicalPlanDecodeContext::new(context, self);
        let condition = converter.proto_to_physical_expr(condition, wanted.schema(), &context)?;
        Ok(Sieve::with(wanted, condition))
    }
}

fn file(part: &Arc<Part>) -> Result<FileMessage> {
    let Records::Parquet(file) = &part.records else {
        return internal_err!("only Parquet files travel");
    };
    let name = match file.place() {
        // A shared folder has the same absolute path everywhere.
        Place::Local(path) => std::path::absolute(path)?.display().to_string(),
        Place::Remote(object) => object.name().to_owned(),
    };
    Ok(FileMessage {
        name,
        groups: numbers(file.looked_at()),
        state: Some(state(part)),
    })
}

/// Of the whole file, whatever share of it is read.
fn state(part: &Part) -> StateMessage {
    let extent = part.extent.unwrap_or(Extent {
        first_start: 0,
        last_start: 0,
        last_arrival: 0,
    });
    let rows = match &part.records {
        Records::Parquet(file) => file.rows(),
        _ => part.rows,
    };
    StateMessage {
        rows: rows as u64,
        bytes: part.bytes,
        first_start: extent.first_start,
        last_start: extent.last_start,
        last_arrival: extent.last_arrival,
    }
}

fn positions(columns: &[u32]) -> Result<Vec<usize>> {
    let positions: Vec<usize> = columns.iter().map(|column| *column as usize).collect();
    match positions.iter().all(|position| *position < COLUMNS.len()) {
        true => Ok(positions),
        false => internal_err!("there is no such column"),
    }
}

fn numbers(positions: &[usize]) -> Vec<u32> {
    positions.iter().copied().map(number).collect()
}

fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
