//! The arguments of tool calls as they come in pieces: whether each is whole as JSON, without keeping any.

use super::json::{Closure, Scanner};
use crate::api::reply::ToolPiece;

/// More calls than this in one answer are counted with the last.
const MOST_CALLS: usize = 256;

#[derive(Debug, Default)]
pub struct Calls {
    calls: Vec<Call>,
}

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: Option<String>,
    scanner: Scanner,
    bytes: u64,
    /// The arguments begin as an object does; free text and lone words are not for us to judge.
    is_object: bool,
    /// The last piece is a whole object by itself: some servers send the arguments once more when they have them all.
    last_is_whole: bool,
}

impl Calls {
    pub fn take(&mut self, piece: &ToolPiece) {
        let is_another = |call: &Call| call.id.is_some() && piece.id.is_some() && call.id != piece.id;
        let known = match piece.call {
            Some(index) => self.calls.iter().rposition(|call| call.index == Some(index)),
            None => self.calls.len().checked_sub(1),
        };
        let at = match known.filter(|at| !is_another(&self.calls[*at])) {
            Some(at) => at,
            None if self.calls.len() >= MOST_CALLS => self.calls.len() - 1,
            None => {
                self.calls.push(Call { index: piece.call, ..Call::default() });
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[at];
        if call.id.is_none() {
            call.id.clone_from(&piece.id);
        }
        call.add(&piece.arguments);
    }

    /// The first call whose arguments stop inside their JSON: its place, and how many bytes of them came.
    pub fn cut(&self) -> Option<(usize, u64)> {
        let is_cut = |call: &Call| call.is_object && call.scanner.closure() == Closure::Open && !call.last_is_whole;
        self.calls.iter().position(is_cut).map(|at| (at, self.calls[at].bytes))
    }
}

impl Call {
    fn add(&mut self, arguments: &str) {
        if arguments.is_empty() {
            return;
        }
        if self.scanner.closure() == Closure::Empty {
            self.is_object = arguments.trim_start().starts_with('{');
        }
        self.bytes += arguments.len() as u64;
        self.scanner.feed(arguments.as_bytes());
        let mut alone = Scanner::default();
        alone.feed(arguments.as_bytes());
        self.last_is_whole = arguments.trim_start().starts_with('{') && matches!(alone.closure(), Closure::Closed { .. });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Place, id and piece of arguments, each.
    fn cut(pieces: &[(Option<u64>, Option<&str>, &str)]) -> Option<(usize, u64)> {
        let mut calls = Calls::default();
        for (call, id, arguments) in pieces {
            calls.take(&ToolPiece { call: *call, id: id.map(str::to_string), arguments: (*arguments).to_string() });
        }
        calls.cut()
    }

    #[test]
    fn pieces_are_joined_by_their_place() {
        let whole = [
            (Some(0), Some("a"), ""),
            (Some(1), Some("b"), "{\"x\""),
            (Some(0), None, "{\"y\":"),
            (Some(1), None, ":\"}\"}"),
            (Some(0), None, " 1}"),
        ];
        assert_eq!(cut(&whole), None);
        assert_eq!(cut(&whole[..4]), Some((0, 5)));
        assert_eq!(cut(&whole[..3]), Some((0, 5)));
    }

    #[test]
    fn without_a_place_the_id_tells_the_calls_apart() {
        assert_eq!(cut(&[(None, Some("a"), "{\"x\":1}"), (None, Some("b"), "{\"y\":")]), Some((1, 5)));
        // Gemini's compatible endpoint gives every call the place 0.
        assert_eq!(cut(&[(Some(0), Some("a"), "{\"x\":1}"), (Some(0), Some("b"), "{\"y\":2}")]), None);
    }

    #[test]
    fn what_is_no_object_or_comes_again_as_a_whole_is_not_cut() {
        for arguments in ["", "{}", "  {\"a\":\"{\"}\n", "\"{\\\"a\\\":1}\"", "\"{", "print(\"hi", "null"] {
            assert_eq!(cut(&[(Some(0), None, arguments)]), None, "{arguments}");
        }
        assert_eq!(cut(&[(Some(0), None, "{\"ci"), (Some(0), None, "{\"city\":\"x\"}")]), None);
    }
}
