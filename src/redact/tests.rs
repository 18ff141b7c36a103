//! Texts as errors, logs and attributes hold them, some of them hostile: what goes, and what stays.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::Redactor;

fn redacted(text: &str) -> String {
    let mut redactor = Redactor::new();
    redactor.learn(text);
    redactor.text(text)
}

/// A text, and what must not be left of it.
const GOES: &[(&str, &[&str])] = &[
    (
        "user Alice.Smith+x@Example.co.uk failed",
        &["Alice", "Example", "Smith"],
    ),
    ("q=alice%40example.com done", &["alice", "example.com"]),
    (
        r#"{"a": "x\u0040", "m": "alice\u0040example.com"}"#,
        &["alice", "example.com"],
    ),
    ("müller@bücher.example, x", &["müller", "bücher"]),
    ("contact alice@examp… or bob@ex...", &["alice", "bob"]),
    (
        "alice\u{200b}@example.com and pass\u{200b}word=hunter2",
        &["alice", "example.com", "hunter2"],
    ),
    ("\u{1b}[1malice\u{1b}[0m@example.com", &["alice", "example.com"]),
    (
        "client 203.0.113.9:5044 and [2001:db8::7]:443, 2001:DB8:0:0:0:0:0:8.",
        &["203.0.113", "2001:", "db8", "DB8"],
    ),
    ("for ::ffff:203.0.113.9", &["203.0.113"]),
    (
        "/actors/did:plc:z72i7hdynmk6r22z27h6tvur and did%3Aweb%3Aalice.example.com",
        &["z72i7", "alice"],
    ),
    (
        "at://alice.example.com/app.bsky.feed and @carol.bsky.social, dave.bsky.social; (@erin)",
        &["alice", "carol", "dave", "erin"],
    ),
    ("call +49 151 2345 6789 or (555) 123-4567", &["2345", "123-4567"]),
    ("Authorization: Bearer abcDEF123._-~x= next", &["abcDEF"]),
    ("authorization: bearer opaque-secret-thing", &["opaque"]),
    ("BEARER%20abcdefgh1", &["abcdefgh1"]),
    ("Basic dXNlcjpwYXNz", &["dXNl"]),
    (
        "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1 cut eyJhbGciOiJIUzI1Ni",
        &["eyJ", "abc-_1"],
    ),
    (
        "pylf_v1_us_Abc123 ghp_abcdefghijklmnopqrstuvwxyz012345 AKIAIOSFODNN7EXAMPLE",
        &["Abc123", "ghp_", "AKIA"],
    ),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
        &["MIIabc"],
    ),
    (
        "postgresql+psycopg://app:p@ss/w0rd@ep-x.neon.tech:5432/db?options=a%3Db",
        &["p@ss", "w0rd", "app:", "options"],
    ),
    (
        "https://bob:hunter2@example.com/x?email=a@b.cd&t=1#f",
        &["bob", "hunter2", "email", "a@b"],
    ),
    ("GET /login?next=/a&code=XYZ HTTP/1.1", &["next", "XYZ"]),
    (
        "host=db.example user=alice password='hun ter2' dbname=x",
        &["alice", "hun ter2"],
    ),
    (
        r#"{\"password\": \"hunter2\", \"api_key\": \"k-1\"}"#,
        &["hunter2", "k-1"],
    ),
    (
        "PASSWORD: hunter2; Api-Key=abc; client_secret => 'd e'; access_token=ghi",
        &["hunter2", "abc", "d e", "ghi"],
    ),
    ("Cookie: sid=abc; theme=dark\nnext", &["abc", "dark"]),
    (
        "{'password': 'hunter2', 'username': 'alice', \"session_id\": \"s1\"}",
        &["hunter2", "alice", "s1"],
    ),
    (
        "SELECT * FROM users WHERE email = 'o''brien' AND age > 41 AND id IN (7001, 7002)",
        &["brien", "41", "7001", "7002"],
    ),
    (
        "select name from users where name = 'alice' limit 7003",
        &["alice", "7003"],
    ),
    (
        "INSERT INTO t (a, b) VALUES (7001, E'al\\'ice'), (7002, $$bob$$)",
        &["7001", "ice", "7002", "bob"],
    ),
    (
        "[SQL: UPDATE users SET name=%(name)s WHERE id = 7001]\n[parameters: {'name': 'alice ]', 'id': 7002}]\n(x)",
        &["alice", "7001", "7002"],
    ),
    ("[parameters: ('alice', 7001, 'cut off", &["alice", "7001", "cut"]),
    (
        "[parameters: [{'a': 'alice'}, {'a': 'bob'}  ... displaying 10 of 20]]",
        &["alice", "bob"],
    ),
    (
        "DETAIL:  Key (email)=(alice smith) already exists.",
        &["alice", "smith"],
    ),
    ("DETAIL:  Failing row contains (7001, alice, null).", &["7001", "alice"]),
    ("Duplicate entry 'alice-7001' for key 'users.name'", &["alice", "7001"]),
    ("invalid input syntax for type integer: \"alice\"", &["alice"]),
    ("DETAIL:  parameters: $1 = 'alice', $2 = '7001'", &["alice", "7001"]),
    ("connection failed…77two@x key…ci77 tail", &["77two", "ci77"]),
    ("from 203.0.1…13.77 (x", &["203", "13.77"]),
    ("error…lice smith', 'n': 7001}] (x)", &["lice", "7001"]),
    ("error: …ice smith' AND age = 7001", &["smith", "7001"]),
    (
        "MERGE INTO t USING s ON t.id = 7001 WHEN MATCHED THEN UPDATE SET a = 'alice'",
        &["7001", "alice"],
    ),
    (
        "SELECT set_config('app.user', 'alice', true); EXEC p 'bob'",
        &["app.user", "alice", "bob"],
    ),
    (r#"{"user": "alice", "n": 1} "#, &["alice"]),
    ("smtp pass=hunter3", &["hunter3"]),
    ("GET /albums for x?code=abc starts", &["abc"]),
    ("File \"/home/alice/app/main.py\", line 3", &["alice"]),
    (
        "statement: SELECT a FROM b WHERE c = 'alice is not clo",
        &["alice", "clo"],
    ),
];

