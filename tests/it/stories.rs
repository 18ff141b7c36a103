//! Shapes of incidents that no recording has, near misses of every rule, and what must not change an answer. All are tables
//! of small generated fixtures, so that a test can see that no failure mode goes without.

mod builder;
mod incidents;
mod modes;
mod near_misses;
mod others;
mod properties;
mod who;

use std::collections::BTreeSet;

use relay_diag::diagnosis::REGISTRY;

use crate::support::{cases, command, finish, on_each};
use builder::{Ask, Story, name, overlap};

/// Least share of the union that both windows must have (the issue).
const LEAST_OVERLAP: f64 = 0.8;
/// As many as there are cores.
const AT_ONCE: usize = 2;

/// A story, and what is right to say of it.
pub struct Case {
    pub name: &'static str,
    pub build: fn(&mut Story),
    /// One of these.
    pub expected: &'static [&'static str],
    /// In seconds of the story; an infinite end = it is not over.
    pub window: Option<(f64, f64)>,
    /// Among the instances that are named.
    pub instances: &'static [&'static str],
    /// Among the other matches.
    pub also: &'static [&'static str],
    /// Failure modes that it looks like, and must not be called, not even among the other matches.
    pub not: &'static [&'static str],
    pub settings: &'static str,
    /// What is asked, in seconds of the story.
    pub asked: Option<(f64, f64)>,
}

impl Case {
    const BASE: Self = Self {
        name: "",
        build: |_| {},
        expected: &[],
        window: None,
        instances: &[],
        also: &[],
        not: &[],
        settings: "",
        asked: None,
    };

    fn ask(&self) -> Ask {
        Ask {
            settings: self.settings.to_owned(),
            window: self.asked,
        }
    }

    /// What is wrong with the answer.
    fn wrong(&self) -> Vec<String> {
        let mut story = Story::new();
        (self.build)(&mut story);
        self.wrong_of(&story, "")
    }

    /// What is wrong with the answer for a story that is, or was, this case's.
    fn wrong_of(&self, story: &Story, more: &str) -> Vec<String> {
        let mut ask = self.ask();
        ask.settings.push_str(more);
        let (diagnosis, asked) = story.judged(&ask);
        let found = name(diagnosis.answer.as_ref());
        let mut wrong = Vec::new();
        if !self.expected.contains(&found) {
            let why = diagnosis.answer.as_ref().map(|answer| answer.summary.clone());
            let ruled_out: Vec<String> = diagnosis
                .ruled_out
                .iter()
                .chain(&diagnosis.not_assessed)
                .filter(|(mode, _)| self.expected.contains(&mode.id))
                .map(|(mode, why)| format!("{}: {why}", mode.id))
                .collect();
            wrong.push(format!(
                "{found}, not {:?}: {why:?} {:?} {ruled_out:?}",
                self.expected, diagnosis.inconclusive
            ));
        }
        let others: Vec<&str> = diagnosis.also.iter().map(|other| name(Some(other))).collect();
        for mode in self.not.iter().filter(|mode| found == **mode || others.contains(mode)) {
            wrong.push(format!("it looks like {mode} to the rules"));
        }
        for mode in self.also.iter().filter(|mode| !others.contains(mode)) {
            wrong.push(format!("{mode} is not among the others {others:?}"));
        }
        let Some(answer) = &diagnosis.answer else { return wrong };
        for instance in self.instances {
            if !answer.instances.iter().any(|own| own == instance) {
                wrong.push(format!("{instance} is not among {:?}", answer.instances));
            }
        }
        if let Some((from, to)) = self.window {
            let end = if to.is_finite() { story.at(to) } else { asked.to };
            if to.is_finite() != answer.to.is_some() {
                wrong.push(format!("it ends at {:?}, not {to}", answer.to));
            }
            let said = (answer.from.unwrap_or(asked.from), answer.to.unwrap_or(asked.to));
            let overlap = overlap((story.at(from), end), said);
            if overlap < LEAST_OVERLAP {
                wrong.push(format!(
                    "{overlap:.2}: {} to {}, not {} to {end}",
                    said.0,
                    said.1,
                    story.at(from)
                ));
            }
        }
        wrong
    }
}

fn check(table: &[Case]) {
    let wrong = on_each(table, AT_ONCE, |case| (case.name, case.wrong()));
    let wrong: Vec<String> = wrong
        .into_iter()
        .filter(|(_, wrong)| !wrong.is_empty())
        .map(|(name, wrong)| format!("{name}: {}", wrong.join("; ")))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        table.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_real_incidents() {
    check(incidents::TABLE);
}

#[test]
fn shapes_of_failure_modes() {
    check(modes::TABLE);
}

#[test]
fn who_is_who() {
    check(who::TABLE);
}

#[test]
fn other_stacks_and_what_lives_long() {
    check(others::TABLE);
}

#[test]
fn near_misses_of_instances_and_workers() {
    check(near_misses::instances::TABLE);
}

#[test]
fn near_misses_of_the_database() {
    check(near_misses::database::TABLE);
}

/// Whoever adds a failure mode adds a story or a recording that gives it, a near miss, and all of its documentation.
#[test]
fn no_failure_mode_goes_without() {
    let recorded: BTreeSet<String> = cases()
        .iter()
        .filter_map(|case| case.label["failure_mode"].as_str().map(str::to_owned))
        .collect();
    let told: BTreeSet<&str> = [incidents::TABLE, modes::TABLE]
        .into_iter()
        .flatten()
        .filter(|case| case.expected.len() == 1)
        .map(|case| case.expected[0])
        .collect();
    let near: BTreeSet<&str> = near_misses::all().flat_map(|case| case.not).copied().collect();
    for mode in REGISTRY {
        let (id, text) = (mode.id, &mode.documentation);
        for part in [text.looks_like, text.why, text.confused_with, text.what_to_do] {
            assert!(part.len() > 40, "{id}: {part}");
        }
        assert!(
            told.contains(id) || recorded.contains(id),
            "{id} has no story and no recording"
        );
        assert!(near.contains(id), "{id} has no near miss");
    }
    for mode in near.iter().chain(&told) {
        assert!(
            REGISTRY.iter().any(|known| known.id == *mode),
            "{mode} is no failure mode"
        );
    }
}

/// Everything that is named comes from the profile: another team's work, and the commands of its platform.
#[test]
fn another_team_has_other_names() {
    let mut story = Story::new();
    story.service = "shop";
    story.traffic(builder::A, 0.0, 2400.0, 15.0);
    for n in 0..8 {
        story.request(
            builder::A,
            30.0 + f64::from(n) * 280.0,
            "POST /orders",
            builder::Took(0.004),
            0.005,
        );
    }
    let settings = include_str!("../../docs/profile.md");
    let begin = settings.find("```toml\n").unwrap() + 8;
    let end = begin + settings[begin..].find("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = story.rows.iter().map(ToString::to_string).collect();
    std::fs::write(folder.path().join("records.ndjson"), lines.join("\n")).unwrap();
    std::fs::write(folder.path().join("relay-diag.toml"), &settings[begin..end]).unwrap();
    let run = finish(command(folder.path()).args(["diagnose", "--source", "records.ndjson", "--format", "json"]));
    let document = run.json();
    assert_eq!(document["diagnosis"]["failure_mode"], "worker-silent", "{document:#}");
    let steps = document["next_steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["command"] == "kubectl get pods -l app=shop"),
        "{steps:?}"
    );
}
