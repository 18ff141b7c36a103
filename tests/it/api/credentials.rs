//! Which token is sent where, and what is refused, through the binary.

use std::path::Path;

use crate::support::{Run, command, finish};
use crate::wire::{Play, Server, response};

const FILE_TOKEN: &str = "pylf_v1_us_FileFileFileFileFileFileFileFile1";
const EU_TOKEN: &str = "pylf_v1_eu_EuroEuroEuroEuroEuroEuroEuroEuro1";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn save(&self, base: &str, expires_at: &str) {
        let text = format!(
            "{{\"token\":\"{FILE_TOKEN}\",\"base_url\":\"{base}\",\"organization\":\"org\",\"project_name\":\"shop\",\
             \"expires_at\":\"{expires_at}\"}}"
        );
        self.write(".logfire/read_token.json", &text);
    }

    fn run(&self, variables: &[(&str, &str)], args: &[&str]) -> Run {
        let mut command = command(self.path());
        command
            .env("HOME", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(variables.iter().copied());
        finish(command.args(args))
    }

    /// The sentence of a refusal; nothing may be sent.
    fn refusal(&self, variables: &[(&str, &str)], args: &[&str]) -> String {
        let run = self.run(variables, &[&["timeline"], args].concat());
        assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("connect"), "{}", run.stderr);
        run.stderr
    }
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

const LATER: &str = "2099-01-01T00:00:00+00:00";

#[test]
fn without_a_token_it_says_how_to_get_one() {
    let place = Place::new();
    assert_says(
        &place.refusal(&[], &[]),
        &["no read token", "LOGFIRE_READ_TOKEN", "--token-file", "--source demo"],
    );
    assert_says(
        &place.refusal(&[("LOGFIRE_TOKEN", FILE_TOKEN)], &[]),
        &["LOGFIRE_TOKEN is a write token"],
    );
    for (token, why) in [
        ("", "is empty"),
        (" \n", "is empty"),
        ("a b", "no token has"),
        ("tök", "no token has"),
    ] {
        assert_says(
            &place.refusal(&[("LOGFIRE_READ_TOKEN", token)], &[]),
            &["LOGFIRE_READ_TOKEN", why],
        );
    }
}

#[test]
fn a_region_that_is_not_known_is_not_guessed() {
    let place = Place::new();
    let stderr = place.refusal(&[("LOGFIRE_READ_TOKEN", super::TOKEN)], &[]);
    assert_says(&stderr, &["region `local`", "LOGFIRE_BASE_URL"]);
    for base in [
        "http://logs.example.com",
        "ftp://x",
        "nonsense",
        "https://u:p@x.example",
    ] {
        let variables = [("LOGFIRE_READ_TOKEN", super::TOKEN), ("LOGFIRE_BASE_URL", base)];
        assert_says(&place.refusal(&variables, &[]), &["base_url (from LOGFIRE_BASE_URL)"]);
    }
}

