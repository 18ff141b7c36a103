//! Incident diagnosis from Logfire records:
//! args -> Window -> Source.run(batch of queries) -> Rows -> Facts -> Episodes -> Diagnosis -> Report -> render -> stdout

pub mod advice;
#[cfg(feature = "capture")]
pub mod capture;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod diagnosis;
pub mod episodes;
pub mod error_text;
pub mod facts;
pub mod init;
pub mod log;
pub mod paste;
pub mod pictures;
pub mod postmortem;
pub mod profile;
pub mod query;
pub mod redact;
pub mod render;
pub mod report;
pub mod run;
pub mod schema;
#[cfg(feature = "capture")]
pub mod serve;
pub mod size;
pub mod source;
pub mod stuck;
pub mod timeline;
pub mod verify;
pub mod window;
pub mod words;
