//! The imperative shell: settings, source, window, one round trip, report. What could not be learned is said.

mod apart;
mod ask;
#[cfg(feature = "capture")]
mod capture;
mod catalogue;
mod check;
#[cfg(feature = "cluster")]
mod cluster;
mod diagnose;
mod explain;
mod frame;
mod init;
mod report;
mod rows;
mod schema;
#[cfg(feature = "capture")]
mod serve;
mod slices;
mod stuck;
mod timeline;
mod verify;

#[cfg(feature = "cluster")]
pub use cluster::work;
pub use schema::{DOCUMENTS, Document, error_document, schema_text};
#[cfg(feature = "capture")]
pub use serve::serve;
pub use timeline::timeline_batch;

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::{Cli, Command, ConfigCommand, QueriesCommand};
use crate::config::{Config, ConfigError, Surroundings};
use crate::credentials;
use crate::log::{Confirm, Log};
use crate::paste::Question;
use crate::profile::Settings;
use crate::query::{Catalogue, QueryError};
use crate::report::Report;
use crate::source::api::Api;
use crate::source::{Source, SourceError};
use crate::window::{self, Window, WindowError};

/// What the process hands in: nothing below reads the clock, the environment or the working directory.
#[derive(Debug, Clone)]
pub struct World {
    /// The time of day.
    pub now: DateTime<Utc>,
    /// Working directory, user's folder, variables.
    pub surroundings: Surroundings,
    /// Text that was piped in, if a command asked for it.
    pub input: Option<String>,
    /// Where progress and `-v` output go.
    pub log: Log,
    /// Whom to ask before it gets dear.
    pub confirm: Confirm,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The window.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The catalogue or `--sql`.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The file of records that was to be made.
    #[cfg(feature = "capture")]
    #[error(transparent)]
    Capture(#[from] crate::capture::CaptureError),
    /// The server.
    #[cfg(feature = "capture")]
    #[error(transparent)]
    Serve(#[from] crate::serve::ServeError),
    /// A flag that does not go with the rest.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl Failure {
    /// The exit code (docs/contract.md): 2 for what was typed or configured, 3 for what could not be asked.
    pub fn exit_code(&self) -> u8 {
        match self {
            #[cfg(feature = "cluster")]
            Self::Source(SourceError::Worker(error)) if error.is_configuration() => 2,
            Self::Source(_) => 3,
            #[cfg(feature = "capture")]
            Self::Capture(error) => error.exit_code(),
            #[cfg(feature = "capture")]
            Self::Serve(crate::serve::ServeError::Address { .. }) => 3,
            #[cfg(feature = "capture")]
            Self::Serve(_) => 2,
            Self::Config(_) | Self::Window(_) | Self::Query(_) | Self::Usage { .. } => 2,
        }
    }

    /// A short stable word for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config(_) => "configuration",
            Self::Window(_) => "window",
            Self::Query(_) => "query",
            Self::Source(error) => error.kind(),
            #[cfg(feature = "capture")]
            Self::Capture(error) => error.kind(),
            #[cfg(feature = "capture")]
            Self::Serve(error) => error.kind(),
            Self::Usage { .. } => "usage",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Config(error) => error.hint().to_owned(),
            Self::Window(_) => String::from("times are UTC; `--since 1h` is the hour up to now"),
            Self::Query(error) => error.hint(),
            Self::Source(error) => error.hint().to_owned(),
            #[cfg(feature = "capture")]
            Self::Capture(error) => error.hint(),
            #[cfg(feature = "capture")]
            Self::Serve(error) => error.hint().to_owned(),
            Self::Usage { hint, .. } => hint.clone(),
        }
    }
}

/// Settings, resolved for this call.
///
/// # Errors
/// [`Failure::Config`].
pub fn settings(cli: &Cli, world: &World) -> Result<Config, Failure> {
    Ok(Config::resolve(
        &world.surroundings,
        cli.common.config.as_deref(),
        cli.common.settings(),
    )?)
}

