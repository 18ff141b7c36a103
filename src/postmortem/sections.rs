//! The page: title, summary, impact, timeline, what it was and was not, what is not known, what ended it, what it resembles, what
//! follows, and how to get the same numbers again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Story;
use super::aftermath::{Aftermath, AftermathDocument, Check, aftermath};
use super::impact::impact;
use super::known::{Resembling, resembling};
use crate::advice::{self, Impact};
use crate::diagnosis::{Conclusion, FailureMode};
use crate::pictures::{lanes, traffic};
use crate::report::{Align, Block, Cell, Chart, Column, Drawing, Severity, Table, Told};
use crate::schema;
use crate::timeline::{self, EntryDocument};
use crate::words::{clock, counted, duration};

/// How to get the same numbers again.
#[derive(Debug, Clone, Default)]
pub struct Appendix {
    /// To paste into a shell.
    pub commands: Vec<String>,
    /// Questions by their names, as they were asked.
    pub statements: Vec<(String, String)>,
}

/// What `report` tells scripts beside what `diagnose` does.
#[derive(Serialize, JsonSchema)]
pub struct ReportDocument<'a> {
    /// What happened, by start.
    entries: Vec<EntryDocument<'a>>,
    #[serde(flatten)]
    incident: Option<Behind>,
    /// What gives the same numbers again.
    commands: &'a [String],
}

/// What is told of an incident only.
#[derive(Serialize, JsonSchema)]
struct Behind {
    aftermath: AftermathDocument,
    /// Known incidents that are alike, compared by the order of kinds of entries.
    resembles: Vec<Resembling>,
}

/// The postmortem. `project_url` = `https://host/org/project`, or empty: then traces have no links.
pub fn told(story: &Story<'_>, appendix: &Appendix, project_url: &str) -> Told {
    let whole = advice::told(story.diagnosis, &story.advice, true, project_url);
    let mut document = ReportDocument {
        entries: timeline::documents(&story.timeline),
        incident: None,
        commands: &appendix.commands,
    };
    let mut blocks = Vec::new();
    match story.diagnosis.incident() {
        Some((answer, mode)) => {
            let after = aftermath(answer, story.episodes);
            let alike = resembling(
                &story.episodes.profile.app.name,
                &answer
                    .from
                    .map(|at| at.format("%Y-%m-%d").to_string())
                    .unwrap_or_default(),
                mode.id,
                &kinds(story, answer),
            );
            blocks.extend(incident(story, (answer, mode), &after, &alike, project_url));
            document.incident = Some(Behind {
                aftermath: after.document,
                resembles: alike,
            });
        }
        None => blocks.extend(quiet(story)),
    }
    blocks.push(Block::Heading(String::from("Appendix: the same numbers again")));
    blocks.push(Block::Preformatted(appendix.commands.join("\n")));
    for (name, sql) in &appendix.statements {
        blocks.push(Block::lines([format!("the question `{name}`, as it was asked:")]));
        blocks.push(Block::Preformatted(sql.clone()));
    }
    blocks.push(Block::Heading(String::from("How this was got")));
    // The notes of the frame join the last notes.
    blocks.push(Block::Notes(Vec::new()));
    let mut fields = whole.fields;
    fields.extend(schema::fields(&document));
    Told {
        blocks,
        fields,
        ..whole
    }
}

fn heading(text: &str) -> Block {
    Block::Heading(text.to_owned())
}

/// A window without an incident is told too: that it was looked at, and what was seen.
fn quiet(story: &Story<'_>) -> Vec<Block> {
    let window = story.episodes.facts.window;
    let day = window.from.format("%Y-%m-%d");
    let title = match story.diagnosis.inconclusive {
        Some(_) => format!("The records of {day} do not tell whether there was an incident"),
        None => format!("No incident in the records of {day}"),
    };
    let mut blocks = vec![heading(&title), heading("What happened"), timeline_table(story)];
    blocks.push(Block::Chart(lanes(
        story.episodes,
        &story.episodes.facts.runs.rows,
        window,
    )));
    blocks.push(Block::Chart(traffic(story.episodes, window)));
    blocks.push(Block::Chart(crate::pictures::durations(story.episodes, window)));
    blocks.extend(unknown(story));
    blocks
}

