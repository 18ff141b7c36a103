//! Which token is sent where: a flag's file, the environment or the file that the official command line saves, and the
//! address that goes with it. A secret never meets an address that a repository chose.

mod saved;

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::{Config, Resolved, Surroundings};
use crate::source::api::{Access, ApiError, ApiErrorKind, BaseUrl, Token, mask};
use saved::Saved;

/// Where a read token is expected in the environment.
pub const TOKEN_VARIABLE: &str = "LOGFIRE_READ_TOKEN";
/// Where the SDKs expect a write token.
const WRITE_TOKEN_VARIABLE: &str = "LOGFIRE_TOKEN";
const HOW_TO: &str = "create a read token in the project's settings and export it as LOGFIRE_READ_TOKEN, or give its \
                      file with --token-file; to try the tool without one: --source demo";

/// A token and what is known of it.
struct Found {
    token: Token,
    origin: String,
    /// The address that stands beside it in a file.
    base: Option<BaseUrl>,
}

/// The token and the address to ask with.
///
/// # Errors
/// [`ApiError`] when there is no token, or it must not be used, or not with this address.
pub fn access(
    config: &Config,
    surroundings: &Surroundings,
    token_file: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Access, ApiError> {
    let found = token(config, surroundings, token_file, now)?;
    let (base, base_origin) = address(config, &found)?;
    Ok(Access {
        token: found.token,
        token_origin: found.origin,
        base,
        base_origin,
    })
}

/// The rows of `config show`: the token masked, and the address in effect.
pub fn described(
    config: &Config,
    surroundings: &Surroundings,
    token_file: Option<&Path>,
    now: DateTime<Utc>,
) -> [Resolved; 2] {
    let row = |key: &str, value: String, origin: String| Resolved {
        key: key.to_owned(),
        value,
        origin,
    };
    let setting = || {
        row(
            "base_url",
            mask(&config.settings.base_url),
            config.origin("base_url").to_owned(),
        )
    };
    match token(config, surroundings, token_file, now) {
        Err(error) => [row("read_token", String::from("none"), error.to_string()), setting()],
        Ok(found) => [
            row("read_token", found.token.masked(), found.origin.clone()),
            match address(config, &found) {
                Ok((base, origin)) => row("base_url", base.to_string(), origin),
                Err(error) => row("base_url", String::from("none"), error.to_string()),
            },
        ],
    }
}

fn refused(message: impl AsRef<str>, hint: &str) -> ApiError {
    ApiError::new(ApiErrorKind::Credentials, message, hint)
}

/// What was typed comes before the environment, and that before a file that lies around.
fn token(
    config: &Config,
    surroundings: &Surroundings,
    token_file: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Found, ApiError> {
    if let Some(path) = token_file {
        return from_file(path, now);
    }
    if let Some(text) = surroundings.variables.get(TOKEN_VARIABLE) {
        let token = Token::parse(text).map_err(|why| refused(format!("{TOKEN_VARIABLE} {why}"), HOW_TO))?;
        return Ok(Found {
            token,
            origin: String::from(TOKEN_VARIABLE),
            base: None,
        });
    }
    let folder = match surroundings.variables.get("LOGFIRE_CREDENTIALS_DIR") {
        Some(folder) if !folder.is_empty() => surroundings.folder.join(folder),
        _ => surroundings.folder.join(".logfire"),
    };
    let path = folder.join("read_token.json");
    if path.symlink_metadata().is_err() {
        let message = match surroundings.variables.contains_key(WRITE_TOKEN_VARIABLE) {
            true => "there is no read token: LOGFIRE_TOKEN is a write token, which cannot query",
            false => "there is no read token: LOGFIRE_READ_TOKEN is not set",
        };
        return Err(refused(message, HOW_TO));
    }
    let shown = path.display().to_string();
    let saved = Saved::guarded(&path, now).map_err(|(why, hint)| refused(format!("{shown} {why}"), hint))?;
    if let Some(why) = saved.other_project(&config.settings.app.project_url) {
        return Err(refused(
            format!("{shown} {why}"),
            "save a token of the other project, or change `app.project_url`",
        ));
    }
    saved.found(shown)
}

/// A file that was named is the user's word: secrets that a container mounts are links and readable by all in it.
fn from_file(path: &Path, now: DateTime<Utc>) -> Result<Found, ApiError> {
    let shown = path.display().to_string();
    let hint = "--token-file takes a file that holds the token and nothing else, or a saved read_token.json";
    let text = saved::read(path).map_err(|why| refused(format!("{shown} {why}"), hint))?;
    if text.trim_start().starts_with('{') {
        let saved = Saved::parse(&text, now).map_err(|why| refused(format!("{shown} {why}"), hint))?;
        return saved.found(shown);
    }
    let token = Token::parse(&text).map_err(|why| refused(format!("{shown} {why}"), hint))?;
    Ok(Found {
        token,
        origin: shown,
        base: None,
    })
}

fn address(config: &Config, found: &Found) -> Result<(BaseUrl, String), ApiError> {
    let wrong = |message: &str, hint: &str| ApiError::new(ApiErrorKind::Address, message, hint);
    let origin = config.origin("base_url");
    let setting = match config.settings.base_url.trim() {
        "" => None,
        text => {
            let hint = "a base URL is as https://logfire-us.pydantic.dev; http is for this machine only";
            Some(BaseUrl::parse(text).map_err(|why| wrong(&format!("base_url (from {origin}): {why}"), hint))?)
        }
    };
    let own = BaseUrl::of_region(&found.token);
    match (&found.base, setting) {
        (Some(beside), Some(setting)) if *beside != setting => Err(wrong(
            &format!("{} is for {beside}, and {origin} sets {setting}", found.origin),
            "a saved token is only sent to the address that stands beside it: remove one of the two",
        )),
        (Some(beside), _) => Ok((beside.clone(), found.origin.clone())),
        (None, Some(setting)) if config.is_from_repository("base_url") && own.as_ref() != Ok(&setting) => Err(wrong(
            &format!(
                "{origin} sets the base URL {setting}, and the token comes from {}",
                found.origin
            ),
            "whoever can change that file could have your token sent anywhere: set LOGFIRE_BASE_URL, or base_url in \
             your own configuration folder, if you trust this address",
        )),
        (None, Some(setting)) => Ok((setting, origin.to_owned())),
        (None, None) => match own {
            Ok(base) => Ok((base, format!("the region of the token from {}", found.origin))),
            Err(why) => Err(wrong(
                &format!("{why} (the token comes from {})", found.origin),
                "set LOGFIRE_BASE_URL to the address of your Logfire; a guess could send the token to a stranger",
            )),
        },
    }
}
