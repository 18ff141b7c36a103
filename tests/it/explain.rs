//! `explain`: every failure mode has its documentation, and errors are known by their structure.

use relay_diag::diagnosis::REGISTRY;
use relay_diag::error_text::{ErrorClass, attempts, classify, read};

use crate::support::{command, finish, fixture, run};

/// Relatives of the listed errors: other drivers, numbers and hosts.
const RELATIVES: &[(&str, &str)] = &[
    (
        "pool_exhausted",
        "QueuePool limit of size 20 overflow 0 reached, connection timed out, timeout 10.00",
    ),
    (
        "pool_exhausted",
        "AsyncAdaptedQueuePool limit of size 3 overflow 1 reached, connection timed out, timeout 5.00",
    ),
    ("pool_exhausted", "couldn't get a connection after 5.0 sec"),
    (
        "pool_exhausted",
        "psycopg_pool.TooManyRequests: the pool 'pool-1' has already 10 requests waiting",
    ),
    (
        "pool_exhausted",
        "The connection pool has been exhausted, either raise 'Max Pool Size' (currently 100) or 'Timeout' (currently 15 seconds)",
    ),
    (
        "pool_exhausted",
        "Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool.  This may have occurred because all pooled connections were in use and max pool size was reached.",
    ),
    (
        "pool_exhausted",
        "mysql.connector.errors.PoolError: Failed getting connection; pool exhausted",
    ),
    ("pool_exhausted", "pool timed out while waiting for an open connection"),
    (
        "pool_exhausted",
        "KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?",
    ),
    (
        "pool_exhausted",
        "SequelizeConnectionAcquireTimeoutError: Operation timeout",
    ),
    (
        "pool_exhausted",
        "HikariPool-3 - Connection is not available, request timed out after 5000ms (total=10, active=10, idle=0, waiting=7)",
    ),
    (
        "pool_exhausted",
        "could not obtain a connection from the pool within 5.000 seconds (waited 5.012 seconds); all pooled connections were in use",
    ),
    (
        "pool_exhausted",
        "Cannot get a connection, pool error Timeout waiting for idle object",
    ),
    (
        "pool_exhausted",
        "[http-nio-8080-exec-3] Timeout: Pool empty. Unable to fetch a connection in 30 seconds, none available[size:100; busy:100; idle:0; lastwait:30000].",
    ),
    (
        "pool_exhausted",
        "connection not available and request was dropped from queue after 2000ms",
    ),
    (
        "pool_exhausted",
        "An attempt by a client to checkout a Connection has timed out.",
    ),
    (
        "server_slots_full",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ),
    (
        "server_slots_full",
        "FATAL: remaining connection slots are reserved for roles with privileges of the \"pg_use_reserved_connections\" role",
    ),
    ("server_slots_full", "FATAL: too many connections for role \"app\""),
    ("server_slots_full", "(1040, 'Too many connections')"),
    (
        "server_slots_full",
        "User app already has more than 'max_user_connections' active connections",
    ),
    (
        "server_slots_full",
        "FATAL: MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size",
    ),
    ("pooler_timeout", "FATAL: query_wait_timeout"),
    ("pooler_timeout", "closing because: query_wait_timeout (age=120s)"),
    (
        "pooler_backend_down",
        "FATAL: server login failed: server login has been failing, cached error: connect failed (server_login_retry)",
    ),
    ("pooler_backend_down", "ERROR: pgbouncer cannot connect to server"),
    (
        "stale_connection",
        "could not receive data from server: Connection timed out",
    ),
    ("stale_connection", "SSL SYSCALL error: EOF detected"),
    ("stale_connection", "Error: Connection terminated unexpectedly"),
    (
        "stale_connection",
        "terminating connection due to idle-in-transaction timeout",
    ),
    (
        "stale_connection",
        "(2013, 'Lost connection to MySQL server during query')",
    ),
    (
        "stale_connection",
        "Npgsql.NpgsqlException: Exception while reading from stream",
    ),
    (
        "stale_connection",
        "org.postgresql.util.PSQLException: An I/O error occurred while sending to the backend.",
    ),
    (
        "stale_connection",
        "org.postgresql.util.PSQLException: This connection has been closed.",
    ),
    ("stale_connection", "conn closed"),
    ("stale_connection", "Error: read ECONNRESET"),
    ("stale_connection", "cannot perform operation: [Errno 32] Broken pipe"),
    (
        "stale_connection",
        "read tcp 10.0.0.2:41022->10.0.0.7:5432: i/o timeout",
    ),
    // A pooler in the host's name is no pool.
    (
        "connect_timeout",
        "connection timeout expired\nMultiple connection attempts failed. All failures were:\n- host: 'ep-x-pooler.neon.test', port: None, hostaddr: '192.0.2.1': connection timeout expired",
    ),
    (
        "connect_timeout",
        "connection to server at \"db.example.com\" (203.0.113.5), port 5432 failed: Connection timed out",
    ),
    (
        "connect_timeout",
        "connection to server at \"db.example.com\" (203.0.113.5), port 5432 failed: timeout expired",
    ),
    ("connect_timeout", "Error: connect ETIMEDOUT 203.0.113.5:5432"),
    ("connect_timeout", "dial tcp 203.0.113.5:5432: i/o timeout"),
    (
        "connect_timeout",
        "failed to connect to `host=db.example.com user=app database=app`: dial error (timeout: context deadline exceeded)",
    ),
    (
        "connect_timeout",
        "(2003, \"Can't connect to MySQL server on 'db.example.com' (timed out)\")",
    ),
    (
        "connect_timeout",
        "database connection timed out after 15.0s for queue listening",
    ),
    ("connect_timeout", "asyncio.exceptions.TimeoutError"),
    (
        "connect_timeout",
        "P1001: Can't reach database server at `db.example.com`:`5432`",
    ),
    (
        "connect_refused",
        "connection to server at \"127.0.0.1\", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
    ),
    ("connect_refused", "Error: connect ECONNREFUSED 127.0.0.1:5432"),
    (
        "connect_refused",
        "OSError: Multiple exceptions: [Errno 111] Connect call failed ('127.0.0.1', 5432), [Errno 111] Connect call failed ('::1', 5432, 0, 0)",
    ),
    ("connect_refused", "FATAL: the database system is starting up"),
    (
        "connect_refused",
        "(2003, \"Can't connect to MySQL server on 'db' ([Errno 111] Connection refused)\")",
    ),
    (
        "dns",
        "could not translate host name \"db.example.com\" to address: Temporary failure in name resolution",
    ),
    ("dns", "getaddrinfo ENOTFOUND db.example.com"),
    ("dns", "Error: getaddrinfo EAI_AGAIN db.example.com"),
    ("dns", "dial tcp: lookup db.example.com on 10.0.0.2:53: no such host"),
    ("dns", "[Errno 8] nodename nor servname provided, or not known"),
    ("dns", "java.net.UnknownHostException: db.example.com"),
    ("dns", "failed to lookup address information: Name does not resolve"),
    (
        "leak",
        "Connection leak detection triggered for org.postgresql.jdbc.PgConnection@1a2b on thread http-1, stack trace follows",
    ),
    (
        "leak",
        "The garbage collector is trying to clean up non-checked-in connection <AdaptedConnection <psycopg.AsyncConnection>>, which will be dropped",
    ),
    ("misuse", "cannot perform operation: another operation is in progress"),
    ("misuse", "got Future <Future pending> attached to a different loop"),
];

