//! Whatever comes over the wire: no decoder panics, chunks don't matter, and a bound value stays a value.

use proptest::prelude::*;
use relay_diag::query::{Catalogue, Parameter, Parameters, bind, single_select};
use relay_diag::source::api::{Lines, Region, Token, decode_json, mask, read_refusal};
use serde_json::{Map, Value, json};

/// JSON of any shape, with the keys that the decoders look for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "2026-0[0-9]-[0-3][0-9][T ][0-9:]{8}(\\.[0-9]{0,9})?(Z|\\+00:00)?".prop_map(Value::from),
        prop::sample::select(vec![
            "Utf8",
            "Int64",
            "Float64",
            "Boolean",
            "schema",
            "data",
            "end",
            "error",
            "Dictionary(",
            "{",
            "[",
            "List",
        ])
        .prop_map(Value::from),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "schema",
            "fields",
            "name",
            "data_type",
            "datatype",
            "data",
            "rows",
            "columns",
            "values",
            "type",
            "message",
            "row_count",
            "error",
            "details",
            "detail",
            "span",
            "start",
            "line",
            "column",
            "loc",
            "msg",
            "List",
            "Dictionary",
            "Timestamp",
            "Decimal128",
            "attributes",
            "a",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A true answer: names, types and rows that fit together more or less.
fn any_answer() -> impl Strategy<Value = Value> {
    let field = ("[a-d]", any_json()).prop_map(|(name, data_type)| json!({"name": name, "data_type": data_type}));
    let row = prop::collection::btree_map("[a-e]", any_json(), 0..5);
    (prop::collection::vec(field, 0..5), prop::collection::vec(row, 0..5))
        .prop_map(|(fields, rows)| json!({"schema": {"fields": fields}, "data": rows}))
}

fn bytes(value: Value, cut: Option<usize>, flip: Option<(usize, u8)>) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    if let Some((at, by)) = flip {
        let at = at % bytes.len();
        bytes[at] ^= by;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut % (bytes.len() + 1));
    }
    bytes
}

fn cuts() -> impl Strategy<Value = (Option<usize>, Option<(usize, u8)>)> {
    (
        prop::option::weighted(0.3, any::<usize>()),
        prop::option::weighted(0.3, any::<(usize, u8)>()),
    )
}

fn read(text: &[u8], chunks: &[usize]) -> Result<relay_diag::source::Rows, String> {
    let mut lines = Lines::default();
    let mut rest = text;
    let mut sizes = chunks.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
        let (chunk, behind) = rest.split_at(size);
        lines.push(chunk).map_err(|why| format!("{why:?}"))?;
        rest = behind;
    }
    lines.finish().map_err(|why| format!("{why:?}"))
}

/// A catalogue with one query that compares with a text.
fn catalogue() -> (tempfile::TempDir, Catalogue) {
    let folder = tempfile::tempdir().unwrap();
    let text = "--! purpose = \"x\"\n--! params = { word = \"text\" }\n--! columns = { a = \"text\" }\n\
                SELECT $word AS a -- $word\n, '$word' AS b";
    std::fs::write(folder.path().join("echo.sql"), text).unwrap();
    let catalogue = Catalogue::with_folder(folder.path()).unwrap();
    (folder, catalogue)
}

/// What a SQL parser reads in the place of the value.
fn first_literal(sql: &str) -> Option<String> {
    use sqlparser::ast::{Expr, SelectItem, SetExpr, Statement, Value as Literal};
    let statements = sqlparser::parser::Parser::parse_sql(&sqlparser::dialect::GenericDialect {}, sql).ok()?;
    let [Statement::Query(query)] = statements.as_slice() else {
        return None;
    };
    let SetExpr::Select(select) = query.body.as_ref() else {
        return None;
    };
    let SelectItem::ExprWithAlias { expr, .. } = select.projection.first()? else {
        return None;
    };
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        Literal::SingleQuotedString(text) => Some(text.clone()),
        _ => None,
    }
}

proptest! {
    #[test]
    fn any_body_is_rows_or_an_error(value in prop_oneof![any_json(), any_answer()], (cut, flip) in cuts()) {
        let body = bytes(value, cut, flip);
        if let Ok(rows) = decode_json(&body) {
            prop_assert!(rows.rows.iter().all(|row| row.len() == rows.columns.len()));
        }
    }

    #[test]
    fn any_bytes_are_rows_or_an_error(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_json(&body);
        let _ = read(&body, &[3]);
        let refusal = read_refusal(&body);
        prop_assert!(refusal.message.chars().count() <= 603 && !refusal.message.contains('\n'));
    }

    #[test]
    fn any_error_body_is_one_bounded_line(value in any_json(), (cut, flip) in cuts(), wraps in 0_usize..8) {
        let mut value = value;
        for _ in 0..wraps {
            value = json!({"detail": value.to_string()});
        }
        let refusal = read_refusal(&bytes(value, cut, flip));
        prop_assert!(refusal.message.chars().count() <= 603);
        prop_assert!(!refusal.message.chars().any(char::is_control));
    }

    #[test]
    fn lines_mean_the_same_in_any_chunks(
        parts in prop::collection::vec(any_json(), 0..4),
        answer in any_answer(),
        chunks in prop::collection::vec(1_usize..40, 1..6),
        (cut, flip) in cuts(),
    ) {
        let mut lines = vec![json!({"type": "schema", "schema": answer["schema"]})];
        lines.push(json!({"type": "data", "rows": answer["data"]}));
        lines.extend(parts);
        lines.push(json!({"type": "end", "row_count": answer["data"].as_array().map_or(0, Vec::len)}));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut text = text.into_bytes();
        if let Some((at, by)) = flip {
            let at = at % text.len();
            text[at] ^= by;
        }
        if let Some(cut) = cut {
            text.truncate(cut % (text.len() + 1));
        }
        prop_assert_eq!(read(&text, &chunks), read(&text, &[text.len().max(1)]));
    }

    #[test]
    fn a_bound_text_comes_back_as_itself_and_stays_one_statement(text in prop_oneof![
        ".{0,40}",
        "[';$\\\\\"/*\\-wordSELECT\n ]{0,40}",
        Just(String::from("'; DROP TABLE records; --")),
    ]) {
        let (_folder, catalogue) = catalogue();
        let query = catalogue.get("echo").unwrap();
        let values = Parameters::from([("word", Parameter::Text(Some(text.clone())))]);
        match bind(&catalogue, query, &values) {
            Ok(sql) => {
                prop_assert!(single_select("echo", &sql).is_ok(), "{}", sql);
                let read = first_literal(&sql);
                prop_assert_eq!(read.as_deref(), Some(text.as_str()), "{}", sql);
            }
            Err(_) => prop_assert!(text.contains('\0')),
        }
    }

    #[test]
    fn no_text_keeps_a_token(before in ".{0,12}", token in "pylf_v[0-9]{1,2}_[a-z]{2}_[A-Za-z0-9]{8,40}", after in "[^A-Za-z0-9_-].{0,12}") {
        let masked = mask(&format!("{before}{token}{after}"));
        prop_assert!(!masked.contains(&token));
        prop_assert!(masked.ends_with(&mask(&after)));
        let parsed = Token::parse(&token).unwrap();
        prop_assert!(matches!(parsed.region(), Region::Named(_)));
        prop_assert!(!parsed.masked().contains(&token));
        let printed = format!("{parsed:?}{parsed}");
        prop_assert!(!printed.contains(&token));
    }
}
