//! A profile as text: what was recognised becomes settings where it differs from the built-in profile, and comments where
//! it is covered already or only likely.

use super::{Candidate, Platform, Recognised};
use crate::profile::Settings;
use crate::render::for_terminal;
use crate::words;

/// The text of a `relay-diag.toml`; `from` says which records it rests on.
pub fn profile(found: &Recognised, settings: &Settings, from: &str) -> String {
    let mut out = Text::default();
    out.comment(&format!("Written by `relay-diag init` from {from}."));
    out.comment("What stands here was recognised; what is commented out is likely, or for you to decide. What is not set stays as");
    out.comment("the built-in profile has it: `relay-diag config show` lists every setting with its value and where it came from.");
    out.line("");
    environment(&mut out, found);
    app(&mut out, found, settings);
    spans(&mut out, found, settings);
    process(&mut out, found, settings);
    remedies(&mut out, found);
    for missing in found.missing() {
        out.comment(&format!(
            "Not recorded: {} ({}): {}",
            missing.what, missing.without, missing.how
        ));
    }
    out.text
}

/// Lines of TOML. What telemetry says is written as TOML strings, and on one line in comments.
#[derive(Default)]
struct Text {
    text: String,
}

impl Text {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn comment(&mut self, text: &str) {
        self.line(format!("# {}", for_terminal(text)).trim_end());
    }

    fn set(&mut self, key: &str, value: &str, why: &str) {
        let why = if why.is_empty() {
            String::new()
        } else {
            format!("  # {}", for_terminal(why))
        };
        self.line(&format!("{key} = {value}{why}"));
    }

    fn suggest(&mut self, key: &str, value: &str, why: &str) {
        let line = format!("# {key} = {value}  # {why}");
        self.line(&for_terminal(&line));
    }
}

