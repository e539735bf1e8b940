//! The body as a chat request: what every API of this kind refuses. A server of one's own may take more than that.

use serde_json::Value;

use super::host::{self, Place};
use super::{Draft, Entry, Warning};
use crate::api::families::Maker;
use crate::lang::text;

pub(super) static BODY_NOT_OBJECT: Entry = Entry {
    name: "body-not-object",
    title: text("the request body is JSON, but no object", "请求体是 JSON，但不是对象"),
    fix: text(
        "a chat request is {\"model\": …, \"messages\": […]}; --messages takes a list of messages alone",
        "对话请求形如 {\"model\": …, \"messages\": […]}；仅有消息列表时请用 --messages",
    ),
};

pub(super) static MESSAGES_MISSING: Entry = Entry {
    name: "messages-missing",
    title: text("the request body has no list `messages`, without which it is no chat request", "请求体没有 messages 列表，不是对话请求"),
    fix: text(
        "`prompt` belongs to the old completions and `input` to the responses API: write messages",
        "prompt 属于旧的 completions，input 属于 responses API：请改写为 messages",
    ),
};

pub(super) static MESSAGES_EMPTY: Entry = Entry {
    name: "messages-empty",
    title: text("the list `messages` is empty", "messages 列表为空"),
    fix: text("put at least one message of the user there", "请至少写一条 user 消息"),
};

pub(super) static MESSAGE_WITHOUT_ROLE: Entry = Entry {
    name: "message-without-role",
    title: text("message {n} has no role", "第 {n} 条消息没有 role"),
    fix: text(
        "write \"role\": \"user\", \"assistant\", \"system\" or \"tool\"",
        "请写 \"role\": \"user\"、\"assistant\"、\"system\" 或 \"tool\"",
    ),
};

pub(super) static MESSAGE_ROLE_UNKNOWN: Entry = Entry {
    name: "message-role-unknown",
    title: text("message {n} has the role {role}, which chat APIs refuse", "第 {n} 条消息的 role 是 {role}，对话 API 会拒绝"),
    fix: text("write user, assistant, system, developer or tool", "请写 user、assistant、system、developer 或 tool"),
};

pub(super) static MESSAGE_CONTENT_EMPTY: Entry = Entry {
    name: "message-content-empty",
    title: text("the content of message {n} is an empty list", "第 {n} 条消息的 content 是空列表"),
    fix: text("leave the message out, or write a part of text", "请去掉该消息，或写入一个 text 部分"),
};

pub(super) fn check(draft: &Draft<'_>, warnings: &mut Vec<Warning>) {
    let body = match &draft.body {
        // It could not be read, and that is said.
        Value::Null => return,
        Value::Object(body) => body,
        _ => {
            warnings.push(BODY_NOT_OBJECT.with([]));
            return;
        }
    };
    let Some(messages) = body.get("messages").and_then(Value::as_array) else {
        warnings.push(MESSAGES_MISSING.with([]));
        return;
    };
    if draft.place != Place::Public {
        return;
    }
    if messages.is_empty() {
        warnings.push(MESSAGES_EMPTY.with([]));
    }
    // The first of a kind is enough.
    let mut first = |judge: &dyn Fn(usize, &Value) -> Option<Warning>| {
        warnings.extend(messages.iter().enumerate().find_map(|(at, message)| judge(at + 1, message)));
    };
    first(&|n, message| message.get("role").is_none().then(|| MESSAGE_WITHOUT_ROLE.with([("n", n.to_string())])));
    let is_strict = host::known(&draft.plan.target.host).is_some_and(|api| api.maker == Some(Maker::OpenAi));
    first(&|n, message| role_unknown(n, message, is_strict));
    first(&|n, message| {
        // An assistant's may be empty beside its calls.
        let is_empty = message["role"] == "user" && message["content"].as_array().is_some_and(Vec::is_empty);
        is_empty.then(|| MESSAGE_CONTENT_EMPTY.with([("n", n.to_string())]))
    });
}

/// OpenAI knows its own roles only. Others have some of their own (Moonshot `cache`, MiniMax `user_system`), so that there it takes a word
/// of another format, or a capital, to be certain.
fn role_unknown(n: usize, message: &Value, is_strict: bool) -> Option<Warning> {
    const KNOWN: [&str; 6] = ["assistant", "developer", "function", "system", "tool", "user"];
    const ELSEWHERE: [&str; 6] = ["ai", "bot", "chatgpt", "gpt", "human", "model"];
    const LONGEST: usize = 40;
    let role = message.get("role")?;
    let name = role.as_str().unwrap_or_default();
    let is_mistaken = role.is_number() || [&KNOWN[..], &ELSEWHERE].concat().iter().any(|word| name.eq_ignore_ascii_case(word));
    if KNOWN.contains(&name) || !(is_strict || is_mistaken) {
        return None;
    }
    let shown: String = role.to_string().chars().take(LONGEST).collect();
    Some(MESSAGE_ROLE_UNKNOWN.with([("n", n.to_string()), ("role", shown)]))
}
