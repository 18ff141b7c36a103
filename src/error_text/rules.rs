//! Classes by structure: words that must stand together, in any case, whatever stands around them. Numbers, hosts and
//! quotes are never part of a rule. The first rule that fits decides, so what is more specific comes first.

use super::ErrorClass::{self, *};
use Words::{Any, Database};

/// Whose words a rule consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// A database, its driver or its pool alone says so.
    Database,
    /// Any client of any service says so.
    Any,
}

/// Class, whose words they are, and patterns of which one has to fit.
pub(super) type Rule = (ErrorClass, Words, &'static [&'static str]);

/// In the order in which they are tried.
pub(super) const RULES: &[Rule] = &[
    // Never given back.
    (
        Leak,
        Database,
        &[
            r"garbage collector .*connection|non-checked-in connection|deleted while still open|unreleased connections",
            r"(connection|jdbc resources) leak|leaked connection|unclosed connection",
            r"(abandon(ed)? connection|connection has been abandoned)|checked-out resource is overdue",
            r"overdue resource was check|pooled object created .*has not been returned|closing a connection for you",
        ],
    ),
    (Leak, Any, &[r"connection .*was not (closed|returned|released)"]),
    // Said by one side, in words that others use in general.
    (
        PoolExhausted,
        Database,
        &[r"max ?connections ?exceeded|dbutils\.\w+\.toomanyconnections"],
    ),
    (StaleConnection, Database, &[r"(tcp|ssl) (recv|send).{0,12}closed"]),
    // The server counts. Before the poolers: what they pass on from the server.
    (
        ServerSlotsFull,
        Database,
        &[
            r"too many (database )?(clients|connections)\b|connection slots are|(toomanyconnections|too_many_connections)",
            r"no more connections allowed|max_client_conn|max_user_connections|max clients reached|client_max\b|emaxconn",
        ],
    ),
    (
        ServerSlotsFull,
        Any,
        &[
            r"max(imum)?( number of)? (client )?connections (limit )?(reached|exceeded|is)|connection limit exceeded",
            r"too many (open|tcp) connections",
        ],
    ),
    (
        ServerSlotsFull,
        Database,
        &[
            r"maximum number of (processes|sessions|connections)|(session|request|worker)s? limit for the database",
            r"ora-(12516|12518|12519|12520|00018|00020)",
        ],
    ),
    // Poolers and their kin say who they are.
    (
        PoolerBackendDown,
        Database,
        &[
            r"server_login_retry|server login (has been )?fail|pgbouncer cannot connect|cannot connect to server.*bouncer",
            r"server_connect_timeout|couldn'?t connect to compute|control plane request failed",
            r"endpoint (is|has been) disabled|dbhandler ?exited|connection to database closed",
            r"all (backend|server|replica)s?( nodes)? (are |is )?down|allserversdown",
            r"failed to (get|obtain) remote server connection|failed to create a backend connection",
        ],
    ),
    (PoolerBackendDown, Any, &[r"no healthy backend|no server available"]),
    (
        PoolerTimeout,
        Database,
        &[
            r"client_login_timeout|query_wait_timeout|client_idle_timeout|echeckout(timeout|retries)",
            r"check out (process|connection) from the pool|timed-out waiting to acquire database",
            r"\b(pgbouncer|odyssey|pgcat|supavisor)(: | ).{0,60}time(d |-)?out",
        ],
    ),
    // New connections, in words that also speak of a pool, a name or an end.
    (Dns, Database, &[r"\blookup \S+( on \S+)?: "]),
    (
        ConnectTimeout,
        Database,
        &[
            r"error connecting in '[^']*':[ \t]*(\(empty|\n|$)|error connecting in '[^']*':[^\n]*time",
            r"connection terminated due to connection timeout|write connect_timeout|was reached but timed out",
            r"waited? .{0,20}creating a new object|while creating a new object",
            r"reading (initial communication|authorization) packet.{0,40}\b(110|60|10060|timed out)\b",
        ],
    ),
    // The client's pool counts.
    (
        PoolExhausted,
        Database,
        &[
            r"couldn'?t get a connection|cannot get a connection",
            r"could not (get|obtain|acquire|check out) a( database)? connection",
            r"(connection is not|no managed connections|no connections) available",
            r"connection not available and request was dropped|pool initialization incomplete",
            r"timeout exceeded when trying to connect|fetching a new connection|getconnectiontimeout",
            r"wait millis \d+, active|acquisition timeout|mobc timeout|timed out in bb8|(connection)?acquiretimeout",
            r"resourcerequest timed out|timed out for an unknown reason|all pooled connections|queue limit reached",
            r"waiting for a slot to become|while waiting for an open connection|pool_?timed_?out",
            r"unable to start a transaction in the given time",
        ],
    ),
    (
        PoolExhausted,
        Any,
        &[
            r"(acqui[rs]|checkout|check out|check-out|waiting for).{0,40}\bconnection.{0,40}(tim(ed|e)[ -]?out|expired)",
            r"tim(ed|e)[ -]?out.{0,40}(acqui[rs]|checkout|check out|waiting for).{0,40}\b(connection|slot|idle object|resource)",
            r"connection acquisition timed out|\{:checkout, .*\}, \d+\]|pooltimeout",
            r"\b\w*pool(error)?\b.{0,60}(limit|exhaust|tim(ed|e)[ -]?out|empty|\bfull\b|no (free|available|idle)|already has|already \d+|max(imum)?( pool)? size|requests? waiting|size .*reached)",
            r"(exhaust|tim(ed|e)[ -]?out|no (free|available|idle)|elapsed).{0,80}\b\w*pool\b",
        ],
    ),
    // A name before an address.
    (
        Dns,
        Database,
        &[r"could not translate host|unknown (mysql |mariadb |database )?server host|ora-12154|failed to resolve host"],
    ),
    (
        Dns,
        Any,
        &[
            r"name or service not known|name does not resolve|nodename nor servname|failure in name resolution",
            r"no such host|unknown ?host|no address associated with (host)?name|host ?not ?found|enotfound|eai_again",
            r"eai_noname|gaierror|getaddrinfo|:?nxdomain|servfail|hostname resolving error|name resolution",
            r"failed to lookup address",
            r"(failed|unable|could ?n[o']t|cannot|can'?t|error) (to )?(resolve|resolving|translate|look ?up)\b",
        ],
    ),
    // How a session, a driver object or a pool is used.
    (
        Misuse,
        Database,
        &[
            r"invalid transaction is rolled back|transaction has been rolled back due to a previous exception",
            r"current transaction is aborted|until the end of the 'atomic' block|not allowed in .{0,20}prepared' state",
            r"another operation is in progress|a command is already in progress",
            r"a second operation (was )?started on this context|\bconn(ection)? (is )?busy",
            r"concurrent operations are not permitted|illegalstatechange|commands out of sync|packet sequence number wrong",
        ],
    ),
    (
        Misuse,
        Any,
        &[r"attached to a different (event )?loop|event loop is closed"],
    ),
    (
        Misuse,
        Database,
        &[
            r"greenlet_spawn has not been called|prepared statement .*(already exists|does not exist)",
            r"this session is (already )?(in|provisioning)|cannot use connection\.transaction|set_session cannot be used",
            r"objects created in a thread can only be used in that same|released back to the pool",
            r"after calling end on the pool|(on a|\bthe) closed pool|pool (is|was|has been) (closed|closing)",
            r"pool '[^']*' is (closed|not open)|datasource.{0,60}has been closed|sql: database is closed|resourceclosederror",
            r"cannot reuse a client|client was closed and is not queryable|write connection_ended",
            r"after the connection manager was closed|rolling back returned connection",
        ],
    ),
    // A connection that two processes share since a fork.
    (
        Misuse,
        Database,
        &[r"decryption failed or bad record mac|lost synchronization with server"],
    ),
    // What was open is dead. Before timeouts: "read failed: Connection timed out" is about an open connection.
    (
        StaleConnection,
        Database,
        &[
            r"ssl syscall error|terminating connection (due|because)|administrator command|server conn crashed",
            r"closed in the middle of|no connection to the server|connection is lost|discarding closed connection|connection not open",
            r"consuming input failed|server (has )?closed the connection|gone away|lost connection to .{0,20}server",
            r"connection lost: |disconnected by the server because of inactivity|\(0, ''\)|client is not connected",
            r", not connected|can'?t get socket descriptor|'wait_timeout'|driver: bad connection|bad (idle )?connection",
            r"\binvalid ?connection\b|kind: closed|bytes at eof|not queryable|ora-(03113|03114|03135|12537)",
            r"transport-level error|communications link failure",
        ],
    ),
    (
        StaleConnection,
        Any,
        &[
            r"closed (the connection )?unexpectedly|unexpectedly closed",
            r"closed (in the )?(middle|by (the )?(server|peer|remote))|connection terminated",
            r"connection.{0,40}\b(was|is|has been|already|been)( already)? closed|connection is in closed state",
            r"(conn|connection)[ _]closed\b|(was|is|has been) (forcibly )?closed (by|in the)|closed (network )?connection",
            r"write connection_|forcibly closed|closed=true|handler is closed|connection_lost|cursor already closed",
            r"broken pipe|\bepipe\b|reset by peer|econnreset|connection ?(was )?reset|unexpected eof",
            r"software caused connection abort|\b(10053|10054)\b|(past|unexpected) the end of the stream",
            r"(read|receive|recv|send|write)\w* (failed|data).{0,40}(timed out|reset|closed)|could not (receive|send) data",
            r"unable to (read|write) data (from|to) the transport",
            r"(exception|error|i/o error).{0,30}(reading from|writing to|sending to|while sending|receiving from).{0,20}(stream|backend|server)",
            r"\b(read|write) (tcp|unix)\b.*(timeout|timed out|reset|closed)",
        ],
    ),
    // New connections. A timeout's number goes before the words, which asyncio has the same for all.
    (
        ConnectTimeout,
        Any,
        &[r"errno (110|60|10060)\b|winerror (121|10060)\b|\((110|60)\b|os error (110|60|10060)\b|0x0000274c"],
    ),
    (
        ConnectRefused,
        Database,
        &[
            r"(is|system is) (starting up|shutting down|in recovery mode)|not (yet )?accepting connections",
            r":\d+ - (rejecting connections|no response)|no such file or directory.{0,20}is the server running",
            r"through socket '|on socket \S+ failed: |is blocked because of many connection errors|ora-(12541|12514)",
        ],
    ),
    (
        ConnectRefused,
        Any,
        &[
            r"connection ?refused|econnrefused|actively refused|connection to \S+ refused",
            r"refused (the|your) (network )?connection|connect call failed|errno (111|61|10061)\b|\((111|61)\b|\b10061\b",
            r"\b0x0000274d|no route to host|ehostunreach|enetunreach|(network|host) is unreachable",
            r"(cannot assign requested address|address not available|eaddrnotavail)|\[2002\] no such file",
            r"dial unix .*no such file|connect enoent",
        ],
    ),
    (
        ConnectTimeout,
        Database,
        &[
            r"can'?t reach (the )?database server|connection to server [^\n]{0,160}(timed out|timeout expired)",
            r"connection timeout expired|error connecting in '|handshake inactivity|ora-12170|login timeout expired",
        ],
    ),
    (
        ConnectTimeout,
        Any,
        &[
            r"(connect|connection|connecting|dial|login|handshake)\w*[^\n,]{0,120}\b(timed out|time[- ]?out|timeout expired|deadline exceeded|did not properly respond)",
            r"connect(ion)?timed?out|etimedout|timeout expired|i/o timeout|context deadline exceeded",
            r"timed out.{0,40}connect|\[2002\] operation timed out|\b10060\b|did not properly respond",
            r"time-?out.{0,30}\b(while )?(connect|establish)\w*",
        ],
    ),
];

