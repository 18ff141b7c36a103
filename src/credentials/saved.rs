//! `.logfire/read_token.json`, which the official command line writes, with the refusals of its official reader.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;

use super::{Found, refused};
use crate::source::api::{ApiError, BaseUrl, Token};

/// No token file is longer; a device or a log given by mistake ends here.
const MOST_BYTES: u64 = 64 << 10;
#[cfg(unix)]
const OTHERS: u32 = 0o077;

const SAVE_AGAIN: &str = "save one again: logfire read-tokens --project ORG/PROJECT create --save";

/// Why a file is not used, and what to do.
type Refusal = (String, &'static str);

/// A token with what was written beside it.
pub(super) struct Saved {
    token: Token,
    base: BaseUrl,
    project: Option<String>,
}

#[derive(Deserialize)]
struct File {
    token: String,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    organization: Option<String>,
    #[serde(default)]
    project_name: Option<String>,
    #[serde(default)]
    expires_at: Option<String>,
}

impl Saved {
    /// Reads a file that was found and not named: someone else may have put it there, or may read it.
    pub(super) fn guarded(path: &Path, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let folder = path.parent().unwrap_or(path);
        for place in [folder, path] {
            let metadata = place
                .symlink_metadata()
                .map_err(|error| (format!("cannot be read: {error}"), SAVE_AGAIN))?;
            if metadata.file_type().is_symlink() {
                return Err((
                    String::from("is behind a symbolic link and is not used"),
                    "put the file itself there, or name it with --token-file",
                ));
            }
        }
        if is_readable_by_others(path) {
            return Err((
                String::from("can be read by other users and is not used"),
                "chmod 600 it",
            ));
        }
        match is_tracked(folder, path) {
            Some(false) => {}
            Some(true) => {
                return Err((
                    String::from("is tracked by git and is not used: a secret in a repository is none"),
                    "revoke the token, `git rm --cached` the file, and save a new one",
                ));
            }
            None => {
                return Err((
                    String::from("lies in a git repository, and git cannot be asked whether it is tracked"),
                    "install git, or name the file with --token-file",
                ));
            }
        }
        let text = read(path).map_err(|why| (why, SAVE_AGAIN))?;
        Self::parse(&text, now).map_err(|why| (why, SAVE_AGAIN))
    }

    /// Reads the text of such a file.
    pub(super) fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, String> {
        // The library's own words could quote the token.
        let file: File = serde_json::from_str(text).map_err(|error| {
            format!(
                "is no saved read token (line {}, column {})",
                error.line(),
                error.column()
            )
        })?;
        let token = Token::parse(&file.token).map_err(|why| format!("holds a token that {why}"))?;
        let base = file.base_url.as_deref().filter(|base| !base.trim().is_empty());
        let base = base.ok_or("has no base_url: where the token belongs is not known")?;
        let base = BaseUrl::parse(base).map_err(|why| format!("has a base_url that is not used: {why}"))?;
        if let Some(text) = file.expires_at.as_deref().filter(|text| !text.is_empty()) {
            let expires_at = instant(text).ok_or("has an expires_at that is no time")?;
            if expires_at <= now {
                return Err(format!("has expired at {}", expires_at.format("%Y-%m-%d %H:%M UTC")));
            }
        }
        Ok(Self {
            token,
            base,
            project: file
                .organization
                .zip(file.project_name)
                .map(|(organization, project)| format!("{organization}/{project}")),
        })
    }

    /// What is wrong if the settings name another project.
    pub(super) fn other_project(&self, project_url: &str) -> Option<String> {
        let project = self.project.as_deref()?;
        let url = project_url.trim_end_matches('/');
        let same = url.is_empty() || url.ends_with(&format!("/{project}"));
        (!same).then(|| format!("is for the project {project}, and `app.project_url` names {url}"))
    }

    pub(super) fn found(self, origin: String) -> Result<Found, ApiError> {
        // A region that is known has one address; a file that says otherwise was tampered with.
        match BaseUrl::of_region(&self.token) {
            Ok(own) if own != self.base && self.base.is_public_logfire() => Err(refused(
                format!("{origin} holds a token of {own} beside the address {}", self.base),
                SAVE_AGAIN,
            )),
            _ => Ok(Found {
                token: self.token,
                origin,
                base: Some(self.base),
            }),
        }
    }
}

/// The text of a small file.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(String::from("is too large for a token"));
    }
    String::from_utf8(bytes).map_err(|_| String::from("is no text"))
}