/// A text as TOML, on one line. What no terminal should be sent is escaped.
fn text(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if for_terminal(&c.to_string()) != c.to_string() => format!("\\U{:08X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn list(texts: &[String]) -> String {
    let all: Vec<String> = texts.iter().map(|one| text(one)).collect();
    format!("[{}]", all.join(", "))
}

fn environment(out: &mut Text, found: &Recognised) {
    let all = found.environments.iter().map(|(name, count)| {
        let name = if name.is_empty() { "(none)" } else { name };
        format!("{name} ({})", words::counted(*count, "record"))
    });
    out.comment(&format!("Environments: {}", all.collect::<Vec<_>>().join(", ")));
    out.set("environment", &text(&found.environment), "most requests are of it");
    let services = found.services.iter().map(|service| {
        let name = if service.name.is_empty() {
            "(no name)"
        } else {
            &service.name
        };
        format!(
            "{name} ({}, {}{})",
            words::counted(service.requests, "request"),
            match service.processes {
                1 => String::from("1 process"),
                many => format!("{many} processes"),
            },
            if service.has_database {
                ""
            } else {
                ", no database recorded"
            }
        )
    });
    out.comment(&format!("Services: {}", services.collect::<Vec<_>>().join(", ")));
    if let [_, _, ..] = found.services.as_slice() {
        out.suggest(
            "service",
            &text(&found.services[0].name),
            "one alone; without it each is judged by itself",
        );
    }
    if let Some(rate) = found.sample_rate {
        let why = "this share of traces is recorded: counts are estimates";
        out.set("sample_rate", &format!("{rate:?}"), why);
    }
}

fn app(out: &mut Text, found: &Recognised, settings: &Settings) {
    out.line("\n[app]");
    if let Some(name) = name(found) {
        out.set("name", &text(&name), "for commands to paste");
    }
    match found.machines.as_slice() {
        [] => out.suggest(
            "instance_attribute",
            &text("host.name"),
            "no machine is recorded: only processes are known",
        ),
        some => out.set(
            "instance_attribute",
            &list(some),
            "names the machine or pod; the first that a record has",
        ),
    }
    let silent = found
        .services
        .iter()
        .filter(|service| service.requests > 0 && !service.has_database);
    let silent: Vec<String> = silent.map(|service| service.name.clone()).collect();
    if !silent.is_empty() {
        out.suggest(
            "without_database",
            &list(&silent),
            "if they have none; else it is not recorded",
        );
    }
    if let Some(client) = client(found).filter(|client| *client != settings.app.database_client) {
        out.set("database_client", &text(client), "as in \"connects succeeding\"");
    }
}

/// How the platform calls the application.
fn name(found: &Recognised) -> Option<String> {
    match &found.platform {
        Platform::Fly(Some(name)) => Some(name.clone()),
        _ => found
            .services
            .first()
            .map(|service| service.name.clone())
            .filter(|name| !name.is_empty()),
    }
}

/// What speaks to the database, as people call it.
fn client(found: &Recognised) -> Option<&str> {
    let short = |scope: &'_ String| scope.rsplit('.').next().unwrap_or_default().to_owned();
    let seen: Vec<String> = found.scopes[1].iter().map(short).collect();
    const NAMES: [(&str, &str); 8] = [
        ("sqlalchemy", "SQLAlchemy"),
        ("tortoiseorm", "Tortoise ORM"),
        ("psycopg", "psycopg"),
        ("psycopg2", "psycopg2"),
        ("asyncpg", "asyncpg"),
        ("mysqlclient", "mysqlclient"),
        ("pymysql", "PyMySQL"),
        ("sqlite3", "sqlite3"),
    ];
    NAMES
        .iter()
        .find(|(scope, _)| seen.iter().any(|other| other == scope))
        .map(|(_, name)| *name)
}

fn spans(out: &mut Text, found: &Recognised, settings: &Settings) {
    out.line("\n[spans]");
    let titles = ["requests", "the database", "calls to others"];
    for (title, scopes) in titles.iter().zip(&found.scopes) {
        let scopes = if scopes.is_empty() {
            String::from("none")
        } else {
            scopes.join(", ")
        };
        out.comment(&format!("Scopes of {title}, recognised: {scopes}"));
    }
    if !found.other_databases.is_empty() {
        let all = [&settings.spans.driver_scopes[..], &found.other_databases].concat();
        out.set(
            "driver_scopes",
            &list(&all),
            "the last of them name a database in their records",
        );
    }
    let known = &settings.spans.health;
    let new: Vec<String> = found
        .health
        .iter()
        .filter(|name| !known.contains(name))
        .cloned()
        .collect();
    if !new.is_empty() {
        out.set(
            "health",
            &list(&[&known[..], &new].concat()),
            "requests that need no database",
        );
    }
    if !found.long_lived.is_empty() {
        for (name, p25_s, p95_s) in &found.long_lived {
            out.comment(&format!("{name}: usually {}", words::range(*p25_s, *p95_s)));
        }
        let names: Vec<String> = found.long_lived.iter().map(|(name, ..)| name.clone()).collect();
        let all = [&settings.spans.long_lived[..], &names].concat();
        out.set(
            "long_lived",
            &list(&all),
            "requests that last by design; `*` stands for any text",
        );
    }
}

fn process(out: &mut Text, found: &Recognised, settings: &Settings) {
    out.line("\n[process]");
    if found.has_known_lines {
        out.comment("Lines of the start that the built-in profile knows were recognised");
    }
    let (known, what) = (&settings.process.starting, "the first lines of each process");
    lines(out, "starting", known, &found.starting, what);
    let (known, what) = (&settings.process.stopping, "the last lines of each process");
    lines(out, "stopping", known, &found.stopping, what);
    // Where starts are told by lines of its own, and none of the built-in listener's was seen, there is no such listener.
    if !found.has_known_lines && found.starting.iter().any(|line| line.sure) {
        out.line("\n[listener]");
        out.comment("No line of a queue listener was recognised, so none is looked for");
        for key in [
            "connected",
            "heartbeat_timed_out",
            "heartbeat_failed",
            "lost",
            "reconnect_failed",
            "notify_failed",
        ] {
            out.set(key, "[]", "");
        }
    }
}

/// What the profile knows stays: another part of the application may log it.
fn lines(out: &mut Text, key: &str, known: &[String], candidates: &[Candidate], what: &str) {
    let of = |sure: bool| -> Vec<String> {
        let own = candidates.iter().filter(|candidate| candidate.sure == sure);
        own.map(|candidate| candidate.text.clone()).collect()
    };
    let (sure, likely) = (of(true), of(false));
    if !sure.is_empty() {
        out.set(key, &list(&[known, &sure].concat()), what);
    }
    if !likely.is_empty() {
        let all = [known, &sure, &likely].concat();
        out.suggest(key, &list(&all), "one process alone logged the last of these there");
    }
}

fn remedies(out: &mut Text, found: &Recognised) {
    out.line("\n[remedies]");
    let set = |out: &mut Text, list: &str, restart: &str, logs: &str| {
        out.set("list_instances", &text(list), "");
        out.set("restart_instances", &text(restart), "");
        out.set("instance_logs", &text(logs), "");
    };
    match &found.platform {
        Platform::Fly(_) => out.comment("Fly.io: the built-in commands fit"),
        Platform::Kubernetes(namespace) => {
            let of = namespace
                .as_ref()
                .filter(|name| is_word(name))
                .map(|name| format!(" -n {name}"))
                .unwrap_or_default();
            set(
                out,
                &format!("kubectl get pods{of}"),
                &format!("kubectl delete pod {{instances}}{of}"),
                &format!("kubectl logs{of} --previous {{instances}}"),
            );
        }
        Platform::Other => {
            out.comment("Commands of your platform, with {app} and {instances} to be filled in; \"\" = none");
            set(out, "", "", "");
        }
    }
    out.line("");
}

/// A name that a shell reads as one word.
fn is_word(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !name.starts_with('-')
}
