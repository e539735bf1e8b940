//! JSON as the clients of these APIs read it.

use serde_json::{Error, Value};

/// Parses a value. A `\uD800` without its second half is no character, and serde_json refuses it; Python and JavaScript read it, and
/// models that stream by tokens send the halves apart. It is read as the replacement character.
///
/// # Errors
/// When it is not JSON.
pub fn parse(text: &[u8]) -> Result<Value, Error> {
    match serde_json::from_slice(text) {
        Err(error) => serde_json::from_slice(&without_lone_surrogates(text).ok_or(error)?),
        value => value,
    }
}

/// The text with each lone surrogate escape replaced; `None` if there is none.
fn without_lone_surrogates(text: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6).filter(|escape| escape.starts_with(b"\\u"))?;
        u16::from_str_radix(std::str::from_utf8(&digits[2..]).ok()?, 16).ok()
    };
    let mut replaced = text.to_vec();
    let mut has_replaced = false;
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', text.get(at..)?) {
        at += offset;
        let (first, second) = (unit(at), unit(at + 6));
        at += match (first, second) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                replaced[at..at + 6].copy_from_slice(b"\\ufffd");
                has_replaced = true;
                6
            }
            _ => 2,
        };
    }
    has_replaced.then_some(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_character_are_read_and_whole_ones_stay() {
        assert_eq!(parse(br#"["\ud83d","\ude00"]"#).unwrap(), serde_json::json!(["\u{fffd}", "\u{fffd}"]));
        assert_eq!(parse(br#"["\ud83d\ude00\\ud83d"]"#).unwrap(), serde_json::json!(["😀\\ud83d"]));
        assert!(parse(br#"["\ud83d]"#).is_err() && parse(b"{oops}").is_err());
    }
}