#[test]
fn what_is_about_people_goes() {
    for (text, values) in GOES {
        let shown = redacted(text);
        for value in *values {
            assert!(!shown.contains(value), "{value} is left: {shown}");
        }
        assert!(shown.contains('['), "{shown}");
        assert_eq!(redacted(&shown), shown, "a second time changes it again");
    }
}

/// Texts that hold nothing about people.
const STAYS: &[&str] = &[
    "06:33:36-06:36:04 ~2.5 min gap at 2025-12-08T06:33:36Z, 2025-12-08 06:33:36.123+00:00",
    "trace 019afcaca496d8b3aed2802e1fc07d0c span 0b14e6869212da2b on 3d8dd15c016789",
    r#"connection to server at "ep-x.neon.tech" (2600:1f1c::1), port 5432 failed: timeout expired"#,
    r#"connection to server at "10.0.0.5", port 5432 failed: Connection refused"#,
    "[Errno 111] Connect call failed ('10.0.0.5', 5432), Connect call failed ('2600:1f1c::1', 5432, 0, 0)",
    "- host: 'db.example', port: '5432', hostaddr: '198.51.100.4': connection timeout expired",
    "dial tcp 198.51.100.4:5432: connect: connection refused; connect ECONNREFUSED 198.51.100.4:5432",
    "Is the server running on host \"db\" (198.51.100.4) and accepting TCP/IP connections on port 5432?",
    "GET /tracks/{track_id} starts, std::net and a::b, version 1.2.3.4, Chrome/120.0.0.0",
    "listening on 127.0.0.1:8000 and ::1",
    "SELECT a.id, count(*) AS count_1 FROM a JOIN b ON a.x = b.y WHERE a.did = $1 AND c = %(c_1)s ORDER BY 1",
    "SELECT neondb was slow 24 times (12 of 30) from 06:33:36, 173 ran",
    "QueuePool limit of size 10 overflow 5 reached, connection timed out, timeout 30.00",
    "password authentication failed for user \"app\"; unexpected token: end of file; couldn't get a connection after 30.0 sec",
    "there is no read token: LOGFIRE_READ_TOKEN is not set",
    "relay-diag verify --source fixtures/demo --from 2025-12-08T06:30:00Z --env ''",
    "https://logfire.example/o/p?q=trace_id%3D%27019b%27&since=2025-12-08T06%3A36%3A04Z&until=2025-12-08T06%3A37%3A04Z",
    "[Scrubbed due to 'session'] password=[Scrubbed due to 'password'] token=%(token)s",
    "p = 5.0e-4, 12 x 130 s = 26 min; with connect_timeout=10: 2 min",
    "Bearer authentication is needed",
    "PASS: 2 instances healthy; pass: 2025-12-08 06:30, unexpected token: 5",
    "SELECT tracks.id …play_count FROM tracks WHERE …",
    "SELECT coalesce(s…coalesce_1 FROM tracks",
    "SELECT \"invoices\"…es\".\"paid\" FROM \"invoices\"",
    "Connect call failed ('127.47.0.1', 5432)…ect call failed ('127.47.0.3', 5432)",
    "Connect call failed ('127.…ll failed ('127.47.0.3', 5432)",
    "failed to resolve host 'ep-a7f78g7p-pooler.us-east-1.aws.neon…[Errno -2] Name or service not known",
    "server at \"ep-7.neon.tech\" (2600:1…432 failed: Connection refused, …-2] Name",
    "connection failed:…on refused",
];