/// Runs a command that gives a report.
///
/// # Errors
/// [`Failure`], which knows its exit code.
pub async fn run(cli: Cli, config: Config, world: World) -> Result<Report, Failure> {
    let catalogue = match config.settings.queries.as_str() {
        "" => Catalogue::built_in()?,
        folder => Catalogue::with_folder(Path::new(folder))?,
    };
    match &cli.command {
        Command::Config(ConfigCommand::Show) => {
            let token_file = cli.common.token_file.as_deref();
            let access = credentials::described(&config, &world.surroundings, token_file, world.now);
            Ok(catalogue::settings_report(&config, access, &world))
        }
        Command::Config(ConfigCommand::Check) => check::run(&api(&cli, &config, &world)?, &world).await,
        Command::Queries(QueriesCommand::List) => Ok(catalogue::list(&catalogue, &world)),
        Command::Queries(QueriesCommand::Show { name }) => Ok(catalogue::show(catalogue.get(name)?, &world)),
        Command::Queries(QueriesCommand::Check { folder }) => {
            let catalogue = match folder {
                Some(folder) => Catalogue::with_folder(folder)?,
                None => catalogue,
            };
            catalogue::check(&catalogue, &config.settings, &world).await
        }
        Command::Timeline(args) => timeline::run(&Asked::new(&cli, config, catalogue, &world).await?, args.chart).await,
        Command::Stuck => stuck::run(&Asked::new(&cli, config, catalogue, &world).await?).await,
        Command::Verify(args) => {
            verify::run(Asked::new(&cli, config, catalogue, &world).await?, args, &cli.common).await
        }
        Command::Diagnose(args) => diagnose::run(&Asked::new(&cli, config, catalogue, &world).await?, args.full).await,
        Command::Report => report::run(&Asked::new(&cli, config, catalogue, &world).await?).await,
        Command::Init(args) => {
            let place = init::place(args, &world)?;
            let mut config = config;
            // Which environments there are is part of the question, unless one was typed.
            config.settings.all_environments = cli.common.environment.is_none();
            init::run(&Asked::new(&cli, config, catalogue, &world).await?, place.as_deref()).await
        }
        Command::Explain(args) => explain::run(args, &world),
        Command::Schema { .. } => Ok(schema::list(&world)),
        Command::Query(args) => {
            let asked = Asked::new(&cli, config, catalogue, &world).await?;
            rows::run(&asked, args, world.input.as_deref()).await
        }
        #[cfg(feature = "capture")]
        Command::Capture(args) => capture::run(args, &cli, config, catalogue, &world).await,
        #[cfg(feature = "capture")]
        Command::Serve(_) => Err(no_report()),
        #[cfg(feature = "cluster")]
        Command::Worker(_) => Err(no_report()),
        Command::Completions { .. } | Command::Man => Err(no_report()),
    }
}

fn no_report() -> Failure {
    Failure::Usage {
        message: String::from("this command has no report"),
        hint: String::new(),
    }
}

/// A question with everything that is needed to ask it.
struct Asked {
    settings: Settings,
    catalogue: Catalogue,
    source: Source,
    source_kind: &'static str,
    source_name: String,
    window: Window,
    generated_at: DateTime<Utc>,
    log: Log,
    /// What a follow-up must say to ask the same.
    question: Question,
    /// The window was reckoned from this machine's clock.
    by_clock: bool,
    learned: ask::Learned,
}

