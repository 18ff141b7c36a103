//! What is not answered: the statuses and bodies, and the bounds on size, number and time.

use std::time::{Duration, Instant};

use relay_diag::serve::fault::{Fault, FaultPlan};
use relay_diag::serve::{Options, ServeError, Token};
use serde_json::{Value, json};

use super::{EVER, ask, client, healthy, post, rows, start, under};

const TOKEN: &str = "pylf_v1_local_0123456789abcdef";

/// Some 10^10 pairs: nothing finishes that in a test.
const ENDLESS: &str = "SELECT count(*) AS n FROM records a, records b, records c WHERE a.message < b.message";

#[tokio::test]
async fn a_wrong_statement_gets_400_with_its_place() {
    let running = start(Options::default()).await;
    let response = ask(
        &running,
        "application/json",
        json!({"sql": "SELEKT 1", "min_timestamp": EVER}),
    )
    .await;
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"error":"invalid query","details":{"error_type":"UserError","kind":"Error","code":"sql_syntax","message":"sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1","span":{"start":{"line":1,"column":1},"end":{"line":1,"column":7}}}}"#
    );
    for accept in [
        "application/x-ndjson",
        "text/csv",
        "application/vnd.apache.arrow.stream",
    ] {
        let body = json!({"sql": "SELECT\n  nope FROM records", "min_timestamp": EVER});
        let response = ask(&running, accept, body).await;
        assert_eq!(response.status(), 400, "{accept}");
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(body["details"]["message"].as_str().unwrap().contains("nope"), "{body}");
        let span = json!({"start": {"line": 2, "column": 3}, "end": {"line": 2, "column": 7}});
        assert_eq!(body["details"]["span"], span);
    }
    for sql in [
        "DROP TABLE records",
        "SELECT 1; SELECT 2",
        "",
        "SELECT * FROM metrics",
        "SELECT $a",
        "SELECT '",
    ] {
        let response = ask(&running, "application/json", json!({"sql": sql, "min_timestamp": EVER})).await;
        assert_eq!(response.status(), 400, "{sql}");
    }
}

#[tokio::test]
async fn the_shape_before_august_2026_is_nested() {
    let running = under(FaultPlan::always(
        Fault::none().shape(|shape| shape.nested_errors = true),
    ))
    .await;
    let response = ask(
        &running,
        "application/json",
        json!({"sql": "SELEKT 1", "min_timestamp": EVER}),
    )
    .await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"error":"invalid query","details":{"error_type":"UserError","details":{"kind":"Error","message":"sql parser error: Expected: an SQL statement, found: SELEKT at Line: 1, Column: 1","span":{"start":{"line":1,"column":1},"end":{"line":1,"column":7}}}}}"#
    );
}