#[test]
fn what_is_evidence_stays() {
    for text in STAYS {
        assert_eq!(redacted(text), *text);
    }
}

#[test]
fn a_value_has_one_name_wherever_it_stands() {
    let mut redactor = Redactor::new();
    let shown = redactor.text("a@x.com then B@x.com, A@X.com%40, <b%40x.com>, did:plc:abc and did%3Aplc%3Aabc");
    assert_eq!(
        shown,
        "[email 1] then [email 2], [email 1]%40, <[email 2]>, [did 1] and [did 1]"
    );
    assert_eq!(redactor.text("'b@x.com' from 203.0.113.9"), "'[email 2]' from [ip 1]");
    let sql = "SELECT 1 FROM u WHERE e = 'a@x.com' AND f LIKE '%b@x.com%' AND n = 5 OR m = 5";
    assert_eq!(
        redactor.text(sql),
        "SELECT [value 1] FROM u WHERE e = '[email 1]' AND f LIKE '[value 2]' AND n = [value 3] OR m = [value 3]"
    );
}

#[test]
fn an_address_of_a_database_stays_everywhere() {
    let mut redactor = Redactor::new();
    redactor.learn("connection to server at \"db\" (198.51.100.4), port 5432 failed");
    assert_eq!(redactor.text("198.51.100.4 of 203.0.113.9"), "198.51.100.4 of [ip 1]");
}

#[test]
fn fields_say_what_their_values_are() {
    let mut redactor = Redactor::new();
    let record = json!({
        "service_version": "1.2.3.4", "trace_id": "019afcaca496d8b3aed2802e1fc07d0c", "duration": 1.5, "level": 17,
        "url_query": "a=b", "attributes": {
            "password": "short", "user.id": 42, "user": {"name": "Alice Smith", "email": "alice@x.com"},
            "http.request.header.authorization": ["opaque"], "net.peer.ip": "203.0.113.9",
            "db.query.parameter.0": "alice", "alice@x.com": true,
        },
        "statement_span": {"db.system": "postgresql", "net.peer.ip": "198.51.100.4", "db.statement": "EXPLAIN x = 'y'"},
        "text": "{\"user_id\": 42, \"password\": \"other\"}",
    });
    let shown = redactor.value("row", record);
    let expected = json!({
        "service_version": "1.2.3.4", "trace_id": "019afcaca496d8b3aed2802e1fc07d0c", "duration": 1.5, "level": 17,
        "url_query": "[query 1]", "attributes": {
            "password": "[secret 1]", "user.id": "[user 1]", "user": {"name": "[user 2]", "email": "[email 1]"},
            "http.request.header.authorization": ["[secret 2]"], "net.peer.ip": "[ip 1]",
            "db.query.parameter.0": "[value 1]", "[email 1]": true,
        },
        "statement_span": {
            "db.system": "postgresql", "net.peer.ip": "198.51.100.4", "db.statement": "EXPLAIN x = '[value 2]'",
        },
        "text": "{\"user_id\":\"[user 1]\",\"password\":\"[secret 3]\"}",
    });
    assert_eq!(shown, expected);
}

#[test]
fn long_and_odd_texts_come_to_an_end() {
    let long = format!(
        "{} alice@example.com SELECT 'x{}",
        "a1.b:c ".repeat(40_000),
        "'".repeat(9_999)
    );
    assert!(!redacted(&long).contains("alice"));
    let odd = [
        "",
        "'",
        "[parameters: ",
        "SELECT '",
        "::",
        "@",
        "did:",
        "password=",
        "SELECT $",
        "[SQL: ",
        "𝒶@𝒷.𝒸𝒹 SELECT 1 FROM '𝒶",
    ];
    odd.iter().for_each(|text| drop(redacted(text)));
    assert_eq!(Redactor::new().value("n", Value::Null), Value::Null);
}