/// Errors that say nothing about the way to the database.
const ORDINARY: &[&str] = &[
    "",
    "duplicate key value violates unique constraint \"tracks_pkey\"",
    "(psycopg.errors.UniqueViolation) duplicate key value violates unique constraint",
    "syntax error at or near \"SELEC\"",
    "deadlock detected",
    "404: track not found",
    "relation \"tracks\" does not exist",
    "column users.name does not exist",
    "null value in column \"id\" violates not-null constraint",
    "permission denied for table tracks",
    "password authentication failed for user \"app\"",
    "division by zero",
    "canceling statement due to statement timeout",
    "canceling statement due to lock timeout",
    "value too long for type character varying(64)",
    "could not serialize access due to concurrent update",
    "HTTPSConnectionPool(host='api.example.com', port=443): Read timed out. (read timeout=10)",
    "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /x (Caused by NewConnectionError: Connection refused)",
    "Get \"https://api.example.com/x\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
    "KeyError: 'user'",
    "AttributeError: 'NoneType' object has no attribute 'id'",
    "ValueError: invalid literal for int() with base 10: 'x'",
    "422: field required",
    "swimming pool not found",
    "No row was found when one was required",
    "invalid input syntax for type uuid: \"x\"",
    "out of memory",
    "rate limit exceeded, try again in 10 seconds",
];

