//! `init`: one query, a profile of what it tells, and a file that was not there before.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Asked, Failure, World};
use crate::cli::InitArgs;
use crate::config::FILE_NAME;
use crate::facts::{Application, NotKnown};
use crate::init::{profile, recognised, told};
use crate::report::{Outcome, Report};
use crate::words::counted;

/// Where the profile goes; refused before anything is asked if something is there.
///
/// # Errors
/// [`Failure::Usage`] if the file exists.
pub(super) fn place(args: &InitArgs, world: &World) -> Result<Option<PathBuf>, Failure> {
    if args.print {
        return Ok(None);
    }
    let named = args.output.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    let path = world.surroundings.folder.join(named);
    match path.symlink_metadata() {
        Ok(_) => Err(exists(&path)),
        Err(_) => Ok(Some(path)),
    }
}

pub(super) async fn run(asked: &Asked, path: Option<&Path>) -> Result<Report, Failure> {
    let mut spent = 0;
    let sections = asked
        .ask_sections(&[Application::SECTION], &asked.parameters(), &mut spent)
        .await?;
    let application = Application::read(&sections);
    let missing: Vec<NotKnown> = application
        .not_known
        .iter()
        .map(|why| NotKnown {
            section: String::from(Application::SECTION),
            why: why.clone(),
        })
        .collect();
    let nothing = application.processes.is_empty();
    let frame = asked.frame("init", spent, &missing, nothing);
    let found = recognised(&application, &asked.settings);
    let records: u64 = found.environments.iter().map(|(_, count)| count).sum();
    let from = format!(
        "{} of {} to {} UTC",
        counted(records, "record"),
        minute(asked.window.from),
        minute(asked.window.to)
    );
    let text = profile(&found, &asked.settings, &from);
    if nothing {
        let mut report = frame.around(told(&found, &text, None, &from));
        report.headline = String::from("nothing is recorded in the window, so nothing is written");
        report.outcome = Outcome::Inconclusive;
        return Ok(report);
    }
    if let Some(path) = path {
        write(path, &text)?;
    }
    let shown = path.map(|path| path.display().to_string());
    Ok(frame.around(told(&found, &text, shown.as_deref(), &from)))
}

fn minute(at: chrono::DateTime<chrono::Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M")
}

/// Only where nothing is: between the look and the writing somebody else may have made the file.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists(path),
            _ => Failure::Usage {
                message: format!("cannot write {}: {error}", path.display()),
                hint: String::from("--output names another file, --print only shows it"),
            },
        })
}

fn exists(path: &Path) -> Failure {
    Failure::Usage {
        message: format!("{} is there already, and stays as it is", path.display()),
        hint: String::from("--output FILE writes another one, --print only shows it"),
    }
}
