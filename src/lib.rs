//! Incident diagnosis from Logfire records:
//! args -> Window -> Source.run(batch of queries) -> Rows -> Facts -> classify -> Report -> render -> stdout

pub mod cli;
pub mod config;
pub mod error_text;
pub mod facts;
pub mod profile;
pub mod query;
pub mod render;
pub mod report;
pub mod run;
pub mod signature;
pub mod source;
pub mod timeline;
pub mod window;
pub mod words;
