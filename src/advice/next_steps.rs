//! What to do next: commands to paste, and what keeps it from coming back.

use crate::diagnosis::{Conclusion, FailureMode, Remedy};
use crate::profile::Settings;

/// What a verification after a restart looks at.
const VERIFY: &str = "relay-diag verify --since 5m";

/// Text and command, first things first.
pub(super) fn next_steps(
    answer: &Conclusion,
    mode: &FailureMode,
    instances: &[String],
    profile: &Settings,
) -> Vec<(String, Option<String>)> {
    let filled = |template: &str, text: &str| {
        // Names of instances come from telemetry: what a shell would read as more than a name is not pasted.
        let safe =
            |name: &&String| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let names: Vec<&str> = instances.iter().filter(safe).map(String::as_str).collect();
        if template.is_empty() || (template.contains("{instances}") && names.is_empty()) {
            return None;
        }
        let command = template
            .replace("{app}", &profile.app.name)
            .replace("{instances}", &names.join(" "));
        Some((text.to_owned(), Some(command)))
    };
    let list = filled(&profile.remedies.list_instances, "see which instances run");
    let restart_text = if answer.to.is_some() {
        "if it comes back: restart the instances concerned"
    } else {
        "restart the instances concerned"
    };
    let at_once = match mode.remedy {
        Remedy::Restart => [list, filled(&profile.remedies.restart_instances, restart_text)],
        Remedy::ReadPlatformLog => [
            list,
            filled(&profile.remedies.instance_logs, "read what the platform says of them"),
        ],
        Remedy::Nothing => [None, None],
    };
    let mut steps: Vec<(String, Option<String>)> = at_once.into_iter().flatten().collect();
    steps.push((String::from("see whether it is healthy again"), Some(VERIFY.to_owned())));
    steps.push((mode.documentation.what_to_do.to_owned(), None));
    steps.push((
        String::from("what this failure mode is, and what it is confused with"),
        Some(format!("relay-diag explain {}", mode.id)),
    ));
    steps
}