#[test]
fn a_repository_cannot_redirect_a_token() {
    let place = Place::new();
    let server = Server::start(vec![Play::Send(response(200, &[], "{}"))]);
    place.write("relay-diag.toml", &format!("base_url = \"{}\"\n", server.url()));
    let token = ("LOGFIRE_READ_TOKEN", super::TOKEN);
    assert_says(
        &place.refusal(&[token], &[]),
        &["relay-diag.toml sets the base URL", "could have your token sent"],
    );
    // From a parent as well, and for a file that was named.
    place.write("token", super::TOKEN);
    assert_says(
        &place.refusal(&[], &["--token-file", "token"]),
        &["relay-diag.toml sets the base URL"],
    );
    assert_eq!(server.seen().len(), 0);
    // The environment and a named file are the user's word.
    let run = place.run(&[token, ("LOGFIRE_BASE_URL", &server.url())], &["config", "check"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = place.run(&[token], &["config", "check", "--config", "relay-diag.toml"]);
    assert_eq!((run.code, server.seen().len()), (0, 2), "{}", run.stderr);
    // So is the user's own configuration, and the address that the token names itself is no redirection.
    let home = Place::new();
    home.write(
        ".config/relay-diag/relay-diag.toml",
        &format!("base_url = \"{}\"\n", server.url()),
    );
    assert_eq!(home.run(&[token], &["config", "check"]).code, 0);
    place.write("relay-diag.toml", "base_url = \"https://logfire-eu.pydantic.dev\"\n");
    let shown = place
        .run(&[("LOGFIRE_READ_TOKEN", EU_TOKEN)], &["config", "show"])
        .stdout;
    assert_says(&shown, &["logfire-eu.pydantic.dev", "relay-diag.toml"]);
}

#[test]
fn the_saved_token_goes_to_its_own_address_only() {
    let place = Place::new();
    let server = Server::start(vec![Play::Send(response(200, &[], "{}"))]);
    place.save(&server.url(), LATER);
    let run = place.run(&[], &["config", "check"]);
    assert_eq!((run.code, server.seen().len()), (0, 1), "{}", run.stderr);
    assert!(server.seen()[0].contains(FILE_TOKEN));
    assert_says(&run.stdout, &["read_token.json"]);
    let elsewhere = [("LOGFIRE_BASE_URL", "https://logs.example.com")];
    assert_says(
        &place.refusal(&elsewhere, &[]),
        &["LOGFIRE_BASE_URL sets https://logs.example.com", "remove one"],
    );
    place.write(
        "relay-diag.toml",
        "[app]\nproject_url = \"https://logfire-us.pydantic.dev/org/other\"\n",
    );
    assert_says(&place.refusal(&[], &[]), &["is for the project org/shop"]);
}

#[test]
fn a_saved_token_that_cannot_be_trusted_is_refused() {
    let place = Place::new();
    place.save("https://logfire-us.pydantic.dev", "2020-01-01T00:00:00+00:00");
    assert_says(&place.refusal(&[], &[]), &["read_token.json has expired at 2020-01-01"]);
    place.save("https://logfire-eu.pydantic.dev", LATER);
    assert_says(
        &place.refusal(&[], &[]),
        &["a token of https://logfire-us", "beside the address https://logfire-eu"],
    );
    place.save("", LATER);
    assert_says(&place.refusal(&[], &[]), &["has no base_url"]);
    place.write(".logfire/read_token.json", FILE_TOKEN);
    let stderr = place.refusal(&[], &[]);
    assert_says(&stderr, &["is no saved read token"]);
    assert!(!stderr.contains("FileFile"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn links_and_open_files_are_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    place.save("https://logfire-us.pydantic.dev", LATER);
    let path = place.path().join(".logfire/read_token.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_says(&place.refusal(&[], &[]), &["can be read by other users", "chmod 600"]);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&path, place.path().join("elsewhere.json")).unwrap();
    symlink(place.path().join("elsewhere.json"), &path).unwrap();
    assert_says(&place.refusal(&[], &[]), &["symbolic link"]);
    std::fs::remove_file(&path).unwrap();
    symlink(place.path().join("nowhere"), &path).unwrap();
    assert_says(&place.refusal(&[], &[]), &["symbolic link"]);
}

#[test]
fn a_token_in_a_repository_is_refused() {
    let place = Place::new();
    place.save("https://logfire-us.pydantic.dev", "2020-01-01T00:00:00+00:00");
    let git = |args: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(args).current_dir(place.path()).env("HOME", place.path());
        git.output().is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: there is no git here\n");
        return;
    }
    // Beside a repository's files and not one of them: only its age is wrong.
    assert_says(&place.refusal(&[], &[]), &["has expired"]);
    assert!(git(&["add", "-f", ".logfire/read_token.json"]));
    assert_says(&place.refusal(&[], &[]), &["is tracked by git"]);
    // Without a git to ask, a repository is reason enough.
    let mut command = command(place.path());
    let run = finish(
        command
            .env("PATH", "/nonexistent")
            .env("HOME", place.path())
            .arg("timeline"),
    );
    assert_says(&run.stderr, &["git cannot be asked"]);
}

#[test]
fn what_was_typed_comes_first() {
    let place = Place::new();
    let server = Server::start(vec![Play::Send(response(200, &[], "{}"))]);
    place.save("https://logfire-us.pydantic.dev", "2020-01-01T00:00:00+00:00");
    place.write("token", &format!("{EU_TOKEN}\n"));
    let url = server.url();
    let variables = [("LOGFIRE_READ_TOKEN", super::TOKEN), ("LOGFIRE_BASE_URL", url.as_str())];
    place.run(&variables, &["config", "check", "--token-file", "token"]);
    place.run(&variables, &["config", "check"]);
    let seen = server.seen();
    assert!(seen[0].contains(EU_TOKEN) && seen[1].contains(super::TOKEN), "{seen:?}");
    for (name, text, why) in [("none", None, "cannot be read"), ("empty", Some(" \n"), "is empty")] {
        if let Some(text) = text {
            place.write(name, text);
        }
        assert_says(&place.refusal(&[], &["--token-file", name]), &[name, why]);
    }
}

#[test]
fn config_show_masks_the_token_and_tells_both_origins() {
    let place = Place::new();
    let run = place.run(
        &[("LOGFIRE_READ_TOKEN", EU_TOKEN)],
        &["config", "show", "--format", "json"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let rows = run.json()["rows"].as_array().unwrap().clone();
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!(row("read_token")["value"], "pylf_v1_eu_EuroE****");
    assert_eq!(row("read_token")["origin"], "LOGFIRE_READ_TOKEN");
    assert_eq!(row("base_url")["value"], "https://logfire-eu.pydantic.dev");
    assert_eq!(
        row("base_url")["origin"],
        "the region of the token from LOGFIRE_READ_TOKEN"
    );
    let run = place.run(&[], &["config", "show"]);
    assert_says(&run.stdout, &["there is no read token"]);
}
