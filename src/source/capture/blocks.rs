//! A text of lines in blocks of whole lines: unpacked on the way, never held whole.

use std::io::{ErrorKind, Read};

use super::SourceError;

/// Large enough that handing blocks about costs nothing, small enough that a batch of one is no burden.
const BLOCK_BYTES: usize = 1 << 20;
/// Large enough that unpacking isn't bound by calls.
const READ_BYTES: usize = 256 << 10;
/// Logfire stores no record over 10 MB; a longer line is no record.
const LINE_BYTES: usize = 256 << 20;

/// Some whole lines.
pub(super) struct Block {
    pub bytes: Vec<u8>,
    /// 1-based number of the first of them.
    pub first_line: usize,
}

/// The blocks of a text, in order.
pub(super) struct Blocks {
    name: String,
    text: Box<dyn Read + Send>,
    rest: Vec<u8>,
    line: usize,
    failed: Option<std::io::Error>,
    ended: bool,
}

impl Blocks {
    /// `name` stands for the path in messages.
    pub(super) fn new(name: &str, text: impl Read + Send + 'static) -> Self {
        Self {
            name: name.to_owned(),
            text: Box::new(text),
            rest: Vec::new(),
            line: 1,
            failed: None,
            ended: false,
        }
    }

    /// Whether nothing comes after what was given.
    pub(super) fn is_at_end(&self) -> bool {
        self.ended && self.failed.is_none()
    }

    /// The next block. What could still be read before a failure comes first.
    ///
    /// # Errors
    /// [`SourceError::Malformed`] where reading stopped, or a line is longer than any record.
    pub(super) fn next(&mut self) -> Result<Option<Block>, SourceError> {
        if let Some(error) = self.failed.take() {
            return Err(self.broken(format!("reading stopped here: {error}")));
        }
        let mut bytes = std::mem::take(&mut self.rest);
        let mut searched = 0;
        while !self.ended {
            if bytes.len() >= BLOCK_BYTES {
                if let Some(end) = end_of_lines(&bytes, searched) {
                    self.rest = bytes.split_off(end);
                    break;
                }
                if bytes.len() > LINE_BYTES {
                    return Err(self.broken(format!("the line is longer than {} MiB", LINE_BYTES >> 20)));
                }
                searched = bytes.len();
            }
            self.read(&mut bytes);
        }
        if self.failed.is_some() {
            bytes.truncate(end_of_lines(&bytes, 0).unwrap_or(0));
        }
        if bytes.is_empty() {
            return match self.failed.take() {
                Some(error) => Err(self.broken(format!("reading stopped here: {error}"))),
                None => Ok(None),
            };
        }
        let first_line = self.line;
        self.line += bytes.iter().filter(|byte| **byte == b'\n').count();
        Ok(Some(Block { bytes, first_line }))
    }

    fn read(&mut self, bytes: &mut Vec<u8>) {
        let filled = bytes.len();
        bytes.resize(filled + READ_BYTES, 0);
        let read = match self.text.read(&mut bytes[filled..]) {
            Ok(0) => {
                self.ended = true;
                0
            }
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) => {
                self.failed = Some(error);
                self.ended = true;
                0
            }
        };
        bytes.truncate(filled + read);
    }

    fn broken(&self, why: String) -> SourceError {
        SourceError::Malformed {
            path: self.name.clone(),
            line: self.line,
            why,
        }
    }
}

/// Behind the last line end at or after `from`.
fn end_of_lines(bytes: &[u8], from: usize) -> Option<usize> {
    let last = bytes[from..].iter().rposition(|byte| *byte == b'\n')?;
    Some(from + last + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_lines_and_all_of_the_text() {
        let line = |n: usize| format!("{n} {}\n", "x".repeat(n % 5000));
        let text: String = (0..4000).map(line).collect();
        let mut blocks = Blocks::new("t", std::io::Cursor::new(text.clone().into_bytes()));
        let (mut all, mut lines, mut count) = (Vec::new(), 1, 0);
        while let Some(block) = blocks.next().unwrap() {
            assert_eq!(block.first_line, lines);
            assert_eq!(block.bytes.last(), Some(&b'\n'));
            lines += block.bytes.iter().filter(|byte| **byte == b'\n').count();
            all.extend(block.bytes);
            count += 1;
        }
        assert!(count > 3 && all == text.into_bytes());
    }

    #[test]
    fn a_line_longer_than_a_block_stays_whole() {
        let text = format!("a\n{}\nb", "y".repeat(3 * BLOCK_BYTES));
        let mut blocks = Blocks::new("t", std::io::Cursor::new(text.clone().into_bytes()));
        let mut all = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            all.extend(block.bytes);
        }
        assert_eq!(all, text.into_bytes());
    }
}