fn incident(
    story: &Story<'_>,
    (answer, mode): (&Conclusion, &FailureMode),
    after: &Aftermath,
    alike: &[Resembling],
    project_url: &str,
) -> Vec<Block> {
    let advice = &story.advice;
    let service = answer
        .service
        .as_ref()
        .map(|name| format!(" of {name}"))
        .unwrap_or_default();
    let day = answer
        .from
        .map(|at| at.format(" on %Y-%m-%d").to_string())
        .unwrap_or_default();
    let mut blocks = vec![heading(&format!("Postmortem{service}: {}{day}", answer.title))];
    blocks.push(heading("Summary"));
    blocks.push(Block::lines(summary(answer, advice.impact.as_ref(), after)));
    blocks.push(heading("Impact"));
    blocks.extend(impact(advice.impact.as_ref()));
    blocks.push(Block::lines([String::from(
        "TODO: what users noticed, and how many of them; what was lost or must be repaired",
    )]));
    blocks.push(heading("Timeline"));
    blocks.push(timeline_table(story));
    blocks.extend(charts(&advice.charts, |drawing| matches!(drawing, Drawing::Lanes(_))));
    blocks.push(Block::lines([String::from(
        "TODO: who was alerted by what and when, who did what",
    )]));
    blocks.push(heading("What it was, and the evidence"));
    blocks.push(Block::lines([format!(
        "{} ({} confidence): {}",
        mode.id,
        answer.confidence.word(),
        mode.documentation.why
    )]));
    blocks.extend(advice::evidence(answer, project_url));
    blocks.extend(charts(&advice.charts, |drawing| !matches!(drawing, Drawing::Lanes(_))));
    for (title, lines) in &advice.paragraphs {
        blocks.push(Block::Subheading(title.clone()));
        blocks.push(Block::lines(lines.iter().cloned()));
    }
    blocks.push(Block::Subheading(String::from("the root cause")));
    blocks.push(Block::lines([String::from(
        "TODO: what changed before it, and why it was possible",
    )]));
    blocks.push(heading("What it was not"));
    let not = story
        .diagnosis
        .ruled_out
        .iter()
        .map(|(mode, why)| format!("{}: {why}", mode.id));
    blocks.push(Block::lines(not));
    blocks.extend(unknown(story));
    blocks.push(heading("What ended it, and is it fine now"));
    blocks.extend(ending(answer, after));
    if !alike.is_empty() {
        blocks.push(heading("Known incidents that it resembles"));
        blocks.push(Block::Table(Table::of(&ALIKE, alike)));
    }
    blocks.push(heading("Follow-ups"));
    let steps = sentences(mode.documentation.what_to_do);
    blocks.push(Block::lines(
        steps.map(|step| format!("TODO (who, until when): {step}")),
    ));
    blocks
}

/// Three sentences: what and when, whom it hit, what ended it and how it is now.
fn summary(answer: &Conclusion, impact: Option<&Impact>, after: &Aftermath) -> Vec<String> {
    let when = match (answer.from, answer.to) {
        (Some(from), Some(to)) => format!(
            "From {} to {} UTC on {} ({}): ",
            clock(from),
            clock(to),
            from.format("%Y-%m-%d"),
            duration((to - from).as_seconds_f64())
        ),
        (Some(from), None) => format!("Since {} UTC on {}: ", clock(from), from.format("%Y-%m-%d")),
        (None, _) => String::new(),
    };
    let mut lines = vec![format!("{when}{}.", answer.summary)];
    if let Some((impact, requests)) = impact.and_then(|impact| Some((impact, impact.requests?))) {
        let longest = impact
            .longest_hang_s
            .map(|longest| format!(", the longest for {}", duration(longest)));
        let most = impact.routes.first().map(|hit| format!("; most of them {}", hit.route));
        lines.push(format!(
            "{} affected: {} failed and {} hung{}{}; {}.",
            counted(requests, "request"),
            impact.failed.unwrap_or_default(),
            impact.hung.unwrap_or_default(),
            longest.unwrap_or_default(),
            most.unwrap_or_default(),
            match impact.instances.as_slice() {
                [one] => format!("all on {}", one.name()),
                many => format!("on {}", counted(many.len() as u64, "instance")),
            }
        ));
    }
    let ended = match (answer.restarted_at, answer.to) {
        (Some(at), _) => format!("It ended with the restart at {} UTC. ", clock(at)),
        (None, Some(to)) => format!("It ended at {} UTC, without a restart that goes with it. ", clock(to)),
        (None, None) => String::new(),
    };
    lines.push(format!("{ended}{}", after.sentence));
    lines
}

fn timeline_table(story: &Story<'_>) -> Block {
    Block::Table(timeline::table(&story.timeline, story.episodes.facts.window))
}

