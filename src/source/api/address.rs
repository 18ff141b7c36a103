//! Where the API is: the base URL of a region, or one that was given, checked before a token goes there.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use super::token::{Region, Token};

/// Regions and their hosts.
const REGIONS: [(&str, &str); 4] = [
    ("us", "https://logfire-us.pydantic.dev"),
    ("eu", "https://logfire-eu.pydantic.dev"),
    ("stagingus", "https://logfire-us.pydantic.info"),
    ("stagingeu", "https://logfire-eu.pydantic.info"),
];

/// The address of a Logfire, without a slash at its end. A path in it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    loopback: bool,
}

impl BaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// In words, when it is none, or none that a token may be sent to.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = super::token::mask(text.trim());
        let url = Url::parse(text.trim()).map_err(|error| format!("`{shown}` is not a URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(String::from("a base URL holds no user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!(
                "`{shown}` has a query or a fragment: a base URL ends with its path"
            ));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| format!("`{shown}` names no host"))?;
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let loopback = address.map_or(host == "localhost", |address| address.is_loopback());
        match (url.scheme(), loopback) {
            ("https", _) | ("http", true) => Ok(Self { url, loopback }),
            ("http", false) => Err(format!("`{shown}` is not encrypted: a token is only sent by https")),
            (scheme, _) => Err(format!("`{shown}` is {scheme}: a base URL is https")),
        }
    }

    /// The address that a token's region has.
    ///
    /// # Errors
    /// In words, for a region that is not one of Logfire's own: guessing would send the secret to a stranger.
    pub fn of_region(token: &Token) -> Result<Self, String> {
        let name = match token.region() {
            Region::Unnamed => String::from("us"),
            Region::Named(name) => name,
            Region::Unreadable => return Err(String::from("the token names no region that could be read")),
        };
        match REGIONS.iter().find(|(region, _)| *region == name) {
            Some((_, url)) => Self::parse(url),
            None => Err(format!(
                "the token is of the region `{name}`, whose address is not known"
            )),
        }
    }

    /// The URL of a path such as `/v2/query`.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether links to it may be shown.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it is one of Logfire's own.
    pub fn is_public_logfire(&self) -> bool {
        let own = self.to_string();
        REGIONS.iter().any(|(_, url)| *url == own)
    }

    /// Host and port, as people name the server.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_and_its_last_slash_is_not() {
        let base = |text: &str| BaseUrl::parse(text).unwrap();
        assert_eq!(
            base(" https://logs.example.com/logfire/acme/ ").join("/v2/query"),
            "https://logs.example.com/logfire/acme/v2/query"
        );
        assert_eq!(base("https://a.example:8443").host(), "a.example:8443");
        assert_eq!(base("http://127.0.0.1:9/").to_string(), "http://127.0.0.1:9");
    }

    #[test]
    fn http_is_for_this_machine_only() {
        for fine in [
            "http://localhost:3000",
            "http://127.1.2.3",
            "http://[::1]:9",
            "https://example.com",
        ] {
            assert!(BaseUrl::parse(fine).is_ok(), "{fine}");
        }
        for refused in [
            "http://example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://[::2]",
            "http://192.168.0.1",
            "ftp://localhost",
            "file:///etc/passwd",
            "https://me:secret@example.com",
            "https://example.com/?a=b",
            "https://example.com/#a",
            "example.com",
            "",
        ] {
            assert!(BaseUrl::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn only_known_regions_have_an_address() {
        let of = |text: &str| BaseUrl::of_region(&Token::parse(text).unwrap()).map(|base| base.to_string());
        assert_eq!(of("pylf_v1_us_a").unwrap(), "https://logfire-us.pydantic.dev");
        assert_eq!(of("abcdefgh").unwrap(), "https://logfire-us.pydantic.dev");
        assert_eq!(of("pylf_v2_stagingeu_a").unwrap(), "https://logfire-eu.pydantic.info");
        assert!(of("pylf_v1_local_a").unwrap_err().contains("`local`"));
        assert!(of("pylf_v1_a").is_err());
    }
}
