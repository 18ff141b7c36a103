//! Hostile names, read back by a real shell and by our own command line.
#![allow(clippy::unwrap_used)]

use clap::Parser;
use proptest::prelude::*;

use super::*;
use crate::cli::Cli;

const RESTART: &str = "fly machines restart {instances} -a {app}";

const HOSTILE: [&str; 22] = [
    "",
    "-f",
    "--all",
    "a b",
    "a;id",
    "a&&id",
    "a|id",
    "$(id)",
    "`id`",
    "a\nid",
    "a\rid",
    "a\u{2028}id",
    "a'b",
    "a\"b",
    "~root",
    "*",
    "{app}",
    "x{instances}",
    "#",
    "!1",
    "\u{1b}[2J",
    "аpp", // Cyrillic а
];

#[test]
fn plain_names_are_filled_in() {
    for (template, command) in [
        (RESTART, "fly machines restart a1 b-2.c -a relay-api"),
        ("kubectl get pods -l app={app}", "kubectl get pods -l app=relay-api"),
        ("  two\nlines {app} ", "two lines relay-api"),
    ] {
        let filled = filled(template, "relay-api", &["a1", "b-2.c"]);
        assert_eq!(filled.command.as_deref(), Some(command));
        assert_eq!(filled.warning(), None);
    }
    for name in [
        "3d8dd15c016789",
        "shop-7d9f5-x2x",
        "ip-10-0-0-1.ec2.internal",
        "arn:aws:ecs:eu-west-1:1:task/shop/9",
        "web.1",
        "host:8080",
    ] {
        assert!(is_plain(name), "{name}");
    }
    assert_eq!(filled("", "a", &["b"]), Filled::default());
}

#[test]
fn hostile_names_are_left_out_and_named() {
    for name in HOSTILE {
        let some = filled(RESTART, "relay-api", &[name, "good"]);
        let command = some.command.as_deref();
        assert_eq!(command, Some("fly machines restart good -a relay-api"), "{name:?}");
        let warning = some.warning().unwrap();
        assert!(warning.ends_with(&format!("{name:?}")), "{warning}");
        assert_eq!(filled(RESTART, "relay-api", &[name]).command, None, "{name:?}");
        let wrong_app = filled(RESTART, name, &["good"]);
        assert_eq!((wrong_app.command, wrong_app.left_out), (None, vec![name]));
    }
    assert!(!is_plain(&"a".repeat(LONGEST_NAME + 1)));
    // Nothing names an instance, so nothing is missing.
    assert_eq!(filled("restart {app}", "shop", &["-f"]).warning(), None);
    let two = filled(RESTART, "shop", &["-f", "-g"]);
    assert!(two.warning().unwrap().ends_with("\"-f\" and 1 more"));
}

#[test]
fn a_follow_up_asks_of_the_same_records() {
    let question = Question {
        source: Some(String::from("demo")),
        environment: Some(String::from("staging")),
        ..Question::default()
    };
    let window = Window {
        from: "2025-12-08T06:30:00Z".parse().unwrap(),
        to: "2025-12-08T07:00:00Z".parse().unwrap(),
    };
    let command = |question: &Question| question.command(&["verify", "--wait", "5m"]).unwrap();
    assert_eq!(command(&Question::default()), "relay-diag verify --wait 5m");
    assert_eq!(
        command(&question),
        "relay-diag verify --wait 5m --source demo --env staging"
    );
    assert_eq!(
        question.command_in_window(&["stuck"], window).unwrap(),
        "relay-diag stuck --source demo --env staging --from 2025-12-08T06:30:00.000000Z --to 2025-12-08T07:00:00.000000Z"
    );
    let since = Question {
        since: Some(String::from("10m")),
        ..Question::default()
    };
    assert_eq!(command(&since), "relay-diag verify --wait 5m --since 10m");
    let of = |environment: &str| Question {
        environment: Some(environment.to_owned()),
        ..Question::default()
    };
    assert_eq!(command(&of("")), "relay-diag verify --wait 5m --env ''");
    assert_eq!(
        command(&of("--all-envs")),
        "relay-diag verify --wait 5m '--env=--all-envs'"
    );
    assert_eq!(command(&of("a b;c")), "relay-diag verify --wait 5m --env 'a b;c'");
    for unseen in ["a\nb", "a\0b", "a\u{202e}b"] {
        assert_eq!(of(unseen).command(&["verify"]), None, "{unseen:?}");
    }
    let all = Question {
        all_environments: true,
        ..question
    };
    assert_eq!(command(&all), "relay-diag verify --wait 5m --source demo --all-envs");
}

