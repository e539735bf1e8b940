//! By how much a request is too large, in the words of the error that refuses it.

/// Tokens, as far as the error counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflow {
    /// What fits.
    pub limit: u64,
    /// What was asked for: the prompt, and with most servers the bound on the answer.
    pub requested: Option<u64>,
    /// The prompt alone.
    pub prompt: Option<u64>,
}

/// Words before the number; those that are more exact first.
const LIMIT: [&str; 8] = [
    "maximum context length is ",         // OpenAI, vLLM, DeepSeek, SGLang
    "maximum number of tokens allowed (", // Gemini
    "available context size (",           // llama.cpp
    "maximum model length of ",           // vLLM
    "context length is only ",
    "maximum allowed number of input tokens ",
    "limit ",    // OpenAI, Groq: Limit 30000, Requested 45000
    "tokens > ", // Anthropic
];
const REQUESTED: [&str; 6] =
    ["for a total of at least ", "you requested ", "requested ", "request (", "prompt is too long: ", "input token count ("];
const PROMPT: [&str; 6] = [
    "messages resulted in ",
    "prompt is too long: ",
    "input token count (",
    "prompt contains at least ", // vLLM
    "prompt contains ",
    "your request has ", // vLLM, where only max_tokens is too large
];
/// Words behind the number.
const PROMPT_BEFORE: [&str; 2] = [" in the messages", " of text input"];

/// Reads the message of an error that says that a request is too large; `None` where it names no limit.
pub fn overflow(message: &str) -> Option<Overflow> {
    let message = message.to_ascii_lowercase();
    let first = |phrases: &[&str]| phrases.iter().find_map(|phrase| number_after(&message, phrase));
    let limit = first(&LIMIT)?;
    let prompt = PROMPT_BEFORE.iter().find_map(|phrase| number_before(&message, phrase)).or_else(|| first(&PROMPT));
    Some(Overflow { limit, requested: first(&REQUESTED).or(prompt), prompt })
}

/// Tokens that an answer may have at most for what is left of the credit (OpenRouter).
pub fn affordable(message: &str) -> Option<u64> {
    number_after(&message.to_ascii_lowercase(), "can only afford ")
}

fn number_after(message: &str, phrase: &str) -> Option<u64> {
    message.match_indices(phrase).find_map(|(at, _)| {
        let rest = &message[at + phrase.len()..];
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != ',').unwrap_or(rest.len());
        number(&rest[..end])
    })
}

fn number_before(message: &str, phrase: &str) -> Option<u64> {
    let before = &message[..message.find(phrase)?];
    let start = before.rfind(|character: char| !character.is_ascii_digit() && character != ',').map_or(0, |at| at + 1);
    number(before.get(start..)?)
}

fn number(digits: &str) -> Option<u64> {
    digits.replace(',', "").parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_every_server_are_read() {
        let cases = [
            (
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.",
                (8192, Some(9001), Some(9001)),
            ),
            (
                "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (3000 in the messages, 2000 in the completion).",
                (4096, Some(5000), Some(3000)),
            ),
            (
                "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum context length is 4096 tokens and your request has 12 input tokens",
                (4096, Some(12), Some(12)),
            ),
            (
                "This model's maximum context length is 8192 tokens. However, you requested 4096 output tokens and your prompt contains at least 5000 input tokens, for a total of at least 9096 tokens.",
                (8192, Some(9096), Some(5000)),
            ),
            ("prompt is too long: 210036 tokens > 200000 maximum", (200_000, Some(210_036), Some(210_036))),
            (
                "The input token count (1,200,000) exceeds the maximum number of tokens allowed (1,048,576).",
                (1_048_576, Some(1_200_000), Some(1_200_000)),
            ),
            ("request (5021 tokens) exceeds the available context size (4096 tokens), try increasing it", (4096, Some(5021), None)),
            (
                "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 45012.",
                (30_000, Some(45_012), None),
            ),
        ];
        for (message, (limit, requested, prompt)) in cases {
            assert_eq!(overflow(message), Some(Overflow { limit, requested, prompt }), "{message}");
        }
    }

    #[test]
    fn what_can_be_afforded_is_read() {
        let message =
            "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 1000.";
        assert_eq!((affordable(message), affordable("requires more credits")), (Some(1000), None));
    }

    #[test]
    fn without_a_limit_nothing_is_read() {
        for message in ["", "too long", "the limit is high", "maximum context length is  tokens", "Limit , Requested 5"] {
            assert_eq!(overflow(message), None, "{message}");
        }
    }
}
