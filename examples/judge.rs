//! Judges recordings by their labels, as they are and rewritten as other projects would have recorded them.
//!
//! `cargo run --example judge -- [FOLDER ...] [--rewrite WAY[+WAY] ...] [--only TEXT ...] [--whole]`
//!
//! Folders are recordings or hold some (default: `fixtures` and `fixtures/others`). Without `--rewrite` they are judged as
//! they are; `--rewrite all` adds each way and each pair of those that change no answer. Exits with 1 if anything differs.

#![allow(clippy::print_stdout, clippy::exit)]

#[path = "../tests/it/world/mod.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use chrono::Utc;
use clap::Parser;
use relay_diag::cli::Cli;
use relay_diag::config::Surroundings;
use relay_diag::log::Log;
use relay_diag::run::{World, run, settings};
use serde_json::Value;

use world::judge::{Depth, Difference, differences};
use world::recording::{Recording, found_in, label, name, records};
use world::rewrite::{self, Way, rewrite};

/// Judges recordings by their labels.
#[derive(Parser)]
struct Args {
    /// Recordings, or folders of them.
    folders: Vec<PathBuf>,
    /// `none`, `all`, or ways: `long-lived`, `no-machines+pre-ping`, ...
    #[arg(long, num_args = 1.., value_name = "WAY")]
    rewrite: Vec<String>,
    /// Only recordings whose name holds one of these.
    #[arg(long, num_args = 1.., value_name = "TEXT")]
    only: Vec<String>,
    /// Also `diagnose` beside `timeline`, and `stuck` at every point.
    #[arg(long)]
    whole: bool,
    /// For what a rewriting draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Keeps the rewritten recordings here.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// How many differences of a kind are told.
    #[arg(long, default_value_t = 2)]
    tell: usize,
}

struct Job {
    folder: PathBuf,
    ways: Vec<Way>,
}

struct Judged {
    found: Vec<Difference>,
    seconds: f64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let jobs = jobs(&args)?;
    println!(
        "| {:<24} | {:<32} | {:<9} | what differs",
        "recording", "rewritten", "s"
    );
    println!("|{:-<26}|{:-<34}|{:-<11}|-------------", "", "", "");
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<Vec<Difference>>> {
        let mut all = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let judged = judge(job, &args)?;
            show(job, &judged, args.tell);
            all.push(judged.found);
        }
        Ok(all)
    };
    let all: Result<Vec<_>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| anyhow::bail!("a worker broke off")))
            .collect()
    });
    let all: Vec<Vec<Difference>> = all?.into_iter().flatten().collect();
    let right = all.iter().filter(|found| found.is_empty()).count();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter()
        .flatten()
        .for_each(|difference| *kinds.entry(difference.what).or_default() += 1);
    println!("{right} of {} as labelled; differences: {kinds:?}", all.len());
    if right < all.len() {
        std::process::exit(1);
    }
    Ok(())
}

/// Recordings times ways, the longest first so that the last ones are short.
fn jobs(args: &Args) -> Result<Vec<Job>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = match args.folders.as_slice() {
        [] => vec![fixtures.clone(), fixtures.join("others")],
        named => named.to_vec(),
    };
    let mut cases = Vec::new();
    for folder in &folders {
        cases.extend(found_in(folder)?);
    }
    cases.retain(|case| args.only.is_empty() || args.only.iter().any(|text| name(case).contains(text.as_str())));
    let mut ways: Vec<Vec<Way>> = Vec::new();
    for text in &args.rewrite {
        match text.as_str() {
            "none" => ways.push(Vec::new()),
            "all" => {
                ways.push(Vec::new());
                ways.extend(Way::ALL.map(|way| vec![way]));
                ways.extend(Way::pairs());
            }
            text => ways.push(rewrite::parse(text).map_err(anyhow::Error::msg)?),
        }
    }
    if ways.is_empty() {
        ways.push(Vec::new());
    }
    let mut jobs = Vec::new();
    for ways in &ways {
        let job = |case: &PathBuf| Job {
            folder: case.clone(),
            ways: ways.clone(),
        };
        jobs.extend(cases.iter().map(job));
    }
    Ok(jobs)
}

fn judge(job: &Job, args: &Args) -> Result<Judged> {
    let begun = Instant::now();
    let depth = if args.whole { Depth::Whole } else { Depth::Quick };
    let found = if job.ways.is_empty() {
        let path = records(&job.folder)?;
        differences(&label(&job.folder)?, &path.to_string_lossy(), depth, &ask)
    } else {
        let recording = Recording::read(&job.folder)?;
        let rewritten = rewrite(&recording, &job.ways, args.seed);
        let place = tempfile::tempdir()?;
        let folder = match &args.keep {
            Some(keep) => keep.join(format!("{}.{}", recording.name, rewrite::name(&job.ways))),
            None => place.path().to_owned(),
        };
        rewritten.write(&folder)?;
        let path = records(&folder)?;
        differences(&rewritten.label, &path.to_string_lossy(), depth, &ask)
    };
    Ok(Judged {
        found,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Runs a command in this process.
fn ask(args: &[&str]) -> Result<Value, String> {
    let answer = || -> Result<Value> {
        let cli = Cli::try_parse_from([&["relay-diag"], args].concat())?;
        let world = World {
            now: Utc::now(),
            surroundings: Surroundings::default(),
            input: None,
            log: Log::default(),
            confirm: relay_diag::log::Confirm::default(),
        };
        let config = settings(&cli, &world)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime
            .block_on(run(cli, config, world))
            .context("it did not run")?
            .document)
    };
    answer().map_err(|error| format!("{error:#}"))
}

fn show(job: &Job, judged: &Judged, most: usize) {
    // Of each kind the first few: fifty healthy chats must not hide a wrong mode.
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for difference in &judged.found {
        kinds.entry(difference.what).or_default().push(&difference.text);
    }
    let mut lines = Vec::new();
    for (kind, texts) in &kinds {
        for text in texts.iter().take(most) {
            let text: String = text.chars().take(160).collect();
            lines.push(format!("{kind}: {text}"));
        }
        if texts.len() > most {
            lines.push(format!("{kind}: {} more", texts.len() - most));
        }
    }
    if lines.is_empty() {
        lines.push(String::from("-"));
    }
    let margin = format!("\n| {:<24} | {:<32} | {:<9} | ", "", "", "");
    println!(
        "| {:<24} | {:<32} | {:<9.1} | {}",
        name(&job.folder),
        rewrite::name(&job.ways),
        judged.seconds,
        lines.join(&margin)
    );
}
