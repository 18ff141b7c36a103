//! What was typed: commands and flags. What is meant by it is `config` and `run`.

mod begin;
#[cfg(feature = "capture")]
mod captures;
#[cfg(feature = "cluster")]
mod worker;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use begin::BEGIN;
#[cfg(feature = "capture")]
pub use captures::{CaptureArgs, ServeArgs};
#[cfg(feature = "cluster")]
pub use worker::WorkerArgs;

use crate::paste::Question;
use crate::profile::{BUILT_IN, Settings};
use crate::render;
use crate::verify::CHECKS;

/// Diagnose incidents from Pydantic Logfire records.
#[derive(Debug, Parser)]
#[command(name = "relay-diag", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Try it: relay-diag timeline --source demo
Exit codes: 0 fine, 1 something is wrong (verify, or any with --fail-on-incident), 2 usage or configuration, 3 the source
could not be asked, 4 inconclusive, 130 interrupted.")]
pub struct Cli {
    /// The question.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub common: Common,
}

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Is it healthy now? Pass, fail or inconclusive, check by check
    Verify(VerifyArgs),
    /// What happened? The incident timeline
    Timeline(TimelineArgs),
    /// What is hanging, or hung? Longest first, and what each waits on
    Stuck,
    /// Why? The failure mode, what it rests on, what it is not, and what to do
    Diagnose(DiagnoseArgs),
    /// The postmortem: Markdown, or one self-contained page with --format html; what a person must fill in stands as TODO
    Report,
    /// What does this mean? A failure mode, or a pasted error
    Explain(ExplainArgs),
    /// Anything else: the rows of a query by name, or of your own SQL
    Query(QueryArgs),
    /// What does it ask? The catalogue of queries
    #[command(subcommand)]
    Queries(QueriesCommand),
    /// How would it know our application? Writes a commented relay-diag.toml; never overwrites
    Init(InitArgs),
    /// Keep the evidence: all records of a window, in a Parquet file that every command reads
    #[cfg(feature = "capture")]
    Capture(CaptureArgs),
    /// Let other clients ask it: Logfire's query API over a capture
    #[cfg(feature = "capture")]
    Serve(ServeArgs),
    /// Answer parts of other machines' questions to a large archive
    #[cfg(feature = "cluster")]
    Worker(WorkerArgs),
    /// What is in the JSON? The documents, or the JSON Schema of one
    Schema {
        /// A document; none = the list of them
        name: Option<String>,
    },
    /// Where does each setting come from? Is the token good?
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell, to be sourced
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

/// `timeline`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag timeline --since 1h
  relay-diag timeline --from 06:30 --to 07:10 --chart")]
pub struct TimelineArgs {
    /// Draw it as well: lanes side by side, traffic, failures and the pool's use over time
    #[arg(long)]
    pub chart: bool,
}

/// `diagnose`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag diagnose --since 1h
  relay-diag diagnose --since 1h --full
A file and a pipe get everything, as Markdown.")]
pub struct DiagnoseArgs {
    /// Everything on the terminal too: pictures, pool, connect budget, shape, all that it is not
    #[arg(long)]
    pub full: bool,
}

/// `verify`.
#[derive(Debug, Args)]
#[command(after_help = verify_help())]
pub struct VerifyArgs {
    /// Ask again, within the rate budget, until it passes or this time is over
    #[arg(long, value_name = "LENGTH")]
    pub wait: Option<String>,
    /// Require that every instance has a process younger than this
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub restarted_after: Option<String>,
    /// Each check with its worst value when all pass too, and the newest records by the runbook's query
    #[arg(long)]
    pub full: bool,
}

fn verify_help() -> String {
    let width = CHECKS.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let checks: String = CHECKS
        .iter()
        .map(|check| format!("  {:<width$}  {}\n", check.name, check.requires))
        .collect();
    format!(
        "Examples:
  relay-diag verify
  relay-diag verify --wait 5m --restarted-after 07:08
Checks, the most telling first:
{checks}Exit codes: 0 pass, 1 fail, 4 inconclusive."
    )
}

/// `query`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag query verification --since 5m
  relay-diag query --sql \"SELECT span_name, count(*) AS n FROM records GROUP BY span_name ORDER BY n DESC\"
