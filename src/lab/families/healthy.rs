//! Good answers in the forms that good servers give them. llmcheck must find nothing wrong with any of these.

use std::io;
use std::time::Duration;

use super::{HEALTHY, Verdicts, answer_well, scenario, stream_only};
use crate::lab::answer::{Answer, Event, Part, ToolCall, joined};
use crate::lab::coding::Coding;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::reply::LAST_CHUNK;
use crate::lab::{ProxyPort, Reach, Scenario, TlsPort};
use crate::lang::text;

const HEALTHY_STREAM: Verdicts = stream_only("healthy", "healthy");

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("healthy", text("answers as it should", "正常回答"), HEALTHY, answer_well),
    scenario(
        "healthy-chinese",
        text("answers in Chinese, whatever the question", "无论问什么都用中文回答"),
        HEALTHY,
        |exchange| exchange.give(&Answer::in_chinese(&exchange.asked)),
    ),
    scenario(
        "healthy-close-delimited",
        text("declares no length and closes when the answer is complete", "不声明长度，发完后关闭连接"),
        HEALTHY,
        close_delimited,
    ),
    scenario(
        "healthy-chunked",
        text("sends the answer in chunks, with chunk extensions and a trailer field", "分块发送，带块扩展和尾部头字段"),
        HEALTHY,
        chunked_with_extensions,
    ),
    scenario(
        "healthy-gzip",
        text("compresses with gzip if the client accepts it", "客户端接受时用 gzip 压缩"),
        HEALTHY,
        |exchange| give_coded(exchange, Coding::Gzip),
    ),
    scenario(
        "healthy-deflate",
        text("compresses with deflate if the client accepts it", "客户端接受时用 deflate 压缩"),
        HEALTHY,
        |exchange| give_coded(exchange, Coding::Deflate),
    ),
    scenario(
        "healthy-zstd",
        text("compresses with zstd if the client accepts it", "客户端接受时用 zstd 压缩"),
        HEALTHY,
        |exchange| give_coded(exchange, Coding::Zstd),
    ),
    scenario(
        "healthy-keep-alive",
        text("keeps the connection open for 2 s although the client asked it to close", "客户端要求关闭，仍把连接保持 2 秒"),
        HEALTHY,
        |exchange| {
            answer_well(exchange)?;
            Ok(Ending::StayOpen(Duration::from_secs(2)))
        },
    ),
    scenario(
        "healthy-no-done",
        text("ends the stream after finish_reason, without [DONE]", "流在 finish_reason 之后结束，没有 [DONE]"),
        HEALTHY_STREAM,
        |exchange| {
            let events = exchange.answer().events(exchange.asked.include_usage);
            exchange.give_chunks(events.into_iter().filter(|event| event.part != Part::Done).map(|event| event.text))
        },
    ),
    scenario(
        "healthy-usage-chunk",
        text("sends a usage chunk with empty choices, asked for or not", "总是发送 choices 为空的 usage 块"),
        HEALTHY_STREAM,
        |exchange| {
            let events = exchange.answer().events(true);
            exchange.give_chunks(events.into_iter().map(|event| event.text))
        },
    ),
    scenario(
        "healthy-comments",
        text(
            "uses all that an event stream may hold: BOM, comments, CRLF, split data lines",
            "用足事件流的写法：BOM、注释、CRLF、拆开的 data 行",
        ),
        HEALTHY_STREAM,
        |exchange| {
            let stream = unusual_but_right(&exchange.answer().events(exchange.asked.include_usage));
            exchange.give_chunks([stream])
        },
    ),
    scenario(
        "healthy-leading-blank-lines",
        text("sends empty lines or comments while it thinks, as DeepSeek does", "思考时先发送空行或注释，与 DeepSeek 相同"),
        HEALTHY,
        |exchange| {
            let waiting = if exchange.asked.stream { ": keep-alive\n\n" } else { "\n" };
            let body = exchange.body();
            exchange.give_chunks([waiting, waiting, waiting, &body])
        },
    ),
    scenario("healthy-slow", text("lets the answer trickle out, one small piece every 20 ms", "每 20 毫秒发出一小段"), HEALTHY, trickle),
    scenario("slow-healthy", text("takes 300 ms before it answers", "300 毫秒后才开始回答"), HEALTHY, |exchange| {
        exchange.pause(300);
        answer_well(exchange)
    }),
    scenario(
        "fast-healthy",
        text("sends the whole answer at once, a stream too", "一次发出整个回答，流式也是如此"),
        HEALTHY,
        |exchange| {
            let (reply, body) = (exchange.ok(), exchange.body());
            exchange.send(if exchange.asked.stream { reply.chunked(body) } else { reply.whole(body) })?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "healthy-early-hints",
        text("sends 103 Early Hints before its 200", "先发 103 Early Hints 再发 200"),
        HEALTHY,
        |exchange| {
            exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </v1>; rel=preconnect\r\n\r\n")?;
            answer_well(exchange)
        },
    ),
    scenario(
        "healthy-dated-model",
        text("names the dated version of the model", "返回带日期的模型版本名"),
        HEALTHY,
        |exchange| {
            let mut answer = exchange.answer();
            answer.model += "-2024-07-18";
            exchange.give(&answer)
        },
    ),
    scenario(
        "healthy-tool-call",
        text("answers with a tool call and no text", "只返回工具调用，没有文本"),
        HEALTHY,
        |exchange| {
            let mut answer = exchange.answer();
            answer.content = None;
            answer.tool_call = Some(ToolCall { name: "get_weather", arguments: r#"{"city": "Hangzhou", "unit": "celsius"}"# });
            answer.finish_reason = "tool_calls";
            exchange.give(&answer)
        },
    ),
    scenario(
        "healthy-reasoning",
        text("sends its reasoning before the answer", "先发送推理内容，再发送回答"),
        HEALTHY,
        |exchange| {
            let mut answer = exchange.answer();
            answer.reasoning = Some("The user wants to see whether reasoning is told from the answer, so some of it comes first.".into());
            exchange.give(&answer)
        },
    ),
    scenario(
        "healthy-refusal",
        text("declines in the refusal field, content is null", "在 refusal 字段中拒绝，content 为 null"),
        HEALTHY,
        |exchange| {
            let mut answer = exchange.answer();
            answer.content = None;
            answer.refusal = Some("I'm sorry, I can't assist with that request.".into());
            exchange.give(&answer)
        },
    ),
    scenario(
        "healthy-tls-no-close-notify",
        text("ends TLS without close_notify, after a complete answer", "回答完整，但 TLS 结束时没有 close_notify"),
        HEALTHY,
        |exchange| {
            answer_well(exchange)?;
            Ok(Ending::CloseWithoutNotify)
        },
    )
    .reached(Reach::TlsOnly(TlsPort::Good)),
    scenario("healthy-through-proxy", text("answers through a proxy that does its work", "经由正常工作的代理回答"), HEALTHY, answer_well)
        .reached(Reach::Proxy(ProxyPort::Works)),
    scenario(
        "huge-stream",
        text("streams 1 GiB of text as fast as it is read", "以最快速度流式发送 1 GiB 文本"),
        HEALTHY_STREAM,
        huge_stream,
    ),
];

fn close_delimited(exchange: &mut Exchange) -> io::Result<Ending> {
    let bytes = exchange.ok().followed_by(exchange.body());
    exchange.send(bytes)?;
    Ok(Ending::Close)
}

fn chunked_with_extensions(exchange: &mut Exchange) -> io::Result<Ending> {
    let head = exchange.ok().field("Trailer", "X-Checked").chunked_head();
    exchange.send(head)?;
    for piece in exchange.body().as_bytes().chunks(100) {
        exchange.send(format!("{:X};part=\"1;2\"\r\n", piece.len()))?;
        exchange.send(piece)?;
        exchange.send("\r\n")?;
    }
    exchange.send("0\r\nX-Checked: yes\r\n\r\n")?;
    Ok(Ending::Reuse)
}

fn give_coded(exchange: &mut Exchange, coding: Coding) -> io::Result<Ending> {
    if !exchange.request.accepts(coding.name()) {
        return answer_well(exchange);
    }
    let body = coding.encode(exchange.body())?;
    let reply = exchange.ok().field("Content-Encoding", coding.name()).field("Vary", "Accept-Encoding");
    exchange.send(if exchange.asked.stream { reply.chunked(body) } else { reply.whole(body) })?;
    Ok(Ending::Reuse)
}

/// WHATWG HTML section 9.2.6, used to the full; the last event has no empty line after it.
fn unusual_but_right(events: &[Event]) -> String {
    let usual = joined(events);
    let unusual = usual.replacen("data: {", ": OPENROUTER PROCESSING\r\nevent: message\r\nid: 1\r\nretry: 3000\r\ndata:{", 1);
    // A line break is white space to JSON, and two data lines are joined by one.
    let split = unusual.replace(",\"choices\"", ",\ndata:\"choices\"");
    let crlf = split.replace("\n\n", "\n: keep-alive\n\n").replace("\r\n", "\n").replace('\n', "\r\n");
    format!("\u{FEFF}{}", crlf.trim_end())
}

fn trickle(exchange: &mut Exchange) -> io::Result<Ending> {
    let body = exchange.body();
    let head = exchange.ok();
    exchange.send(if exchange.asked.stream {
        head.field("Cache-Control", "no-cache").head()
    } else {
        head.field("Content-Length", body.len()).head()
    })?;
    for piece in body.as_bytes().chunks(body.len().div_ceil(40)) {
        exchange.pause(20);
        exchange.send(piece)?;
    }
    Ok(Ending::Close)
}

fn huge_stream(exchange: &mut Exchange) -> io::Result<Ending> {
    const SIZE: usize = 1 << 30;
    let (ends, words): (Vec<_>, Vec<_>) =
        exchange.answer().events(exchange.asked.include_usage).into_iter().partition(|event| event.part > Part::Content);
    let round = joined(words.iter().filter(|event| event.part == Part::Content));
    let round = crate::lab::reply::chunk(round.repeat(8));
    exchange.begin_chunks(words.iter().take(1).map(|event| &event.text))?;
    for _ in 0..SIZE / round.len() {
        exchange.send(&round)?;
    }
    exchange.send(crate::lab::reply::chunk(joined(&ends)))?;
    exchange.send(LAST_CHUNK)?;
    Ok(Ending::Reuse)
}
