//! Virtual environments for what Python should judge, and lines that say what was skipped.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// Two tests may want the same environment.
static MAKING: Mutex<()> = Mutex::new(());

/// Runs it to its end; an error is what it said.
pub fn ran(command: &mut Command) -> Result<Output, String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(output),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Past the test harness, which keeps to itself what a passing test prints.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The Python of an environment with these packages, made once and kept with the build; `None` where there is no Python or no
/// network, after a line that says so.
pub fn with(name: &str, packages: &[&str], what_is_skipped: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    match made(&folder, packages) {
        Ok(python) => Some(python),
        Err(why) => {
            let why = why.lines().last().unwrap_or_default();
            say(&format!(
                "SKIPPED: {what_is_skipped}; it takes python3, pip and network: {why}"
            ));
            None
        }
    }
}

fn made(folder: &Path, packages: &[&str]) -> Result<PathBuf, String> {
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let python = folder.join("bin").join("python");
    let (complete, names) = (folder.join("complete"), packages.join(" "));
    if std::fs::read_to_string(&complete).is_ok_and(|installed| installed == names) {
        return Ok(python);
    }
    ran(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    ran(pip.args(packages))?;
    std::fs::write(&complete, names).map_err(|error| error.to_string())?;
    Ok(python)
}
