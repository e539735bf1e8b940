//! The names of models: which are known to all the world, and which two mean the same.

/// A model of a family whose names its maker gave; any other name is an alias, and means what its owner says.
pub fn is_known_family(name: &str) -> bool {
    const FAMILIES: [&str; 22] = [
        "gpt-",
        "chatgpt-",
        "o1",
        "o3",
        "o4",
        "claude-",
        "gemini-",
        "deepseek-",
        "qwen",
        "qwq",
        "glm-",
        "moonshot-",
        "kimi-",
        "llama",
        "mistral-",
        "mixtral-",
        "grok-",
        "yi-",
        "doubao-",
        "ernie-",
        "hunyuan-",
        "abab",
    ];
    let name = name.to_lowercase();
    let bare = name.rsplit('/').next().unwrap_or_default();
    FAMILIES.iter().any(|family| bare.starts_with(family))
}

/// The same model but for a date, a build, a size of the context, how its weights are stored, how hard it shall think, or a word for its
/// newest form or its place.
pub fn is_same(asked: &str, answered: &str) -> bool {
    if asked == answered {
        return true;
    }
    // An unnamed tag is the default one: `llama3` is `llama3:8b`.
    if answered.strip_prefix(asked).is_some_and(|rest| rest.starts_with(':')) {
        return true;
    }
    let (a, b) = (Name::parse(asked), Name::parse(answered));
    if !a.build.is_empty() && !b.build.is_empty() && a.build != b.build {
        return false;
    }
    let (short, long) = if a.words.len() <= b.words.len() { (&a.words, &b.words) } else { (&b.words, &a.words) };
    let names_its_version = |word: &String| word.strip_prefix('v').is_some_and(is_number);
    let is_kimi = |words: &[String]| words.first().is_some_and(|word| word == "kimi" || word == "moonshot");
    short == long
        || (long.starts_with(short) && long.get(short.len()).is_some_and(names_its_version))
        || (is_kimi(short) && is_kimi(long))
        || (is_reasoner(&a.words) && is_deepseek(&b.words))
        || (is_deepseek(&a.words) && is_reasoner(&b.words))
        || a.without_effort() == Some(&b.words)
        || (asked.ends_with("-latest") && is_some_version(&a.words, &b.words))
}

/// What DeepSeek calls its reasoning model: R1 at first, a mode of V3 since.
fn is_reasoner(words: &[String]) -> bool {
    words == ["deepseek", "reasoner"]
}

/// A model of DeepSeek's own, not one that was taught by it.
fn is_deepseek(words: &[String]) -> bool {
    let is_version = |word: &String| is_number(word.trim_start_matches(['r', 'v']));
    words.split_first().is_some_and(|(first, rest)| first == "deepseek" && rest.iter().all(is_version))
}

/// `gemini-flash-latest` is whatever version of `gemini-…-flash` its maker means by it.
fn is_some_version(named: &[String], with_version: &[String]) -> bool {
    let without_numbers = with_version.iter().filter(|word| !is_number(word));
    with_version.len() > named.len() && without_numbers.eq(named.iter())
}

/// A name taken apart: `openai/gpt-4.1-mini-2025-04-14` is `gpt`, `4`, `1`, `mini` of build `20250414`.
struct Name {
    words: Vec<String>,
    /// The digits of a date or build, if one is given.
    build: String,
}

impl Name {
    fn parse(name: &str) -> Name {
        let name = name.to_lowercase().replace("gpt-35", "gpt-3.5");
        let bare = without_place(name.rsplit('/').next().unwrap_or_default());
        let mut words = Vec::new();
        let mut build = String::new();
        let mut is_quantised = false;
        let mut parts = bare.split(['-', '_', '.', ':', '@']).filter(|word| !word.is_empty()).peekable();
        while let Some(word) = parts.next() {
            // A date is one word of digits, or three of which the first has four, or a month with its day or year.
            let begins_date = is_month(word) && parts.peek().is_some_and(|next| is_number(next) && matches!(next.len(), 2 | 4));
            let is_build = is_number(word) && (word.len() >= 3 || begins_date || build.len() >= 2 && word.len() == 2);
            is_quantised |= is_quantisation(word);
            if is_build {
                build.push_str(word);
            } else if !is_detail(word) && !is_quantised {
                words.extend(parts_of(word).into_iter().map(str::to_string));
            }
        }
        if words.first().is_some_and(|word| word == "meta") {
            words.remove(0);
        }
        // Its maker has changed the order: `claude-3-5-sonnet`, `claude-sonnet-4`.
        if words.first().is_some_and(|word| word == "claude") {
            words.sort();
        }
        Name { words, build }
    }

    /// The words without the last, where that is the effort that relays take off the name and send as a parameter (QuantumNous/new-api,
    /// README: `o3-mini-high`, `claude-3-7-sonnet-20250219-thinking`).
    fn without_effort(&self) -> Option<&[String]> {
        const EFFORTS: [&str; 8] = ["high", "low", "medium", "minimal", "none", "nothinking", "thinking", "xhigh"];
        let (last, rest) = self.words.split_last()?;
        EFFORTS.contains(&last.as_str()).then_some(rest)
    }
}

/// Bedrock puts the place and the maker before the name: `us.anthropic.claude-3-7-sonnet-20250219-v1:0`.
fn without_place(name: &str) -> &str {
    const BEFORE: [&str; 9] = ["ai21", "amazon", "anthropic", "apac", "cohere", "eu", "global", "meta", "us"];
    match name.split_once('.') {
        Some((before, rest)) if BEFORE.contains(&before) => without_place(rest),
        _ => name,
    }
}

