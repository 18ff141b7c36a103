//! Every fault of a plan arrives at a client as what it is.

use std::time::{Duration, Instant};

use relay_diag::serve::fault::{Fault, FaultPlan, Shape};
use serde_json::{Value, json};

use super::{EVER, ask, client, lines, post, under};

fn question() -> Value {
    let sql = "SELECT start_timestamp, level, message, parent_span_id, attributes FROM records \
               WHERE parent_span_id IS NULL LIMIT 3";
    json!({"sql": sql, "min_timestamp": EVER})
}

async fn document(change: impl FnOnce(&mut Shape)) -> Value {
    let running = under(FaultPlan::always(Fault::none().shape(change))).await;
    let text = ask(&running, "application/json", question())
        .await
        .text()
        .await
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn ndjson(change: impl FnOnce(&mut Shape)) -> Vec<Value> {
    let running = under(FaultPlan::always(Fault::none().shape(change))).await;
    lines(
        &ask(&running, "application/x-ndjson", question())
            .await
            .text()
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn a_script_is_followed_request_by_request() {
    let running = under(FaultPlan::script([
        Fault::html(502),
        Fault::none(),
        Fault::rate_limited(7),
        Fault::quota_spent(),
        Fault::json(401, &json!({"detail": "Invalid read token"})),
        Fault::html(200),
        Fault::reply(500, ""),
    ]))
    .await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        let response = ask(&running, "application/json", question()).await;
        seen.push((
            response.status().as_u16(),
            response.headers().get("retry-after").cloned(),
        ));
        response.bytes().await.unwrap();
    }
    let statuses: Vec<u16> = seen.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [502, 200, 429, 429, 401, 200, 500, 200]);
    assert_eq!(seen[2].1.as_ref().unwrap(), "7");
    assert_eq!(seen[3].1, None);
    assert_eq!(running.requests_seen(), 8);
}

#[tokio::test]
async fn requests_are_kept_for_a_look() {
    let running = under(FaultPlan::watch()).await;
    post(&running, &question())
        .bearer_auth("pylf_v1_us_x")
        .send()
        .await
        .unwrap();
    client()
        .get(format!("{}/v1/schemas?a=b", running.url))
        .send()
        .await
        .unwrap();
    let seen = running.requests();
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", "/v2/query"));
    assert_eq!(seen[0].header("authorization"), Some("Bearer pylf_v1_us_x"));
    assert_eq!(serde_json::from_str::<Value>(&seen[0].body).unwrap(), question());
    assert_eq!(
        (seen[1].method.as_str(), seen[1].path.as_str()),
        ("GET", "/v1/schemas?a=b")
    );
}

#[tokio::test]
async fn connections_end_where_the_plan_says() {
    for reset in [false, true] {
        let running = under(FaultPlan::script([
            Fault::none().wire(|wire| (wire.cut_after, wire.reset) = (Some(100), reset)),
            Fault::none().wire(|wire| (wire.no_answer, wire.reset) = (true, reset)),
            Fault::reply(200, "x".repeat(50)).wire(|wire| (wire.cut_after, wire.reset) = (Some(10), reset)),
            Fault::none().wire(|wire| (wire.cut_after, wire.reset) = (Some(1 << 30), reset)),
        ]))
        .await;
        for (request, most) in [(0, 100), (1, 0), (2, 10), (3, 1 << 30)] {
            let mut got = 0;
            let failed = match post(&running, &question()).send().await {
                Err(_) => true,
                Ok(mut response) => loop {
                    match response.chunk().await {
                        Ok(Some(chunk)) => got += chunk.len(),
                        Ok(None) => break false,
                        Err(_) => break true,
                    }
                },
            };
            assert!(failed, "request {request}, reset {reset}");
            // A reset may throw away what was on its way.
            assert!(
                if reset {
                    got <= most
                } else {
                    got == most || request == 3 && got > 500
                },
                "request {request}: {got}"
            );
        }
        assert_eq!(running.requests_seen(), 4);
    }
}

#[tokio::test]
async fn a_drip_splits_lines_and_a_delay_holds_the_answer() {
    let drip = Fault::none().wire(|wire| wire.drip = Some((40, Duration::from_millis(5))));
    let delay = Fault::none().wire(|wire| wire.delay = Duration::from_millis(400));
    let running = under(FaultPlan::script([drip, delay])).await;
    let mut response = ask(&running, "application/x-ndjson", question()).await;
    let (mut chunks, mut text) = (0, Vec::new());
    while let Some(chunk) = response.chunk().await.unwrap() {
        chunks += 1;
        text.extend_from_slice(&chunk);
    }
    assert!(chunks > 5, "{chunks}");
    assert_eq!(lines(&String::from_utf8(text).unwrap()).last().unwrap()["row_count"], 3);
    let asked_at = Instant::now();
    ask(&running, "application/json", question()).await;
    assert!(asked_at.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn ndjson_goes_wrong_as_asked() {
    let lines = ndjson(|shape| shape.no_end = true).await;
    assert_eq!(lines.last().unwrap()["type"], "data");
    let lines = ndjson(|shape| shape.row_count_off = -1).await;
    assert_eq!(lines.last().unwrap()["row_count"], 2);
    let lines = ndjson(|shape| shape.error_after_data = Some(String::from("lost a node"))).await;
    assert_eq!(lines[1]["type"], "data");
    assert_eq!(lines[2], json!({"type": "error", "message": "lost a node"}));
    assert_eq!(lines.len(), 3);
    let lines = ndjson(|shape| shape.unknown_line = true).await;
    assert_eq!(lines[1]["type"], "progress");
    assert_eq!(lines.last().unwrap()["row_count"], 3);
}

#[tokio::test]
async fn schema_and_rows_are_changed_as_asked() {
    let plain = document(|_| {}).await;
    let changed = document(|shape| {
        shape.null_keys_omitted = true;
        shape.attributes_as_text = true;
        shape.offset_timestamps = true;
        shape.extra_key = true;
        shape.without_column = Some(String::from("message"));
        shape.data_types = vec![
            (String::from("level"), json!("Int16")),
            (String::from("attributes"), json!({"Dictionary": ["Int32", "Utf8"]})),
        ];
    })
    .await;
    let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&plain["data"][0]),
        ["start_timestamp", "level", "message", "parent_span_id", "attributes"]
    );
    assert_eq!(keys(&changed["data"][0]), ["start_timestamp", "level", "attributes"]);
    assert_eq!(plain.as_object().unwrap().len() + 1, changed.as_object().unwrap().len());
    let attributes = changed["data"][0]["attributes"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(attributes).unwrap(),
        plain["data"][0]["attributes"]
    );
    let (before, after) = (
        &plain["data"][0]["start_timestamp"],
        &changed["data"][0]["start_timestamp"],
    );
    assert_eq!(before.as_str().unwrap().replace('Z', "+00:00"), after.as_str().unwrap());
    let fields = changed["schema"]["fields"].as_array().unwrap();
    assert!(fields.iter().all(|field| field["name"] != "message"));
    assert_eq!(fields[1]["data_type"], "Int16");
    assert_eq!(fields[3]["data_type"], json!({"Dictionary": ["Int32", "Utf8"]}));
}

#[tokio::test]
async fn arrow_comes_unasked() {
    let by_default = Fault::none().shape(|shape| shape.arrow_by_default = true);
    let always = Fault::none().shape(|shape| shape.arrow_always = true);
    let running = under(FaultPlan::script([by_default.clone(), by_default, always])).await;
    for (accept, is_arrow) in [("*/*", true), ("application/json", false), ("application/json", true)] {
        let bytes = ask(&running, accept, question()).await.bytes().await.unwrap();
        assert_eq!(bytes.starts_with(&[0xff; 4]), is_arrow, "{accept}");
    }
}

#[tokio::test]
async fn the_clock_is_off() {
    let off = Fault::none().wire(|wire| wire.clock_off = -3600);
    let running = under(FaultPlan::script([off, Fault::none()])).await;
    let mut times = Vec::new();
    for _ in 0..2 {
        let response = ask(&running, "application/json", question()).await;
        let date = response.headers()["date"].to_str().unwrap().to_owned();
        times.push(chrono::DateTime::parse_from_rfc2822(&date).unwrap());
    }
    let apart = (times[1] - times[0]).num_seconds();
    assert!((3599..=3605).contains(&apart), "{apart}");
}
