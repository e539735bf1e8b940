//! An event stream of arbitrary bytes says the same as a whole and in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::wire::head::Span;
use llmcheck::wire::sse::{Parser, Rest};
use llmcheck::wire::stream::Stream;
use llmcheck_fuzz::pieces::{cuts, pieces};

/// Name, data and place of every event, what is left after them, and how many comments there were.
type Events = (Vec<(String, Vec<u8>, u64, u64)>, Option<Rest>, u64);

fn events(bytes: &[u8], cuts: u16) -> Events {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    let mut at = 0;
    for piece in pieces(bytes, cuts) {
        parser.feed(piece, at, &mut |event| {
            // Whether an LF follows the CR that ended it, an event cannot know.
            let is_split = bytes[..event.end as usize].ends_with(b"\r") && bytes[event.end as usize..].starts_with(b"\n");
            events.push((event.name.to_string(), event.data.to_vec(), event.start, event.end + u64::from(is_split)));
        });
        at += piece.len() as u64;
    }
    let rest = parser.finish();
    (events, rest, parser.comments)
}

fn stream(bytes: &[u8], cuts: u16) -> Stream {
    let mut stream = Stream::default();
    let mut at = 0;
    for piece in pieces(bytes, cuts) {
        stream.feed(piece, at, true, 0);
        at += piece.len() as u64;
    }
    stream.finish(0);
    stream
}

fuzz_target!(|input: &[u8]| {
    let Some((cuts, bytes)) = cuts(input) else {
        return;
    };
    let whole = events(bytes, 0);
    assert_eq!(events(bytes, cuts), whole);
    let mut last = 0;
    for (_, data, start, end) in &whole.0 {
        assert!(last <= *start && start <= end && *end <= bytes.len() as u64, "{last} {start} {end}");
        assert!(data.len() as u64 <= end - start);
        last = *end;
    }
    let (cut, whole) = (stream(bytes, cuts), stream(bytes, 0));
    let said = |stream: &Stream| {
        let numbers =
            (stream.events, stream.chunks, stream.characters, stream.reasoning, stream.tool_calls, stream.done, stream.comments());
        let texts = (stream.text.clone(), stream.model.clone(), stream.finish_reason.clone(), format!("{:?}", stream.usage));
        let start = |place: &Option<Span>| place.as_ref().map(|span| span.start);
        let error = stream.error.as_ref().map(|(error, place)| (error.clone(), start(place)));
        let malformed = stream.malformed.as_ref().map(|malformed| (malformed.at, malformed.excerpt.clone(), start(&malformed.place)));
        let faults = (error, malformed, start(&stream.last_event), start(&stream.done_place));
        (numbers, texts, faults, stream.has_content(), stream.is_finished())
    };
    assert_eq!(said(&cut), said(&whole));
});
