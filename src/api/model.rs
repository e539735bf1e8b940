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

/// The same model but for a date, a build, a size of the context, or a word for its newest form or its place.
pub fn is_same(a: &str, b: &str) -> bool {
    // An unnamed tag is the default one: `llama3` is `llama3:8b`.
    if b.strip_prefix(a).is_some_and(|rest| rest.starts_with(':')) {
        return true;
    }
    let (a, b) = (Name::parse(a), Name::parse(b));
    if !a.build.is_empty() && !b.build.is_empty() && a.build != b.build {
        return false;
    }
    let (short, long) = if a.words.len() <= b.words.len() { (&a.words, &b.words) } else { (&b.words, &a.words) };
    let names_its_version = |word: &String| word.strip_prefix('v').is_some_and(is_number);
    let is_kimi = |words: &[String]| words.first().is_some_and(|word| word == "kimi" || word == "moonshot");
    short == long || (long.starts_with(short) && long.get(short.len()).is_some_and(names_its_version)) || (is_kimi(short) && is_kimi(long))
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
        let bare = name.rsplit('/').next().unwrap_or_default();
        let mut words = Vec::new();
        let mut build = String::new();
        for word in bare.split(['-', '_', '.', ':', '@']).filter(|word| !word.is_empty()) {
            // A date is one word of digits, or three of which the first has four.
            let is_build = is_number(word) && (word.len() >= 3 || build.len() >= 4 && word.len() == 2);
            if is_build {
                build.push_str(word);
            } else if !is_detail(word) {
                words.push(word.to_string());
            }
        }
        Name { words, build }
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A word that names no other model: the newest form, a place, a size of the context.
fn is_detail(word: &str) -> bool {
    const WORDS: [&str; 13] =
        ["0", "auto", "beta", "chat", "exp", "experimental", "free", "instruct", "it", "latest", "online", "preview", "turbo"];
    WORDS.contains(&word) || word.strip_suffix('k').is_some_and(is_number)
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
        ] {
            assert!(!is_same(asked, answered), "{asked} {answered}");
        }
        assert!(!is_known_family("my-alias") && is_known_family("openai/gpt-4o"));
    }
}
