//! The tool calls of a stream, which come in pieces: whether the arguments of each are whole as JSON, and the calls themselves while they
//! are not too large.

use super::json::{Closure, Scanner};
use crate::api::reply::ToolPiece;

/// More calls than this in one answer are counted with the last.
const MOST_CALLS: usize = 256;
/// How much of all arguments together is kept.
const MOST_KEPT: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub struct Calls {
    calls: Vec<Call>,
    kept: usize,
    /// There was more than is kept.
    is_cut_off: bool,
}

/// A call with all that was said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeCall<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub arguments: &'a str,
}

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: Option<String>,
    name: Option<String>,
    arguments: String,
    /// Where the last piece of them begins.
    last_at: usize,
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
            None if self.calls.len() >= MOST_CALLS => {
                self.is_cut_off = true;
                self.calls.len() - 1
            }
            None => {
                self.calls.push(Call { index: piece.call, ..Call::default() });
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[at];
        if call.id.is_none() {
            call.id.clone_from(&piece.id);
        }
        if call.name.is_none() {
            call.name.clone_from(&piece.name);
        }
        if self.kept + piece.arguments.len() <= MOST_KEPT {
            self.kept += piece.arguments.len();
            call.last_at = call.arguments.len();
            call.arguments.push_str(&piece.arguments);
        } else {
            self.is_cut_off = true;
        }
        call.add(&piece.arguments);
    }

    /// All calls, none where something of one is missing.
    pub fn whole(&self) -> Option<Vec<WholeCall<'_>>> {
        if self.is_cut_off { None } else { self.calls.iter().map(Call::whole).collect() }
    }

    /// The first call whose arguments stop inside their JSON: its place, and how many bytes of them came.
    pub fn cut(&self) -> Option<(usize, u64)> {
        let is_cut = |call: &Call| call.is_object && call.scanner.closure() == Closure::Open && !call.last_is_whole;
        self.calls.iter().position(is_cut).map(|at| (at, self.calls[at].bytes))
    }
}

impl Call {
    fn whole(&self) -> Option<WholeCall<'_>> {
        Some(WholeCall { id: self.id.as_deref()?, name: self.name.as_deref()?, arguments: self.whole_arguments()? })
    }

    fn whole_arguments(&self) -> Option<&str> {
        if !self.is_object {
            return Some(&self.arguments);
        }
        let is_json = |text: &&str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        [self.arguments.as_str(), &self.arguments[self.last_at..]].into_iter().find(is_json)
    }

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
            calls.take(&ToolPiece { call: *call, id: id.map(str::to_string), arguments: (*arguments).to_string(), ..ToolPiece::default() });
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
    fn whole_calls_are_given_and_none_of_which_something_is_missing() {
        let piece = |call, id: &str, name: &str, arguments: &str| ToolPiece {
            call: Some(call),
            id: Some(id.to_string()).filter(|id| !id.is_empty()),
            name: Some(name.to_string()).filter(|name| !name.is_empty()),
            arguments: arguments.to_string(),
        };
        let mut calls = Calls::default();
        assert_eq!(calls.whole(), Some(Vec::new()));
        for piece in [piece(0, "a", "f", ""), piece(0, "", "", "{\"x\":"), piece(1, "b", "g", "{}")] {
            calls.take(&piece);
        }
        assert_eq!(calls.whole(), None);
        calls.take(&piece(0, "", "", "1}"));
        let whole = [WholeCall { id: "a", name: "f", arguments: "{\"x\":1}" }, WholeCall { id: "b", name: "g", arguments: "{}" }];
        assert_eq!(calls.whole().as_deref(), Some(&whole[..]));
        // Once more as a whole.
        calls.take(&piece(0, "", "", "{\"x\":1}"));
        assert_eq!(calls.whole().as_deref(), Some(&whole[..]));
        calls.take(&piece(2, "c", "", "{}"));
        assert_eq!(calls.whole(), None);
    }

    #[test]
    fn calls_that_are_too_large_are_not_kept() {
        let mut calls = Calls::default();
        for _ in 0..3 {
            calls.take(&ToolPiece { arguments: "x".repeat(MOST_KEPT / 2), ..ToolPiece::default() });
        }
        assert!(calls.whole().is_none() && calls.kept <= MOST_KEPT);
    }

    #[test]
    fn what_is_no_object_or_comes_again_as_a_whole_is_not_cut() {
        for arguments in ["", "{}", "  {\"a\":\"{\"}\n", "\"{\\\"a\\\":1}\"", "\"{", "print(\"hi", "null"] {
            assert_eq!(cut(&[(Some(0), None, arguments)]), None, "{arguments}");
        }
        assert_eq!(cut(&[(Some(0), None, "{\"ci"), (Some(0), None, "{\"city\":\"x\"}")]), None);
    }
}
