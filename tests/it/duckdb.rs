//! The capture engine against DuckDB, which shares no code with it: ten questions over a real recording.
//! `fixtures/duckdb/expected.py` makes the expected rows.

use std::fs;
use std::path::Path;

use relay_diag::source::Request;
use relay_diag::source::capture::Capture;
use serde_json::Value;

/// Relative; sums of floats depend on the order of their terms.
const TOLERANCE: f64 = 1e-9;

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn same(left: &Value, right: &Value, tolerance: f64) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            (left - right).abs() <= tolerance * left.abs().max(right.abs())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right, tolerance))
        }
        _ => left == right,
    }
}

#[tokio::test]
async fn both_engines_give_the_same_rows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/duckdb");
    let manifest = read(&folder.join("questions.json"));
    let expected = read(&folder.join("expected.json"));
    let capture = Capture::open(&folder.join(manifest["records"].as_str().unwrap()), None).unwrap();
    let questions = manifest["questions"].as_array().unwrap();
    assert_eq!(questions.len(), expected.as_object().unwrap().len());
    for question in questions {
        let name = question["name"].as_str().unwrap();
        let request = Request {
            sql: question["sql"].as_str().unwrap().to_owned(),
            from: "2000-01-01T00:00:00Z".parse().unwrap(),
            to: "2100-01-01T00:00:00Z".parse().unwrap(),
            limit: 10_000,
        };
        let found = match capture.query(&request).await {
            Ok(answer) => answer.rows,
            Err(error) => panic!("{name}: {error}"),
        };
        let columns: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(expected[name]["columns"], serde_json::json!(columns), "{name}");
        let rows = expected[name]["rows"].as_array().unwrap();
        assert!(!rows.is_empty(), "{name}: a question without an answer judges nothing");
        assert_eq!(found.rows.len(), rows.len(), "{name}: number of rows");
        let tolerance = question["tolerance"].as_f64().unwrap_or(TOLERANCE);
        for (index, (found, expected)) in found.rows.into_iter().zip(rows).enumerate() {
            let found = Value::Array(found);
            assert!(
                same(&found, expected, tolerance),
                "{name}, row {index}:\n found {found}\nDuckDB {expected}"
            );
        }
    }
}
