//! Incident diagnosis from Logfire records:
//! args -> Window -> Source.run(batch of queries) -> Rows -> Facts -> classify -> Report -> render -> stdout

pub mod render;
pub mod report;
pub mod source;
