//! The one integration test binary: each further one would link the engine again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "capture")]
mod capture;
#[cfg(feature = "capture")]
mod duckdb;
