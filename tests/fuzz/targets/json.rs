//! The scanner knows where a JSON text ends: it agrees with a real parser wherever that has something to say. What is cut can be closed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::wire::json::{Closure, Scanner};
use llmcheck::wire::salvage::closed;
use llmcheck_fuzz::pieces::{cuts, pieces};
use serde_json::value::RawValue;

/// How far the text came, what follows it, and how much would close it.
fn scan(text: &[u8], cuts: u16) -> (Closure, Option<u64>, u64) {
    let mut scanner = Scanner::default();
    pieces(text, cuts).into_iter().for_each(|piece| scanner.feed(piece));
    (scanner.closure(), scanner.trailing, scanner.closers())
}

fuzz_target!(|input: &[u8]| {
    let Some((cuts, text)) = cuts(input) else {
        return;
    };
    // A body is not scanned before its byte order mark is there as a whole.
    if text.starts_with(b"\xef") {
        return;
    }
    let (closure, trailing, closers) = scan(text, 0);
    assert_eq!(scan(text, cuts), (closure, trailing, closers));

    // A raw value is read without a limit on nesting, and its text is the place of the first value.
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    match values.next() {
        None => assert_eq!(closure, Closure::Empty),
        Some(Ok(value)) if value.get().starts_with(['{', '[']) => {
            let end = values.byte_offset();
            assert_eq!(closure, Closure::Closed { end: end as u64 });
            // A form feed is white space for the scanner, which a parser then complains of.
            let other = text[end..].iter().position(|byte| !byte.is_ascii_whitespace());
            assert_eq!(trailing, other.map(|offset| (end + offset) as u64));
            let cut = end - 1 - usize::from(cuts) % value.get().len();
            assert!(!matches!(scan(&text[..cut], 0).0, Closure::Closed { .. }), "closed at {cut} of {end}");
        }
        Some(Ok(_)) => assert!(matches!(closure, Closure::Broken { .. }), "{closure:?}"),
        // An escape that the closing quote cuts short is an end to a parser, and not to the scanner.
        Some(Err(error)) if error.is_eof() && !text.windows(2).any(|pair| pair == b"\\u") => {
            assert!(!matches!(closure, Closure::Closed { .. }), "{error}")
        }
        Some(Err(_)) => {}
    }
    let _ = llmcheck::api::json::parse(text);
    // Whatever is open is closed so that it parses, and only that.
    if let Some(closed) = closed(text) {
        assert!(serde_json::from_str::<&RawValue>(&closed).is_ok(), "{closed}");
        assert!(serde_json::from_slice::<&RawValue>(text).is_err(), "{closed}");
    }
});
