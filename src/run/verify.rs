//! `verify`: the first round and the runbook's rows, asked again while it does not pass and there is time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Asked, Failure};
use crate::cli::{Common, VerifyArgs};
use crate::diagnosis::diagnose;
use crate::episodes::Episodes;
use crate::facts::Rows;
use crate::facts::health::HealthFacts;
use crate::query::Parameter;
use crate::report::{Block, Outcome, Report};
use crate::verify::{Demands, FACTS, told, verify};
use crate::window::{Window, parse_duration, parse_time};

/// A free plan allows five queries a minute for a whole organisation: four leave one for somebody else.
const BETWEEN_QUERIES: Duration = Duration::from_secs(15);
/// How often the progress line counts down.
const TICK: Duration = Duration::from_secs(1);

pub(super) async fn run(mut asked: Asked, args: &VerifyArgs, common: &Common) -> Result<Report, Failure> {
    let now = asked.window.to;
    let demands = Demands {
        restarted_after: args
            .restarted_after
            .as_deref()
            .map(|text| parse_time(text, now))
            .transpose()?,
        question: asked.question.clone(),
    };
    let wait = match args.wait.as_deref() {
        Some(text) => parse_duration(text)?.to_std().unwrap_or_default(),
        None => Duration::ZERO,
    };
    // What was recorded does not change, and a window with a fixed end neither.
    let changes = asked.source_kind == "api" && common.now.is_none() && common.to.is_none();
    if !changes {
        let mut report = ask(&asked, &demands, args.full, &mut 0).await?;
        if args.wait.is_some() {
            let note = String::from("asked once: the evidence is recorded, waiting changes nothing");
            report.blocks.push(Block::lines([note]));
        }
        return Ok(report);
    }
    let begun = tokio::time::Instant::now();
    let mut spent = 0;
    loop {
        let asked_at = begun.elapsed();
        let report = ask(&asked, &demands, args.full, &mut spent).await?;
        let pause = match pause(wait, asked_at, begun.elapsed()) {
            Some(pause) if report.outcome != Outcome::Fine => pause,
            _ => return Ok(report),
        };
        show_progress(&report.headline, pause, common.quiet).await;
        asked.window = moved(asked.window, now, begun.elapsed());
        asked.learned.forget_doubts();
    }
}

/// How long to sleep before asking again; `None` = the time is over before that.
fn pause(wait: Duration, asked_at: Duration, elapsed: Duration) -> Option<Duration> {
    let next = (asked_at + BETWEEN_QUERIES).max(elapsed);
    (next <= wait).then(|| next.saturating_sub(elapsed))
}

/// The window of the same length that ends `elapsed` after it was first asked for.
fn moved(window: Window, first_to: DateTime<Utc>, elapsed: Duration) -> Window {
    let to = first_to + chrono::TimeDelta::from_std(elapsed).unwrap_or_default();
    Window {
        from: to - window.length(),
        to,
    }
}

/// On a terminal only, which indicatif sees to.
async fn show_progress(headline: &str, pause: Duration, quiet: bool) {
    let bar = if quiet {
        ProgressBar::hidden()
    } else {
        ProgressBar::new_spinner()
    };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    let until = tokio::time::Instant::now() + pause;
    loop {
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            break;
        }
        let text = format!("{headline}; asking again in {}s", left.as_secs() + 1);
        bar.set_message(crate::render::for_terminal(&text));
        bar.tick();
        tokio::time::sleep(left.min(TICK)).await;
    }
    bar.finish_and_clear();
}

async fn ask(asked: &Asked, demands: &Demands, full: bool, spent: &mut u32) -> Result<Report, Failure> {
    // What all commands judge by, and the runbook's rows beside it.
    let sections = [&Rows::SECTIONS[..], &["verification"]].concat();
    let mut own = 0;
    let mut values = asked.parameters();
    let earliest = asked.window.from - asked.settings.lookback;
    values.insert("measured_from", Parameter::Timestamp(earliest));
    let sections = asked.ask_sections(&sections, &values, &mut own).await?;
    let facts = asked.facts(&sections);
    let health = HealthFacts::read(asked.window, &asked.settings, &sections);
    *spent += own;
    let episodes = Episodes::of(&facts, &asked.settings);
    let mut missing = facts.not_known_of(&FACTS);
    missing.extend(health.not_known());
    let frame = asked.frame("verify", *spent, &missing, facts.bounds.no_records());
    let diagnosis = diagnose(&episodes);
    let told = told(
        &verify(&episodes, &diagnosis, &health, demands),
        &health.rows.rows,
        full,
    );
    Ok(frame.around(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn queries_are_at_least_fifteen_seconds_apart() {
        assert_eq!(pause(s(300), s(0), s(2)), Some(s(13)));
        assert_eq!(
            pause(s(300), s(30), s(50)),
            Some(s(0)),
            "a slow answer has waited enough"
        );
    }

    #[test]
    fn it_ends_when_the_time_is_over() {
        assert_eq!(pause(s(0), s(0), s(1)), None, "without --wait it asks once");
        assert_eq!(pause(s(300), s(290), s(292)), None);
        assert_eq!(pause(s(300), s(285), s(286)), Some(s(14)));
    }
}
