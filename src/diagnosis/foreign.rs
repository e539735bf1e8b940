//! What does not belong to an answer and came with it: text before it, an error behind its cut end, framing within it.

use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::evidence::Evidence;
use crate::evidence::foreign::What;
use crate::lang::{Text, text};
use crate::wire::framing::Framing;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "error-after-cut-body",
        class: Class::Truncation,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: true,
        title: text("the answer was cut, and {what} was written behind it", "回答被截断，后面又写上了{what}"),
        summary: text(
            "The status and the beginning of the answer had been sent when something failed, so that its report could only follow: «{said}».",
            "出错时状态和回答的开头已经发出，错误报告只能接在后面：「{said}」。",
        ),
        advice: &[
            text("a retry may succeed, but the first generation has been billed", "重试可能成功，但前一次生成已经计费"),
            text("read what was appended: it names the failure that cut the answer", "看接在后面的内容：它说明了截断回答的故障"),
            text(
                "to the operator: once the body has begun, close the connection without its proper end instead of appending to it",
                "给运维：响应体一旦开始，出错时应直接断开连接，而不是往后追加",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[("appended", text("not part of the answer", "不属于回答"))],
        follows: &[],
        explain: explain!("error-after-cut-body"),
        examine: error_after_cut_body,
    },
    Entry {
        code: "chunk-framing-in-content",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("the framing of chunks stands inside the content", "内容里混入了分块传输的分帧"),
        summary: text(
            "The content begins with the size of a chunk. Something on the way took a chunked body for plain bytes and framed it once more, {how}. Clients read sizes and line ends as part of the JSON and fail to parse it.",
            "内容以一个分块的大小开头。途中有环节把分块的响应体当作普通字节，又封装了一次（{how}）。客户端会把大小和换行当作 JSON 的一部分而解析失败。",
        ),
        advice: &[
            text(
                "try --no-proxy, another network or the provider's own address: a tunnel or proxy between does not decode chunks",
                "用 --no-proxy、换网络或直连服务商：中间的隧道或代理没有解码分块",
            ),
            text(
                "to the operator: hand on the decoded body; a handler that writes chunk sizes itself must not run behind a server that does too",
                "给运维：转发解码后的响应体；自己写分块大小的处理函数，不能放在同样会分块的服务器后面",
            ),
        ],
        confirm: "{command} -v --record evidence.jsonl",
        labels: &[("body", text("a chunk's size, not content", "是分块的大小，不是内容"))],
        follows: &[],
        explain: explain!("chunk-framing-in-content"),
        examine: chunk_framing_in_content,
    },
    Entry {
        code: "malformed-header-field",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("a line of the response head is no field: «{line}»", "响应头里有一行不是头字段：「{line}」"),
        summary: text(
            "RFC 9112 section 5 wants a name, a colon and a value; here {what}. Go, Node and hyper refuse the whole response, Python ignores all fields behind the line, so that the body's length may be lost.",
            "RFC 9112 第 5 节要求名称、冒号和值；这里{what}。Go、Node、hyper 会拒绝整个响应，Python 会忽略该行之后的所有头字段，响应体的长度也可能因此丢失。",
        ),
        advice: &[
            text("no retry will help while the field is written so", "只要这样写出头字段，重试无用"),
            text(
                "to the operator: a relay or middleware puts a text with line breaks, or a name with blanks, into a field; clean it first",
                "给运维：中转或中间件把带换行的文本或带空格的名称写进了头字段，应先清理",
            ),
        ],
        confirm: "{command} -v",
        labels: &[("line", text("not a field", "不是头字段"))],
        follows: &[],
        explain: explain!("malformed-header-field"),
        examine: malformed_header_field,
    },
    Entry {
        code: "text-before-json",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Relay,
        retryable: false,
        title: text("{what} stands before the JSON", "JSON 前面有{what}"),
        summary: text(
            "The JSON behind it is whole and was read; every other client stops at the first byte, with «Unexpected token» or «Expecting value: line 1 column 1». It begins: «{begins}»",
            "其后的 JSON 是完整的，已读取；其他客户端在第一个字节就会停下，报「Unexpected token」或「Expecting value: line 1 column 1」。开头是：「{begins}」",
        ),
        advice: &[
            text("no retry will help while the text is written there", "只要还在写出这段文本，重试无用"),
            text(
                "to the operator: a script prints warnings or debug output into its answer; write them to a log (PHP: display_errors = Off)",
                "给运维：脚本把警告或调试输出打印到了回答里，应写入日志（PHP：display_errors = Off）",
            ),
        ],
        confirm: "{command} -v",
        labels: &[("body", text("not JSON", "不是 JSON"))],
        follows: &[],
        explain: explain!("text-before-json"),
        examine: text_before_json,
    },
];

