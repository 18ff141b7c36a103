//! The integration tests, as one binary: each further one would link the engine again.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[cfg(feature = "capture")]
mod demo;
