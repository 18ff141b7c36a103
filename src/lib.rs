//! Incident diagnosis from Logfire records:
//! args -> Window -> Source.run(batch of queries) -> Rows -> Facts -> classify -> Report -> render -> stdout

pub mod cli;
pub mod config;
pub mod credentials;
pub mod error_text;
pub mod facts;
pub mod log;
pub mod profile;
pub mod psycopg;
pub mod query;
pub mod render;
pub mod report;
pub mod run;
#[cfg(feature = "capture")]
pub mod serve;
pub mod signature;
pub mod size;
pub mod source;
pub mod stuck;
pub mod timeline;
pub mod verify;
pub mod window;
pub mod words;