#[tokio::test]
async fn a_wrong_body_gets_422_field_by_field() {
    let running = start(Options::default()).await;
    let good = || json!({"sql": "SELECT 1", "min_timestamp": EVER});
    for (field, value, kind) in [
        ("min_timestamp", Value::Null, "missing"),
        ("min_timestamp", json!("2025-12-08T06:30:00"), "timezone_aware"),
        ("min_timestamp", json!("yesterday"), "datetime_parsing"),
        ("min_timestamp", json!(1_765_175_400), "string_type"),
        ("max_timestamp", json!("2025-12-08T06:30:00"), "timezone_aware"),
        ("sql", Value::Null, "missing"),
        ("sql", json!(["SELECT 1"]), "string_type"),
        ("limit", json!(0), "greater_than_equal"),
        ("limit", json!(10_001), "less_than_equal"),
        ("limit", json!(-1), "int_type"),
        ("limit", json!("10"), "int_type"),
        ("timezone", json!("Mars/Olympus"), "timezone"),
        ("deployment_environment", json!("production"), "list_type"),
        ("explain", json!("yes"), "bool_type"),
        ("params", json!({"a": "1; SELECT 2"}), "dict_type"),
    ] {
        let mut body = good();
        body[field] = value;
        let response = ask(&running, "application/json", body.clone()).await;
        assert_eq!(response.status(), 422, "{body}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let refusal: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(refusal["detail"][0]["loc"], json!(["body", field]), "{body}");
        assert_eq!(refusal["detail"][0]["type"], kind, "{body}");
    }
    let nothing = ask(&running, "application/json", json!({})).await.text().await.unwrap();
    assert_eq!(
        nothing,
        r#"{"detail":[{"type":"missing","loc":["body","sql"],"msg":"Field required"},{"type":"missing","loc":["body","min_timestamp"],"msg":"Field required"}]}"#
    );
    for text in ["", "{", "[]", "\"sql\"", "\u{0}"] {
        let request = client()
            .post(format!("{}/v2/query", running.url))
            .header("content-type", "application/json");
        assert_eq!(request.body(text).send().await.unwrap().status(), 422, "{text:?}");
    }
}

#[tokio::test]
async fn parameters_belong_into_a_json_body() {
    let running = start(Options::default()).await;
    let url = format!(
        "{}/v2/query?sql=SELECT+1&min_timestamp=2025-01-01T00:00:00Z",
        running.url
    );
    assert_eq!(client().post(&url).send().await.unwrap().status(), 415);
    let form = client()
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("sql=SELECT+1");
    assert_eq!(form.send().await.unwrap().status(), 415);
    let charset = client()
        .post(format!("{}/v2/query", running.url))
        .header("content-type", "application/json; charset=utf-8");
    let body = json!({"sql": "SELECT 1", "min_timestamp": EVER}).to_string();
    assert_eq!(charset.body(body).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let running = start(Options::default()).await;
    for path in ["/", "/v2/query/", "/v1/query", "/v1/schemas/records"] {
        let response = client().get(format!("{}{path}", running.url)).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.text().await.unwrap(), r#"{"detail":"Not Found"}"#);
    }
    let response = client().get(format!("{}/v2/query", running.url)).send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
    let response = client()
        .delete(format!("{}/v1/schemas", running.url))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 405);
}

#[tokio::test]
async fn a_token_that_is_set_must_be_brought() {
    let running = start(Options {
        token: Some(Token::new(TOKEN, "test").unwrap()),
        ..Options::default()
    })
    .await;
    let body = json!({"sql": "SELECT 1 AS one", "min_timestamp": EVER});
    for given in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer pylf_v1_local_0123456789abcdeF"),
        Some("Basic eDp5"),
    ] {
        let mut request = post(&running, &body);
        if let Some(given) = given {
            request = request.header("authorization", given);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401, "{given:?}");
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/plain")
        );
        assert_eq!(response.text().await.unwrap(), "Invalid read token");
    }
    for path in ["/v1/read-token-info", "/v1/schemas", "/nothing"] {
        assert_eq!(
            client()
                .get(format!("{}{path}", running.url))
                .send()
                .await
                .unwrap()
                .status(),
            401
        );
    }
    for given in [TOKEN.to_owned(), format!("Bearer {TOKEN}"), format!("bearer  {TOKEN}")] {
        let response = post(&running, &body)
            .header("authorization", &given)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{given}");
    }
    assert_eq!(running.requests_seen(), 11);
    assert!(!format!("{running:?}").contains(TOKEN));
}

