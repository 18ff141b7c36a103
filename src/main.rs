//! Parse, run, print, exit code: the only place that writes to the terminal or exits.
#![allow(clippy::print_stderr, clippy::exit)]

mod terminal;

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use relay_diag::cli::{BEGIN, Cli, Command};
use relay_diag::config::{Config, Surroundings};
use relay_diag::credentials;
use relay_diag::redact::{self, Redactor};
use relay_diag::render::{self, Format, JSON, Style, render};
use relay_diag::report::{Outcome, Report};
use relay_diag::run::{self, Failure, World};
use relay_diag::source::api::mask;
use terminal::Terminal;

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
/// Deep query plans recurse; a debug build's frames are large.
const STACK_BYTES: usize = 32 * 1024 * 1024;

fn main() -> ExitCode {
    // A panic may quote anything; whatever it quotes, no token is in it.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!(
            "internal fault: {}",
            relay_diag::render::for_terminal(&mask(&panic.to_string()))
        );
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "relay-diag", &mut script);
            return print(&script, 0);
        }
        Command::Man => {
            let mut page = Vec::new();
            return match clap_mangen::Man::new(Cli::command()).render(&mut page) {
                Ok(()) => print(&page, 0),
                Err(error) => fail(&anyhow::Error::new(error).context("cannot write the manual page")),
            };
        }
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start")),
    };
    #[cfg(feature = "capture")]
    let keeps_parts = matches!(cli.command, Command::Capture(_));
    let code = runtime.block_on(async {
        tokio::select! {
            code = answer(cli) => code,
            _ = tokio::signal::ctrl_c() => INTERRUPTED,
        }
    });
    #[cfg(feature = "capture")]
    if keeps_parts && code == INTERRUPTED {
        eprintln!("hint: what was fetched is kept: the same command with --resume goes on");
    }
    #[cfg(feature = "capture")]
    relay_diag::source::capture::remove_temporary_folders();
    // Threads that still read or plan must not hold up the exit.
    std::process::exit(i32::from(code))
}

async fn answer(cli: Cli) -> u8 {
    let terminal = Terminal::new(cli.common.verbose, cli.common.quiet);
    let world = world(&cli, &terminal);
    let wants_json = cli.common.format.as_deref() == Some(JSON.name);
    let fail_on_incident = cli.common.fail_on_incident || matches!(cli.command, Command::Verify(_));
    let config = match run::settings(&cli, &world) {
        Ok(config) => config,
        Err(failure) => return report_failure(&failure, wants_json, cli.common.redact),
    };
    let redacts = config.settings.redact;
    if redacts {
        terminal.redact();
    }
    #[cfg(feature = "capture")]
    if let Command::Serve(args) = &cli.command {
        if redacts {
            return report_failure(&serves_all(), wants_json, redacts);
        }
        return match run::serve(args, &cli.common, config.settings.memory, &world).await {
            Ok(running) => serve(running, cli.common.quiet).await,
            Err(failure) => report_failure(&failure, wants_json, redacts),
        };
    }
    #[cfg(feature = "cluster")]
    if let Command::Worker(args) = &cli.command {
        return match run::work(args, &config.settings).await {
            Ok(listening) => work(listening, cli.common.quiet).await,
            Err(failure) => report_failure(&failure, wants_json, redacts),
        };
    }
    if let Command::Schema { name: Some(name) } = &cli.command {
        return match run::schema_text(name) {
            Ok(text) => write_out(text.as_bytes(), 0),
            Err(failure) => report_failure(&failure, wants_json, redacts),
        };
    }
    let on_terminal = std::io::stdout().is_terminal();
    let (format, style) = match (
        // A postmortem is a page, on a terminal too.
        format(
            &config.settings.format,
            on_terminal && !matches!(cli.command, Command::Report),
        ),
        style(&config.settings.color, on_terminal),
    ) {
        (Ok(format), Ok(style)) => (format, style),
        (Err(failure), _) | (_, Err(failure)) => return report_failure(&failure, wants_json, redacts),
    };
    // NO_COLOR and --color have been weighed; the table library must not do so again.
    crossterm::style::force_color_output(style.color);
    // A task of its own runs on a thread with a large stack.
    let outcome = tokio::spawn(async move {
        force_fault(&world);
        run::run(cli, config, world).await
    });
    let outcome = outcome.await;
    terminal.finish();
    match outcome {
        Ok(Ok(report)) => {
            let code = exit_code(&report, fail_on_incident);
            let report = if redacts { redact::report(report) } else { report };
            write_out(render(&report, format, &style).as_bytes(), code)
        }
        Ok(Err(failure)) => report_failure(&failure, format.name == JSON.name, redacts),
        Err(_) => {
            // The panic has spoken already.
            eprintln!("error: internal fault\nhint: please report this with the command that you typed");
            3
        }
    }
}

