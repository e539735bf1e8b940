//! JSON as the clients of these APIs read it.

use serde::de::IgnoredAny;
use serde_json::{Error, Value};

/// Parses a value. A `\uD800` without its second half is no character, and serde_json refuses it; Python and JavaScript read it, and
/// models that stream by tokens send the halves apart. It is read as the replacement character.
///
/// # Errors
/// When it is not JSON.
pub fn parse(text: &[u8]) -> Result<Value, Error> {
    // Checked as a whole, a text costs less than checked string by string.
    let value = std::str::from_utf8(text).map_or_else(|_| serde_json::from_slice(text), serde_json::from_str);
    match value {
        // The limit is the parser's, not JSON's. What lies so deep is nothing that we look at, but it is to be JSON too.
        Err(error) if error.to_string().starts_with("recursion limit") => {
            serde_json::from_slice::<IgnoredAny>(text)?;
            serde_json::from_slice(&without_depths(text))
        }
        Err(error) => serde_json::from_slice(&without_lone_surrogates(text).ok_or(error)?),
        value => value,
    }
}

/// The text with `null` in place of all that is nested deeper than we look.
fn without_depths(text: &[u8]) -> Vec<u8> {
    const DEEPEST: usize = 100;
    let mut kept = Vec::with_capacity(text.len());
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for &byte in text {
        let is_bracket = !in_string && matches!(byte, b'{' | b'[' | b'}' | b']');
        if is_bracket && matches!(byte, b'{' | b'[') {
            depth += 1;
            if depth == DEEPEST + 1 {
                kept.extend_from_slice(b"null");
            }
        }
        if depth <= DEEPEST {
            kept.push(byte);
        }
        if is_bracket && matches!(byte, b'}' | b']') {
            depth = depth.saturating_sub(1);
        }
        in_string = match byte {
            b'"' if !is_escaped => !in_string,
            _ => in_string,
        };
        is_escaped = in_string && byte == b'\\' && !is_escaped;
    }
    kept
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
    fn what_lies_deep_is_left_out() {
        let deep = |depth: usize| format!("{{\"a\":\"]}}\\\"[\",\"deep\":{}1{},\"b\":2}}", "[".repeat(depth), "]".repeat(depth));
        for depth in [1, 99, 100, 101, 500, 100_000] {
            let value = parse(deep(depth).as_bytes()).unwrap();
            assert_eq!((&value["a"], &value["b"]), (&serde_json::json!("]}\"["), &serde_json::json!(2)), "{depth}");
        }
        assert!(parse(deep(300).trim_end_matches('}').as_bytes()).is_err());
        assert!(parse(deep(300).replace('1', "one").as_bytes()).is_err());
    }

    #[test]
    fn halves_of_a_character_are_read_and_whole_ones_stay() {
        assert_eq!(parse(br#"["\ud83d","\ude00"]"#).unwrap(), serde_json::json!(["\u{fffd}", "\u{fffd}"]));
        assert_eq!(parse(br#"["\ud83d\ude00\\ud83d"]"#).unwrap(), serde_json::json!(["😀\\ud83d"]));
        assert!(parse(br#"["\ud83d]"#).is_err() && parse(b"{oops}").is_err());
    }
}
