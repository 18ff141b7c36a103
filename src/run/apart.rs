//! When the source can't answer a request in one piece: its sections are asked apart, then what still fails with a shorter
//! lookback, on a server within a budget of queries. What no query answered is not known, section by section.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::slices::slices;
use super::{Asked, Failure};
use crate::query::{Batch, Parameter, Parameters, Section};
use crate::source::api::{ApiError, ApiErrorKind};
use crate::source::{Request, Source, SourceError};
use crate::words;

/// A lookback this much shorter is tried once; a sixth of an hour still holds what began ten minutes ago.
const SHORTER_BY: i32 = 6;
/// Of more records than this in a capture, sections are asked one after the other: side by side they would hold several times
/// the memory, and be no faster.
const MOST_AT_ONCE: usize = 3_000_000;
/// Records of a slice: its percentiles fit beside all else in the smallest memory that is of use.
const MOST_IN_A_SLICE: usize = 2_000_000;
/// Of so few records planning, which takes one thread, is most of the time: each section is planned and run beside the others.
/// Of more, one statement needs less memory.
#[cfg(feature = "capture")]
const MOST_BESIDE: usize = 100_000;
/// In a rejection: the statement is right, and too much for the server.
const TOO_MUCH: [&str; 8] = [
    "resources exhausted",
    "memory limit",
    "out of memory",
    "not enough memory",
    "timed out",
    "timeout",
    "took too long",
    "budget",
];

impl Asked {
    /// Asks some queries of the catalogue in one request, or apart if the server can't answer that. `spent` counts up.
    ///
    /// # Errors
    /// The first refusal, if nothing of it was answered or if asking less would be refused as well.
    pub(super) async fn ask_sections(
        &self,
        names: &[&str],
        values: &Parameters,
        spent: &mut u32,
    ) -> Result<BTreeMap<String, Section>, Failure> {
        if names.len() > 1 && self.records_at_most().is_some_and(|records| records > MOST_AT_ONCE) {
            let found = self.ask_apart(names, values, spent, "").await?;
            if found.values().any(|section| section.failed.is_none()) {
                return Ok(found);
            }
        }
        let refused = match self.ask_together(names, values, spent).await {
            Ok(sections) => return Ok(sections),
            Err(Failure::Source(error)) => match range_limit(&error) {
                Some(most) => return Err(self.too_long(most, &error)),
                None if is_too_much(&error) && names.len() > 1 => error,
                None => return Err(Failure::Source(error)),
            },
            Err(error) => return Err(error),
        };
        self.log.step(format!(
            "the {} can't answer all at once ({refused}): asking apart",
            self.who_answers()
        ));
        let found = self.ask_apart(names, values, spent, &refused.to_string()).await?;
        match found.values().any(|section| section.failed.is_none()) {
            true => Ok(found),
            false => Err(Failure::Source(refused)),
        }
    }

    /// Asks one query. Of very many records it is asked slice by slice, where each gives rows of its own: exact percentiles hold
    /// every duration, and so only those of a slice.
    async fn ask_one(
        &self,
        name: &str,
        values: &Parameters,
        lookback: TimeDelta,
        spent: &mut u32,
    ) -> Result<BTreeMap<String, Section>, Failure> {
        let slices = match self
            .records_at_most()
            .filter(|_| self.catalogue.get(name).is_ok_and(|query| query.header.by_bucket))
        {
            Some(records) => slices(self.window, lookback, records / (MOST_IN_A_SLICE * self.machines())),
            None => Vec::new(),
        };
        let mut found = Section::default();
        for (from, to) in &slices {
            let of_slice = self.ask_once(&[name], values, (*from, *to), spent).await?;
            for section in of_slice.into_values() {
                found.rows.extend(section.rows);
                found.clipped |= section.clipped;
            }
        }
        match slices.is_empty() {
            true => self.ask_once(&[name], values, self.span(lookback), spent).await,
            false => Ok(BTreeMap::from([(name.to_owned(), found)])),
        }
    }

