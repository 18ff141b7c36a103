//! What follows from the answer: what tells the hung requests apart, the connect budget, the pool, the shape, the impact,
//! and what to do next. Pure.

mod budget;
mod contrast;
mod impact;
mod next_steps;
mod pool;
mod questions;
mod rates;
mod report;
mod screen;
mod shape;
mod statements;

pub use impact::{Impact, InstanceHit, RouteHit};
pub use report::{Advice, DiagnoseDocument, More, evidence, told};

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::diagnosis::{Conclusion, Diagnosis, FailureMode, Hits, Questions, Scene};
use crate::episodes::Episodes;
use crate::error_text::{ErrorClass, classify};
use crate::facts::{Affected, Facts, Fate, Second, to_seconds};
use crate::paste::Question;
use crate::pictures::{around, durations, lanes, traffic};
use crate::report::Chart;
use budget::{Budget, Ended, budget, seconds};
use contrast::{Contrast, ContrastDocument, contrast};
use impact::impact;
use pool::{Pool, pool};
use questions::{where_it_lies, why_some};
use rates::rates;
use report::ConnectBudget;
use shape::shape;
use statements::{Statements, statements};

/// Puts together what the first and the second request say beside the answer.
pub fn advise(diagnosis: &Diagnosis, episodes: &Episodes<'_>, second: Option<&Second>, question: &Question) -> Advice {
    let Some((answer, mode)) = diagnosis.incident() else {
        return Advice::default();
    };
    let scene = Scene::of(episodes, answer.service.as_deref());
    let budget = lengths(&scene, second);
    let contrast = second
        .filter(|second| second.contrast.not_known.is_none())
        .map(|second| contrast(&second.contrast.rows));
    let compared = contrast.clone().unwrap_or_default();
    let pool = pool(&scene, second, extent(diagnosis, episodes.facts));
    let charts = charts(answer, episodes, pool.chart.clone(), &compared);
    let statements = statements(&scene, second);
    let mut paragraphs = questions(&scene, mode, second, &compared, &budget);
    paragraphs.insert(0, ("which statements", statements.lines.clone()));
    paragraphs.push(("the pool", pool.lines.clone()));
    if let Some(from) = answer.from {
        paragraphs.push(("the shape", shape(&scene, from, answer.to)));
    }
    paragraphs.retain(|(_, lines)| !lines.is_empty());
    let affected = second
        .filter(|second| second.affected.not_known.is_none())
        .map(|second| affected(&scene, second, mode));
    let (impact, impact_text) = impact(answer, mode, &scene, affected.as_deref());
    let mut instances = answer.instances.clone();
    if instances.is_empty() {
        let suffered = affected.iter().flatten().map(|row| row.instance.clone());
        instances = suffered.collect::<BTreeSet<_>>().into_iter().collect();
    }
    Advice {
        because: match mode.questions {
            Questions::WhySomeHang => because(&compared, &budget),
            Questions::WhichStatements => statements
                .table
                .iter()
                .map(|table| format!("the slow statements are on table {table}"))
                .collect(),
            Questions::General => Vec::new(),
        },
        brief: brief(&compared, &statements, &budget),
        charts,
        paragraphs: paragraphs
            .into_iter()
            .map(|(title, lines)| (title.to_owned(), lines))
            .collect(),
        impact: Some(impact),
        impact_text,
        next_steps: next_steps::next_steps(answer, mode, &instances, episodes, question),
        more: Some(more(contrast.as_ref(), budget, pool, statements)),
    }
}

/// What happened around the incident, and what was counted of it.
fn charts(answer: &Conclusion, episodes: &Episodes<'_>, pool: Option<Chart>, contrast: &Contrast) -> Vec<Chart> {
    let window = episodes.facts.window;
    let span = around(window, answer.from.unwrap_or(window.from), answer.to);
    let mut charts = vec![
        lanes(episodes, &episodes.facts.runs.rows, span),
        traffic(episodes, span),
        durations(episodes, span),
    ];
    charts.extend(pool);
    charts.extend(rates(contrast, (span.from, span.to)));
    charts
}

/// The sentences that say most, for a screen.
fn brief(contrast: &Contrast, statements: &Statements, budget: &Budget) -> Vec<String> {
    let differences = contrast.differences.iter().map(|one| {
        let share = &one.share;
        format!(
            "{} of {} that hung, {} of {} fast ones beside them: {} = {}",
            share.hung, share.hung_all, share.fast, share.fast_all, share.attribute, share.value
        )
    });
    let lines = [
        differences.take(1).collect(),
        statements.lines.clone(),
        budget.lines.clone(),
    ];
    lines.into_iter().flatten().collect()
}

