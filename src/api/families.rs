//! What the makers of well-known models say about them, as data: how long a prompt may be, how long an answer, which parameters are refused.
//! A model that is not named here is unknown, and nothing is said of it.
//!
//! Taken 2026-11 from the makers' model pages and BerriAI/litellm's model_prices_and_context_window.json (1.110), the refused parameters
//! from 400s that users have pasted into issues. Where a maker has changed a number, or offers a longer window on request, the largest
//! one stands here; where it was not certain, none does.

/// A model, or several that are alike.
#[derive(Debug)]
pub struct Family {
    /// Whole names; a date or `-latest` may follow.
    names: &'static [&'static str],
    pub maker: Maker,
    /// The most tokens of a prompt.
    pub window: Option<u64>,
    /// What is asked for in `max_tokens` counts against the window, and is refused where it does not fit.
    pub counts_answer: bool,
    /// The most that `max_tokens` may be.
    pub longest_answer: Option<u64>,
    /// `max_tokens` is refused; `max_completion_tokens` is wanted.
    pub refuses_max_tokens: bool,
    /// Parameters of sampling are refused where they are not their defaults.
    pub refuses_sampling: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Alibaba,
    Anthropic,
    DeepSeek,
    Google,
    Moonshot,
    OpenAi,
    Zhipu,
}

impl Maker {
    pub fn name(self) -> &'static str {
        match self {
            Maker::Alibaba => "Alibaba",
            Maker::Anthropic => "Anthropic",
            Maker::DeepSeek => "DeepSeek",
            Maker::Google => "Google",
            Maker::Moonshot => "Moonshot",
            Maker::OpenAi => "OpenAI",
            Maker::Zhipu => "Zhipu",
        }
    }
}

const fn family(maker: Maker, names: &'static [&'static str], window: u64) -> Family {
    Family {
        names,
        maker,
        window: Some(window),
        counts_answer: false,
        longest_answer: None,
        refuses_max_tokens: false,
        refuses_sampling: false,
    }
}

impl Family {
    const fn answers(mut self, longest: u64) -> Family {
        self.longest_answer = Some(longest);
        self
    }

    const fn counting_the_answer(mut self) -> Family {
        self.counts_answer = true;
        self
    }

    const fn refusing_max_tokens(mut self) -> Family {
        self.refuses_max_tokens = true;
        self
    }

    /// OpenAI, "Reasoning models": temperature, top_p, penalties, logprobs and logit_bias are not supported.
    const fn reasoning(mut self) -> Family {
        self.refuses_max_tokens = true;
        self.refuses_sampling = true;
        self
    }
}

use Maker::{Alibaba, Anthropic, DeepSeek, Google, Moonshot, OpenAi, Zhipu};

/// A name that is more exact stands before the family that it belongs to.
static FAMILIES: &[Family] = &[
    family(OpenAi, &["gpt-3.5-turbo"], 16_385).answers(4096).counting_the_answer(),
    family(OpenAi, &["gpt-3.5-turbo-16k"], 16_385),
    family(OpenAi, &["gpt-4-turbo", "gpt-4-turbo-preview", "gpt-4-1106-preview", "gpt-4-0125-preview"], 128_000)
        .answers(4096)
        .counting_the_answer(),
    family(OpenAi, &["gpt-4-32k"], 32_768).counting_the_answer(),
    family(OpenAi, &["gpt-4"], 8192).counting_the_answer(),
    family(OpenAi, &["gpt-4o-2024-05-13"], 128_000).answers(4096).counting_the_answer(),
    family(OpenAi, &["gpt-4o", "gpt-4o-mini", "chatgpt-4o"], 128_000).answers(16_384).counting_the_answer(),
    family(OpenAi, &["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"], 1_047_576).answers(32_768),
    // "Input tokens exceed the configured limit of 272000 tokens": the window of 400 000 is that and the answer.
    family(OpenAi, &["gpt-5", "gpt-5-mini", "gpt-5-nano"], 272_000).answers(128_000).reasoning(),
    // With the effort `none`, their default, they take a temperature again.
    family(OpenAi, &["gpt-5.1", "gpt-5.2", "gpt-5.4-mini", "gpt-5.4-nano"], 272_000).answers(128_000).refusing_max_tokens(),
    family(OpenAi, &["gpt-5.4", "gpt-5.5"], 1_050_000).answers(128_000).refusing_max_tokens(),
    family(OpenAi, &["o1", "o3", "o3-mini", "o4-mini"], 200_000).answers(100_000).reasoning(),
    family(Anthropic, &["claude-3-haiku", "claude-3-sonnet", "claude-3-opus"], 200_000).answers(4096),
    family(Anthropic, &["claude-3-5-haiku", "claude-3-5-sonnet"], 200_000).answers(8192),
    // Its answer may be 128 000 with a field of its own.
    family(Anthropic, &["claude-3-7-sonnet"], 200_000).counting_the_answer(),
    family(Anthropic, &["claude-opus-4", "claude-opus-4-0", "claude-opus-4-1"], 200_000).answers(32_000).counting_the_answer(),
    // 200 000, and a million with a field of its own.
    family(Anthropic, &["claude-sonnet-4", "claude-sonnet-4-0", "claude-sonnet-4-5"], 1_000_000).answers(64_000),
    family(Anthropic, &["claude-haiku-4-5", "claude-opus-4-5"], 200_000).answers(64_000),
    family(Anthropic, &["claude-sonnet-4-6", "claude-opus-4-6", "claude-opus-4-7"], 1_000_000).answers(128_000),
    family(Google, &["gemini-1.5-pro"], 2_097_152),
    family(
        Google,
        &["gemini-1.5-flash", "gemini-2.0-flash", "gemini-2.0-flash-lite", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"],
        1_048_576,
    ),
    // 64 000 once, 128 000 later, a million since both are names for V4.
    family(DeepSeek, &["deepseek-chat", "deepseek-reasoner", "deepseek-v4-flash", "deepseek-v4-pro"], 1_048_576),
    family(Alibaba, &["qwen-turbo", "qwen-plus", "qwen-flash"], 1_000_000),
    family(Moonshot, &["moonshot-v1-8k"], 8192).counting_the_answer(),
    family(Moonshot, &["moonshot-v1-32k"], 32_768).counting_the_answer(),
    family(Moonshot, &["moonshot-v1-128k"], 131_072).counting_the_answer(),
    family(Moonshot, &["kimi-k2-0711-preview"], 131_072),
    family(Moonshot, &["kimi-k2-0905-preview", "kimi-k2-turbo-preview", "kimi-k2-thinking", "kimi-k2.5"], 262_144),
    family(Zhipu, &["glm-4", "glm-4-plus", "glm-4-air", "glm-4-flash", "glm-4.5", "glm-4.5-air", "glm-4.5-flash"], 131_072),
    family(Zhipu, &["glm-4.6", "glm-4.7"], 204_800),
];

/// The family of a model that its name makes certain: the maker's own name, as routers write it (`openai/gpt-4o`), with a date or not.
pub fn find(model: &str) -> Option<&'static Family> {
    let lower = model.to_lowercase();
    let name = match lower.split_once('/') {
        Some(("alibaba" | "anthropic" | "deepseek" | "google" | "moonshotai" | "openai" | "qwen" | "z-ai", name)) => name,
        _ => &lower,
    };
    let is_of = |family: &&Family| family.names.iter().any(|known| name.strip_prefix(known).is_some_and(is_build));
    FAMILIES.iter().find(is_of)
}

