//! A stream of JSON values, one a line (NDJSON), as ollama sends it: cut into events like those of an event stream.

use super::sse::{Event, Rest};

/// A line longer than this is counted, and marked as too large to be read.
const LONGEST_LINE: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    start: u64,
    is_too_large: bool,
}

impl Lines {
    /// Reads the next piece, whose first byte is at `base`, and gives every line that is not blank to `dispatch`.
    pub fn feed(&mut self, bytes: &[u8], base: u64, dispatch: &mut impl FnMut(Event<'_>)) {
        let mut at = 0;
        while at < bytes.len() {
            if self.line.is_empty() {
                self.start = base + at as u64;
            }
            let newline = memchr::memchr(b'\n', &bytes[at..]);
            let piece = &bytes[at..newline.map_or(bytes.len(), |newline| at + newline)];
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            self.is_too_large |= piece.len() > room;
            at += piece.len() + usize::from(newline.is_some());
            if newline.is_some() {
                let data = self.line.trim_ascii();
                if !data.is_empty() {
                    let end = base + at as u64;
                    dispatch(Event { name: "", data, is_too_large: self.is_too_large, start: self.start, end });
                }
                self.line.clear();
                self.is_too_large = false;
            }
        }
    }

    /// A line without its end, once the flow has ended.
    pub fn finish(&mut self) -> Option<Rest> {
        let line = std::mem::take(&mut self.line);
        (!line.trim_ascii().is_empty()).then_some(Rest { start: self.start, data: line, is_inside_line: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events_in_pieces_of_any_size() {
        let text = b"{\"a\":1}\r\n\n{\"b\":2}\n{\"c\"";
        for step in 1..=text.len() {
            let mut lines = Lines::default();
            let mut seen = Vec::new();
            for (index, piece) in text.chunks(step).enumerate() {
                lines.feed(piece, (index * step) as u64, &mut |event| seen.push((event.data.to_vec(), event.start, event.end)));
            }
            assert_eq!(seen, [(b"{\"a\":1}".to_vec(), 0, 9), (b"{\"b\":2}".to_vec(), 10, 18)], "by {step}");
            assert_eq!(lines.finish(), Some(Rest { start: 18, data: b"{\"c\"".to_vec(), is_inside_line: true }));
        }
    }
}
