//! Responses whose declared length and body disagree although the whole answer was there to be sent.

use std::io;
use std::time::Duration;

use super::{Verdicts, both, plain_only, scenario};
use crate::lab::answer::Answer;
use crate::lab::coding::Coding;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::reply::{LAST_CHUNK, Reply, chunk};
use crate::lab::spelling::{escaped, indented, spaced};
use crate::lab::{Scenario, ShortBounds};
use crate::lang::text;

/// Bytes by which a plainly wrong length is wrong. No other way of counting an answer of the lab differs by just as much.
const PLAINLY_WRONG: usize = 41;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "body-longer-than-declared",
        text("declares 41 bytes fewer than it sends, and closes", "声明的长度比实际发送的少 41 字节，发完关闭"),
        mismatch("body-longer-than-declared"),
        |exchange| send_declaring(exchange, |body| body.len() - PLAINLY_WRONG, Ending::Close),
    ),
    scenario(
        "body-longer-then-open",
        text(
            "declares 41 bytes fewer than it sends, and stays open as Node does",
            "声明的长度比实际发送的少 41 字节，之后不关闭，与 Node 相同",
        ),
        mismatch("body-longer-than-declared"),
        |exchange| send_declaring(exchange, |body| body.len() - PLAINLY_WRONG, Ending::StayOpen(Duration::from_secs(5))),
    ),
    scenario(
        "body-shorter-than-declared",
        text("declares 100 bytes more than the whole answer, and closes", "声明的长度比完整回答多 100 字节，发完关闭"),
        mismatch("body-shorter-than-declared"),
        |exchange| send_declaring(exchange, |body| body.len() + 100, Ending::Close),
    ),
    scenario(
        "body-shorter-then-silence",
        text(
            "declares 100 bytes more than the whole answer, and stays open without a word",
            "声明的长度比完整回答多 100 字节，之后既不发送也不关闭",
        ),
        mismatch("body-shorter-than-declared"),
        |exchange| send_declaring(exchange, |body| body.len() + 100, Ending::Silence),
    )
    .within(ShortBounds { idle: Some(Duration::from_millis(500)), ..ShortBounds::NONE }),
    scenario(
        "length-counts-characters",
        text("declares the number of characters of a Chinese answer", "声明的是中文回答的字符数"),
        mismatch("length-counts-characters"),
        |exchange| send_counting(exchange, "", |body| body.chars().count()),
    ),
    scenario(
        "length-counts-utf16-units",
        text("declares the number of UTF-16 units of an answer with emoji", "声明的是带表情符号的回答的 UTF-16 单元数"),
        mismatch("length-counts-utf16-units"),
        |exchange| send_counting(exchange, "😀🚀", |body| body.encode_utf16().count()),
    ),
    scenario(
        "length-counts-decoded-bytes",
        text("compresses with gzip and declares the length before", "用 gzip 压缩，声明的却是压缩前的长度"),
        plain_only("length_mismatch", "length-counts-decoded-bytes"),
        |exchange| {
            let body = exchange.answer().json();
            let bytes =
                exchange.ok_as("application/json").field("Content-Encoding", "gzip").declaring(body.len(), Coding::Gzip.encode(&body)?);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "length-counts-encoded-bytes",
        text("has decompressed the answer and kept the length of the gzip form", "已解压回答，却保留了 gzip 形式的长度"),
        // The size of a compressed form depends on the compressor: from the wire it cannot be proved.
        plain_only("length_mismatch", "body-longer-than-declared"),
        |exchange| {
            let body = exchange.answer().json();
            let bytes = exchange.ok_as("application/json").declaring(Coding::Gzip.encode(&body)?.len(), body);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "length-counts-other-serialization",
        text("declares the length of the indented JSON and sends it compact", "声明的是缩进 JSON 的长度，发送的却是紧凑形式"),
        plain_only("length_mismatch", "length-counts-other-serialization"),
        |exchange| send_spelled(exchange, exchange.answer().json(), |body| indented(body).len()),
    ),
    scenario(
        "length-counts-blanks",
        text("declares the length with blanks after commas and colons, and sends none", "声明的长度含逗号和冒号后的空格，发送时却没有"),
        plain_only("length_mismatch", "length-counts-other-serialization"),
        |exchange| send_spelled(exchange, exchange.answer().json(), |body| spaced(body).len()),
    ),
    scenario(
        "length-counts-escapes",
        text("declares the length with \\uXXXX escapes and sends UTF-8", "声明的是 \\uXXXX 转义形式的长度，发送的却是 UTF-8"),
        plain_only("length_mismatch", "length-counts-other-serialization"),
        |exchange| send_spelled(exchange, Answer::in_chinese(&exchange.asked).json(), |body| escaped(body).len()),
    ),
    scenario(
        "length-without-newline",
        text("declares the length without the newline that ends the JSON", "声明的长度不含 JSON 末尾的换行"),
        plain_only("length_mismatch", "length-counts-other-serialization"),
        |exchange| send_spelled(exchange, exchange.answer().json() + "\n", |body| body.len() - 1),
    ),
    scenario(
        "length-counts-other-model-name",
        text(
            "has put the dated model name in place of the one that the length was counted with",
            "计算长度之后，把模型名换成了带日期的版本",
        ),
        plain_only("length_mismatch", "length-counts-other-model-name"),
        |exchange| {
            let mut answer = exchange.answer();
            let counted = answer.json().len();
            answer.model += "-2024-07-18";
            send_spelled(exchange, answer.json(), |_| counted)
        },
    ),
    scenario(
        "conflicting-content-lengths",
        text("declares two different lengths", "声明了两个不同的长度"),
        mismatch("conflicting-content-lengths"),
        |exchange| {
            let body = exchange.body();
            let bytes = exchange.ok().field("Content-Length", body.len() - PLAINLY_WRONG).whole(body);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "length-and-chunked",
        text("sends chunks and declares a Content-Length too", "分块发送，同时又声明 Content-Length"),
        mismatch("length-and-chunked"),
        |exchange| {
            let body = exchange.body();
            let bytes = exchange.ok().field("Content-Length", body.len()).chunked(body);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "invalid-content-length",
        text("declares a length of -1", "声明的长度是 -1"),
        mismatch("invalid-content-length"),
        |exchange| {
            let bytes = exchange.ok().declaring(-1, exchange.body());
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "second-response-after-body",
        text("sends a second response behind the first, on the same connection", "在同一连接上，紧接着第一个响应又发了一个"),
        mismatch("second-response-after-body"),
        |exchange| {
            let first = exchange.ok().whole(exchange.body());
            let second = Reply::new("500 Internal Server Error").field("Content-Type", "application/json").whole(RELAY_SAYS_SO);
            exchange.send([first, second].concat())?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "body-clipped-to-declared",
        text("counts characters, and clips the JSON to that many bytes", "按字符计数，并把 JSON 裁到这么多字节"),
        plain_only("length_mismatch", "body-clipped-to-declared"),
        |exchange| {
            // One character of three bytes: two bytes too few are declared, and just the two closing braces are lost.
            let body = Answer::saying(&exchange.asked, "好").json();
            let declared = body.chars().count();
            let bytes = exchange.ok_as("application/json").declaring(declared, &body.as_bytes()[..declared]);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "relay-wrote-more-than-declared",
        text(
            "answers 500 with the relay's own error: it wrote more than it had declared",
            "返回 500 和中转自己的错误：写入超过了声明的长度",
        ),
        mismatch("relay-wrote-more-than-declared"),
        |exchange| exchange.refuse("500 Internal Server Error", &[], RELAY_SAYS_SO),
    ),
    scenario(
        "relay-error-with-stale-length",
        text("answers 500 with the relay's error under the length of the lost answer", "返回 500 和中转的错误，长度却还是丢失的那个回答的"),
        mismatch("relay-wrote-more-than-declared"),
        |exchange| {
            let reply = Reply::new("500 Internal Server Error").field("Content-Type", "application/json; charset=utf-8");
            exchange.send(reply.declaring(1000, RELAY_SAYS_SO))?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "relay-error-after-cut-body",
        text("answers 200, stops in the middle of the JSON and appends the relay's error", "返回 200，JSON 中途停止，后面接上中转的错误"),
        plain_only("length_mismatch", "relay-wrote-more-than-declared"),
        |exchange| {
            let body = exchange.answer().json();
            // What copies bytes stops at any of them, also in the middle of a character.
            let begun = &body.as_bytes()[..body.len() / 2];
            let head = exchange.ok_as("application/json").chunked_head();
            exchange.send([&head, &chunk(begun)[..], &chunk(RELAY_SAYS_SO), LAST_CHUNK].concat())?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "empty-body-after-overwrite",
        text(
            "declares the upstream's length, sends no byte and closes, as Go does when its handler writes more",
            "声明上游的长度，一个字节不发就关闭，与 Go 的处理函数写多时相同",
        ),
        mismatch("empty-body-after-overwrite"),
        |exchange| {
            let bytes = exchange.ok_as("application/json").declaring(exchange.answer().json().len(), "");
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "copy-stopped-at-block",
        text(
            "declares 70000 bytes and closes after 65536, two blocks of Go's copy loop",
            "声明 70000 字节，发完 65536 字节（Go 拷贝循环的两个块）就关闭",
        ),
        plain_only("length_mismatch", "copy-stopped-at-block"),
        |exchange| {
            let mut answer = Answer::in_english(&exchange.asked);
            answer.content = Some("A long answer is copied in blocks of 32 KiB. ".repeat(2000));
            let body = answer.json();
            let bytes = exchange.ok_as("application/json").declaring(70_000, &body.as_bytes()[..65_536]);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
];

/// What one-api answers (relay/adaptor/openai/main.go), where its answer gets through.
const RELAY_SAYS_SO: &str = concat!(
    r#"{"error":{"message":"http: wrote more than the declared Content-Length (request id: 2024112305311456367406681a2b3c4)","#,
    r#""type":"one_api_error","param":"","code":"copy_response_body_failed"}}"#
);

const fn mismatch(code: &'static str) -> Verdicts {
    both("length_mismatch", code)
}

fn send_declaring(exchange: &mut Exchange, length: fn(&str) -> usize, ending: Ending) -> io::Result<Ending> {
    let body = exchange.body();
    let bytes = exchange.ok().declaring(length(&body), body);
    exchange.send(bytes)?;
    Ok(ending)
}

fn send_counting(exchange: &mut Exchange, suffix: &str, count: fn(&str) -> usize) -> io::Result<Ending> {
    let mut answer = Answer::in_chinese(&exchange.asked);
    answer.content = answer.content.map(|content| content + suffix);
    let body = exchange.body_of(&answer);
    let bytes = exchange.ok().declaring(count(&body), body);
    exchange.send(bytes)?;
    Ok(Ending::Close)
}

fn send_spelled(exchange: &mut Exchange, body: String, count: impl Fn(&str) -> usize) -> io::Result<Ending> {
    let bytes = exchange.ok_as("application/json").declaring(count(&body), body);
    exchange.send(bytes)?;
    Ok(Ending::Close)
}
