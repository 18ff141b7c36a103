//! One test binary: each further one would link the engine again.

// A test that can't go on has failed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "capture")]
mod busy;
#[cfg(feature = "capture")]
mod capture;
#[cfg(feature = "capture")]
mod catalogue;
#[cfg(feature = "capture")]
mod cli;
#[cfg(feature = "capture")]
mod demo;
#[cfg(feature = "capture")]
mod diagnose;
#[cfg(feature = "capture")]
mod duckdb;
mod explain;
mod house;
mod render;
#[cfg(feature = "capture")]
mod stories;
mod support;
#[cfg(feature = "capture")]
mod timeline;