#[test]
fn every_listed_error_has_its_class() {
    let text = std::fs::read_to_string(fixture("error-texts.tsv")).unwrap();
    let mut seen = 0;
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let found = classify(cells[2]).map(ErrorClass::id);
        assert_eq!(found, Some(cells[0]), "{}", cells[2]);
        seen += 1;
    }
    assert!(seen >= 28, "{seen}");
}

/// Messages as people post them, from many stacks, and errors of other kinds: `fixtures/error-messages.tsv` has class (`-` = none),
/// stack, text (line end, tab and backslash escaped) and source.
#[test]
fn every_posted_message_has_its_class() {
    let table = std::fs::read_to_string(fixture("error-messages.tsv")).unwrap();
    let (mut known, mut others, mut wrong) = (0, 0, Vec::new());
    for line in table.lines().skip(1) {
        let [class, stack, text, _source] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        *(if class == "-" { &mut others } else { &mut known }) += 1;
        let found = classify(&unescaped(text)).map_or("-", ErrorClass::id);
        if found != class {
            wrong.push(format!("{class} != {found}: {stack}: {text}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(known >= 120 && others >= 60, "{known} {others}");
}

/// The same, as logs carry them: within JSON, and behind what compose and Kubernetes put before each line.
#[test]
fn a_log_around_a_message_changes_nothing() {
    let table = std::fs::read_to_string(fixture("error-messages.tsv")).unwrap();
    let mut wrong = Vec::new();
    for line in table.lines().skip(1) {
        let mut cells = line.split('\t');
        let (class, text) = (cells.next().unwrap(), unescaped(cells.nth(1).unwrap()));
        let behind = |prefix: &str| {
            let lines = text.split('\n').map(|line| format!("{prefix}{line}\n"));
            lines.collect::<String>()
        };
        for carried in [
            serde_json::json!({"level": "error", "message": "unhandled", "error": text}).to_string(),
            behind("api-1  | "),
            behind("2025-01-01T00:00:00.123456789Z stderr F "),
        ] {
            let found = classify(&carried).map_or("-", ErrorClass::id);
            if found != class {
                wrong.push(format!("{class} != {found}: {carried}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn unescaped(cell: &str) -> String {
    let mut text = String::new();
    let mut letters = cell.chars();
    while let Some(letter) = letters.next() {
        text.extend(match letter {
            '\\' => letters.next().map(|escaped| match escaped {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            plain => Some(plain),
        });
    }
    text
}

/// What is pasted is about the database; in a record these words can be those of any service.
#[test]
fn words_of_any_service_do_not_name_the_database() {
    for (class, text) in [
        ("stale_connection", "Connection reset by peer"),
        ("stale_connection", "[Errno 32] Broken pipe"),
        ("connect_timeout", "TimeoutError"),
        ("connect_timeout", "timed out"),
        ("connect_timeout", "context deadline exceeded"),
        ("connect_refused", "[Errno 111] Connection refused"),
        ("dns", "[Errno -2] Name or service not known"),
    ] {
        let reading = read(text).unwrap();
        assert_eq!(
            (reading.class.id(), reading.speaks_of_database),
            (class, false),
            "{text}"
        );
    }
    for text in [
        "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
        "couldn't get a connection after 30.00 sec",
        "connection timeout expired",
        "connection was closed in the middle of operation",
        "server closed the connection unexpectedly",
        "terminating connection due to administrator command",
        "[Errno 111] Connect call failed ('127.0.0.1', 5432)",
        "(psycopg.OperationalError) [Errno -2] Name or service not known",
        "database connection timed out after 15.0s for queue listening",
    ] {
        assert!(read(text).unwrap().speaks_of_database, "{text}");
    }
}

/// Of what is pasted together the cause is told, not what follows from it.
#[test]
fn the_cause_goes_before_its_consequences() {
    let pool = "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 0 reached, connection timed out, timeout 30.00";
    let session = "sqlalchemy.exc.PendingRollbackError: Can't reconnect until invalid transaction is rolled back.";
    let stale = "psycopg.OperationalError: consuming input failed: SSL connection has been closed unexpectedly";
    let full = "psycopg.OperationalError: connection failed: FATAL:  sorry, too many clients already";
    let chain = |first: &str, second: &str| {
        format!("{first}\n\nDuring handling of the above exception, another exception occurred:\n\n{second}\n")
    };
    assert_eq!(classify(&chain(stale, session)), Some(ErrorClass::StaleConnection));
    assert_eq!(classify(&chain(full, pool)), Some(ErrorClass::ServerSlotsFull));
    assert_eq!(classify(&chain(pool, session)), Some(ErrorClass::PoolExhausted));
    let reached = "connection to server at \"localhost\" (::1), port 5432 failed: Connection refused\nconnection to server at \"localhost\" (127.0.0.1), port 5432 failed: FATAL:  database \"app\" does not exist";
    assert_eq!(classify(reached), None);
    assert_eq!(attempts(reached).len(), 2);
}

#[test]
fn relatives_are_known_by_their_structure() {
    let wrong: Vec<String> = RELATIVES
        .iter()
        .filter(|(class, text)| classify(text).map(ErrorClass::id) != Some(class))
        .map(|(class, text)| format!("{class} != {:?}: {text}", classify(text)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn ordinary_errors_have_no_class() {
    let wrong: Vec<String> = ORDINARY
        .iter()
        .filter(|text| classify(text).is_some())
        .map(|text| format!("{:?}: {text}", classify(text)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn most_attempts_decide_and_both_families_are_counted() {
    let mut text = String::from(
        "connection failed: connection to server at \"2001:db8::9\", port 5432 failed: Network is unreachable\nMultiple connection attempts failed. All failures were:\n",
    );
    for n in 1..=3 {
        text.push_str(&format!(
            "- host: 'db.test', port: None, hostaddr: '192.0.2.{n}': connection timeout expired\n"
        ));
    }
    text.push_str(
        "- host: 'db.test', port: None, hostaddr: '2001:db8::9': connection failed: Network is unreachable\n",
    );
    assert_eq!(classify(&text), Some(ErrorClass::ConnectTimeout));
    let tried = attempts(&text);
    assert_eq!(tried.len(), 4);
    assert_eq!(
        tried.iter().filter(|attempt| attempt.is_ipv6() == Some(true)).count(),
        1
    );
}

#[test]
fn every_failure_mode_is_documented() {
    let list = run(&["explain"]);
    for mode in REGISTRY.iter().map(|mode| mode.id) {
        assert!(list.stdout.contains(mode), "{mode}");
        let one = run(&["explain", mode, "--format", "json"]);
        assert_eq!(one.code, 0, "{}", one.stderr);
        let document = one.json();
        assert_eq!(
            (document["schema"].as_str(), document["failure_mode"].as_str()),
            (Some("relay-diag.explain.v1"), Some(mode))
        );
        for part in ["looks_like", "why", "confused_with", "what_to_do"] {
            assert!(document[part].as_str().unwrap().len() > 80, "{mode}: {part}");
        }
    }
    let unknown = run(&["explain", "nonsense"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.contains("partial-connect-hang"), "{}", unknown.stderr);
}

#[test]
fn a_pasted_error_is_explained() {
    let args = [
        "explain",
        "--error",
        "Error: connect ECONNREFUSED 127.0.0.1:5432",
        "--format",
        "json",
    ];
    let document = run(&args).json();
    assert_eq!(document["error_class"], "connect_refused");
    assert_eq!(document["failure_modes"], serde_json::json!(["database-down"]));
    assert_eq!(
        document["attempts"],
        serde_json::json!([{"host": null, "hostaddr": "127.0.0.1", "port": 5432, "cause": "ECONNREFUSED"}])
    );
    let ordinary = run(&["explain", "--error", "deadlock detected", "--format", "json"]).json();
    assert!(ordinary["error_class"].is_null());
}

#[test]
fn an_error_can_be_piped_in() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("error.txt");
    std::fs::File::create(&path)
        .unwrap()
        .write_all(b"FATAL:  sorry, too many clients already\n")
        .unwrap();
    let run = finish(
        command(folder.path())
            .args(["explain", "--error", "-"])
            .stdin(std::fs::File::open(&path).unwrap()),
    );
    assert!(
        run.stdout.starts_with("server\\_slots\\_full") || run.stdout.starts_with("server_slots_full"),
        "{}",
        run.stdout
    );
}
