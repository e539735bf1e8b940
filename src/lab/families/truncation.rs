//! Answers that are cut before their content is complete, each by another end: some of them look whole to HTTP.

use std::io;

use super::{Verdicts, both, plain_only, scenario, stream_only};
use crate::lab::answer::{Answer, Event, Part, ToolCall};
use crate::lab::coding::Coding;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::reply::{LAST_CHUNK, Reply, chunk};
use crate::lab::{Reach, Scenario, TlsPort};
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "cut-by-close",
        text("closes in the middle of the declared length", "未发够声明的长度就关闭连接"),
        cut("cut-by-close"),
        |exchange| cut_declared(exchange, Ending::Close),
    ),
    scenario(
        "cut-by-reset",
        text("resets the connection in the middle of the declared length", "未发够声明的长度就重置连接"),
        cut("cut-by-reset"),
        |exchange| cut_declared(exchange, Ending::Reset),
    ),
    scenario(
        "cut-by-reset-in-chunks",
        text("resets the connection between two chunks", "在两个块之间重置连接"),
        cut("cut-by-reset"),
        |exchange| cut_between_chunks(exchange, Ending::Reset),
    ),
    scenario(
        "cut-by-reset-undeclared",
        text("declares no length and resets the connection in the middle", "不声明长度，中途重置连接"),
        cut("cut-by-reset"),
        |exchange| cut_undeclared(exchange, Ending::Reset),
    ),
    scenario(
        "cut-without-tls-close",
        text("closes in the middle of the declared length, without TLS close_notify", "未发够声明的长度就关闭，且没有 TLS close_notify"),
        cut("cut-without-tls-close"),
        |exchange| cut_declared(exchange, Ending::CloseWithoutNotify),
    )
    .reached(Reach::TlsOnly(TlsPort::Good)),
    scenario(
        "cut-without-tls-close-undeclared",
        text("declares no length and closes in the middle, without TLS close_notify", "不声明长度，中途关闭，且没有 TLS close_notify"),
        cut("cut-without-tls-close"),
        |exchange| cut_undeclared(exchange, Ending::CloseWithoutNotify),
    )
    .reached(Reach::TlsOnly(TlsPort::Good)),
    scenario(
        "chunks-without-end",
        text("closes between two chunks, without the last", "在两个块之间关闭，没有末块"),
        cut("chunks-without-end"),
        |exchange| cut_between_chunks(exchange, Ending::Close),
    ),
    scenario(
        "chunk-cut-inside",
        text("closes in the middle of a chunk", "在一个块的中间关闭"),
        cut("chunks-without-end"),
        |exchange| {
            let pieces = pieces(exchange);
            let half = pieces.len() / 2;
            exchange.begin_chunks(&pieces[..half])?;
            let broken = chunk(&pieces[half]);
            exchange.send(&broken[..broken.len() - 20])?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "last-chunk-missing",
        text("sends the whole answer in chunks, and closes without the last", "分块发送了完整回答，但没有末块就关闭"),
        cut("chunks-without-end"),
        |exchange| {
            exchange.begin_chunks(pieces(exchange))?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "malformed-chunk",
        text("sends a chunk size that is no hexadecimal number", "发送的块大小不是十六进制数"),
        cut("malformed-chunk"),
        |exchange| {
            let pieces = pieces(exchange);
            let half = pieces.len() / 2;
            exchange.begin_chunks(&pieces[..half])?;
            let rest = pieces[half..].concat();
            exchange.send(format!("zz\r\n{rest}\r\n0\r\n\r\n"))?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "stream-without-finish",
        text("ends the stream properly for HTTP, but in the middle of the text", "流在 HTTP 层面正常结束，但文本只到一半"),
        stream_only("truncation", "stream-without-finish"),
        |exchange| {
            let events = exchange.answer().events(false);
            exchange.give_chunks(first_half(&events).iter().map(|event| &event.text))?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "stream-closed-without-finish",
        text("declares no length and closes the stream in the middle of the text", "不声明长度，文本到一半就关闭流"),
        stream_only("truncation", "stream-closed-without-finish"),
        |exchange| cut_undeclared(exchange, Ending::Close),
    ),
    scenario(
        "done-without-finish",
        text("stops in the middle of the text and forges [DONE], as relays do", "文本到一半就停止，并像某些中转那样伪造 [DONE]"),
        stream_only("truncation", "done-without-finish"),
        |exchange| {
            let events = exchange.answer().events(false);
            let done = events.iter().filter(|event| event.part == Part::Done);
            exchange.give_chunks(first_half(&events).iter().chain(done).map(|event| &event.text))
        },
    ),
    scenario(
        "event-cut",
        text("ends the stream in the middle of a data line", "流在一个 data 行的中间结束"),
        stream_only("truncation", "event-cut"),
        |exchange| {
            let events = exchange.answer().events(false);
            let half = first_half(&events).iter().map(|event| event.text.as_str()).collect::<String>();
            // Inside the JSON of the last event, before its content.
            exchange.give_chunks([half.trim_end().trim_end_matches(|character| character != ',').trim_end_matches(',')])?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "json-cut",
        text("declares the right length of half a JSON", "为半截 JSON 声明了正确的长度"),
        plain_only("truncation", "json-cut"),
        |exchange| {
            let bytes = exchange.ok_as("application/json").whole(half_json(exchange));
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "json-cut-in-chunks",
        text(
            "sends half a JSON in chunks that end properly, as proxies re-frame a cut answer",
            "半截 JSON 以完整的分块结束，像代理重新封装被截断的回答那样",
        ),
        plain_only("truncation", "json-cut"),
        |exchange| {
            let bytes = exchange.ok_as("application/json").field("Server", "nginx/1.22.1").chunked(half_json(exchange));
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "json-cut-undeclared",
        text("declares no length and closes in the middle of the JSON", "不声明长度，在 JSON 中间关闭"),
        plain_only("truncation", "json-cut"),
        |exchange| cut_undeclared(exchange, Ending::Close),
    ),
    scenario(
        "error-after-cut-body",
        text("stops in the middle of the JSON and appends an error to it", "JSON 中途停止，后面接上一个错误"),
        plain_only("truncation", "error-after-cut-body"),
        |exchange| {
            let (half, rest) =
                (half_json(exchange), r#"{"error":{"message":"upstream closed the stream","type":"api_error","code":null}}"#);
            let head = exchange.ok_as("application/json").chunked_head();
            exchange.send([&head, &chunk(half)[..], &chunk(&rest[..20]), &chunk(&rest[20..]), LAST_CHUNK].concat())?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "page-after-cut-body",
        text("stops in the middle of the answer and appends nginx's 502 page", "回答中途停止，后面接上 nginx 的 502 页面"),
        cut("error-after-cut-body"),
        |exchange| {
            let events = exchange.answer().events(false);
            let part = if exchange.asked.stream { crate::lab::answer::joined(first_half(&events)) } else { half_json(exchange) };
            exchange.give_chunks([&part, super::nginx_page!("502 Bad Gateway")])
        },
    ),
    scenario(
        "choice-without-finish",
        text("gives two choices and ends the answer when the first has finished", "给出两个 choice，第一个结束时就结束了整个回答"),
        cut("choice-without-finish"),
        |exchange| {
            exchange.asked.include_usage = false;
            let body = with_second_choice(exchange, "null");
            exchange.give_chunks([body])
        },
    ),
    scenario(
        "tool-arguments-cut",
        text("stops inside the arguments of a tool call and says tool_calls all the same", "工具调用的参数中途停止，却照样声称 tool_calls"),
        cut("tool-arguments-cut"),
        |exchange| {
            let mut answer = exchange.answer();
            answer.content = None;
            answer.tool_call = Some(ToolCall { name: "get_weather", arguments: r#"{"city": "Hangzhou", "unit": "cel"# });
            answer.finish_reason = "tool_calls";
            exchange.give(&answer)
        },
    ),
    scenario(
        "encoded-body-cut",
        text("sends two thirds of a gzip body, properly framed", "gzip 正文只有三分之二，但 HTTP 封装完好"),
        cut("encoded-body-cut"),
        |exchange| {
            let encoded = Coding::Gzip.encode(exchange.body())?;
            let part = &encoded[..encoded.len() * 2 / 3];
            let reply = exchange.ok().field("Content-Encoding", "gzip");
            exchange.send(if exchange.asked.stream { reply.chunked(part) } else { reply.whole(part) })?;
            Ok(Ending::Reuse)
        },
    ),
    scenario("head-cut", text("closes in the middle of the response head", "在响应头中间关闭"), cut("head-cut"), |exchange| {
        let head = exchange.ok().field("X-Ratelimit-Limit-Requests", 10_000).unfinished_head();
        exchange.send(&head[..head.len() - 10])?;
        Ok(Ending::Close)
    }),
    scenario(
        "cut-after-gateway-timeout",
        text(
            "declares a length, sends nothing for 5 s and closes, as nginx does at proxy_read_timeout",
            "声明长度后 5 秒不发一字节再关闭，与 nginx 的 proxy_read_timeout 相同",
        ),
        plain_only("truncation", "cut-after-gateway-timeout"),
        |exchange| {
            let body = exchange.answer().json();
            let head = Reply::new("200 OK").field("Server", "nginx/1.22.1").field("Content-Type", "application/json");
            exchange.send(head.field("Content-Length", body.len()).head())?;
            exchange.pause(5000);
            Ok(Ending::Close)
        },
    ),
];

const fn cut(code: &'static str) -> Verdicts {
    both("truncation", code)
}

/// The good body with a second choice, which ends for this reason.
pub(super) fn with_second_choice(exchange: &Exchange, reason: &str) -> String {
    let body = exchange.body();
    if exchange.asked.stream {
        let events = exchange.answer().events(exchange.asked.include_usage);
        let second = |event: &&Event| event.part <= Part::Content;
        let other: String = events.iter().filter(second).map(|event| event.text.replace("[{\"index\":0", "[{\"index\":1")).collect();
        let end =
            events.iter().filter(|event| event.part == Part::Finish).map(|event| event.text.replace("[{\"index\":0", "[{\"index\":1"));
        let end: String = if reason == "null" { String::new() } else { end.collect() };
        return format!("{other}{end}{body}");
    }
    let choice = format!(r#"{{"index":1,"message":{{"role":"assistant","content":"The second choice"}},"finish_reason":{reason}}}"#);
    body.replacen("}],\"usage\"", &format!("}},{choice}],\"usage\""), 1)
}

/// The good body in pieces as a server writes them: the events of a stream, or about ten parts of the JSON.
fn pieces(exchange: &Exchange) -> Vec<String> {
    if exchange.asked.stream {
        return exchange.answer().events(exchange.asked.include_usage).into_iter().map(|event| event.text).collect();
    }
    let characters = exchange.answer().json().chars().collect::<Vec<_>>();
    characters.chunks(characters.len().div_ceil(10)).map(|piece| piece.iter().collect()).collect()
}

/// The first three fifths of the good body. In English, so that no way of counting characters explains where it ends.
fn cut_body(exchange: &Exchange) -> (String, usize) {
    let body = exchange.body_of(&Answer::in_english(&exchange.asked));
    let mut end = body.len() * 3 / 5;
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    (body[..end].to_owned(), body.len())
}

fn cut_declared(exchange: &mut Exchange, ending: Ending) -> io::Result<Ending> {
    let (part, whole) = cut_body(exchange);
    let bytes = exchange.ok().declaring(whole, part);
    exchange.send(bytes)?;
    Ok(ending)
}

/// A stream ends after an event, a JSON inside a string.
fn cut_undeclared(exchange: &mut Exchange, ending: Ending) -> io::Result<Ending> {
    let events = exchange.answer().events(false);
    let part = if exchange.asked.stream { crate::lab::answer::joined(first_half(&events)) } else { half_json(exchange) };
    let bytes = exchange.ok().followed_by(part);
    exchange.send(bytes)?;
    Ok(ending)
}

pub(super) fn cut_between_chunks(exchange: &mut Exchange, ending: Ending) -> io::Result<Ending> {
    let pieces = pieces(exchange);
    exchange.begin_chunks(&pieces[..pieces.len() / 2])?;
    Ok(ending)
}

/// The role, and half of the content.
fn first_half(events: &[Event]) -> &[Event] {
    let spoken = events.iter().filter(|event| event.part <= Part::Content).count();
    &events[..spoken.div_ceil(2)]
}

/// A JSON that ends inside its content.
fn half_json(exchange: &Exchange) -> String {
    let body = Answer::in_english(&exchange.asked).json();
    let content = body.find("\"content\":\"").map_or(0, |at| at + "\"content\":\"".len());
    let end = content + (body.len() - content) / 3;
    body.char_indices().map(|(at, _)| at).take_while(|&at| at <= end).last().map_or_else(String::new, |end| body[..end].to_owned())
}
