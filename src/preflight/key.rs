//! A key that can be no key of this API. Only its shape is looked at, and it is never shown.

use super::host::{self, Place};
use super::{Draft, Entry, Warning};
use crate::lang::text;

pub(super) static KEY_IN_QUOTES: Entry = Entry {
    name: "key-in-quotes",
    title: text(
        "the API key{source} has quotes around it, which are sent as part of it",
        "API key{source} 带有引号，引号会作为 key 的一部分发送",
    ),
    fix: text(
        "take them away: docker's env files and `set` of cmd keep quotes as they are",
        "请去掉引号：docker 的 env 文件与 cmd 的 set 会原样保留引号",
    ),
};

pub(super) static KEY_NOT_EXPANDED: Entry = Entry {
    name: "key-not-expanded",
    title: text("the API key{source} is a variable's name and not its value", "API key{source} 是变量名，不是它的值"),
    fix: text(
        "single quotes and .env files do not expand variables; give the key itself",
        "单引号与 .env 文件不会展开变量；请给出 key 本身",
    ),
};

pub(super) static KEY_IS_PLACEHOLDER: Entry = Entry {
    name: "key-is-placeholder",
    title: text(
        "the API key{source} is an example's placeholder, or a key as it is shown with its middle left out",
        "API key{source} 是示例中的占位文字，或是中间被省略的 key",
    ),
    fix: text("put the real key in its place", "请换成真正的 key"),
};

pub(super) static KEY_OF_OTHER_API: Entry = Entry {
    name: "key-of-other-api",
    title: text(
        "the API key{source} begins as those of {other} do; {host} is {api}",
        "API key{source} 的开头是 {other} 的；{host} 是 {api}",
    ),
    fix: text("use a key of {api}, or the base URL of {other}", "请使用 {api} 的 key，或 {other} 的 base URL"),
};

pub(super) static KEY_SCHEME_TWICE: Entry = Entry {
    name: "key-scheme-twice",
    title: text("the field authorization says Bearer twice", "authorization 字段中有两个 Bearer"),
    fix: text("say it once: 'Authorization: Bearer KEY'", "只写一次：'Authorization: Bearer KEY'"),
};

pub(super) fn check(draft: &Draft<'_>, warnings: &mut Vec<Warning>) {
    // What a server on this machine makes of a key, its owner knows.
    if draft.place != Place::Loopback {
        warnings.extend(draft.plan.headers.iter().filter_map(|(name, value)| judge(draft, name, value)));
    }
}

fn judge(draft: &Draft<'_>, name: &str, value: &str) -> Option<Warning> {
    let is_authorization = name.eq_ignore_ascii_case("authorization");
    let is_key = is_authorization || name.eq_ignore_ascii_case("api-key") || name.eq_ignore_ascii_case("x-api-key");
    if !is_key {
        return None;
    }
    let key = if is_authorization { without_scheme(value)? } else { value.trim() };
    if is_authorization && without_scheme(key).is_some() {
        return Some(KEY_SCHEME_TWICE.with([]));
    }
    let source = source(draft, key);
    let warn = |entry: &'static Entry| Some(entry.with([("source", source.clone())]));
    if ['"', '\'', '`'].iter().any(|quote| key.len() > 1 && key.starts_with(*quote) && key.ends_with(*quote)) {
        return warn(&KEY_IN_QUOTES);
    }
    if is_not_expanded(key) {
        return warn(&KEY_NOT_EXPANDED);
    }
    if draft.place != Place::Public {
        return None;
    }
    if is_placeholder(key) {
        return warn(&KEY_IS_PLACEHOLDER);
    }
    let host = &draft.plan.target.host;
    let own = host::known(host)?;
    let other = host::APIS.iter().find(|api| api.name != own.name && api.key_prefix.is_some_and(|prefix| key.starts_with(prefix)))?;
    let names = [("other", other.name.to_string()), ("host", host.clone()), ("api", own.name.to_string())];
    Some(KEY_OF_OTHER_API.with([("source", source)].into_iter().chain(names).collect::<Vec<_>>()))
}

/// What follows `Bearer `.
fn without_scheme(value: &str) -> Option<&str> {
    let (scheme, rest) = value.trim().split_once([' ', '\t'])?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

/// Where the key came from, in brackets, if it is the configured one and not a field's of --header.
fn source(draft: &Draft<'_>, key: &str) -> String {
    let is_configured = draft.plan.secrets.first().is_some_and(|secret| secret.expose() == key);
    match draft.settings.source("api_key") {
        "" | "default" => String::new(),
        source if is_configured => format!(" ({source})"),
        _ => String::new(),
    }
}

/// `$NAME`, `${NAME}`, `%NAME%`, `{{ NAME }}`.
fn is_not_expanded(key: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let between = |start: &str, end: &str| key.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).is_some_and(is_name);
    between("$", "") || between("%", "%") || between("{{", "}}") || (key.starts_with("${") && key.ends_with('}'))
}

/// What examples have where the key belongs, and what dashboards show in place of a whole key.
fn is_placeholder(key: &str) -> bool {
    const WORDS: [&str; 8] =
        ["your_api_key", "your-api-key", "yourapikey", "your_key", "your-key", "your_openai", "your-openai", "key_here"];
    let lower = key.to_ascii_lowercase();
    let rest = lower.strip_prefix("sk-proj-").or_else(|| lower.strip_prefix("sk-")).unwrap_or(&lower);
    let is_filler = rest.len() >= 3 && rest.bytes().all(|byte| matches!(byte, b'x' | b'*' | b'.'));
    let is_shortened = key.contains("...") || key.contains("***");
    let is_bracketed = key.starts_with('<') && key.ends_with('>');
    is_filler || is_shortened || is_bracketed || WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_keys() {
        for key in [
            "sk-xxxx",
            "sk-XXXXXXXXXXXXXXXX",
            "sk-...",
            "sk-****",
            "xxxxxxxx",
            "YOUR_API_KEY",
            "sk-your-api-key",
            "<your-key>",
            "<key>",
            "sk-your-key-here",
            "sk-abc...wxyz",
            "sk-ab********yz",
            "YOUR_OPENAI_API_KEY",
            "API_KEY_HERE",
        ] {
            assert!(is_placeholder(key), "{key}");
        }
        for key in [
            "EMPTY",
            "none",
            "ollama",
            "sk-1234",
            "dummy",
            "sk-proj-Zm9vYmFyMTIzNDU2Nzg5MA",
            "sk-x",
            "sk-xx-live-1",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "0123456789abcdef0123456789abcdef",
            "tok..en",
            "changeme",
        ] {
            assert!(!is_placeholder(key), "{key}");
        }
    }

    #[test]
    fn names_of_variables_are_told_from_keys() {
        for key in ["$OPENAI_API_KEY", "${OPENAI_API_KEY}", "${OPENAI_API_KEY:-none}", "%OPENAI_API_KEY%", "{{OPENAI_API_KEY}}"] {
            assert!(is_not_expanded(key), "{key}");
        }
        for key in ["sk-$a", "$", "a%b%", "$2b$10$abc", "${", "p@$$w0rd"] {
            assert!(!is_not_expanded(key), "{key}");
        }
    }
}
