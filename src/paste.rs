//! Commands to paste into a shell. Names in them come from telemetry, and telemetry is written by strangers: what a
//! command holds is one line, one command, and of each name a plain word. Pure.
//!
//! A platform's command is the team's template. A name is not quoted into it but left out and named, unless it is plain:
//! `ssh host restart {instances}` is read by a second shell, and `sh -c "restart {instances}"` inside quotes, where
//! quoting protects nothing. Our own commands hold what the user typed, and are quoted.

use crate::render::for_terminal;
use crate::window::{Window, rfc3339};

/// Longer names are none: DNS allows 253 characters, and platforms less.
const LONGEST_NAME: usize = 255;

/// What became of a template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled<'a> {
    /// The command; `None` = there is none, or no name was fit for it.
    pub command: Option<String>,
    /// Names that no command should hold.
    pub left_out: Vec<&'a str>,
}

impl Filled<'_> {
    /// For the reader of a command that does less than was meant, or is missing.
    pub fn warning(&self) -> Option<String> {
        let (first, others) = self.left_out.split_first()?;
        let more = match others.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        Some(format!(
            "left out of the command, for no plain name should look like it: {first:?}{more}"
        ))
    }
}

/// Fills `{app}` and `{instances}` of a template of the profile (`remedies`). Instances that can't be named plainly are
/// left out; without any instance, or with such an application, there is no command.
pub fn filled<'a>(template: &str, app: &'a str, instances: &[&'a str]) -> Filled<'a> {
    // A line break would end the command and begin another.
    let template = for_terminal(template).trim().to_owned();
    let mut none = Filled::default();
    if template.is_empty() {
        return none;
    }
    if template.contains("{app}") && !is_plain(app) {
        none.left_out.push(app);
        return none;
    }
    let (plain, left_out): (Vec<&str>, Vec<&str>) = instances.iter().partition(|name| is_plain(name));
    if !template.contains("{instances}") {
        let command = Some(template.replace("{app}", app));
        return Filled { command, ..none };
    }
    let command = (!plain.is_empty()).then(|| template.replace("{app}", app).replace("{instances}", &plain.join(" ")));
    Filled { command, left_out }
}

/// Whether a name is one word wherever it is read, and no option: machine ids, pods, hosts, ARNs, `host:port`.
fn is_plain(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '+');
    name.len() <= LONGEST_NAME && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(word)
}

/// Which records were asked, as far as it differs from the defaults: what a follow-up must say to ask the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// `--source`.
    pub source: Option<String>,
    /// `--env`; the empty name is that of records without one.
    pub environment: Option<String>,
    /// `--all-envs`, which excludes `--env`.
    pub all_environments: bool,
    /// `--service`.
    pub service: Option<String>,
    /// `--instance`.
    pub instance: Option<String>,
    /// `--config`, `--queries`, `--token-file`: the flag and what was typed.
    pub files: Vec<(&'static str, String)>,
    /// `--since`: a window up to now, whenever that is.
    pub since: Option<String>,
    /// `--now`: what the records showed at that time.
    pub now: Option<String>,
}

impl Question {
    /// `relay-diag` with these words, asking of the same records, in the window that was typed as `--since` or that the
    /// command has by itself. `None` if something was typed that no line can show as it is, such as a path with a line break.
    pub fn command(&self, words: &[&str]) -> Option<String> {
        let mut flags = self.flags();
        flags.extend(self.since.iter().map(|since| ("--since", since.clone())));
        line(words, &flags)
    }

    /// The same, in this window.
    pub fn command_in_window(&self, words: &[&str], window: Window) -> Option<String> {
        let mut flags = self.flags();
        if let Some(now) = &self.now {
            flags.push(("--now", now.clone()));
        }
        flags.push(("--from", rfc3339(window.from)));
        flags.push(("--to", rfc3339(window.to)));
        line(words, &flags)
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("--source", &self.source),
            ("--env", &self.environment),
            ("--service", &self.service),
            ("--instance", &self.instance),
        ];
        let mut flags: Vec<(&'static str, String)> = texts
            .into_iter()
            .filter_map(|(flag, text)| Some((flag, text.clone()?)))
            .collect();
        if self.all_environments {
            flags.retain(|(flag, _)| *flag != "--env");
            flags.push(("--all-envs", String::new()));
        }
        flags.extend(self.files.iter().cloned());
        flags
    }
}

/// Quotes for a POSIX shell. A value that looks like an option is joined to its flag.
fn line(words: &[&str], flags: &[(&'static str, String)]) -> Option<String> {
    let mut all = vec![String::from("relay-diag")];
    all.extend(words.iter().map(|&word| word.to_owned()));
    for (flag, value) in flags {
        match *flag {
            "--all-envs" => all.push((*flag).to_owned()),
            flag if value.starts_with('-') => all.push(format!("{flag}={value}")),
            flag => all.extend([flag.to_owned(), value.clone()]),
        }
    }
    if all.iter().any(|word| for_terminal(word) != *word) {
        return None;
    }
    shlex::try_join(all.iter().map(String::as_str)).ok()
}

#[cfg(test)]
mod tests;
