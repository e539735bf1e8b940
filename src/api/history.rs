//! The history of a conversation in turns, and which of them are left out where only the last are wanted. Messages are only looked at:
//! what is kept stays byte for byte as it is.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What has to be known of a message.
#[derive(Default, Deserialize)]
struct Role {
    #[serde(default)]
    role: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    Assistant,
    System,
    Tool,
    User,
    Unknown,
}

/// The messages to leave out so that the leading instructions and the last `turns` turns stay. What stands before the first user's
/// message is no turn: it goes where any turn goes.
pub fn left_out(messages: &[Box<RawValue>], turns: usize) -> Range<usize> {
    let speakers: Vec<Speaker> = messages.iter().map(|message| speaker(message.get())).collect();
    let leading = speakers.iter().take_while(|speaker| **speaker == Speaker::System).count();
    let begins: Vec<usize> = (leading..speakers.len()).filter(|at| begins_turn(&speakers[*at..])).collect();
    match begins.len().checked_sub(turns) {
        _ if turns == 0 => leading..speakers.len(),
        None | Some(0) => leading..leading,
        Some(first) => leading..begins[first],
    }
}

/// A user's message begins a turn, except between a call and its result: that belongs to the assistant's message before.
fn begins_turn(from: &[Speaker]) -> bool {
    let next = from[1..].iter().find(|speaker| matches!(speaker, Speaker::Assistant | Speaker::Tool));
    from[0] == Speaker::User && next != Some(&Speaker::Tool)
}

fn speaker(message: &str) -> Speaker {
    let role: Role = serde_json::from_str(message).unwrap_or_default();
    match role.role.as_deref() {
        Some("assistant") => Speaker::Assistant,
        Some("developer" | "system") => Speaker::System,
        Some("function" | "tool") => Speaker::Tool,
        Some("user") => Speaker::User,
        _ => Speaker::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept of a history, a letter for each message: `s`ystem, `d`eveloper, `u`ser, `a`ssistant, `t`ool, `f`unction, `?`.
    fn kept(history: &str, turns: usize) -> String {
        let role = |letter: char| match letter {
            's' => "system",
            'd' => "developer",
            'u' => "user",
            'a' => "assistant",
            't' => "tool",
            'f' => "function",
            _ => "critic",
        };
        let messages: Vec<Box<RawValue>> = history
            .chars()
            .map(|letter| RawValue::from_string(format!("{{\"content\": \"x\", \"role\": \"{}\"}}", role(letter))).unwrap())
            .collect();
        let left_out = left_out(&messages, turns);
        history.chars().enumerate().filter(|(at, _)| !left_out.contains(at)).map(|(_, letter)| letter).collect()
    }

    #[test]
    fn the_leading_instructions_and_the_last_turns_stay() {
        for (history, turns, expected) in [
            ("suauaua", 1, "sua"),
            ("suauaua", 2, "suaua"),
            ("suauaua", 3, "suauaua"),
            ("suauaua", 9, "suauaua"),
            ("suauaua", 0, "s"),
            ("sduaua", 1, "sdua"),
            ("uauau", 1, "u"),
            ("uauau", 2, "uau"),
            // An instruction in the middle belongs to the turn before it.
            ("suasua", 1, "sua"),
            ("sua", 1, "sua"),
            ("s", 1, "s"),
            ("", 1, ""),
        ] {
            assert_eq!(kept(history, turns), expected, "{history} {turns}");
        }
    }

    #[test]
    fn calls_and_results_stay_with_their_question() {
        for (history, turns, expected) in [
            ("suatatauatta", 1, "suatta"),
            ("suatatauatta", 2, "suatatauatta"),
            ("uafauafa", 1, "uafa"),
            // A user who speaks between a call and its result does not part them.
            ("uaua utaua".replace(' ', "").as_str(), 2, "uautaua"),
            ("uautua", 2, "uautua"),
        ] {
            assert_eq!(kept(history, turns), expected, "{history} {turns}");
        }
    }

    #[test]
    fn what_the_assistant_says_first_goes_with_the_first_turn_that_goes() {
        for (history, turns, expected) in [
            ("aua", 1, "aua"),
            ("auaua", 2, "auaua"),
            ("auaua", 1, "ua"),
            ("saua", 1, "saua"),
            ("aaa", 1, "aaa"),
            ("saaa", 0, "s"),
            ("?ua?ua", 1, "ua"),
        ] {
            assert_eq!(kept(history, turns), expected, "{history} {turns}");
        }
    }
}