/// Tells where it can be asked and how, and serves until it is told to end.
#[cfg(feature = "capture")]
async fn serve(running: relay_diag::serve::Running, quiet: bool) -> u8 {
    let url = &running.url;
    if !quiet {
        let token = if running.takes_token { "YOUR TOKEN" } else { "any" };
        eprintln!("hint: LogfireQueryClient(read_token='{token}', base_url='{url}')");
        eprintln!("hint: LOGFIRE_BASE_URL={url} LOGFIRE_READ_TOKEN='{token}' relay-diag verify");
        eprintln!("hint: POST {url}/v2/query takes {{\"sql\": …, \"min_timestamp\": …}}; Ctrl-C ends it");
        if running.takes_token {
            eprintln!("hint: the line is not encrypted: whoever can listen to it reads token and records");
        }
    }
    let line = format!("{url}\n");
    until_terminated(&line, running.stop()).await
}

/// Prints where it listens, waits for the end, and stops.
#[cfg(feature = "capture")]
async fn until_terminated(line: &str, stop: impl Future<Output = ()>) -> u8 {
    let terminated = terminated();
    let code = write_out(line.as_bytes(), 0);
    if code == 0 {
        terminated.await;
        stop.await;
    }
    code
}

/// Tells where it can be asked, and works until it is told to end.
#[cfg(feature = "cluster")]
async fn work(listening: relay_diag::source::capture::Listening, quiet: bool) -> u8 {
    let address = listening.address;
    if !quiet {
        eprintln!("hint: RELAY_DIAG_WORKERS={address} relay-diag timeline --source ARCHIVE");
        eprintln!("hint: one a machine; Ctrl-C ends it");
    }
    until_terminated(&format!("{address}\n"), listening.stop()).await
}

/// SIGTERM, where there is such a thing; heeded from this call on, not only once it is awaited.
#[cfg(feature = "capture")]
fn terminated() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let mut signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    async move {
        #[cfg(unix)]
        if let Some(signal) = &mut signal {
            signal.recv().await;
            return;
        }
        std::future::pending().await
    }
}

/// Lets tests see what an internal fault shows; not in a release.
#[allow(clippy::panic)]
fn force_fault(world: &World) {
    if cfg!(debug_assertions) && world.surroundings.variables.contains_key("FORCE_INTERNAL_FAULT") {
        panic!(
            "forced: {world:?} {:?}",
            world.surroundings.variables.get("LOGFIRE_READ_TOKEN")
        );
    }
}

fn world(cli: &Cli, terminal: &Terminal) -> World {
    let from_stdin = match &cli.command {
        Command::Query(args) => args.sql.as_deref() == Some("-"),
        Command::Explain(args) => args.error.as_deref() == Some("-"),
        _ => false,
    };
    let mut input = String::new();
    if from_stdin {
        // What can't be read as text is refused as SQL further on.
        let _ = std::io::stdin().read_to_string(&mut input);
    }
    World {
        now: chrono::Utc::now(),
        surroundings: surroundings(),
        input: from_stdin.then_some(input),
        log: terminal.log(),
        confirm: terminal.confirm(cli.common.quiet),
    }
}

fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let user_folder = variable("XDG_CONFIG_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| variable("HOME").map(|home| std::path::PathBuf::from(home).join(".config")));
    Surroundings {
        folder: std::env::current_dir().unwrap_or_default(),
        user_folder,
        // What is no Unicode stays recognisable as such, so that it is refused where it is used.
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .collect(),
    }
}

