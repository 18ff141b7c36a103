//! Who may connect: whoever is of the same authority, and this machine.

use std::path::Path;

use super::{HOUR, Worker, ask, demo};
use crate::support::{Run, command, finish, fixture};

/// The settings of a machine with this certificate, of this authority.
fn tls(authority: &str, certificate: &str) -> Vec<(&'static str, String)> {
    let file = |name: String| fixture("worker-tls").join(name).display().to_string();
    vec![
        ("RELAY_DIAG_WORKER_TLS_CA", file(format!("{authority}.pem"))),
        ("RELAY_DIAG_WORKER_TLS_CERTIFICATE", file(format!("{certificate}.pem"))),
        ("RELAY_DIAG_WORKER_TLS_KEY", file(format!("{certificate}.key"))),
    ]
}

fn asked(folder: &Path, workers: &str, variables: &[(&str, String)]) -> Run {
    let mut command = command(folder);
    command
        .args([&["timeline", "--source", "./demo"], &HOUR[..]].concat())
        .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
        .env("RELAY_DIAG_WORKERS", workers)
        .env("RELAY_DIAG_WORKERS_FROM", "0B");
    finish(&mut command)
}

#[test]
fn both_ends_show_certificates_of_one_authority() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let machine = tls("ca", "machine");
    let variables: Vec<(&str, &str)> = machine.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (one, two) = (Worker::of(&[], &variables), Worker::of(&[], &variables));
    let both = format!("{},{}", one.address, two.address);

    let trusted = asked(folder.path(), &both, &machine);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    assert!(trusted.stdout.contains("- ran on 2 workers: "), "{}", trusted.stdout);
    let by_name = asked(folder.path(), &both.replace("127.0.0.1", "localhost"), &machine);
    assert_eq!(by_name.code, 0, "{}", by_name.stderr);

    let strangers = [
        ("nobody knows its authority", tls("ca", "stranger")),
        ("it knows another authority", tls("other-ca", "machine")),
        ("it shows nothing", Vec::new()),
    ];
    for (why, variables) in strangers {
        let run = asked(folder.path(), &both, &variables);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{why}: {}", run.stderr);
        assert!(run.stderr.contains(" does not answer: "), "{why}: {}", run.stderr);
    }
    // A worker that shows nothing is none.
    let open = Worker::new();
    let run = asked(folder.path(), &open.address, &machine);
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[test]
fn no_certificates_no_network() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    for address in ["10.0.0.2:7070", "worker.internal:7070"] {
        let run = asked(folder.path(), address, &[]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(
            run.stderr.contains(&format!("error: {address} ")) && run.stderr.contains("worker_tls"),
            "{}",
            run.stderr
        );
    }
    let run = finish(command(folder.path()).args(["worker", "--listen", "0.0.0.0:0"]));
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains("no certificates are set"), "{}", run.stderr);
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path());
    let missing = |name: &str| vec![(name.to_owned(), String::from("nowhere.pem"))];
    for (variables, words) in [
        (missing("RELAY_DIAG_WORKER_TLS_CA"), "takes all three"),
        (
            ["CA", "CERTIFICATE", "KEY"]
                .iter()
                .flat_map(|part| missing(&format!("RELAY_DIAG_WORKER_TLS_{part}")))
                .collect(),
            "nowhere.pem",
        ),
    ] {
        let run = finish(
            command(folder.path())
                .args(["worker", "--listen", "127.0.0.1:0"])
                .envs(variables),
        );
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    let run = asked(
        folder.path(),
        "127.0.0.1:7070",
        &[("RELAY_DIAG_WORKERS_DEADLINE", String::from("1h"))],
    );
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr
            .starts_with("error: workers_deadline is more than 9 min\nhint: "),
        "{}",
        run.stderr
    );
    let taken = Worker::new();
    let run = finish(command(folder.path()).args(["worker", "--listen", &taken.address]));
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("cannot listen on "), "{}", run.stderr);
    assert_eq!(ask(folder.path(), &[], &["timeline", "--source", "demo"]).code, 0);
}