/// RFC 3339, or without an offset, which is UTC.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let naive = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|at| at.and_utc());
    with_offset.or_else(|_| naive()).ok()
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_path: &Path) -> bool {
    false
}

/// Whether git tracks the file; `None` if there is a repository and no git to ask.
fn is_tracked(folder: &Path, path: &Path) -> Option<bool> {
    // The repository may be a stranger's: none of the programs that its settings name is run.
    let status = Command::new("git")
        .args(["-c", "core.fsmonitor=false", "ls-files", "--error-unmatch", "--"])
        .arg(path.file_name()?)
        .current_dir(folder)
        .env_remove(super::TOKEN_VARIABLE)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        // 1 = it is not tracked, 128 = this is no repository.
        Ok(status) => Some(status.success()),
        Err(_) => {
            let inside = std::path::absolute(folder)
                .is_ok_and(|folder| folder.ancestors().any(|ancestor| ancestor.join(".git").exists()));
            (!inside).then_some(false)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TOKEN: &str = "pylf_v1_us_0123456789abcdefghijABCDEFGHIJ";

    fn parse(json: &str) -> Result<Saved, String> {
        Saved::parse(json, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_saved_token_is_read() {
        let text = format!(
            "{{\"token\":\"{TOKEN}\",\"base_url\":\"https://logfire-us.pydantic.dev\",\"organization\":\"org\",\
             \"project_name\":\"shop\",\"expires_at\":\"2026-09-20T12:00:00+00:00\"}}"
        );
        let saved = parse(&text).unwrap();
        assert_eq!(saved.project.as_deref(), Some("org/shop"));
        assert!(
            saved
                .other_project("https://logfire-us.pydantic.dev/org/shop/")
                .is_none()
        );
        assert!(saved.other_project("").is_none());
        assert!(
            saved
                .other_project("https://logfire-us.pydantic.dev/org/bookshop")
                .is_some()
        );
        assert!(saved.found(String::from("x")).is_ok());
    }

    #[test]
    fn what_cannot_be_trusted_is_refused_and_not_quoted() {
        for (json, why) in [
            (format!("{{\"token\": \"{TOKEN}\" oops"), "is no saved read token"),
            (format!("\"{TOKEN}\""), "is no saved read token"),
            (format!("{{\"token\":\"{TOKEN}\"}}"), "has no base_url"),
            (
                format!("{{\"token\":\"{TOKEN}\",\"base_url\":\"http://example.com\"}}"),
                "is not encrypted",
            ),
            (
                format!(
                    "{{\"token\":\"{TOKEN}\",\"base_url\":\"https://a.b\",\"expires_at\":\"1969-01-01T00:00:00\"}}"
                ),
                "has expired at 1969-01-01",
            ),
            (
                format!("{{\"token\":\"{TOKEN}\",\"base_url\":\"https://a.b\",\"expires_at\":\"soon\"}}"),
                "no time",
            ),
            (
                String::from("{\"token\":\" \",\"base_url\":\"https://a.b\"}"),
                "holds a token that is empty",
            ),
        ] {
            let error = parse(&json).err().unwrap();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains(TOKEN), "{error}");
        }
    }

    #[test]
    fn a_known_region_has_one_address() {
        let text = format!("{{\"token\":\"{TOKEN}\",\"base_url\":\"https://logfire-eu.pydantic.dev\"}}");
        assert!(parse(&text).unwrap().found(String::from("x")).is_err());
        let own = format!("{{\"token\":\"{TOKEN}\",\"base_url\":\"https://logs.example.com\"}}");
        assert!(parse(&own).unwrap().found(String::from("x")).is_ok());
    }
}
