//! The catalogue: what is embedded is right, and what a folder brings is checked before anything is asked.

use std::path::Path;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use relay_diag::query::{Batch, Catalogue, Parameter, Parameters, bind, single_select};

use crate::support::{command, finish, run};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn every_built_in_query_plans_and_gives_its_columns() {
    let run = run(&["queries", "check"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("all "), "{}", run.stdout);
}

#[test]
fn every_sql_file_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let catalogue = Catalogue::built_in().unwrap();
    let parts = files(&folder.join("parts"));
    for path in files(&folder).filter(|path| path.is_file()).chain(parts) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(
            catalogue.get(&name).unwrap().sql,
            std::fs::read_to_string(&path).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn what_a_folder_brings_is_checked() {
    let verification = Catalogue::built_in().unwrap().get("verification").unwrap().sql.clone();
    let dropped = verification.replace("--! message = \"text\"\n", "");
    let retyped = verification.replace("--! message = \"text\"", "--! message = \"int\"");
    let cases: &[(&str, &str, &str)] = &[
        ("verification.sql", &dropped, "column `message` is missing"),
        (
            "verification.sql",
            &retyped,
            "column `message` is int, and must be text",
        ),
        ("mine.sql", "SELECT 1", "must begin with"),
        ("mine.sql", "--! purpose = 1\nSELECT 1", "header is wrong"),
        (
            "mine.sql",
            "--! purpose = \"x\"\n--! columns = { n = \"number\" }\nSELECT 1 AS n",
            "no column type",
        ),
        (
            "mine.sql",
            "--! purpose = \"x\"\n--! columns = { n = \"int\" }\nSELECT $x AS n",
            "`$x` stands in the SQL and not in the header",
        ),
        (
            "mine.sql",
            "--! purpose = \"x\"\n--! params = { x = \"text\" }\n--! columns = { n = \"int\" }\nSELECT 1 AS n",
            "`$x` stands in the header and not in the SQL",
        ),
        (
            "mine.sql",
            "--! purpose = \"x\"\n--! columns = { span_name = \"int\" }\nSELECT 1 AS span_name",
            "give it another name",
        ),
        (
            "Mine.sql",
            "--! purpose = \"x\"\n--! columns = { n = \"int\" }\nSELECT 1 AS n",
            "no name",
        ),
        (
            "mine.sql",
            "--! purpose = \"x\"\n--! params = { mine = \"query\" }\n--! columns = { n = \"int\" }\nSELECT n FROM $mine",
            "in a circle",
        ),
    ];
    for (file, text, message) in cases {
        let folder = folder(&[(file, text)]);
        let run = run(&["queries", "list", "--queries", folder.path().to_str().unwrap()]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{text}");
        assert!(run.stderr.contains(message), "{message}: {}", run.stderr);
    }
    // These need the engine, so `check` finds them.
    for (text, message) in [
        (
            "--! purpose = \"x\"\n--! columns = { n = \"int\" }\nSELECT nothing FROM records",
            "nothing",
        ),
        (
            "--! purpose = \"x\"\n--! columns = { n = \"text\" }\nSELECT 1 AS n",
            "is text in the header",
        ),
        (
            "--! purpose = \"x\"\n--! columns = { n = \"int\" }\nSELECT 1 AS n, 2 AS m",
            "column `m` is in the result and not",
        ),
    ] {
        let folder = folder(&[("mine.sql", text)]);
        let run = run(&["queries", "check", folder.path().to_str().unwrap()]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{text}");
        assert!(run.stderr.contains(message), "{message}: {}", run.stderr);
    }
}

#[test]
fn a_folder_adds_and_shadows_and_the_report_says_so() {
    let mine = "--! purpose = \"How many records?\"\n--! params = { from = \"timestamp\", to = \"timestamp\" }\n\
                --! columns = { n = \"int\" }\nSELECT count(*) AS n FROM records\nWHERE start_timestamp >= $from AND start_timestamp < $to";
    let traffic = Catalogue::built_in()
        .unwrap()
        .get("traffic")
        .unwrap()
        .sql
        .replace("ORDER BY in_window DESC", "ORDER BY in_window");
    let folder = folder(&[("mine.sql", mine), ("traffic.sql", &traffic), ("notes.txt", "no query")]);
    let path = folder.path().to_str().unwrap();
    let rows = run(&[
        "query",
        "mine",
        "--source",
        "demo",
        "--queries",
        path,
        "--format",
        "json",
    ])
    .json();
    assert_eq!(rows["columns"][0]["type"], "int");
    assert!(rows["rows"][0]["n"].as_u64().unwrap() > 2000);
    let timeline = run(&["timeline", "--source", "demo", "--queries", path, "--format", "json"]).json();
    assert_eq!(timeline["queries_overridden"], serde_json::json!(["traffic"]));
}

#[test]
fn standard_input_is_a_query_too() {
    let folder = tempfile::tempdir().unwrap();
    let sql = folder.path().join("q.sql");
    std::fs::write(&sql, "SELECT count(*) AS n FROM records WHERE level >= 'error'").unwrap();
    let run = finish(
        command(folder.path())
            .args(["query", "--source", "demo", "--sql", "-", "--format", "csv"])
            .stdin(std::fs::File::open(&sql).unwrap()),
    );
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!((run.code, lines[0]), (0, "n"));
    assert!(lines[1].parse::<u32>().unwrap() > 37);
}

fn echo(text: &str) -> String {
    let folder = folder(&[(
        "echo.sql",
        "--! purpose = \"x\"\n--! params = { service = \"text?\", from = \"timestamp\" }\n--! columns = { n = \"text\" }\n\
         SELECT $service AS n, '$service' AS m -- $service\nFROM records WHERE start_timestamp > $from",
    )]);
    let catalogue = Catalogue::with_folder(folder.path()).unwrap();
    let values = Parameters::from([
        ("service", Parameter::Text(Some(text.to_owned()))),
        ("from", Parameter::Timestamp(DateTime::<Utc>::UNIX_EPOCH)),
    ]);
    bind(&catalogue, catalogue.get("echo").unwrap(), &values).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A bound text is one literal of one statement, and reads back as itself.
    #[test]
    fn a_bound_text_stays_one_literal(text in "[^\\x00]{0,40}|'[;'\\-/*$\\\\]{0,12}|[';\"$ -]{0,20}") {
        use sqlparser::{dialect::GenericDialect, tokenizer::{Token, Tokenizer}};
        let sql = echo(&text);
        prop_assert!(single_select("echo", &sql).is_ok(), "{}", sql);
        let tokens = Tokenizer::new(&GenericDialect {}, &sql).with_unescape(true).tokenize().unwrap();
        let literals: Vec<&String> = tokens.iter().filter_map(|token| match token {
            Token::SingleQuotedString(literal) => Some(literal),
            _ => None,
        }).collect();
        prop_assert_eq!(literals[0], &text);
        prop_assert_eq!(literals[1], "$service");
        prop_assert_eq!(literals.len(), 3);
    }
}

#[test]
fn a_batch_refuses_what_has_no_value() {
    let catalogue = Catalogue::built_in().unwrap();
    let error = Batch::new(&catalogue, &["traffic"], &Parameters::new()).unwrap_err();
    assert!(error.to_string().contains("has no value here"), "{error}");
}