/// Exceptions that only wrap another one, for a text without it.
pub(super) const WRAPPERS: &[Rule] = &[
    (
        PoolExhausted,
        Database,
        &[
            r"unable to acquire (a|jdbc) connection|failed to obtain (jdbc|r2dbc) connection",
            r"unable to get managed connection",
        ],
    ),
    (
        ConnectTimeout,
        Database,
        &[r"the connection attempt failed|can'?t connect to (mysql|mariadb) server"],
    ),
    (ConnectRefused, Database, &[r"could not connect to server"]),
    (StaleConnection, Any, &[r"^\W*(error: )?eof\W*$"]),
    (ConnectTimeout, Any, &[r#"(^|["'\n])\W*([\w.]+: )?timed out\W*$"#]),
];

/// Errors about a statement or a login: the server was reached.
pub(super) const ELSEWHERE: &[&str] = &[
    r"statement timeout|lock(_| wait )?timeout|lock timeout|deadlock (detected|found)|due to user request",
    r"duplicate key|(password )?authentication failed for|access denied for user|no pg_hba\.conf entry",
];

/// Clients of other services: they use the same words about something else.
pub(super) const OTHER_SERVICE: &[&str] = &[
    r"https?connectionpool|max retries exceeded",
    r#"\b(get|post|put|patch|delete|head|options)( request for)? "?https?://|client\.timeout|urlopen error"#,
    r"endpoint url|net/http|requests\.exceptions|urllib3?\.|httpx|httpcore|aiohttp\.|clientconnector",
    r"cannot connect to host \S+ ssl|client_(connection|session): |('|\b)connection aborted\.'|openai\.|anthropic\.",
    r"botocore|boto3?\.|aws-sdk|axios|undici|und_err|fetch failed|faraday|net::(read|open|http)|httpclient|apache\.http",
    r"okhttp|httprequestexception|resourceaccessexception|webclient|reactor\.netty\.(internal|http)|web ?socket",
    r"redis|jedis|lettuce|memcache|\bsmtp|amqp|rabbitmq|kombu|pika\.|kafka|broker may not|zookeeper|elasticsearch",
    r"opensearch|\bgrpc\b|rpc error: code|statuscode\.|ldap|\bcurl\b|failed to open tcp connection|socket hang up",
    r"req[w]est|hyper(_util)?::|tonic::|\bssh:|\bsftp\b|docker daemon|(connecting to|header from) upstream",
    r"upstream (timed out|prematurely|request|connect)|no healthy upstream|(readiness|liveness|startup) probe",
    r"did you specify the right host|thread ?pool|worker pool|process pool",
    r"(\d+\.\d+\.\d+\.\d+|[a-z\]]):(80|443|6379|9200|5672|9092|2181|11211|25|465|587|50051)\b",
    r"\bport (80|443|6379|9200|5672|9092|25|587)\b",
];
/// The same by their stack frames.
pub(super) const OTHER_FRAMES: &[&str] = &[
    r"[/\\](urllib3|requests|httpx|httpcore|aiohttp[/\\](client|connector)|botocore|redis|aioredis|kombu|amqp|pika|aio_pika|kafka|aiokafka|smtplib|aiosmtplib|grpc|openai|anthropic|elasticsearch|pymongo|ldap3)[/\\.]",
    r"node_modules/(@aws-sdk|@smithy|aws-sdk|axios|ioredis|redis|@redis|amqplib|kafkajs|undici|node-fetch|got|nodemailer)/|io\.lettuce",
    r"redis\.clients|org\.apache\.(http|kafka)|okhttp3|http/client\.py|urllib/request\.py|_http_client|\(node:_http",
];
/// A database, a driver, a pool of connections, or their ports.
pub(super) const DATABASE: &[&str] = &[
    r"postgres|pg(sql|bouncer|cat|pool|jdbc|x)|\bpg(::|\b)|\bpq:|libpq|psql|psycopg|asyncpg|aiopg|mysql|maria ?db",
    r"sqlalchemy|tortoise|peewee|django\.db|/django/db/|prisma|knex|sequelize|typeorm|hikari|jdbc|r2dbc|c3p0|dbcp",
    r"npgsql|activerecord|active_record|\becto\b|dbconnection|sqlx|diesel|deadpool|\bbb8|r2d2",
    r"sql(state|client|transient|server)|\bsql\b|database|\bdb\b|queuepool|odyssey|supavisor|supabase|neon\.tech",
    r"rds\.amazonaws|cloud_?sql|:(5432|5433|6432|6543|3306|3307)\b|port:? '?(5432|5433|6432|6543|3306)\b",
    r", (5432|5433|6432|6543|3306)[,)]|connection to server (at|on) ",
];

/// An exception whose text is empty or only says that it is a timeout, by the frames that it passed: a connect, the pool's
/// queue, or a statement.
pub(super) const WITHOUT_TEXT: &str = concat!(
    r#"(^|[\s"'])(\w+\.)*(timeouterror|timeoutexception)"#,
    r"(: (the operation has timed out|timeout during (reading|connection) attempt|timeout für den vorgang .*))?\W*$",
);
/// In the order in which they are tried; `None` = a statement.
pub(super) const TIMEOUT_FRAMES: &[(Option<ErrorClass>, &[&str])] = &[
    (
        Some(ConnectTimeout),
        &[
            r"connect_utils|_connect_addr|create_connection|open_connection|sock_connect|_connect_sock",
            r"in (async_)?connect\b|npgsqlconnector\.\W*(raw)?open|npgsqltimeout\.check|opennewconnector",
        ],
    ),
    (
        Some(PoolExhausted),
        &[r"pool\.py.{0,40}in _?(acquire|checkout|getconn|get_connection)"],
    ),
    (None, &[r"protocol\.pyx|in (_?execute|fetch\w*|query)\b"]),
];
