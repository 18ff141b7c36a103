//! Asking: what is said of it, what an answer tells beside its rows, and what that does to a report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Asked, Failure};
use crate::cli::Common;
use crate::facts::NotKnown;
use crate::log::Event;
use crate::query::{Batch, Section};
use crate::source::api::{ApiError, ApiErrorKind};
use crate::source::{Answer, Ran, Request, Source, SourceError};
use crate::words;

/// What answers told beside their rows.
#[derive(Debug, Default)]
pub(super) struct Learned {
    project: OnceLock<String>,
    clock: OnceLock<String>,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    warnings: BTreeSet<String>,
    doubts: BTreeMap<String, String>,
    ran: Vec<Ran>,
}

impl Learned {
    pub(super) fn warnings(&self) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let warnings = said.warnings.iter().map(|text| format!("the server warns: {text}"));
        self.clock.get().cloned().into_iter().chain(warnings).collect()
    }

    /// What was doubtful of one answer says nothing about the next.
    pub(super) fn forget_doubts(&self) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.doubts.clear();
    }

    /// Where each question ran, of those that could have run elsewhere.
    pub(super) fn ran(&self) -> Vec<Ran> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.ran.clone()
    }

    pub(super) fn doubt(&self, section: &str, why: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.doubts.insert(section.to_owned(), why);
    }

    pub(super) fn doubts(&self) -> Vec<NotKnown> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let doubts = said.doubts.iter().map(|(section, why)| NotKnown {
            section: section.clone(),
            why: why.clone(),
        });
        doubts.collect()
    }
}

/// Whether the window that was typed depends on this machine's clock.
pub(super) fn is_by_clock(typed: &Common) -> bool {
    let fixed = |text: &Option<String>| {
        text.as_deref()
            .is_some_and(|text| !text.trim().starts_with('-') && text.trim() != "now")
    };
    !(fixed(&typed.from) && fixed(&typed.to))
}

impl Asked {
    /// `organization/project`, once an answer told it.
    pub(super) fn project(&self) -> Option<&str> {
        self.learned.project.get().map(String::as_str)
    }

    /// Where links to traces lead: the setting, else the project that answered.
    pub(super) fn project_url(&self) -> String {
        match (self.settings.app.project_url.as_str(), &self.source, self.project()) {
            ("", Source::Api(api), Some(project)) if api.access().base.is_https() => {
                format!("{}/{project}", api.access().base)
            }
            (setting, _, _) => setting.to_owned(),
        }
    }

    /// Runs one statement of which many rows are expected.
    pub(super) async fn ask_for_many(&self, request: &Request) -> Result<Answer, Failure> {
        self.announce(request);
        Ok(self.learn(self.source.query_streamed(request).await?))
    }

    /// Runs a batch without a word: the rows by section, and the queries that were spent.
    pub(super) async fn ask_batch(
        &self,
        batch: &Batch,
        request: &Request,
    ) -> Result<(BTreeMap<String, Section>, u32), Failure> {
        let answer = self.learn(self.source.query(request).await?);
        if answer.clipped || answer.rows.rows.len() >= batch.limit {
            let why = "as many rows came back as can come: some may be missing";
            self.learned.doubt("answer", String::from(why));
        }
        let sections = batch.split(&answer.rows).map_err(|error| match self.source {
            // The statement names its columns: an answer without one is the server's fault.
            Source::Api(_) => Failure::Source(SourceError::Api(ApiError::new(
                ApiErrorKind::Answer,
                format!("the answer is not what was asked for: {error}"),
                "nothing of it is used; is this the address of a Logfire? See `relay-diag config show`",
            ))),
            #[cfg(feature = "capture")]
            Source::Capture(_) => Failure::Query(error),
        })?;
        Ok((sections, answer.attempts))
    }

    pub(super) fn announce(&self, request: &Request) {
        let (from, to) = (request.from, request.to);
        self.log.step(format!(
            "asking {} {}: {} to {}, at most {} rows",
            self.source_kind,
            self.source_name,
            crate::window::rfc3339(from),
            crate::window::rfc3339(to),
            request.limit
        ));
        self.log.say(Event::Sql(&request.sql));
    }

    fn learn(&self, answer: Answer) -> Answer {
        if let Some(project) = &answer.project {
            let _ = self.learned.project.set(project.clone());
        }
        if let Some(warning) = &answer.warning {
            self.log.step(format!("the server warns: {warning}"));
            let mut said = self.learned.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.warnings.insert(warning.clone());
        }
        if let Some(ran) = answer.ran {
            let mut said = self.learned.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.ran.push(ran);
        }
        if let Some(offset) = answer.clock_offset {
            let off = words::duration(offset.abs().as_seconds_f64());
            let way = if offset > chrono::TimeDelta::zero() {
                "behind"
            } else {
                "ahead of"
            };
            let text = format!("this machine's clock is {off} {way} the server's");
            self.log.step(&text);
            if self.by_clock {
                self.learned
                    .doubt("window", format!("{text}: it is not the time that was meant"));
            }
            let _ = self.learned.clock.set(text);
        }
        answer
    }
}
