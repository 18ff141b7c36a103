//! What a request accepts: the format of the rows, and whether they may be packed.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};

/// What a client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Ndjson,
    Csv,
    Arrow,
}

/// What `Accept` can say, besides ranges.
const MEDIA_TYPES: [(&str, Format); 4] = [
    ("application/json", Format::Json),
    ("application/x-ndjson", Format::Ndjson),
    ("text/csv", Format::Csv),
    ("application/vnd.apache.arrow.stream", Format::Arrow),
];

impl Format {
    /// The format for a request; `any` as in [`Format::accepted`].
    pub(super) fn of(headers: &HeaderMap, any: Self) -> Self {
        Self::accepted(headers.get(ACCEPT).and_then(|value| value.to_str().ok()), any)
    }

    /// The format that `Accept` prefers. `any` is for `*/*`, for none, and where nothing fits: the API documents JSON.
    fn accepted(accept: Option<&str>, any: Self) -> Self {
        let mut best = (0.0, any);
        for range in accept.unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
            let format = MEDIA_TYPES
                .iter()
                .find(|(known, _)| name.eq_ignore_ascii_case(known))
                .map(|(_, format)| *format)
                .or_else(|| (name == "*/*" || name == "application/*").then_some(any));
            if let Some(format) = format.filter(|_| weight > best.0) {
                best = (weight, format);
            }
        }
        best.1
    }
}

/// `gzip`, unless its weight is zero.
pub(super) fn wants_gzip(headers: &HeaderMap) -> bool {
    let codings = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.any(|part| part.strip_prefix("q=").and_then(|q| q.parse().ok()) == Some(0.0));
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_the_format() {
        for (accept, format) in [
            ("application/json", Format::Json),
            ("Text/CSV", Format::Csv),
            ("application/x-ndjson; charset=utf-8", Format::Ndjson),
            ("text/csv;q=0.5, application/vnd.apache.arrow.stream", Format::Arrow),
            ("text/csv, */*;q=0.1", Format::Csv),
            ("text/csv;q=0", Format::Json),
            ("*/*", Format::Json),
            ("text/html", Format::Json),
            ("", Format::Json),
        ] {
            assert_eq!(Format::accepted(Some(accept), Format::Json), format, "{accept}");
        }
        assert_eq!(Format::accepted(Some("*/*"), Format::Arrow), Format::Arrow);
        assert_eq!(Format::accepted(None, Format::Arrow), Format::Arrow);
        assert_eq!(Format::accepted(Some("application/json"), Format::Arrow), Format::Json);
    }
}