impl Asked {
    async fn new(cli: &Cli, config: Config, catalogue: Catalogue, world: &World) -> Result<Self, Failure> {
        let typed_now = cli
            .common
            .now
            .as_deref()
            .map(|text| window::parse_time(text, world.now))
            .transpose()?;
        let typed = window::Typed {
            since: cli.common.since.as_deref(),
            from: cli.common.from.as_deref(),
            to: cli.common.to.as_deref(),
        };
        // A wrong time costs no reading of a large capture.
        let usual = usual_length(&cli.command);
        let recent = Window::new(world.now - usual, world.now)?;
        window::resolve(typed, typed_now.unwrap_or(world.now), recent).or_else(|error| match error {
            WindowError::Empty { .. } if typed_now.is_none() => Ok(recent),
            error => Err(error),
        })?;
        let opened = match config.settings.source.as_str() {
            "api" => Opened::api(api(cli, &config, world)?),
            path => open(path, typed_now, &config.settings).await?,
        };
        let now = typed_now.or(opened.holds.map(|holds| holds.to)).unwrap_or(world.now);
        let whole = match (opened.holds, &cli.command) {
            (Some(holds), command) if !matches!(command, Command::Verify(_)) => {
                Window::new(holds.from.min(now - TimeDelta::seconds(1)), now)?
            }
            _ => Window::new(now - usual, now)?,
        };
        Ok(Self {
            window: window::resolve(typed, now, whole)?,
            source: opened.source,
            source_kind: opened.kind,
            question: cli.common.question(&config.settings),
            source_name: opened.name,
            settings: config.settings,
            catalogue,
            generated_at: world.now,
            log: world.log.clone(),
            by_clock: opened.kind == "api" && typed_now.is_none() && ask::is_by_clock(&cli.common),
            learned: ask::Learned::default(),
        })
    }
}

/// How much is looked at when nothing was typed (docs/contract.md).
fn usual_length(command: &Command) -> TimeDelta {
    match command {
        Command::Verify(_) | Command::Stuck => TimeDelta::minutes(5),
        _ => TimeDelta::hours(1),
    }
}

struct Opened {
    source: Source,
    kind: &'static str,
    name: String,
    /// What a capture holds; "now" on a capture is its end.
    holds: Option<Window>,
}

impl Opened {
    fn api(api: Api) -> Self {
        Self {
            kind: "api",
            name: api.access().base.to_string(),
            source: Source::Api(Box::new(api)),
            holds: None,
        }
    }
}

/// Logfire's API with the token and the address that are in effect.
fn api(cli: &Cli, config: &Config, world: &World) -> Result<Api, Failure> {
    let token_file = cli.common.token_file.as_deref();
    let access = credentials::access(config, &world.surroundings, token_file, world.now).map_err(SourceError::from)?;
    let deadline = config.settings.deadline.to_std().unwrap_or_default();
    Ok(Api::new(access, deadline, world.now, world.log.clone()).map_err(SourceError::from)?)
}

#[cfg(feature = "capture")]
async fn open(source: &str, now: Option<DateTime<Utc>>, settings: &Settings) -> Result<Opened, Failure> {
    let (kind, name) = match source {
        "demo" => (
            "demo",
            String::from("built-in example of 2025-12-08 (reconstructed from the runbook)"),
        ),
        path => ("capture", path.to_owned()),
    };
    #[cfg(feature = "cluster")]
    let workers = cluster::workers(settings)?;
    let capture = capture(source, now).await?.with_memory(settings.memory);
    #[cfg(feature = "cluster")]
    let capture = capture.with_workers(workers);
    let holds = capture.window().map(|(from, to)| Window::new(from, to)).transpose()?;
    Ok(Opened {
        source: Source::Capture(capture),
        kind,
        name,
        holds,
    })
}

/// Opens `demo` or a path.
#[cfg(feature = "capture")]
async fn capture(source: &str, now: Option<DateTime<Utc>>) -> Result<crate::source::capture::Capture, SourceError> {
    use crate::source::capture::Capture;

    /// The records of 2025-12-08, reconstructed; see `fixtures/demo/generate.rs`.
    const DEMO: &[u8] = include_bytes!("../fixtures/demo/records.ndjson.zst");

    let path = source.to_owned();
    // Reading is work for a thread of its own: an interrupt must not wait for it.
    let opened = tokio::task::spawn_blocking(move || match path.as_str() {
        "demo" => Capture::from_ndjson_zst("demo", DEMO, now),
        path => Capture::open(Path::new(path), now),
    });
    opened.await.map_err(|error| SourceError::Unreadable {
        path: source.to_owned(),
        why: error.to_string(),
    })?
}

#[cfg(not(feature = "capture"))]
async fn open(_source: &str, _now: Option<DateTime<Utc>>, _settings: &Settings) -> Result<Opened, Failure> {
    Err(Failure::Usage {
        message: String::from("this build reads no captures"),
        hint: String::from("build it with the feature `capture`, or ask the API: --source api"),
    })
}
