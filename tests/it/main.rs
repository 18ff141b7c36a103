//! One test binary: each further one would link the engine again.

// A test that can't go on has failed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "capture")]
mod advice;
mod api;
mod browser;
#[cfg(feature = "capture")]
mod busy;
#[cfg(feature = "capture")]
mod capture;
#[cfg(feature = "capture")]
mod catalogue;
#[cfg(feature = "capture")]
mod cli;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "capture")]
mod cost;
#[cfg(feature = "capture")]
mod demo;
#[cfg(feature = "capture")]
mod diagnose;
#[cfg(feature = "capture")]
mod documents;
#[cfg(feature = "capture")]
mod duckdb;
mod explain;
#[cfg(feature = "capture")]
mod faults;
#[cfg(all(unix, feature = "capture"))]
mod gate;
mod house;
#[cfg(feature = "capture")]
mod init;
#[cfg(feature = "capture")]
mod judged;
#[cfg(feature = "capture")]
mod kept;
#[cfg(feature = "capture")]
mod official_client;
#[cfg(feature = "capture")]
mod packaging;
mod pages;
#[cfg(feature = "capture")]
mod portable;
#[cfg(feature = "capture")]
mod python;
#[cfg(feature = "capture")]
mod readme;
#[cfg(feature = "capture")]
mod redact;
#[cfg(feature = "remote")]
mod remote;
mod render;
#[cfg(feature = "capture")]
mod report;
mod schema;
#[cfg(feature = "capture")]
mod screens;
#[cfg(feature = "capture")]
mod serve;
#[cfg(feature = "capture")]
mod stories;
#[cfg(feature = "capture")]
mod stuck;
#[cfg_attr(not(feature = "capture"), allow(dead_code))] // a build without captures runs fewer tests
mod support;
#[cfg(feature = "capture")]
mod timeline;
#[cfg(feature = "capture")]
mod verify;
#[allow(dead_code)] // a build without captures runs fewer tests
mod wire;
#[cfg(feature = "capture")]
mod world;