/// Words as `sh` takes them.
#[cfg(unix)]
fn words_of_sh(command: &str) -> Vec<String> {
    let script = format!("printf '%s\\n' {command}");
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn a_shell_reads_the_words_that_were_meant() {
    for name in HOSTILE {
        let template = filled(RESTART, "relay-api", &["good", name]).command.unwrap();
        let read = words_of_sh(&template);
        assert_eq!(read, ["fly", "machines", "restart", "good", "-a", "relay-api"]);
        let question = Question {
            service: Some(name.to_owned()),
            ..Question::default()
        };
        let Some(command) = question.command(&["verify"]) else {
            continue;
        };
        let read = words_of_sh(&command);
        let meant = shlex::split(&command).unwrap();
        assert_eq!(read, meant, "{name:?}");
        assert!(read.iter().any(|word| word.ends_with(name)), "{read:?}");
    }
}

/// Any text, and the characters that shells and option parsers read.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[-a-c '\"$`;&|<>(){}*?!#~=\\\\\n\t\0]{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_filled_template_has_its_own_words_and_plain_names(
        names in prop::collection::vec(any_name(), 0..4),
        app in any_name(),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for template in [RESTART, "ssh host restart {instances} {app}", "sh -c \"restart {instances} {app}\""] {
            let filled = filled(template, &app, &names);
            let Some(command) = &filled.command else { continue };
            prop_assert_eq!(command.lines().count(), 1);
            let own: Vec<&str> = template.split(' ').collect();
            let options = |text: &str| text.split(' ').filter(|word| word.starts_with('-')).count();
            prop_assert_eq!(options(command), options(template));
            // Also when a second shell reads it.
            let mut words = shlex::split(command).unwrap();
            words = words.iter().flat_map(|word| shlex::split(word).unwrap()).collect();
            for word in words {
                let known = own.iter().any(|text| text.trim_matches('"') == word);
                prop_assert!(known || word == app || names.contains(&word.as_str()), "{word:?}");
            }
            prop_assert!(names.iter().all(|name| filled.left_out.contains(name) != is_plain(name)));
        }
    }

    #[test]
    fn a_follow_up_is_read_back_as_it_was_asked(
        source in any_name(),
        environment in any_name(),
        service in any_name(),
        instance in any_name(),
    ) {
        let some = |text: &String| Some(text.clone());
        let question = Question {
            source: some(&source),
            environment: some(&environment),
            service: some(&service),
            instance: some(&instance),
            files: vec![("--queries", String::from("my queries"))],
            ..Question::default()
        };
        let Some(command) = question.command(&["verify", "--wait", "5m"]) else {
            let texts = [&source, &environment, &service, &instance];
            prop_assert!(texts.iter().any(|text| for_terminal(text) != **text));
            return Ok(());
        };
        prop_assert_eq!(command.lines().count(), 1);
        let cli = Cli::try_parse_from(shlex::split(&command).unwrap()).unwrap();
        prop_assert_eq!(cli.common.source, some(&source));
        prop_assert_eq!(cli.common.environment, some(&environment));
        prop_assert_eq!(cli.common.service, some(&service));
        prop_assert_eq!(cli.common.instance, some(&instance));
        prop_assert_eq!(cli.common.queries, Some("my queries".into()));
    }
}