fn charts(all: &[Chart], fits: impl Fn(&Drawing) -> bool) -> Vec<Block> {
    let fitting = all.iter().filter(|chart| fits(&chart.drawing));
    fitting.cloned().map(Block::Chart).collect()
}

fn unknown(story: &Story<'_>) -> Vec<Block> {
    let missing = story
        .missing
        .iter()
        .map(|part| format!("{}: {}", part.section, part.why));
    let mut unjudged: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (mode, why) in &story.diagnosis.not_assessed {
        unjudged.entry(why).or_default().push(mode.id);
    }
    let modes = unjudged
        .iter()
        .map(|(why, modes)| format!("could not be judged: {}: {why}", modes.join(", ")));
    let inconclusive = story.diagnosis.inconclusive.iter().cloned();
    let inferred = story.advice.paragraphs.iter().flat_map(|(_, lines)| lines);
    let inferred = inferred
        .filter(|line| line.contains("inferred") || line.contains("not known"))
        .cloned();
    let mut lines: Vec<String> = inconclusive.chain(missing).chain(modes).chain(inferred).collect();
    lines.dedup();
    if lines.is_empty() {
        lines.push(String::from(
            "The records leave no question of these open: every failure mode could be judged.",
        ));
    }
    vec![heading("What we don't know"), Block::lines(lines)]
}

fn ending(answer: &Conclusion, after: &Aftermath) -> Vec<Block> {
    let seen = match after.remediation.is_empty() {
        true => vec![String::from("no restart and no deploy was seen in it")],
        false => after.remediation.clone(),
    };
    let mut blocks = vec![Block::lines(seen.into_iter().chain([after.sentence.clone()]))];
    if answer.to.is_some() {
        blocks.push(Block::Table(Table::of(&CHECKS, &after.checks)));
    }
    blocks.push(Block::lines([String::from("TODO: what was done by hand, and by whom")]));
    blocks
}

const CHECKS: [Column<Check>; 3] = [
    Column {
        title: "behind it",
        align: Align::Left,
        cell: |check| Cell {
            severity: check.severity,
            emphasis: check.severity != Severity::Ok,
            ..Cell::plain(match check.severity {
                Severity::Ok => "pass",
                Severity::Critical => "fail",
                Severity::Info | Severity::Warning => "inconclusive",
            })
        },
    },
    Column {
        title: "check",
        align: Align::Left,
        cell: |check| Cell::plain(check.name),
    },
    Column {
        title: "observed",
        align: Align::Left,
        cell: |check| Cell::plain(check.detail.clone()),
    },
];

const ALIKE: [Column<Resembling>; 4] = [
    Column {
        title: "incident",
        align: Align::Left,
        cell: |one| Cell::plain(format!("{} {}", one.known.date, one.known.failure_mode)),
    },
    Column {
        title: "what it was",
        align: Align::Left,
        cell: |one| Cell::plain(one.known.what.clone()),
    },
    Column {
        title: "the same, in order",
        align: Align::Left,
        cell: |one| Cell::plain(list(&one.matches)),
    },
    Column {
        title: "different",
        align: Align::Left,
        cell: |one| {
            Cell::plain(format!(
                "then only: {}; now only: {}",
                list(&one.only_then),
                list(&one.only_now)
            ))
        },
    },
];

fn list(kinds: &[String]) -> String {
    if kinds.is_empty() {
        return String::from("nothing");
    }
    kinds.join(", ")
}

/// What happened from the lookback to the end of the incident, one word a kind that lasts; silences have no row of their own.
fn kinds(story: &Story<'_>, answer: &Conclusion) -> Vec<String> {
    let end = answer.to.unwrap_or(story.episodes.facts.window.to) + crate::episodes::RESTART_GOES_WITH;
    let entries = story.timeline.entries.iter().filter(|entry| entry.start <= end);
    let mut told: Vec<(chrono::DateTime<chrono::Utc>, String)> = entries
        .map(|entry| {
            (
                entry.start,
                schema::value(&entry.kind).as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let silences = story
        .episodes
        .silences
        .iter()
        .filter(|silence| answer.instances.iter().any(|name| name == silence.instance));
    told.extend(silences.map(|silence| (silence.from, String::from("silence"))));
    told.sort();
    let mut kinds: Vec<String> = told.into_iter().map(|(_, kind)| kind).collect();
    // A crash loop is told by its starts; what else comes twice in a row is one.
    kinds.dedup_by(|next, last| next == last && last != "instance-started");
    kinds
}

/// Split where a sentence ends.
fn sentences(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_inclusive(". ")
        .map(|sentence| sentence.trim().trim_end_matches('.').to_owned())
}
