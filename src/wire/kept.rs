//! Bytes kept for excerpts: the beginning and the end of a flow of any length, within a fixed amount of memory.

use std::borrow::Cow;
use std::ops::Range;

const BEGINNING: usize = 256 * 1024;
const END: usize = 16 * 1024;

/// What was kept until more would tell, and what came; nothing is copied where nothing was kept.
pub(super) fn joined<'a>(kept: &mut Vec<u8>, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    if kept.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut joined = std::mem::take(kept);
    joined.extend_from_slice(bytes);
    Cow::Owned(joined)
}

/// The first and the last bytes of a flow, and how many there were in all.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    beginning: Vec<u8>,
    /// The bytes after `beginning`, cut to the last [`END`] when it grows to twice that.
    end: Vec<u8>,
    length: u64,
}

impl Kept {
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = BEGINNING - self.beginning.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.beginning.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(END)..];
        if self.end.len() + rest.len() > 2 * END {
            self.end.drain(..self.end.len().saturating_sub(END - rest.len()));
        }
        self.end.extend_from_slice(rest);
    }

    /// How many bytes went through.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many of them are no longer here, whatever the sizes in which they came.
    pub fn dropped(&self) -> u64 {
        self.length.saturating_sub((BEGINNING + END) as u64)
    }

    /// The bytes of a range, cut to what is still here; the start of what is returned comes with it.
    pub fn slice(&self, range: Range<u64>) -> (u64, &[u8]) {
        let end = &self.end[self.end.len().saturating_sub(END)..];
        let end_starts = self.length - end.len() as u64;
        let (base, part) = if range.start < self.beginning.len() as u64 { (0, self.beginning.as_slice()) } else { (end_starts, end) };
        let limit = base + part.len() as u64;
        let (from, to) = (range.start.clamp(base, limit), range.end.clamp(base, limit));
        (from, &part[(from - base) as usize..(to.max(from) - base) as usize])
    }

    /// Lets `cover` overwrite what must not be shown, byte for byte.
    pub fn overwrite(&mut self, cover: impl Fn(&mut [u8])) {
        cover(&mut self.beginning);
        cover(&mut self.end);
    }

    /// The first bytes, as many as are kept.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_of_a_long_flow_are_kept_and_the_middle_is_counted() {
        let flow: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        for piece in [1000, 65_536, 3_000_000] {
            let mut kept = Kept::default();
            flow.chunks(piece).for_each(|bytes| kept.push(bytes));
            assert_eq!(kept.length(), flow.len() as u64);
            assert!(kept.dropped() > 2_600_000);
            assert_eq!(kept.slice(10..20), (10, &flow[10..20]));
            let end = flow.len() as u64;
            assert_eq!(kept.slice(end - 100..end), (end - 100, &flow[flow.len() - 100..]));
            assert_eq!(kept.slice(1_000_000..1_000_010).1, b"");
        }
    }

    #[test]
    fn nothing_of_a_short_flow_is_dropped() {
        let mut kept = Kept::default();
        kept.push(b"abc");
        kept.push(b"def");
        assert_eq!((kept.dropped(), kept.slice(2..100)), (0, (2, &b"cdef"[..])));
    }
}