/// `qwen2` is `qwen` and `2`, as others write it; `o1` and `r1` are names.
fn parts_of(word: &str) -> Vec<&str> {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    match word.split_at(letters) {
        (family, version) if letters >= 3 && is_number(version) => vec![family, version],
        _ => vec![word],
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_month(word: &str) -> bool {
    word.len() == 2 && is_number(word) && matches!(word.parse(), Ok(1..=12))
}

/// A word that names no other model: the newest form, a place, a size of the context.
fn is_detail(word: &str) -> bool {
    const WORDS: [&str; 13] =
        ["0", "auto", "beta", "chat", "exp", "experimental", "free", "instruct", "it", "latest", "online", "preview", "turbo"];
    WORDS.contains(&word) || word.strip_suffix('k').is_some_and(is_number)
}

/// How the weights are stored, which names come last and say in several words: `Q4_K_M.gguf`, `GPTQ-Int4`, `FP8-dynamic`.
fn is_quantisation(word: &str) -> bool {
    const WORDS: [&str; 13] = ["4bit", "8bit", "awq", "bf16", "bnb", "fp16", "fp4", "fp8", "gguf", "gptq", "int4", "int8", "quantized"];
    let bits = word.strip_prefix("iq").or_else(|| word.strip_prefix('q'));
    WORDS.contains(&word) || bits.is_some_and(|bits| bits.len() == 1 && is_number(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dated_version_is_the_same_model_and_a_smaller_one_is_not() {
        for (asked, answered) in [
            ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
            ("openai/gpt-4o", "gpt-4o"),
            ("gpt-4-turbo-preview", "gpt-4-0125-preview"),
            ("gpt-35-turbo", "gpt-3.5-turbo-0125"),
            ("claude-3-5-sonnet", "claude-3-5-sonnet-20241022"),
            ("claude-3.5-sonnet", "claude-3-5-sonnet-20241022"),
            ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
            ("claude-opus-4-0", "claude-opus-4-20250514"),
            ("gemini-2.0-flash", "gemini-2.0-flash-001"),
            ("mistral-large-latest", "mistral-large-2411"),
            ("qwen-plus-latest", "qwen-plus-2025-04-28"),
            ("doubao-1.5-pro-32k", "doubao-1-5-pro-32k-250115"),
            ("llama3", "llama3:8b"),
            ("gpt-4o-2024-05-13", "gpt-4o-20240513"),
            ("kimi-latest", "moonshot-v1-8k"),
            ("moonshot-v1-auto", "moonshot-v1-8k"),
            ("deepseek-chat:free", "deepseek/deepseek-chat-v3.1"),
            ("deepseek-reasoner", "deepseek-r1"),
            ("deepseek-reasoner", "DeepSeek-V3.2"),
            ("deepseek-r1", "deepseek-reasoner"),
            ("deepseek-r1", "deepseek-ai/DeepSeek-R1-0528"),
            ("claude-3-5-sonnet", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
            ("claude-3-7-sonnet-latest", "us.anthropic.claude-3-7-sonnet-20250219-v1:0"),
            ("claude-sonnet-4", "anthropic/claude-4-sonnet-20250522"),
            ("claude-3-7-sonnet-20250219-thinking", "claude-3-7-sonnet-20250219"),
            ("o3-mini-high", "o3-mini-2025-01-31"),
            ("gemini-2.5-pro", "gemini-2.5-pro-preview-06-05"),
            ("gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025"),
            ("gemini-flash-latest", "gemini-2.5-flash-preview-09-2025"),
            ("meta-llama/llama-3.1-8b-instruct", "meta-llama/Meta-Llama-3.1-8B-Instruct"),
            ("llama-3.1-8b", "Llama-3.1-8B-Instruct-Q4_K_M.gguf"),
            ("llama-3.1-8b-instruct", "meta.llama3-1-8b-instruct-v1:0"),
            ("qwen/qwen-2.5-72b-instruct", "Qwen/Qwen2.5-72B-Instruct"),
            ("qwen2.5-7b-instruct", "/data/models/Qwen2.5-7B-Instruct-GPTQ-Int4"),
            ("qwen2.5:7b", "qwen2.5:7b-instruct-q4_K_M"),
            ("qwen3-8b", "Qwen/Qwen3-8B-FP8"),
        ] {
            assert!(is_same(asked, answered), "{asked} {answered}");
        }
        for (asked, answered) in [
            ("gpt-4o", "gpt-4o-mini"),
            ("gpt-4", "gpt-3.5-turbo"),
            ("gpt-4", "gpt-4.1-2025-04-14"),
            ("gpt-5", "gpt-5.1"),
            ("glm-4", "glm-4.5"),
            ("deepseek-v3", "deepseek-v3.1"),
            ("claude-opus-4", "claude-opus-4-1"),
            ("llama3:70b", "llama3:8b"),
            ("gpt-4-0613", "gpt-4-1106-preview"),
            ("gpt-4o-2024-05-13", "gpt-4o-2024-11-20"),
            ("claude-3-opus", "deepseek-chat"),
            ("o1", "o1-mini"),
            ("o3-mini-high", "o3"),
            ("deepseek-reasoner", "deepseek-r1-distill-qwen-7b"),
            ("deepseek-r1", "deepseek-v3"),
            ("gemini-flash-latest", "gemini-2.5-flash-lite"),
            ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-06-05"),
            ("qwen2.5-72b-instruct", "Qwen/Qwen2.5-7B-Instruct-AWQ"),
            ("qwen-2.5-7b-instruct", "qwen-2-7b-instruct"),
            ("claude-sonnet-4-5", "claude-4-sonnet"),
            ("claude-opus-4", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
        ] {
            assert!(!is_same(asked, answered), "{asked} {answered}");
        }
        assert!(!is_known_family("my-alias") && is_known_family("openai/gpt-4o"));
    }
}