/// What a person asks of this failure mode, with as much of an answer as there is.
fn questions(
    scene: &Scene<'_>,
    mode: &FailureMode,
    second: Option<&Second>,
    compared: &Contrast,
    budget: &Budget,
) -> Vec<(&'static str, Vec<String>)> {
    match mode.questions {
        Questions::WhySomeHang => vec![
            (
                "why some connections succeed while others hang",
                why_some(scene, compared),
            ),
            (
                "the proxy, DNS or the application?",
                where_it_lies(scene, second, compared),
            ),
            ("why the driver does not give up", budget.lines.clone()),
        ],
        Questions::WhichStatements | Questions::General => vec![
            (
                "what the hung requests have in common",
                compared.differences.iter().map(|one| one.claim.clone()).collect(),
            ),
            ("how long a connect can take", budget.lines.clone()),
        ],
    }
}

/// Those of the service that suffered; a slow database slows every request.
fn affected<'a>(scene: &Scene<'_>, second: &'a Second, mode: &FailureMode) -> Vec<&'a Affected> {
    let rows = second.affected.rows.iter().filter(|row| scene.is_ours(&row.service));
    rows.filter(|row| row.affected > 0 || mode.hits == Hits::EveryRequest)
        .collect()
}

/// What the person on call wants to know at once of hanging connects.
fn because(contrast: &Contrast, budget: &Budget) -> Vec<String> {
    let on_one = contrast.differences.iter().find(|one| one.attribute == "instance");
    let all_on_one = on_one.filter(|one| {
        contrast
            .instances
            .iter()
            .any(|(name, hung, _)| *name == one.value && *hung == contrast.hung)
    });
    let tries = budget
        .addresses
        .zip(budget.each_s)
        .map(|((ipv4, ipv6), each_s)| format!("one connect tries {} addresses, {} each", ipv4 + ipv6, seconds(each_s)));
    let machine = all_on_one.map(|one| format!("all of them on instance {}", one.value));
    machine.into_iter().chain(tries).collect()
}

fn lengths(scene: &Scene<'_>, second: Option<&Second>) -> Budget {
    let connects = scene.hung_connecting().into_iter();
    let ended: Vec<Ended> = connects
        .filter_map(|hang| match hang.fate {
            Fate::Ended { duration_s, failed } => Some(Ended { duration_s, failed }),
            _ => None,
        })
        .collect();
    let errors = second.map(|second| &second.errors.rows[..]).unwrap_or_default();
    let texts: Vec<(&str, Option<f64>)> = errors
        .iter()
        .filter(|error| matches!(classify(&error.text), Some(ErrorClass::ConnectTimeout)))
        .map(|error| (error.text.as_str(), error.took_s.map(|(_, longest)| longest)))
        .collect();
    budget(&ended, &texts)
}

fn more(contrast: Option<&Contrast>, budget: Budget, pool: Pool, statements: Statements) -> More {
    More {
        contrast: contrast.map(ContrastDocument::of),
        connect_budget: ConnectBudget {
            addresses_ipv4: budget.addresses.map(|(ipv4, _)| ipv4),
            addresses_ipv6: budget.addresses.map(|(_, ipv6)| ipv6),
            each_s: budget.each_s,
            worst_s: budget.worst_s.map(|(worst_s, _)| worst_s),
            worst_with_connect_timeout_10_s: budget.worst_s.map(|(_, short_s)| short_s),
            lines: budget.lines,
        },
        pool: pool.document,
        statements: statements.document,
    }
}

/// The pool's use over the incident, as far as the second request tells.
pub fn pool_chart(diagnosis: &Diagnosis, episodes: &Episodes<'_>, second: &Second) -> Option<Chart> {
    let (answer, _) = diagnosis.incident()?;
    let scene = Scene::of(episodes, answer.service.as_deref());
    pool(&scene, Some(second), extent(diagnosis, episodes.facts)).chart
}

/// The part of the window that the second request asks about: the incident, without the time since a silent start.
pub fn extent(diagnosis: &Diagnosis, facts: &Facts) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (answer, _) = diagnosis.incident()?;
    let from = answer.from?;
    let to = answer.to.unwrap_or(facts.window.to);
    (to_seconds(to - from) > 0.0).then_some((from, to))
}
