//! `POST /v2/query`: the question runs within its bounds, and the rows leave in the format that was asked for.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_ENCODING, HeaderName, VARY};
use axum::response::Response;
use datafusion::arrow::record_batch::RecordBatch;
use tokio::time::{Instant, timeout_at};

use super::accept::{Format, wants_gzip};
use super::ask::{self, Inquiry};
use super::body::Out;
use super::encode::Encoder;
use super::fault::{Misbehaviour, Shape};
use super::{Served, refusal};
use crate::source::SourceError;
use crate::source::capture::Batches;

const PROJECT: HeaderName = HeaderName::from_static("x-logfire-context");

/// Why a query has no rows.
enum Stopped {
    Refused(SourceError),
    TooSlow,
}

pub(super) async fn query(State(served): State<Arc<Served>>, mut request: Request) -> Response {
    let misbehaviour: Option<Arc<Misbehaviour>> = request.extensions_mut().remove();
    let shape = misbehaviour
        .as_ref()
        .map(|fault| fault.shape.clone())
        .unwrap_or_default();
    let format = match (shape.arrow_always, shape.arrow_by_default) {
        (true, _) => Format::Arrow,
        (false, true) => Format::of(request.headers(), Format::Arrow),
        (false, false) => Format::of(request.headers(), Format::Json),
    };
    let gzip = wants_gzip(request.headers());
    let asked = match ask::read(request).await {
        Ok(asked) => asked,
        Err(refused) => return *refused,
    };
    let place = match served.queue.enter().await {
        Ok(place) => place,
        Err(full) => return refusal::too_many(&full),
    };
    let query = Query {
        sql: asked.question.request.sql.clone(),
        nested_errors: shape.nested_errors,
        until: Instant::now() + served.options.query_time,
        served: Arc::clone(&served),
    };
    // The engine keeps the place until it has really ended.
    match query.begin(asked, format, shape, place).await {
        Ok(answer) => {
            let (out, body) = Out::new(gzip, misbehaviour.as_deref());
            tokio::spawn(query.send(answer, out));
            response(&served, body, gzip)
        }
        Err(stopped) => query.refuse(&stopped),
    }
}

/// As recorded: no `Content-Type`, no length.
fn response(served: &Served, body: Body, gzip: bool) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(project) = HeaderValue::from_str(&served.project) {
        headers.insert(PROJECT, project);
    }
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// A query that runs.
struct Query {
    sql: String,
    nested_errors: bool,
    until: Instant,
    served: Arc<Served>,
}

/// A result that goes out: what is known of it already, and what is still made.
struct Outgoing {
    batches: Batches,
    encoder: Encoder,
    /// All of it, except in NDJSON.
    ready: Option<Vec<RecordBatch>>,
}

impl Query {
    /// Runs the question, to its end unless the format can tell of a failure behind rows.
    async fn begin(
        &self,
        asked: Inquiry,
        format: Format,
        shape: Shape,
        place: impl Send + 'static,
    ) -> Result<Outgoing, Stopped> {
        let running = self.served.capture.stream(asked.question, place);
        let mut batches = self.in_time(running).await?;
        let ready = match format {
            Format::Ndjson => None,
            _ => Some(self.in_time(batches.collect()).await?),
        };
        let encoder = Encoder::new(format, batches.schema(), asked.include_schema, shape);
        Ok(Outgoing {
            encoder: encoder.map_err(|message| Stopped::Refused(SourceError::Rejected { message, at: None }))?,
            batches,
            ready,
        })
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, SourceError>>) -> Result<T, Stopped> {
        match timeout_at(self.until, work).await {
            Ok(done) => done.map_err(Stopped::Refused),
            Err(_) => Err(Stopped::TooSlow),
        }
    }

    fn too_slow(&self) -> String {
        format!(
            "the query was ended: it took longer than {} s",
            self.served.options.query_time.as_secs_f32()
        )
    }

    fn refuse(&self, stopped: &Stopped) -> Response {
        match stopped {
            Stopped::Refused(error) => refusal::invalid_query(&self.sql, error, self.nested_errors),
            Stopped::TooSlow => refusal::too_slow(&self.too_slow(), self.nested_errors),
        }
    }

    async fn send(self, mut outgoing: Outgoing, mut out: Out) {
        match self.write(&mut outgoing, &mut out).await {
            Ok(true) => out.finish().await,
            Ok(false) => {}
            Err(message) if outgoing.ready.is_none() => {
                if out.write(&Encoder::failure(&message)).await {
                    out.finish().await;
                }
            }
            // The format has no words for it: the body ends in the middle.
            Err(_) => {}
        }
    }

    /// Sends everything; false when the reader is gone.
    async fn write(&self, outgoing: &mut Outgoing, out: &mut Out) -> Result<bool, String> {
        let Outgoing {
            batches,
            encoder,
            ready,
        } = outgoing;
        let plans = batches.plans().cloned();
        if !out.write(&encoder.begin(plans.as_ref())?).await {
            return Ok(false);
        }
        let mut collected = ready
            .iter_mut()
            .flat_map(std::mem::take)
            .collect::<Vec<_>>()
            .into_iter();
        loop {
            let batch = match ready {
                Some(_) => collected.next(),
                None => self.in_time(batches.next()).await.map_err(|stopped| match stopped {
                    Stopped::Refused(SourceError::Rejected { message, .. }) => message,
                    Stopped::Refused(other) => other.to_string(),
                    Stopped::TooSlow => self.too_slow(),
                })?,
            };
            let Some(batch) = batch else { break };
            if !out.write(&encoder.rows(&batch)?).await {
                return Ok(false);
            }
        }
        Ok(out.write(&encoder.end(plans.as_ref(), batches.metrics())?).await)
    }
}