fn error_after_cut_body(evidence: &Evidence<'_>) -> Option<Found> {
    let appended =
        evidence.appended.as_ref().filter(|_| evidence.is_success() && evidence.error.is_none() && evidence.document.is_none())?;
    if super::entry_fires(evidence, &["relay-wrote-more-than-declared"]) {
        return None;
    }
    let (key, words, said) = match &appended.what {
        What::Error(error) => ("an-error", text("an error", "一个错误"), error.message.clone()),
        What::Text => ("a-text", text("a text", "一段文字"), appended.text.clone()),
        What::Page => ("a-page", text("a page", "一个网页"), without_tags(&appended.text)),
    };
    let found = Found::certain().word("what", key, words).value("said", super::excerpt(&said));
    Some(found.mark_if("appended", appended.place.clone()))
}

/// The words of a page.
fn without_tags(page: &str) -> String {
    page.split('<').map(|part| part.split_once('>').map_or(part, |(_, words)| words)).collect::<Vec<_>>().join(" ")
}

fn chunk_framing_in_content(evidence: &Evidence<'_>) -> Option<Found> {
    evidence.content()?.reframed.as_ref()?;
    let start = evidence.response()?.body.start;
    let (key, words) = match evidence.framing() {
        Framing::Chunked => ("in-chunks", text("in chunks again", "又分了一次块")),
        Framing::ContentLength => ("under-a-length", text("under a Content-Length", "并声明了 Content-Length")),
        Framing::Close | Framing::None => ("until-close", text("to last until the connection closes", "以关闭连接作为结束")),
    };
    let is_wire = evidence.framing() != Framing::Chunked && evidence.content()?.progress().is_none();
    Some(Found::certain().word("how", key, words).mark_if("body", is_wire.then(|| start..start + 1)))
}

fn malformed_header_field(evidence: &Evidence<'_>) -> Option<Found> {
    let span = evidence.head()?.span.clone();
    let (mut at, bytes) = evidence.transcript.received.slice(span.clone());
    if at != span.start {
        return None;
    }
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let start = at;
        at += line.len() as u64;
        let line = line.trim_ascii_end();
        // A line that begins with a blank goes on with the field before it, as was once allowed.
        let is_field = number > 0 && !line.is_empty() && !line[0].is_ascii_whitespace();
        if let Some((key, words)) = fault_of(line).filter(|_| is_field) {
            let shown = String::from_utf8_lossy(line).into_owned();
            let found = Found::certain().word("what", key, words).value("line", super::excerpt(&shown));
            return Some(found.mark("line", start..start + line.len() as u64));
        }
    }
    None
}

/// The characters that a field's name may have: RFC 9110 section 5.6.2.
static IS_OF_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        let is_mark = matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        table[byte as usize] = is_mark || byte.is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// What is wrong with a line that should be a field.
fn fault_of(line: &[u8]) -> Option<(&'static str, Text)> {
    let is_token = |name: &[u8]| !name.is_empty() && name.iter().all(|byte| IS_OF_TOKEN[usize::from(*byte)]);
    match memchr::memchr(b':', line) {
        _ if memchr::memchr(0, line).is_some() => Some(("zero-byte", text("a zero byte stands in it", "其中有一个零字节"))),
        None => Some(("no-colon", text("there is no colon", "没有冒号"))),
        // Blanks before the colon are for a proxy to take out (RFC 9112 section 5.1): clients read over them.
        Some(colon) if !is_token(line[..colon].trim_ascii_end()) => Some(("no-name", text("the name is no name", "名称不合法"))),
        Some(_) => None,
    }
}

fn text_before_json(evidence: &Evidence<'_>) -> Option<Found> {
    let preceded = evidence.preceded.as_ref()?;
    let before = preceded.before.trim();
    let lower = before.to_lowercase();
    let is_php = ["warning</b>:", "notice</b>:", "deprecated</b>:", "warning: ", "notice: ", "deprecated: "];
    let (key, words) = match () {
        () if is_php.iter().any(|words| lower.contains(words)) => ("a-warning", text("a warning of a script", "脚本的警告")),
        () if before.starts_with('<') => ("markup", text("markup", "网页标记")),
        () if before.ends_with('(') => ("a-call", text("the call of a function (JSONP)", "函数调用（JSONP）")),
        () => ("text", text("other text", "其他文本")),
    };
    let start = evidence.response()?.body.start;
    let is_wire = evidence.framing() != Framing::Chunked && evidence.content()?.progress().is_none();
    let found = Found::certain().word("what", key, words).value("begins", super::excerpt(before));
    Some(found.mark_if("body", is_wire.then(|| start..start + 1)))
}
