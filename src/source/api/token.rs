//! The read token: what it says of itself, and how it is kept out of everything that is shown.

use std::fmt;

use reqwest::header::HeaderValue;

/// What is shown instead of a token.
const REDACTED: &str = "[redacted]";
/// How every token of Logfire begins, before its version.
const PREFIX: &str = "pylf_v";
/// Characters of the secret that the official command line shows too.
const SHOWN: usize = 5;
/// An organisation's id in a token of version 2.
const UUID_CHARS: usize = 36;
/// A secret that is shorter is not shown in part.
const SHORTEST_SHOWN: usize = 20;

/// A secret. It can be sent and recognised, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Where a token says that it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Region {
    /// It is older than regions, which means `us`.
    Unnamed,
    /// As in `pylf_v1_eu_…`.
    Named(String),
    /// It begins like a token and names no region that could be read.
    Unreadable,
}

impl Token {
    /// A token as it stands in a variable or file; blanks and line ends around it are no part of it.
    ///
    /// # Errors
    /// In words, without the token, when it is empty or holds what no token holds.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let token = text.trim();
        if token.is_empty() {
            return Err("is empty");
        }
        if !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err("holds a character that no token has (a blank, a control character, or one beyond ASCII)");
        }
        Ok(Self(token.to_owned()))
    }

    /// The value of the header `Authorization`.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The region in its text.
    pub fn region(&self) -> Region {
        let Some(rest) = self.0.strip_prefix(PREFIX) else {
            return Region::Unnamed;
        };
        let mut parts = rest.splitn(3, '_');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(version), Some(region), Some(_)) if all(version, u8::is_ascii_digit) => {
                if all(region, u8::is_ascii_lowercase) {
                    Region::Named(region.to_owned())
                } else {
                    Region::Unreadable
                }
            }
            _ => Region::Unreadable,
        }
    }

    /// As the official command line shows it: what is no secret, five characters, and stars.
    pub fn masked(&self) -> String {
        let parts: Vec<&str> = self.0.split('_').collect();
        let safe = match (self.region(), parts.as_slice()) {
            (Region::Named(_), [_, _, _, secret]) => self.0.len() - secret.len(),
            (Region::Named(_), [_, _, _, organization, secret]) if organization.len() == UUID_CHARS => {
                self.0.len() - secret.len()
            }
            _ => 0,
        };
        let (safe, secret) = self.0.split_at(safe);
        if secret.len() < SHORTEST_SHOWN {
            return format!("{safe}****");
        }
        format!("{safe}{}****", &secret[..SHOWN])
    }

    /// `text` without this token and without anything that looks like one.
    pub fn hide(&self, text: &str) -> String {
        mask(&text.replace(&self.0, REDACTED))
    }
}

fn all(text: &str, is: fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.as_bytes().iter().all(is)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// `text` with everything that looks like a token of Logfire replaced.
pub fn mask(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PREFIX) {
        let digits = count(&rest[at + PREFIX.len()..], |c| c.is_ascii_digit());
        let after = &rest[at + PREFIX.len() + digits..];
        shown.push_str(&rest[..at]);
        if digits > 0 && after.starts_with('_') {
            shown.push_str(REDACTED);
            rest = &after[count(after, |c| c.is_ascii_alphanumeric() || c == '_' || c == '-')..];
        } else {
            shown.push_str(PREFIX);
            rest = &rest[at + PREFIX.len()..];
        }
    }
    shown + rest
}

/// How many bytes of ASCII at the start pass.
fn count(text: &str, pass: impl Fn(char) -> bool) -> usize {
    text.find(|c| !pass(c)).unwrap_or(text.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const V1: &str = "pylf_v1_eu_0123456789abcdefghijABCDEFGHIJ";
    const V2: &str = "pylf_v2_us_2d5a7ceb-641c-471c-b4bd-543331cd1e8b_0123456789abcdefghijABCDEFGHIJ";

    #[test]
    fn a_token_never_prints_itself() {
        let token = Token::parse(&format!(" {V1}\r\n")).unwrap();
        assert_eq!(
            format!("{token} {token:?} {:?}", Some(&token)),
            "[redacted] [redacted] Some([redacted])"
        );
        assert_eq!(format!("{:?}", token.bearer()), "Some(Sensitive)");
    }

    #[test]
    fn regions_are_read_and_never_guessed() {
        let region = |text: &str| Token::parse(text).unwrap().region();
        assert_eq!(region(V1), Region::Named("eu".into()));
        assert_eq!(region(V2), Region::Named("us".into()));
        assert_eq!(region("abcdef"), Region::Unnamed);
        for text in [
            "pylf_v1_EU_abc",
            "pylf_v1__abc",
            "pylf_v1_abc",
            "pylf_vx_us_abc",
            "pylf_v",
        ] {
            assert_eq!(region(text), Region::Unreadable, "{text}");
        }
    }

    #[test]
    fn a_masked_token_keeps_its_secret() {
        let masked = |text: &str| Token::parse(text).unwrap().masked();
        assert_eq!(masked(V1), "pylf_v1_eu_01234****");
        assert_eq!(masked(V2), "pylf_v2_us_2d5a7ceb-641c-471c-b4bd-543331cd1e8b_01234****");
        assert_eq!(masked("0123456789abcdefghij"), "01234****");
        assert_eq!(masked("short"), "****");
        assert_eq!(masked("0123456789_abcdefghij"), "01234****");
    }

    #[test]
    fn whatever_looks_like_a_token_is_masked() {
        for (text, shown) in [
            (format!("a {V1}, b"), String::from("a [redacted], b")),
            (format!("{V1}{V2}"), String::from("[redacted]")),
            (format!("\"{V2}\""), String::from("\"[redacted]\"")),
            (
                String::from("pylf_v pylf_v1 pylf_vx_a"),
                String::from("pylf_v pylf_v1 pylf_vx_a"),
            ),
            (String::from("pylf_v1_"), String::from("[redacted]")),
            (String::from("pylf_vpylf_v1_é"), String::from("pylf_v[redacted]é")),
        ] {
            assert_eq!(mask(&text), shown);
        }
        let old = Token::parse("0123456789abcdefghij").unwrap();
        assert_eq!(old.hide("got 0123456789abcdefghij"), "got [redacted]");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        assert_eq!(Token::parse(" \n"), Err("is empty"));
        for text in ["a b", "a\u{0}b", "tök", "a\u{7f}"] {
            assert!(
                Token::parse(text).unwrap_err().starts_with("holds a character"),
                "{text:?}"
            );
        }
    }
}