#[tokio::test]
async fn without_a_token_any_will_do_on_loopback() {
    let running = start(Options::default()).await;
    let body = json!({"sql": "SELECT 1 AS one", "min_timestamp": EVER});
    let response = post(&running, &body)
        .header("authorization", "Bearer whatever")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn other_machines_take_a_token() {
    let address = "0.0.0.0:0".parse().unwrap();
    let options = Options {
        address,
        ..Options::default()
    };
    let refused = relay_diag::serve::start(healthy(), options).await.unwrap_err();
    assert!(matches!(refused, ServeError::TokenRequired(_)), "{refused}");
    let options = Options {
        address,
        token: Some(Token::new(TOKEN, "test").unwrap()),
        ..Options::default()
    };
    let running = start(options).await;
    let url = format!("{}/v1/schemas", running.url.replace("0.0.0.0", "127.0.0.1"));
    // Whatever name it goes by there.
    let response = client()
        .get(&url)
        .header("host", "laptop.example")
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(client().get(&url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_web_page_cannot_ask_through_a_browser() {
    let running = start(Options::default()).await;
    let url = format!("{}/v1/schemas", running.url);
    let response = client()
        .get(&url)
        .header("host", "rebound.example")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    let response = client().get(&url).header("host", "localhost:1").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_body_has_a_bound() {
    let running = start(Options::default()).await;
    let body = json!({"sql": format!("SELECT 1 AS one -- {}", "x".repeat(1 << 20)), "min_timestamp": EVER});
    assert_eq!(ask(&running, "application/json", body).await.status(), 413);
    let body = json!({"sql": format!("SELECT 1 AS one -- {}", "x".repeat(1 << 19)), "min_timestamp": EVER});
    assert_eq!(rows(&running, body).await, [json!({"one": 1})]);
}

#[tokio::test]
async fn queries_beyond_the_bound_are_refused_until_one_ends() {
    let running = start(Options {
        max_running: 2,
        max_waiting: 0,
        query_time: Duration::from_secs(2),
        ..Options::default()
    })
    .await;
    let endless = || post(&running, &json!({"sql": ENDLESS, "min_timestamp": EVER})).send();
    let asked_at = Instant::now();
    let meanwhile = async {
        // Both of the others have begun by then.
        tokio::time::sleep(Duration::from_millis(700)).await;
        let refused = ask(
            &running,
            "application/json",
            json!({"sql": "SELECT 1", "min_timestamp": EVER}),
        )
        .await;
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["retry-after"], "1");
        let text = refused.text().await.unwrap();
        assert!(text.starts_with("Rate limit exceeded"), "{text}");
        // What needs no query is answered.
        let info = client()
            .get(format!("{}/v1/read-token-info", running.url))
            .send()
            .await
            .unwrap();
        assert_eq!(info.status(), 200);
    };
    let (first, second, ()) = tokio::join!(endless(), endless(), meanwhile);
    for response in [first.unwrap(), second.unwrap()] {
        assert_eq!(response.status(), 400);
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["details"]["code"], "query_timeout");
    }
    assert!(asked_at.elapsed() < Duration::from_secs(10), "{:?}", asked_at.elapsed());
    // The engine ends a query at its next await, and only then is there room again.
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let response = ask(
            &running,
            "application/json",
            json!({"sql": "SELECT 1", "min_timestamp": EVER}),
        )
        .await;
        match response.status().as_u16() {
            200 => break,
            status => assert!(status == 429 && Instant::now() < until, "{status}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn ten_queries_at_once_get_ten_answers() {
    let running = start(Options::default()).await;
    let body =
        json!({"sql": "SELECT kind, count(*) AS n FROM records GROUP BY kind ORDER BY kind", "min_timestamp": EVER});
    let one = || async { ask(&running, "application/json", body.clone()).await.status().as_u16() };
    let statuses = tokio::join!(one(), one(), one(), one(), one(), one(), one(), one(), one(), one());
    let (a, b, c, d, e, f, g, h, i, j) = statuses;
    assert_eq!([a, b, c, d, e, f, g, h, i, j], [200; 10]);
}

#[tokio::test]
async fn a_query_waits_for_its_turn_unless_too_many_do_or_for_too_long() {
    let running = start(Options {
        max_running: 1,
        max_waiting: 1,
        max_wait: Duration::from_secs(1),
        query_time: Duration::from_secs(4),
        ..Options::default()
    })
    .await;
    let begun = Instant::now();
    let later = |millis: u64, sql: &'static str| {
        let running = &running;
        async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let response = ask(running, "application/json", json!({"sql": sql, "min_timestamp": EVER})).await;
            let retry_after = response
                .headers()
                .get("retry-after")
                .map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), retry_after, begun.elapsed())
        }
    };
    let (_, waits, refused) = tokio::join!(
        later(0, ENDLESS),
        later(400, "SELECT 1 AS one"),
        later(800, "SELECT 1 AS one")
    );
    // The third finds the queue full and is told at once; the second is told when its patience is over.
    for (status, retry_after, _) in [&waits, &refused] {
        assert_eq!(*status, 429);
        assert!(
            retry_after
                .as_ref()
                .is_some_and(|seconds| (1..=30).contains(&seconds.parse::<u64>().unwrap()))
        );
    }
    assert!(refused.2 < waits.2, "{refused:?} {waits:?}");
}

#[tokio::test]
async fn a_query_beyond_the_memory_is_refused_and_the_next_is_answered() {
    let capture = healthy().with_memory(16 << 20);
    let running = relay_diag::serve::start(capture, Options::default()).await.unwrap();
    let large = "SELECT array_length(array_agg(a.message || b.message)) AS n FROM records a CROSS JOIN records b";
    let response = ask(
        &running,
        "application/json",
        json!({"sql": large, "min_timestamp": EVER}),
    )
    .await;
    assert_eq!(response.status(), 400);
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body["details"]["code"], "resources_exhausted");
    let message = body["details"]["message"].as_str().unwrap();
    assert!(message.contains("more memory than the 16 MB"), "{message}");
    let body = json!({"sql": "SELECT count(*) AS n FROM records_all", "min_timestamp": EVER});
    assert_eq!(rows(&running, body).await, [json!({"n": 2429})]);
}

#[tokio::test]
async fn a_slow_stream_ends_with_an_error_line() {
    let running = start(Options {
        query_time: Duration::from_secs(1),
        ..Options::default()
    })
    .await;
    let body = json!({"sql": ENDLESS, "min_timestamp": EVER});
    let response = ask(&running, "application/x-ndjson", body).await;
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "error");
    assert!(last["message"].as_str().unwrap().contains("longer than 1 s"), "{last}");
}

#[tokio::test]
async fn a_client_that_goes_away_frees_its_place() {
    let running = start(Options {
        max_running: 1,
        ..Options::default()
    })
    .await;
    let request = post(&running, &json!({"sql": ENDLESS, "min_timestamp": EVER})).timeout(Duration::from_millis(500));
    assert!(request.send().await.unwrap_err().is_timeout());
    let until = Instant::now() + Duration::from_secs(10);
    while ask(
        &running,
        "application/json",
        json!({"sql": "SELECT 1", "min_timestamp": EVER}),
    )
    .await
    .status()
        != 200
    {
        assert!(Instant::now() < until, "the query goes on without its client");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
