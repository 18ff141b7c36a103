//! Recordings judged whole, as they are and rewritten the ways in which other projects record. The tests and
//! `examples/judge.rs` share it, so it knows neither the binary nor the library: whoever judges hands in how to ask.

// Each of the two uses a part.
#![allow(dead_code)]

mod draws;
pub mod judge;
pub mod recording;
pub mod rewrite;
mod rows;
