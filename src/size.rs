//! Amounts of memory as people type and read them: `512MB`, `2GB`. A kB is 1024 bytes, and so on.

const UNITS: [(&str, u64); 4] = [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("B", 1)];

/// Bytes of a text such as `512MB`, `1.5 GB` or `2GiB`.
///
/// # Errors
/// In words.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no amount of memory: write it like 512MB or 2GB");
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = unit.trim().to_ascii_lowercase().replace('i', "");
    let named = UNITS.iter().find(|(name, _)| {
        let name = name.to_ascii_lowercase();
        unit == name || (name.len() > 1 && unit == name[..1])
    });
    let (_, bytes) = named.ok_or_else(wrong)?;
    Ok((number * *bytes as f64) as u64)
}

/// The same the other way: `512 MB`.
pub fn in_words(bytes: u64) -> String {
    let fitting = UNITS.iter().find(|(_, unit)| bytes >= *unit).unwrap_or(&UNITS[3]);
    let (name, unit) = *fitting;
    match bytes.is_multiple_of(unit) {
        true => format!("{} {name}", bytes / unit),
        false => format!("{:.1} {name}", bytes as f64 / unit as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_told() {
        for (text, bytes, words) in [
            ("512MB", 512 << 20, "512 MB"),
            ("1.5 GB", 3 << 29, "1.5 GB"),
            ("2GiB", 2 << 30, "2 GB"),
            ("64m", 64 << 20, "64 MB"),
            ("300kb", 300 << 10, "300 kB"),
            ("7B", 7, "7 B"),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
            assert_eq!(in_words(bytes), words);
        }
        for wrong in ["", "512", "MB", "5 apples", "1.2.3MB", "-1MB"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
