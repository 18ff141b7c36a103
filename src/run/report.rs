//! `report`: both rounds of `diagnose`, told as a postmortem, with the commands and questions that give the same numbers.

use super::diagnose::{about_incident, second_round};
use super::timeline::sections;
use super::{Asked, Failure};
use crate::advice::advise;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::episodes::Episodes;
use crate::facts::{Facts, Rows, Second};
use crate::postmortem::{Appendix, Story, told};
use crate::query::bind;
use crate::report::Report;
use crate::timeline::timeline;
use crate::window::Window;

pub(super) async fn run(asked: &Asked) -> Result<Report, Failure> {
    let (facts, mut spent) = asked.first_round(&sections()).await?;
    let episodes = Episodes::of(&facts, &asked.settings);
    let diagnosis = diagnose(&episodes);
    // The exact runs of success come with the second request, as they do for `timeline`.
    let round = second_round(asked, &facts, &diagnosis, true, &mut spent).await?;
    let mut missing = facts.not_known();
    missing.extend(round.missing);
    let advice = advise(&diagnosis, &episodes, round.second.as_ref(), &asked.question);
    let timeline = timeline(&episodes, &round.runs.unwrap_or_else(|| facts.joined_runs()));
    let appendix = appendix(asked, &facts, &diagnosis)?;
    let story = Story {
        episodes: &episodes,
        diagnosis: &diagnosis,
        advice,
        timeline,
        missing,
    };
    let told = told(&story, &appendix, &asked.project_url());
    let frame = asked.frame("report", spent, &story.missing, facts.bounds.no_records());
    Ok(frame.around(told))
}

/// The other commands over the same window, and the short questions behind the impact.
fn appendix(asked: &Asked, facts: &Facts, diagnosis: &Diagnosis) -> Result<Appendix, Failure> {
    let again = |words: &[&str]| asked.question.command_in_window(words, asked.window);
    let mut commands: Vec<String> = [
        &["timeline", "--chart"][..],
        &["diagnose", "--full"],
        &["stuck"],
        &["diagnose", "--format", "json"],
    ]
    .into_iter()
    .filter_map(again)
    .collect();
    if let Some(to) = diagnosis.incident().and_then(|(answer, _)| answer.to) {
        let behind = Window::new(to, asked.window.to).ok();
        commands.extend(behind.and_then(|behind| asked.question.command_in_window(&["verify"], behind)));
    }
    for name in Rows::SECTIONS.iter().chain(&Second::SECTIONS) {
        commands.push(format!("relay-diag queries show {name}"));
    }
    let mut statements = Vec::new();
    if let Some((from, to)) = crate::advice::extent(diagnosis, facts) {
        let service = diagnosis.answer.as_ref().and_then(|answer| answer.service.as_deref());
        let values = about_incident(asked, facts, Window::new(from, to)?, service);
        statements.push((
            String::from("affected"),
            bind(&asked.catalogue, asked.catalogue.get("affected")?, &values)?,
        ));
    }
    Ok(Appendix { commands, statements })
}
