//! Takes from text what could steer a terminal, reorder a line or hide something in it.
//! What is left is one line of visible characters; markup is not looked at.

use unicode_width::UnicodeWidthChar;

/// Combining marks in a row on one character: Vietnamese needs two, cantillated Hebrew about four.
const MAX_MARKS: usize = 4;

/// Unicode's format characters (Cf), default ignorable code points and separators (Zl, Zp): no width, but an effect.
const INVISIBLE: [(char, char); 25] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a reader can't see `c` although something that shows the text may act on it.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control() || (!c.is_ascii() && INVISIBLE.iter().any(|(from, to)| (*from..=*to).contains(&c)))
}

/// Counts combining marks, which pile up without end on one character.
#[derive(Default)]
pub(super) struct Marks(usize);

impl Marks {
    /// Whether `c`, the next visible character of a text, is a mark above the limit.
    pub(super) fn are_too_many(&mut self, c: char) -> bool {
        self.0 = if c.width() == Some(0) { self.0 + 1 } else { 0 };
        self.0 > MAX_MARKS
    }
}

/// `text` as one visible line: line breaks and tabs become one space, escape sequences go as a whole, hidden
/// characters go, and combining marks are limited. Applying it twice changes nothing more.
pub(super) fn neutral(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = Marks::default();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        if is_break(c) {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            chars = rest.trim_start_matches(' ').chars();
        } else if let Some(rest) = after_sequence(c, rest) {
            chars = rest.chars();
        } else if !is_hidden(c) && !marks.are_too_many(c) {
            out.push(c);
        }
    }
    out
}

fn is_break(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What follows the escape sequence that `first` opens; ECMA-48 names their parts.
fn after_sequence(first: char, rest: &str) -> Option<&str> {
    let (kind, body) = match first {
        '\u{1b}' => {
            let mut chars = rest.chars();
            (chars.next()?, chars.as_str())
        }
        // A C1 control is the one-character form of ESC and an upper-case letter or sign.
        '\u{80}'..='\u{9f}' => (char::from_u32(u32::from(first) - 0x40)?, rest),
        _ => return None,
    };
    match kind {
        '[' => Some(strip_final(body.trim_start_matches(|c| matches!(c, ' '..='?')), '@')),
        // OSC, DCS, SOS, PM and APC carry text until their terminator.
        ']' | 'P' | 'X' | '^' | '_' => Some(after_string(body)),
        ' '..='/' => Some(strip_final(body.trim_start_matches(|c| matches!(c, ' '..='/')), '0')),
        '0'..='~' => Some(body),
        _ => None,
    }
}

/// `text` without the final character of a sequence, which lies between `lowest` and `~`.
fn strip_final(text: &str, lowest: char) -> &str {
    text.strip_prefix(|c| (lowest..='~').contains(&c)).unwrap_or(text)
}

/// What follows the terminator. Any other control breaks the sequence off: then its text stays, so that a broken
/// sequence hides nothing.
fn after_string(body: &str) -> &str {
    let end = body.trim_start_matches(|c: char| !c.is_control());
    end.strip_prefix(['\u{7}', '\u{9c}'])
        .or_else(|| end.strip_prefix("\u{1b}\\"))
        .unwrap_or(body)
}
