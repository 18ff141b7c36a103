//! Documents and their schemas: each document that any test reads is as its schema says, `docs/schema/` is what `schema NAME`
//! prints, and a change that breaks a reader raises the version.

mod compatible;
#[cfg(feature = "capture")]
mod documents;
mod strict;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use relay_diag::run::DOCUMENTS;
use serde_json::Value;

use crate::support::run;

/// The schemas by what their documents call themselves.
static SCHEMAS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let schemas = DOCUMENTS.iter().map(relay_diag::run::Document::schema);
    schemas.map(|schema| (id(&schema).to_owned(), schema)).collect()
});

fn id(schema: &Value) -> &str {
    schema["properties"]["schema"]["const"].as_str().unwrap()
}

/// Fails unless the document is as its schema says, and has no field that its schema does not name.
pub fn check(document: &Value) {
    let id = document["schema"]
        .as_str()
        .unwrap_or_else(|| panic!("no document: {document:#}"));
    let schema = SCHEMAS.get(id).unwrap_or_else(|| panic!("{id} has no schema"));
    let faults = strict::faults(schema, document);
    assert_eq!(faults, [""; 0], "{id}: {document:#}");
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{name}.json"))
}

#[test]
fn committed_schemas_are_current_and_break_no_reader() {
    let mut names: Vec<String> = Vec::new();
    for document in DOCUMENTS {
        let name = document.name;
        let printed = run(&["schema", name]);
        assert_eq!((printed.code, printed.stderr.as_str()), (0, ""), "{name}");
        let new: Value = serde_json::from_str(&printed.stdout).unwrap();
        let committed = std::fs::read_to_string(file(name)).unwrap_or_default();
        if let Ok(old) = serde_json::from_str::<Value>(&committed) {
            let broken = if id(&old) == id(&new) {
                compatible::breaks(&old, &new)
            } else {
                Vec::new()
            };
            assert!(
                broken.is_empty(),
                "a reader of `{name}` breaks: {}. Keep it as it was, or raise the version of `{name}` in RAISED of src/schema.rs",
                broken.join("; ")
            );
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(file(name), &printed.stdout).unwrap();
        }
        let how = "UPDATE_DOCS=1 cargo test committed_schemas";
        assert!(
            std::fs::read_to_string(file(name)).unwrap_or_default() == printed.stdout,
            "docs/schema/{name}.json is not current: {how}"
        );
        names.push(format!("{name}.json"));
    }
    names.sort();
    let entries = std::fs::read_dir(file("").parent().unwrap()).unwrap();
    let mut files: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, names, "docs/schema/ has a file for each document, and no other");
}

#[test]
fn schema_lists_its_documents_and_knows_no_other() {
    let listed = run(&["schema", "--format", "json"]).json();
    let names: Vec<&str> = listed["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    let expected: Vec<&str> = DOCUMENTS.iter().map(|document| document.name).collect();
    assert_eq!(names, expected);
    let wrong = run(&["schema", "verifi", "--format", "json"]);
    assert_eq!((wrong.code, wrong.json()["error"]["kind"].as_str()), (2, Some("usage")));
    assert!(
        wrong.stderr.contains("there is no document `verifi`"),
        "{}",
        wrong.stderr
    );
}

/// A schema has no more in it than a reader of draft 2020-12 knows, and closes no object.
#[test]
fn schemas_bear_new_fields() {
    for (id, schema) in SCHEMAS.iter() {
        let text = schema.to_string();
        assert!(!text.contains("\"additionalProperties\":false"), "{id}");
        assert!(!text.contains("uint"), "{id}: widths of Rust's numbers");
        // Generated code has one name for each.
        let title = schema["title"].as_str().unwrap();
        assert!(
            schema["$defs"].get(title).is_none(),
            "{id}: {title} names a part as well"
        );
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(compatible::breaks(schema, schema), [""; 0], "{id}");
    }
}
