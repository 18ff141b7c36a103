//! The rows of the fault table: what is injected, and what must come of it.

use std::io::Write;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::api::ARROW;
use crate::wire::{Play, head, response};

/// Where the binary is sent.
#[derive(Clone, Copy)]
pub enum At {
    Server,
    /// The same port by https, which it does not speak.
    Encrypted,
    Nobody,
}

/// What is asked.
#[derive(Clone, Copy)]
pub enum Asked {
    Timeline,
    /// Its window ends with this machine's now.
    TimelineUpToNow,
    Query,
}

/// A row.
pub struct Fault {
    pub injected: &'static str,
    pub at: At,
    pub asked: Asked,
    pub script: Vec<Play>,
    pub deadline_s: u64,
    pub code: i32,
    pub attempts: usize,
    pub says: &'static [&'static str],
}

/// Repetitions of what can pass: as many as the client makes.
const ALL: usize = 4;
/// In one piece, then its sections apart, as long as the budget of queries lasts.
const APART: usize = 5;
/// Long enough for all repetitions, short enough for a test.
const DEADLINE_S: u64 = 8;

fn fault(injected: &'static str, play: Play, attempts: usize, says: &'static [&'static str]) -> Fault {
    Fault {
        injected,
        at: At::Server,
        asked: Asked::Timeline,
        script: vec![play],
        deadline_s: DEADLINE_S,
        code: 3,
        attempts,
        says,
    }
}

fn status(status: u16, body: &str) -> Play {
    Play::Send(response(status, &[], body))
}

fn with(status: u16, name: &str, value: &str, body: &str) -> Play {
    Play::Send(response(status, &[(name, value)], body))
}

fn ok(body: impl AsRef<[u8]>) -> Play {
    Play::Send(response(200, &[("x-logfire-context", "org/shop")], body))
}

impl Fault {
    fn query(mut self) -> Self {
        self.asked = Asked::Query;
        self
    }

    fn deadline(mut self, seconds: u64) -> Self {
        self.deadline_s = seconds;
        self
    }

    fn at(mut self, at: At) -> Self {
        self.at = at;
        self
    }

    fn inconclusive(mut self) -> Self {
        self.code = 4;
        self
    }

    fn up_to_now(mut self) -> Self {
        self.asked = Asked::TimelineUpToNow;
        self
    }
}

/// `answer` is a true one, with nothing wrong in it.
pub fn faults(answer: &[u8]) -> Vec<Fault> {
    let mut all = connections(answer);
    all.extend(statuses());
    all.extend(limits());
    all.extend(bodies(answer));
    all.extend(contents(answer));
    all.extend(lines());
    all
}

/// The answer with its end missing.
fn cut(answer: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = response(200, &[], answer);
    let head = bytes.len() - answer.len();
    bytes.truncate(head + at);
    bytes
}

fn chunked_without_end(answer: &[u8]) -> Vec<u8> {
    let mut bytes = head(200, &[("transfer-encoding", "chunked")]);
    bytes.extend_from_slice(b"\r\n40\r\n");
    bytes.extend_from_slice(&answer[..0x40]);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn connections(answer: &[u8]) -> Vec<Fault> {
    let broke: &[&str] = &[
        "the connection to 127.0.0.1",
        "broke before the answer was complete",
        "4 attempts",
    ];
    let second = Duration::from_secs(1);
    vec![
        fault(
            "nobody listens",
            Play::Hang,
            0,
            &["cannot connect to 127.0.0.1", "refused", "4 attempts", "config show"],
        )
        .at(At::Nobody),
        fault(
            "the port does not speak TLS",
            Play::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            1,
            &["no trustworthy connection to 127.0.0.1", "the token was not sent"],
        )
        .at(At::Encrypted),
        fault(
            "no answer at all",
            Play::Hang,
            1,
            &["gave no complete answer within 2s", "deadline"],
        )
        .deadline(2),
        fault(
            "an answer that drips, a byte a second",
            Play::Drip(cut(answer, answer.len()), 200, second),
            1,
            &["gave no complete answer within 2s", "narrow the window"],
        )
        .deadline(2),
        fault(
            "an error page that drips",
            Play::Drip(response(502, &[], "Bad Gateway"), 60, second),
            1,
            &["gave no complete answer within 2s"],
        )
        .deadline(2),
        fault("closed without a word", Play::Send(Vec::new()), ALL, broke),
        fault("reset without a word", Play::Reset(Vec::new()), ALL, broke),
        fault(
            "reset in the middle of the body",
            Play::Reset(cut(answer, answer.len() / 2)),
            ALL,
            broke,
        ),
        fault(
            "closed in the middle of the body",
            Play::Send(cut(answer, answer.len() / 2)),
            ALL,
            broke,
        ),
        fault(
            "closed before the last byte",
            Play::Send(cut(answer, answer.len() - 1)),
            ALL,
            broke,
        ),
        fault(
            "chunks without an end",
            Play::Send(chunked_without_end(answer)),
            ALL,
            broke,
        ),
        fault(
            "another protocol (SSH)",
            Play::Send(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
            ALL,
            &["127.0.0.1"],
        ),
    ]
}

const NESTED_400: &str = r#"{"error":"invalid query","details":{"error_type":"UserError","details":{"kind":"Error","message":"column 'x' not found","span":{"start":{"line":1,"column":8},"end":{"line":1,"column":9}}}}}"#;
const FLAT_400: &str = r#"{"error":"invalid query","details":{"error_type":"UserError","kind":"Error","code":"sql_syntax","message":"sql parser error: Expected: an SQL statement","span":{"start":{"line":1,"column":1},"end":{"line":1,"column":7}}}}"#;
const QUOTED_400: &str = r#"{"detail":"{\"error\":\"invalid query\",\"details\":{\"details\":{\"message\":\"column 'duration_ms' not found\",\"span\":{\"start\":{\"line\":1,\"column\":58}},\"replace_span_with\":\"duration\"}}}"}"#;
const MISSING_422: &str = r#"{"detail":[{"loc":["body","min_timestamp"],"msg":"field required","type":"missing"}]}"#;
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n";

fn statuses() -> Vec<Fault> {
    vec![
        fault(
            "400, message inside `details.details`",
            status(400, NESTED_400),
            1,
            &["the query was rejected: column 'x' not found", "line 1, column 8"],
        ),
        fault(
            "400, message inside `details`",
            status(400, FLAT_400),
            1,
            &["the query was rejected: sql parser error"],
        ),
        fault(
            "400, JSON inside a string",
            status(400, QUOTED_400),
            1,
            &["did you mean `duration`?"],
        ),
        fault(
            "400, a web page",
            status(400, PAGE),
            1,
            &["refuses the request (400, a web page", "disagree"],
        ),
        fault(
            "401, plain text",
            status(401, "Invalid read token"),
            1,
            &[
                "does not accept the token from LOGFIRE_READ_TOKEN (401: Invalid read token)",
                "region `local`",
                "a write token (LOGFIRE_TOKEN) cannot query",
            ],
        ),
        fault(
            "401, JSON",
            status(401, r#"{"detail":"Invalid read token"}"#),
            1,
            &["(401: Invalid read token)"],
        ),
        fault(
            "402",
            status(402, r#"{"detail":"Token has been blocked due usage limit"}"#),
            1,
            &[
                "has blocked the token (402: Token has been blocked due usage limit)",
                "config check",
            ],
        ),
        fault(
            "403",
            status(403, r#"{"detail":"Forbidden"}"#),
            1,
            &["does not allow this token to query", "read token"],
        ),
        fault(
            "404, JSON",
            status(404, r#"{"detail":"Not Found"}"#),
            1,
            &["has no /v2/query", "older self-hosted"],
        ),
        fault(
            "404, a web page",
            status(404, PAGE),
            1,
            &["has no /v2/query", "older self-hosted"],
        ),
        fault(
            "415",
            status(415, ""),
            1,
            &["refuses the request (415, without a word)"],
        ),
        fault(
            "422, a list of problems",
            status(422, MISSING_422),
            1,
            &["(422: body.min_timestamp: field required)"],
        ),
        fault(
            "500, plain text",
            status(500, "Internal Server Error"),
            APART,
            &["failed (500", "narrow the window"],
        ),
        fault(
            "500, a web page",
            status(500, PAGE),
            1,
            &["failed (500, a web page", "a proxy answered"],
        ),
        fault(
            "502, a proxy's web page",
            status(502, PAGE),
            ALL,
            &[
                "failed (502, a web page with the title \"502 Bad Gateway\"); 4 attempts",
                "a proxy answered",
            ],
        ),
        fault(
            "503, plain text",
            status(503, "no healthy upstream"),
            ALL,
            &["(503: no healthy upstream); 4 attempts"],
        ),
        fault(
            "503, without a body",
            status(503, ""),
            ALL,
            &["(503, without a word); 4 attempts"],
        ),
        fault(
            "504",
            status(504, "upstream request timeout"),
            ALL,
            &["(504: upstream request timeout); 4 attempts"],
        ),
        fault(
            "503 that cannot be unpacked",
            with(503, "content-encoding", "gzip", "garbage"),
            ALL,
            &["failed (503"],
        ),
        fault(
            "redirect to another host",
            with(307, "location", "https://evil.example/v2/query", ""),
            1,
            &["redirects to https://evil.example/v2/query (307); the token is not sent there"],
        ),
        fault(
            "redirect to a login page",
            with(302, "location", "/login", ""),
            1,
            &["redirects to /login (302)"],
        ),
        fault("204", status(204, ""), 1, &["status that means nothing here"]),
        fault("status 999", status(999, "?"), 1, &["status that means nothing here"]),
    ]
}

fn limits() -> Vec<Fault> {
    let minute = "Rate limit exceeded (minute)";
    vec![
        fault(
            "429, a second to wait, for ever",
            with(429, "retry-after", "1", minute),
            ALL,
            &[
                "takes no more queries for now (429: Rate limit exceeded (minute)); 4 attempts",
                "shared by the whole organisation",
            ],
        ),
        fault(
            "429, an hour to wait",
            with(429, "retry-after", "3600", "Rate limit exceeded (hour)"),
            1,
            &["it asks to wait 60 min, longer than the deadline", "come back at "],
        ),
        fault(
            "429, a date to wait for",
            with(429, "retry-after", "Wed, 21 Oct 2099 07:28:00 GMT", minute),
            1,
            &["it asks to wait more than a year"],
        ),
        fault(
            "429, an absurd time to wait",
            with(429, "retry-after", "99999999999999999999", minute),
            1,
            &["it asks to wait more than a year"],
        ),
        fault(
            "429, an unreadable time to wait",
            with(429, "retry-after", "soon", minute),
            ALL,
            &["4 attempts"],
        ),
        fault(
            "503, an hour to wait",
            with(503, "retry-after", "3600", "maintenance"),
            1,
            &["it asks to wait 60 min, longer than the deadline"],
        ),
        fault(
            "429 without a time: the quota is spent",
            status(429, "Query quota exceeded for this organization"),
            1,
            &[
                "quota at 127.0.0.1",
                "is spent (429: Query quota exceeded",
                "come back when it is renewed",
            ],
        ),
        fault(
            "429 without a time, per minute (v1)",
            status(
                429,
                r#"{"detail":"Rate limit exceeded for organization org: per minute limit reached."}"#,
            ),
            1,
            &["is spent", "come back in a minute"],
        ),
    ]
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn gzip(body: &[u8]) -> Play {
    Play::Send(response(200, &[("content-encoding", "gzip")], body))
}

fn bodies(answer: &[u8]) -> Vec<Fault> {
    let broken: &[&str] = &["is incomplete or broken", "nothing of a broken answer is used"];
    let web: &[&str] = &[
        "has no /v2/query (a web page instead of an answer)",
        "older self-hosted Logfire",
    ];
    let zeros = vec![b' '; 65 << 20];
    let packed_answer = packed(answer);
    let mut invalid = answer.to_vec();
    let at = invalid.iter().rposition(|byte| *byte == b'"').unwrap();
    invalid.insert(at, 0xc3);
    vec![
        fault("200 with a web page", ok(PAGE), 1, web),
        fault(
            "200 with nothing",
            ok(""),
            1,
            &["answered with nothing at all", "a proxy may have cut it off"],
        ),
        fault("200 with plain text", ok("OK"), 1, broken),
        fault(
            "200 with an error in it",
            ok(r#"{"error":"out of memory"}"#),
            APART,
            &["the query was rejected: out of memory"],
        ),
        fault(
            "200 with JSON that is no answer",
            ok("{\"status\":\"ok\"}"),
            1,
            &["neither `data` nor `columns`"],
        ),
        fault("200 with `null`", ok("null"), 1, broken),
        fault(
            "JSON cut off, with the right length",
            ok(&answer[..answer.len() - 40]),
            1,
            &["it ends too early"],
        ),
        fault("JSON with more behind it", ok([answer, b"{}"].concat()), 1, broken),
        fault("invalid UTF-8", ok(invalid), 1, broken),
        fault("a hundred thousand brackets", ok("[".repeat(100_000)), 1, broken),
        fault(
            "a hundred thousand brackets in a cell",
            ok(format!(
                "{{\"data\":[{{\"a\":{}{}}}]}}",
                "[".repeat(100_000),
                "]".repeat(100_000)
            )),
            1,
            broken,
        ),
        fault(
            "Arrow instead of JSON",
            ok(ARROW),
            1,
            &["Arrow's binary format although JSON was asked for"],
        ),
        fault("garbage as gzip", gzip(b"this is no gzip"), 1, &["cannot be unpacked"]),
        fault(
            "gzip cut off, with the right length",
            gzip(&packed_answer[..packed_answer.len() / 2]),
            ALL,
            &["127.0.0.1"],
        ),
        fault("65 MiB", ok(&zeros), 1, &["is larger than 64 MiB", "--limit"]),
        fault(
            "65 MiB packed into 64 kB",
            gzip(&packed(&zeros)),
            1,
            &["is larger than 64 MiB"],
        ),
    ]
}

fn edited(answer: &[u8], edit: impl FnOnce(&mut Value)) -> Play {
    let mut answer: Value = serde_json::from_slice(answer).unwrap();
    edit(&mut answer);
    ok(answer.to_string())
}

fn date(off: TimeDelta) -> String {
    (Utc::now() + off).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn contents(answer: &[u8]) -> Vec<Fault> {
    let ahead = Play::Send(response(200, &[("date", &date(TimeDelta::hours(1)))], answer));
    let behind = Play::Send(response(200, &[("date", &date(-TimeDelta::hours(1)))], answer));
    let clock: &[&str] = &["inconclusive", "this machine's clock is"];
    vec![
        fault("this machine's clock is an hour behind", ahead, 1, clock)
            .inconclusive()
            .up_to_now(),
        fault("this machine's clock is an hour ahead", behind, 1, clock)
            .inconclusive()
            .up_to_now(),
        fault(
            "a column vanished from schema and rows",
            edited(answer, |answer| {
                answer["schema"]["fields"]
                    .as_array_mut()
                    .unwrap()
                    .retain(|field| field["name"] != "section");
            }),
            1,
            &["the answer is not what was asked for", "did not come back"],
        ),
        fault(
            "a number became text",
            edited(answer, |answer| {
                for row in answer["data"].as_array_mut().unwrap() {
                    if row["section"] == "traffic" {
                        row["operations"] = json!("many");
                    }
                }
            }),
            1,
            &["inconclusive", "traffic"],
        )
        .inconclusive(),
        fault(
            "all sections but one are gone",
            edited(answer, |answer| answer["data"].as_array_mut().unwrap().truncate(1)),
            1,
            &["inconclusive"],
        )
        .inconclusive(),
        fault(
            "as many rows as the limit",
            edited(answer, |answer| {
                let rows = answer["data"].as_array_mut().unwrap();
                let filler = rows[0].clone();
                rows.resize(1411, filler);
            }),
            1,
            &["inconclusive"],
        )
        .inconclusive(),
        fault(
            "no rows (another project, environment or window)",
            edited(answer, |answer| answer["data"] = json!([])),
            // What the filters left out is asked as well.
            2,
            &[
                "project org/shop",
                "environment production",
                "config check",
                "--all-envs",
            ],
        )
        .inconclusive(),
    ]
}

const SCHEMA: &str = r#"{"type":"schema","schema":{"fields":[{"name":"service_name","data_type":"Utf8"}]}}"#;
const DATA: &str = r#"{"type":"data","rows":[{"service_name":"a"},{"service_name":"b"}]}"#;
const END: &str = r#"{"type":"end","row_count":2}"#;

fn lines() -> Vec<Fault> {
    let line = |name, parts: &[&str], says| fault(name, ok(parts.join("\n")), 1, says).query();
    let mut reset = response(200, &[], format!("{SCHEMA}\n{DATA}\n{END}\n"));
    reset.truncate(reset.len() - END.len());
    vec![
        line(
            "NDJSON without its `end`",
            &[SCHEMA, DATA, ""],
            &["cut off after 2 rows: its `end` line is missing"],
        ),
        line(
            "NDJSON with another `row_count`",
            &[SCHEMA, DATA, DATA, END],
            &["tells of 2 rows, and 4 came"],
        ),
        line(
            "NDJSON with an `error` behind rows",
            &[SCHEMA, DATA, r#"{"type":"error","message":"Invalid SQL: x"}"#],
            &["the query was rejected: Invalid SQL: x"],
        ),
        line(
            "NDJSON with an `error` behind its `end`",
            &[SCHEMA, DATA, END, r#"{"type":"error","message":"late"}"#],
            &["the query was rejected: late"],
        ),
        line("NDJSON with a line that is none", &[SCHEMA, "oops", END], &["line 2: "]),
        line(
            "NDJSON with a line cut in two",
            &[SCHEMA, &DATA[..30], &DATA[30..], END],
            &["line 2: it ends too early"],
        ),
        line(
            "NDJSON without its `schema`",
            &[DATA, END],
            &["`data` before the `schema`"],
        ),
        line(
            "a JSON document instead of NDJSON",
            &[r#"{"schema":{"fields":[]},"data":[]}"#],
            &["it has no `type`"],
        ),
        line("a web page instead of NDJSON", &[PAGE], &["has no /v2/query"]),
        line("nothing instead of NDJSON", &[""], &["answered with nothing at all"]),
        fault("Arrow instead of NDJSON", ok(ARROW), 1, &["Arrow's binary format"]).query(),
        fault(
            "NDJSON broken off before its `end`",
            Play::Send(reset),
            ALL,
            &["broke before the answer"],
        )
        .query(),
        line(
            "NDJSON without rows",
            &[SCHEMA, r#"{"type":"end","row_count":0}"#],
            &["no rows", "project org/shop"],
        )
        .inconclusive(),
    ]
}