/// What may follow a name without making another model of it: a date with or without dashes, a build, `latest`.
fn is_build(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('-') else {
        return rest.is_empty();
    };
    // Of one digit it would be a version: `claude-opus-4-5` is not `claude-opus-4`.
    let is_long = rest.split('-').next().is_some_and(|first| first.len() >= 3);
    rest == "latest" || (is_long && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(model: &str) -> Option<u64> {
        find(model)?.window
    }

    #[test]
    fn a_model_is_known_by_its_whole_name() {
        for (model, expected) in [
            ("gpt-4o", 128_000),
            ("GPT-4o", 128_000),
            ("openai/gpt-4o-mini", 128_000),
            ("gpt-4o-mini-2024-07-18", 128_000),
            ("gpt-4", 8192),
            ("gpt-4-0613", 8192),
            ("gpt-4-turbo-2024-04-09", 128_000),
            ("gpt-4.1-mini", 1_047_576),
            ("o3", 200_000),
            ("o4-mini-2025-04-16", 200_000),
            ("gpt-5-2025-08-07", 272_000),
            ("claude-3-5-sonnet-20241022", 200_000),
            ("claude-3-5-sonnet-latest", 200_000),
            ("anthropic/claude-opus-4", 200_000),
            ("claude-sonnet-4-20250514", 1_000_000),
            ("claude-opus-4-6-20260205", 1_000_000),
            ("gemini-2.5-flash", 1_048_576),
            ("moonshot-v1-8k", 8192),
        ] {
            assert_eq!(window(model), Some(expected), "{model}");
        }
        assert_eq!(find("gpt-4o-2024-05-13").and_then(|family| family.longest_answer), Some(4096));
        assert_eq!(find("gpt-4o-2024-11-20").and_then(|family| family.longest_answer), Some(16_384));
    }

    #[test]
    fn a_name_that_is_only_alike_is_unknown() {
        for model in [
            "",
            "my-model",
            "gpt-4o-realtime-preview",
            "gpt-4o-search-preview",
            "gpt-4-all",
            "gpt-4-gizmo-g-123",
            "gpt-5-chat-latest",
            "gpt-5-codex",
            "gpt-6",
            "o1-mini",
            "o1-pro",
            "o3-mini-high",
            "gpt-oss-120b",
            "claude-3-opus:beta",
            "claude-opus-4-8",
            "claude-opus-4-8-20260701",
            "claude-3-7-sonnet-20250219-thinking",
            "llama3",
            "qwen2.5-7b-instruct",
            "azure/gpt-4o",
            "local/gpt-4o",
            "gpt-4o:extended",
            "gpt-4o-12",
            "deepseek-r1",
            "glm-4-long",
        ] {
            assert!(find(model).is_none(), "{model}: {:?}", find(model));
        }
    }

    #[test]
    fn every_number_can_be_one() {
        for family in FAMILIES {
            assert!(!family.names.is_empty() && family.names.iter().all(|name| name.to_lowercase() == *name));
            let bounds = [family.window, family.longest_answer];
            assert!(bounds.into_iter().flatten().all(|bound| (4096..=10_000_000).contains(&bound)), "{family:?}");
            assert!(!family.refuses_sampling || family.refuses_max_tokens);
        }
        let names: Vec<&str> = FAMILIES.iter().flat_map(|family| family.names).copied().collect();
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{name} stands twice");
            let first = find(name).expect("itself").names;
            assert!(first.contains(name), "{name} is hidden by {first:?}");
        }
    }
}