In --sql, the tables are `records` (finished) and `records_all` (with pending spans); the window applies by itself.")]
pub struct QueryArgs {
    /// A query of the catalogue; `queries list` names them
    #[arg(required_unless_present = "sql", conflicts_with = "sql")]
    pub name: Option<String>,
    /// One SELECT in Logfire's dialect; `-` reads it from standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub sql: Option<String>,
    /// The most rows to fetch (at most 10000)
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// `init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag init --since 1d
  relay-diag init --source evidence.parquet --print
One query, of all environments unless --env names one. Run it over a time in which all was well.")]
pub struct InitArgs {
    /// Another file than the relay-diag.toml of this folder
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only show the profile
    #[arg(long, conflicts_with = "output")]
    pub print: bool,
}

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relay-diag explain partial-connect-hang
  relay-diag explain --error \"QueuePool limit of size 10 overflow 5 reached, connection timed out\"
  pbpaste | relay-diag explain --error -")]
pub struct ExplainArgs {
    /// A failure mode; none = the list of them
    #[arg(value_name = "FAILURE-MODE", conflicts_with = "error")]
    pub failure_mode: Option<String>,
    /// An error message to classify; `-` reads it from standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub error: Option<String>,
}

/// `queries …`.
#[derive(Debug, Subcommand)]
pub enum QueriesCommand {
    /// Names and purposes
    List,
    /// The SQL of one query, with its header
    Show {
        /// The query's name.
        name: String,
    },
    /// Whether headers, placeholders, SQL and columns are right
    Check {
        /// A folder of .sql files to check with the built-in ones; default: --queries
        folder: Option<PathBuf>,
    },
}

/// `config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every setting with its value and its origin
    Show,
    /// Whom the token stands for, when it ends, and whether this machine's clock is right (one request)
    Check,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where from, which window")]
pub struct Common {
    /// api, demo (the built-in example of 2025-12-08), or the path of a capture
    #[arg(long, global = true, value_name = "SOURCE")]
    pub source: Option<String>,
    /// A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The window ends now and is this long: 90s, 5m, 1h30m, 2d
    #[arg(long, global = true, value_name = "LENGTH", conflicts_with_all = ["from", "to"])]
    pub since: Option<String>,
    /// Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h
    #[arg(long, global = true, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// End of the window (exclusive), in the same forms
    #[arg(long, global = true, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// On a capture: show what the API would have shown at this time
    #[arg(long, global = true, value_name = "TIME")]
    pub now: Option<String>,
    /// The deployment environment; '' = records without one
    #[arg(long = "env", global = true, value_name = "NAME", conflicts_with = "all_envs")]
    pub environment: Option<String>,
    /// Records of all environments
    #[arg(long, global = true)]
    pub all_envs: bool,
    /// Records of this service only
    #[arg(long, global = true, value_name = "NAME")]
    pub service: Option<String>,
    /// Records of this instance only
    #[arg(long, global = true, value_name = "NAME")]
    pub instance: Option<String>,
    /// How to print it
    #[arg(long, global = true, value_parser = formats(), help_heading = "Output")]
    pub format: Option<String>,
    /// Colours
    #[arg(long, global = true, value_enum, help_heading = "Output")]
    pub color: Option<ColorChoice>,
    /// Take people's data and secrets out of whatever is printed: [email 1] instead of an address
    #[arg(long, global = true, help_heading = "Output")]
    pub redact: bool,
    /// Exit with 1 if something is wrong, whatever the command
    #[arg(long, global = true, help_heading = "Output")]
    pub fail_on_incident: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on standard error what is asked (-vv: with the SQL)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// On a capture: what questions may take of memory, such as 2GB
    #[arg(long, global = true, value_name = "SIZE", help_heading = "Settings")]
    pub memory: Option<String>,
    /// A settings file instead of the relay-diag.toml of this folder or a parent
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// A folder whose .sql files join or shadow the built-in queries
    #[arg(long, global = true, value_name = "DIR", help_heading = "Settings")]
    pub queries: Option<PathBuf>,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The formats that there are, with their help.
fn formats() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(render::choices().map(|(name, help)| PossibleValue::new(name).help(help)))
}

impl Common {
    /// Which records are asked, with these settings in effect, as far as another call would not ask them by itself.
    pub fn question(&self, settings: &Settings) -> Question {
        let built_in = toml::from_str::<Settings>(BUILT_IN).ok();
        // What a file or a variable sets here, another folder or shell does not.
        let told = |typed: &Option<String>, value: &str, usual: fn(&Settings) -> &String| {
            let differs = built_in.as_ref().is_some_and(|built_in| usual(built_in) != value);
            (typed.is_some() || differs).then(|| value.to_owned())
        };
        let paths = [
            ("--config", &self.config),
            ("--queries", &self.queries),
            ("--token-file", &self.token_file),
        ];
        let path = |(flag, path): (&'static str, &Option<PathBuf>)| Some((flag, path.as_ref()?.display().to_string()));
        Question {
            source: told(&self.source, &settings.source, |usual| &usual.source),
            environment: told(&self.environment, &settings.environment, |usual| &usual.environment),
            all_environments: settings.all_environments,
            service: told(&self.service, &settings.service, |usual| &usual.service),
            instance: told(&self.instance, &settings.instance, |usual| &usual.instance),
            files: paths.into_iter().filter_map(path).collect(),
            since: self.since.clone(),
            now: self.now.clone(),
        }
    }

    /// The flags that are settings too: dotted key, value, the flag's name.
    pub fn settings(&self) -> Vec<(&'static str, toml::Value, &'static str)> {
        let name = |value: &dyn ToName| toml::Value::String(value.name());
        let mut set = Vec::new();
        let texts = [
            ("source", &self.source, "--source"),
            ("environment", &self.environment, "--env"),
            ("service", &self.service, "--service"),
            ("instance", &self.instance, "--instance"),
            ("format", &self.format, "--format"),
            ("memory", &self.memory, "--memory"),
        ];
        for (key, text, flag) in texts {
            if let Some(text) = text {
                set.push((key, toml::Value::String(text.clone()), flag));
            }
        }
        if self.environment.is_some() {
            set.push(("all_environments", toml::Value::Boolean(false), "--env"));
        }
        if self.all_envs {
            set.push(("all_environments", toml::Value::Boolean(true), "--all-envs"));
        }
        if self.redact {
            set.push(("redact", toml::Value::Boolean(true), "--redact"));
        }
        if let Some(color) = &self.color {
            set.push(("color", name(color), "--color"));
        }
        if let Some(folder) = &self.queries {
            set.push((
                "queries",
                toml::Value::String(folder.display().to_string()),
                "--queries",
            ));
        }
        set
    }
}

trait ToName {
    fn name(&self) -> String;
}

impl<T: ValueEnum> ToName for T {
    fn name(&self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}
