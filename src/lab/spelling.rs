//! The same JSON as other serialisers spell it: what a sender may have counted in place of what it sent.

/// As `JSON.stringify(value, null, 2)` and `json.dumps(value, indent=2)` do, from compact JSON.
pub(in crate::lab) fn indented(json: &str) -> String {
    let mut spelled = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut opened = false;
    for (character, in_string) in with_places(json) {
        let closes = !in_string && matches!(character, '}' | ']');
        if closes {
            depth -= 1;
        }
        if opened != closes && (opened || closes) {
            start_line(&mut spelled, depth);
        }
        spelled.push(character);
        opened = !in_string && matches!(character, '{' | '[');
        match character {
            _ if in_string => {}
            '{' | '[' => depth += 1,
            ',' => start_line(&mut spelled, depth),
            ':' => spelled.push(' '),
            _ => {}
        }
    }
    spelled
}

/// With a blank after each comma and colon, as Python's `json.dumps` does, from compact JSON.
pub(in crate::lab) fn spaced(json: &str) -> String {
    let blank = |(character, in_string): (char, bool)| if !in_string && matches!(character, ',' | ':') { " " } else { "" };
    with_places(json).flat_map(|place| std::iter::once(place.0).chain(blank(place).chars())).collect()
}

/// In ASCII, every other character as `\uXXXX`.
pub(in crate::lab) fn escaped(json: &str) -> String {
    json.encode_utf16().map(|unit| if unit < 0x80 { char::from(unit as u8).to_string() } else { format!("\\u{unit:04x}") }).collect()
}

fn start_line(spelled: &mut String, depth: usize) {
    spelled.push('\n');
    spelled.extend(std::iter::repeat_n("  ", depth));
}

/// Each character, and whether it stands in a string.
fn with_places(json: &str) -> impl Iterator<Item = (char, bool)> {
    let (mut in_string, mut after_backslash) = (false, false);
    json.chars().map(move |character| {
        let was_in_string = in_string;
        if character == '"' && !after_backslash {
            in_string = !in_string;
        }
        after_backslash = in_string && character == '\\' && !after_backslash;
        (character, was_in_string || in_string)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPACT: &str = r#"{"a":[1,{"b":"x, \"y\": 中😀"}],"c":{},"d":[]}"#;

    #[test]
    fn indentation_is_that_of_serde_json() {
        let value: serde_json::Value = serde_json::from_str(COMPACT).unwrap();
        assert_eq!(indented(COMPACT), serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn blanks_stand_outside_strings_only() {
        assert_eq!(spaced(COMPACT), r#"{"a": [1, {"b": "x, \"y\": 中😀"}], "c": {}, "d": []}"#);
    }

    #[test]
    fn escapes_are_utf16_units() {
        assert_eq!(escaped("中😀a"), "\\u4e2d\\ud83d\\ude00a");
    }
}