fn format(name: &str, on_terminal: bool) -> Result<Format, Failure> {
    render::chosen(name, on_terminal).ok_or_else(|| {
        let names: Vec<&str> = render::choices().map(|(name, _)| name).collect();
        Failure::Usage {
            message: format!("there is no format `{name}`"),
            hint: format!("formats: {}", names.join(", ")),
        }
    })
}

fn style(color: &str, terminal: bool) -> Result<Style, Failure> {
    let color = match color {
        "always" => true,
        "never" => false,
        "auto" => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        other => {
            return Err(Failure::Usage {
                message: format!("`{other}` is no choice for colours"),
                hint: String::from("colours: auto, always, never"),
            });
        }
    };
    // Colours that are not wanted say that no escapes are.
    let links = color && terminal && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
    Ok(Style {
        width: width(),
        links,
        color,
    })
}

/// Columns of the terminal, by `COLUMNS` where it is set; 80 when nobody knows.
fn width() -> usize {
    let typed = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    typed
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(80)
}

fn exit_code(report: &Report, fail_on_incident: bool) -> u8 {
    match report.outcome {
        Outcome::Fine => 0,
        Outcome::Incident => u8::from(fail_on_incident),
        Outcome::Inconclusive => 4,
    }
}

/// Writes everything or nothing that matters: a closed pipe is the reader's choice and keeps the outcome's code.
fn write_out(bytes: &[u8], code: u8) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => code,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => code,
        Err(error) => {
            eprintln!("error: cannot write the output: {error}");
            3
        }
    }
}

fn print(bytes: &[u8], code: u8) -> ExitCode {
    ExitCode::from(write_out(bytes, code))
}

/// The whole chain of causes on one line.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(3)
}

/// Who asks a server gets the records as they are.
#[cfg(feature = "capture")]
fn serves_all() -> Failure {
    Failure::Usage {
        message: String::from("`serve` answers with the records as they are, and takes nothing out of them"),
        hint: String::from("serve without --redact and the setting `redact`, to whom may see the records"),
    }
}

fn report_failure(failure: &Failure, as_json: bool, redacts: bool) -> u8 {
    let code = failure.exit_code();
    // A token may stand where nobody expects one: as another setting, or in a file given by mistake.
    let (mut message, mut hint) = (mask(&failure.to_string()), mask(&failure.hint()));
    if redacts {
        let mut redactor = Redactor::new();
        (message, hint) = (redactor.text(&message), redactor.text(&hint));
    }
    eprintln!("error: {}", relay_diag::render::for_terminal(&message));
    if !hint.is_empty() {
        eprintln!("hint: {}", relay_diag::render::for_terminal(&hint));
    }
    if as_json {
        return write_error(failure.kind(), &message, &hint, code);
    }
    code
}

fn write_error(kind: &str, message: &str, hint: &str, code: u8) -> u8 {
    let document = run::error_document(kind, message, hint, code);
    write_out(format!("{document:#}\n").as_bytes(), code)
}

/// Help and version are answers; everything else that clap refuses is a usage error, as a document if one was wanted.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if nothing_was_asked(error) && std::io::stderr().is_terminal() && !has_token() {
        eprint!("{BEGIN}");
        return ExitCode::from(2);
    }
    let _ = error.print();
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let joined = format!("--format={}", JSON.name);
    let wants_json = words.contains(&joined)
        || words
            .windows(2)
            .any(|pair| pair[0] == "--format" && pair[1] == JSON.name);
    if wants_json {
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        return ExitCode::from(write_error("usage", message, "see --help", 2));
    }
    ExitCode::from(2)
}

/// The name alone, and not a command without its subcommand.
fn nothing_was_asked(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && std::env::args_os().len() == 1
}

/// Whether a question to Logfire could be sent from here.
fn has_token() -> bool {
    let surroundings = surroundings();
    Config::resolve(&surroundings, None, Vec::new())
        .is_ok_and(|config| credentials::access(&config, &surroundings, None, chrono::Utc::now()).is_ok())
}
