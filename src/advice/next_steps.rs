//! What to do next: commands to paste, and what keeps it from coming back.

use crate::diagnosis::{Basis, Conclusion, FailureMode, Remedy};
use crate::episodes::Episodes;
use crate::paste::{self, Question};

/// What ends it where long requests hold the pool's connections.
const GIVE_BACK: &str = "give the connection back before the call: commit or close the session before the request waits on a \
    model or another service, and take a new one behind it; until then let fewer such requests in at a time";

/// Text and command, first things first.
pub(super) fn next_steps(
    answer: &Conclusion,
    mode: &FailureMode,
    instances: &[String],
    episodes: &Episodes<'_>,
    question: &Question,
) -> Vec<(String, Option<String>)> {
    let profile = episodes.profile;
    let unfit = |name: &str| episodes.facts.names.unfit(name);
    let names: Vec<&str> = instances
        .iter()
        .map(String::as_str)
        .filter(|name| unfit(name).is_none())
        .collect();
    let filled = |template: &str, text: &str| {
        let filled = paste::filled(template, &profile.app.name, &names);
        let warning = filled.warning().map(|warning| format!(" ({warning})"));
        Some((format!("{text}{}", warning.unwrap_or_default()), Some(filled.command?)))
    };
    let list = filled(&profile.remedies.list_instances, "see which instances run");
    let restart_text = if answer.to.is_some() {
        "if it comes back: restart the instances concerned"
    } else {
        "restart the instances concerned"
    };
    let held = answer.evidence.iter().any(|claim| claim.basis == Basis::Held);
    let at_once = match mode.remedy {
        // A restart cuts off those who hold the connections, and the next ones take them again.
        _ if held => [Some((String::from(GIVE_BACK), None)), list],
        Remedy::Restart => [list, filled(&profile.remedies.restart_instances, restart_text)],
        Remedy::ReadPlatformLog => [
            list,
            filled(&profile.remedies.instance_logs, "read what the platform says of them"),
        ],
        Remedy::Nothing => [None, None],
    };
    let elsewhere = instances.iter().any(|name| episodes.facts.names.is_foreign(name));
    let is_for_us = |step: &(String, Option<String>)| step.1.is_none() || !elsewhere;
    let at_once = at_once.into_iter().flatten().filter(is_for_us);
    let mut steps: Vec<(String, Option<String>)> = at_once.collect();
    let why = instances
        .iter()
        .find_map(|name| unfit(name))
        .filter(|_| names.is_empty());
    if let Some(why) = why.filter(|_| mode.remedy == Remedy::Restart && !held) {
        steps.push((format!("{restart_text} ({}): {why}", instances.join(", ")), None));
    }
    let verify = Question {
        since: None,
        ..question.clone()
    };
    steps.push((
        String::from("see whether it is healthy again"),
        verify.command(&["verify"]),
    ));
    steps.push((mode.documentation.what_to_do.to_owned(), None));
    steps.push((
        String::from("what this failure mode is, and what it is confused with"),
        Some(format!("relay-diag explain {}", mode.id)),
    ));
    steps
}