    /// The lookback and the window.
    fn span(&self, lookback: TimeDelta) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.window.from - lookback, self.window.to)
    }

    /// A server is asked in one request. So is a capture, in name: what each of few records is asked is planned and run beside
    /// the others.
    async fn ask_together(
        &self,
        names: &[&str],
        values: &Parameters,
        spent: &mut u32,
    ) -> Result<BTreeMap<String, Section>, Failure> {
        #[cfg(feature = "capture")]
        if self.records_at_most().is_some_and(|records| records <= MOST_BESIDE) {
            let span = self.span(self.settings.lookback);
            let whole = self.request(names, values, span)?;
            self.announce(&whole.1);
            *spent += 1;
            let each = names.iter().map(async |name| {
                let (batch, request) = self.request(&[name], values, span)?;
                self.ask_batch(&batch, &request).await
            });
            let answers = futures_util::future::join_all(each).await;
            let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
            return Ok(answers.into_iter().flat_map(|(sections, _)| sections).collect());
        }
        self.ask_once(names, values, self.span(self.settings.lookback), spent)
            .await
    }

    async fn ask_apart(
        &self,
        names: &[&str],
        values: &Parameters,
        spent: &mut u32,
        refused: &str,
    ) -> Result<BTreeMap<String, Section>, Failure> {
        let mut found = BTreeMap::new();
        let mut waiting: VecDeque<(&str, String, bool)> =
            names.iter().map(|name| (*name, refused.to_owned(), false)).collect();
        while let Some((name, why, again)) = waiting.pop_front() {
            if self.is_rationed() && u64::from(*spent) >= self.settings.max_queries {
                found.insert(name.to_owned(), Section::failed(why));
                continue;
            }
            let lookback = if again {
                self.settings.lookback / SHORTER_BY
            } else {
                self.settings.lookback
            };
            match self.ask_one(name, values, lookback, spent).await {
                Ok(sections) => {
                    if again {
                        let length = words::duration(lookback.as_seconds_f64());
                        let why = format!(
                            "the {} could read no more than {length} before the window",
                            self.who_answers()
                        );
                        self.learned.doubt(name, why);
                    }
                    found.extend(sections);
                }
                Err(Failure::Source(error)) if error.spares_the_rest() => match is_too_much(&error) && !again {
                    true => waiting.push_back((name, error.to_string(), true)),
                    false => {
                        found.insert(name.to_owned(), Section::failed(error.to_string()));
                    }
                },
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn ask_once(
        &self,
        names: &[&str],
        values: &Parameters,
        span: (DateTime<Utc>, DateTime<Utc>),
        spent: &mut u32,
    ) -> Result<BTreeMap<String, Section>, Failure> {
        let (batch, request) = self.request(names, values, span)?;
        self.announce(&request);
        match self.ask_batch(&batch, &request).await {
            Ok((sections, attempts)) => {
                *spent += attempts.max(1);
                Ok(sections)
            }
            Err(error) => {
                *spent += 1;
                Err(error)
            }
        }
    }

    fn request(
        &self,
        names: &[&str],
        values: &Parameters,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(Batch, Request), Failure> {
        let mut values = values.clone();
        values.insert("lookback_from", Parameter::Timestamp(from));
        values.insert("to", Parameter::Timestamp(to));
        let batch = Batch::new(&self.catalogue, names, &values)?;
        let request = Request {
            sql: batch.sql.clone(),
            from,
            to,
            limit: batch.limit,
        };
        Ok((batch, request))
    }

    /// Only a server has a budget of queries.
    fn is_rationed(&self) -> bool {
        matches!(self.source, Source::Api(_))
    }

    fn who_answers(&self) -> &'static str {
        if self.is_rationed() { "server" } else { "capture" }
    }

    /// How many records of a capture may be read; `None` for a server.
    #[cfg(feature = "capture")]
    fn records_at_most(&self) -> Option<usize> {
        let (from, to) = self.span(self.settings.lookback);
        match &self.source {
            Source::Capture(capture) => Some(capture.most_within(from, to)),
            Source::Api(_) => None,
        }
    }

    #[cfg(not(feature = "capture"))]
    fn records_at_most(&self) -> Option<usize> {
        None
    }

    /// How many machines share a slice, each with memory of its own.
    fn machines(&self) -> usize {
        match self.source_kind {
            "capture" if cfg!(feature = "cluster") => self.settings.workers.len().max(1),
            _ => 1,
        }
    }

    /// A plan allows ranges of so many days only.
    fn too_long(&self, most: i64, error: &SourceError) -> Failure {
        let (length, lookback) = (self.window.length(), self.settings.lookback);
        let said = |span: TimeDelta| words::duration(span.as_seconds_f64());
        let fits = TimeDelta::days(most) - lookback;
        let hint = match length <= TimeDelta::days(most) {
            true => format!(
                "asked was a window of {} and {} before it: --since {}h fits, or a shorter setting `lookback`",
                said(length),
                said(lookback),
                fits.num_hours()
            ),
            false => format!(
                "asked was a window of {}: the project's plan allows {most} days with the {} before the window; --since {}h \
                 fits, or ask part by part with --from and --to",
                said(length),
                said(lookback),
                fits.num_hours()
            ),
        };
        Failure::Source(SourceError::Api(ApiError::new(
            ApiErrorKind::Refused,
            error.to_string(),
            hint,
        )))
    }
}

/// Whether less of the same may be answered.
fn is_too_much(error: &SourceError) -> bool {
    let says_so = |text: &str| {
        let text = text.to_lowercase();
        TOO_MUCH.iter().any(|part| text.contains(part))
    };
    match error {
        SourceError::Rejected { message, .. } => says_so(message),
        // What a proxy says, a token that is blocked, and our own deadline are no reason to ask again.
        SourceError::Api(error) => error.which() == ApiErrorKind::TooMuch,
        SourceError::Memory { .. } => true,
        _ => false,
    }
}

/// "Time range 15 days exceeds max 14 days": the most days, if that is what it says.
fn range_limit(error: &SourceError) -> Option<i64> {
    let text = error.to_string().to_lowercase();
    let rest = text.split_once("time range")?.1.split_once("exceeds")?.1;
    let mut words = rest
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let most = words.find_map(|word| word.parse().ok())?;
    words.next()?.starts_with("day").then_some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(message: &str) -> SourceError {
        SourceError::Rejected {
            message: message.to_owned(),
            at: None,
        }
    }

    #[test]
    fn a_limit_of_days_is_read() {
        assert_eq!(
            range_limit(&rejected("Time range 15 days exceeds max 14 days")),
            Some(14)
        );
        assert_eq!(
            range_limit(&rejected("time range exceeds maximum of 30 days.")),
            Some(30)
        );
        assert_eq!(range_limit(&rejected("Schema error: no field named range")), None);
    }

    #[test]
    fn a_wrong_statement_is_not_too_much() {
        assert!(is_too_much(&rejected(
            "Resources exhausted: Additional allocation failed"
        )));
        assert!(!is_too_much(&rejected("Schema error: No field named traec_id")));
    }
}
