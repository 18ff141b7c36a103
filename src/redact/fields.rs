//! What the name of a field says of its value: the structure of our own documents stays, and what a record's attribute
//! is named after goes.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{Kind, patterns};

/// Names that end so hold secrets.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "private_key",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "token",
    "session_id",
    "sessionid",
    "signature",
    "jwt",
];
/// Names that end so hold who it was.
const USERS: &[&str] = &[
    "username",
    "user_name",
    "user.name",
    "user_id",
    "userid",
    "user.id",
    "user.full_name",
    "user.hash",
    "enduser.id",
    "handle",
    "screen_name",
    "display_name",
    "full_name",
    "first_name",
    "last_name",
    "customer_id",
    "account_id",
];
/// Names that end so hold what follows the `?` of a URL.
const QUERIES: &[&str] = &["url_query", "url.query", "query_string", "http.query"];
/// Names that end so hold what a statement was asked with.
const PARAMETERS: &[&str] = &["parameters", "params", "query_args"];
/// Names that hold a statement.
const STATEMENTS: &[&str] = &["db.statement", "db.query.text", "statement", "sql", "query_text"];
/// Names that end so hold the address of a database, or of whoever else was asked.
const HOSTS: &[&str] = &["hostaddr", "host", "addresses", "address_tried", "server.address"];
/// The same on the span of a statement, where the peer is the database.
const PEERS: &[&str] = &[
    "net.peer.ip",
    "net.peer.name",
    "network.peer.address",
    "net.sock.peer.addr",
];
/// Names of ours and of Logfire's that hold which instance it was.
const INSTANCES: &[&str] = &[
    "instance",
    "instances",
    "service_instance_id",
    "service.instance.id",
    "host.name",
];

/// Where a value stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    name: String,
    of_database: bool,
}

impl Field {
    /// The column or key of that name.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_lowercase(),
            of_database: false,
        }
    }

    /// A key of an object in another field.
    pub(super) fn within(outer: &Self, key: &str, of_database: bool) -> Self {
        let key = key.to_lowercase();
        Self {
            // `{"user": {"name": …}}` is what others write as `user.name`.
            name: match outer.name.as_str() {
                "user" | "enduser" | "url" => format!("{}.{key}", outer.name),
                _ => key,
            },
            of_database,
        }
    }

    /// Whether these are the attributes of a statement, or lie in them.
    pub(super) fn is_of_database(&self, entries: &Map<String, Value>) -> bool {
        self.of_database || entries.keys().any(|key| key.starts_with("db.system"))
    }

    fn ends_with(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.name.ends_with(name))
    }

    /// Whether it is an address that stays wherever it stands.
    pub(super) fn names_address(&self) -> bool {
        let is_peer = self.of_database && self.ends_with(PEERS);
        is_peer || HOSTS.contains(&self.name.as_str()) || INSTANCES.contains(&self.name.as_str())
    }

    /// A version looks like an address, and an address that stays like any other.
    pub(super) fn keeps(&self, text: &str) -> bool {
        let is_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
        let version = self.ends_with(&["version"]) && text.len() <= 40 && text.chars().all(is_version);
        version || self.names_address() && text.parse::<IpAddr>().is_ok()
    }

    /// Whether the whole value goes, as what.
    pub(super) fn hides(&self, text: &str) -> Option<Kind> {
        if patterns::is_empty_or_hidden(text) {
            return None;
        }
        let is_parameter = self.name.starts_with("db.query.parameter") || self.ends_with(PARAMETERS);
        let kinds = [
            (self.ends_with(SECRETS), Kind::Secret),
            (self.ends_with(USERS) || self.name == "user", Kind::User),
            (self.ends_with(QUERIES), Kind::Query),
            (is_parameter, Kind::Value),
        ];
        let (_, kind) = kinds.into_iter().find(|(is, _)| *is)?;
        // What is an e-mail address or a DID has the name of its kind, as everywhere else.
        match kind {
            Kind::User | Kind::Value => patterns::kind_of_whole(text).or(Some(kind)),
            _ => Some(kind),
        }
    }

    /// A number may be a password, a user or a parameter.
    pub(super) fn hides_numbers(&self) -> bool {
        self.hides("0").is_some()
    }

    pub(super) fn is_sql(&self) -> bool {
        STATEMENTS.contains(&self.name.as_str())
    }
}
