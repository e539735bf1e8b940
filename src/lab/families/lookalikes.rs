//! Good answers that look like faults at first sight. A tool that cries wolf at one of these is worse than one that says nothing.

use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

use super::{HEALTHY, answer_well, scenario, stream_only};
use crate::lab::Scenario;
use crate::lab::answer::{Answer, Part, ToolCall};
use crate::lab::coding::Coding;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::reply::Reply;
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("healthy-equal-lengths", text("declares the same length twice", "把同一长度声明两次"), HEALTHY, |exchange| {
        let body = exchange.body();
        let bytes = exchange.ok().field("Content-Length", body.len()).whole(body);
        exchange.send(bytes)?;
        Ok(Ending::Reuse)
    }),
    scenario(
        "healthy-via-proxy-headers",
        text(
            "names nginx, Via, X-Cache and CF-Ray in its header, and nothing was changed",
            "头字段提到 nginx、Via、X-Cache、CF-Ray，但内容未被改动",
        ),
        HEALTHY,
        |exchange| {
            let route = [
                ("Server", "nginx"),
                ("Via", "1.1 squid-7 (squid/5.7)"),
                ("X-Cache", "MISS from squid-7"),
                ("CF-Ray", "8e7d0c2b1f3a4d5e-HKG"),
            ];
            let bytes = exchange.ok().fields(&route).whole(exchange.body());
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "healthy-digest",
        text("declares a digest of the answer, and it fits", "声明了回答的摘要，且相符"),
        HEALTHY,
        |exchange| {
            let body = exchange.body();
            let bytes = exchange.ok().field("Content-Digest", content_digest(&body)).whole(body);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "healthy-bare-head",
        text("sends a head in lower case without reason phrase, as hypercorn does", "头字段全小写、无原因短语，与 hypercorn 相同"),
        HEALTHY,
        |exchange| {
            let body = exchange.body();
            let media_type = if exchange.asked.stream { "text/event-stream" } else { "application/json" };
            let reply = Reply::with_start_line("HTTP/1.1 200 ").fields(&[("content-type", media_type), ("server", "hypercorn-h11")]);
            exchange.send(reply.field("content-length", body.len()).followed_by(body))?;
            Ok(Ending::Reuse)
        },
    ),
    scenario("healthy-http-1-0", text("answers as HTTP/1.0 and closes", "以 HTTP/1.0 回答后关闭"), HEALTHY, |exchange| {
        let media_type = if exchange.asked.stream { "text/event-stream" } else { "application/json" };
        let bytes = Reply::with_start_line("HTTP/1.0 200 OK").field("Content-Type", media_type).followed_by(exchange.body());
        exchange.send(bytes)?;
        Ok(Ending::Close)
    }),
    scenario(
        "healthy-final-newline",
        text("indents its JSON and ends it with a newline", "JSON 带缩进，末尾有换行"),
        super::plain_only("healthy", "healthy"),
        |exchange| {
            let body = crate::lab::spelling::indented(&exchange.answer().json()) + "\r\n";
            let bytes = exchange.ok_as("application/json").whole(body);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "healthy-talks-of-errors",
        text("answers with a text about HTTP errors, HTML and rate limits", "回答的内容谈到 HTTP 错误、HTML 和限流"),
        HEALTHY,
        |exchange| {
            let content = "The log says `http: wrote more than the declared Content-Length`, then 429 insufficient_quota, and the page was \
                           <html><head><title>502 Bad Gateway</title></head></html>. A stream ends with data: [DONE].";
            exchange.give(&Answer::saying(&exchange.asked, content))
        },
    ),
    scenario(
        "healthy-empty-error",
        text(
            "has an empty error, a code of 0 and a message of success beside the answer",
            "回答旁有空的 error、值为 0 的 code 和表示成功的 message",
        ),
        super::plain_only("healthy", "healthy"),
        |exchange| {
            let body =
                exchange.answer().json().replacen('{', r#"{"error":{},"code":0,"message":"success","base_resp":{"status_code":0},"#, 1);
            let bytes = exchange.ok_as("application/json").whole(body);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "healthy-long-event",
        text("sends one event of 1.2 MiB, too long for some line readers", "发送一个 1.2 MiB 的事件，超出某些按行读取器的上限"),
        stream_only("healthy", "healthy"),
        |exchange| {
            let mut long = exchange.answer();
            let text = long.content.take().unwrap_or_default();
            let mut events = exchange.answer().events(exchange.asked.include_usage);
            // The whole text many times over, in the first of the pieces.
            let many = crate::lab::answer::quoted(&text.repeat((1_258_291 / text.len().max(1)) + 1));
            if let Some(event) = events.iter_mut().find(|event| event.part == Part::Content) {
                let at = event.text.find("{\"content\":").map_or(0, |at| at + "{\"content\":".len());
                let end = event.text[at..].find("},").map_or(event.text.len(), |end| at + end);
                event.text.replace_range(at..end, &many);
            }
            exchange.give_chunks(events.into_iter().map(|event| event.text))
        },
    ),
    scenario(
        "healthy-two-choices",
        text("gives two choices, and both finish", "给出两个 choice，且都正常结束"),
        HEALTHY,
        |exchange| {
            let body = super::truncation::with_second_choice(exchange, "\"stop\"");
            exchange.give_chunks([body])
        },
    ),
    scenario(
        "healthy-tool-call-without-arguments",
        text("calls a tool that takes no arguments", "调用一个没有参数的工具"),
        HEALTHY,
        |exchange| {
            let mut answer = exchange.answer();
            answer.content = None;
            answer.tool_call = Some(ToolCall { name: "get_time", arguments: "" });
            answer.finish_reason = "tool_calls";
            exchange.give(&answer)
        },
    ),
    scenario(
        "healthy-carriage-returns",
        text("ends the lines of the stream with CR alone, and the JSON has a BOM", "流的行只以 CR 结尾，JSON 带 BOM"),
        HEALTHY,
        |exchange| {
            let body = exchange.body();
            let body = if exchange.asked.stream { body.replace('\n', "\r") } else { format!("\u{FEFF}{body}") };
            exchange.give_chunks([body])
        },
    ),
    scenario(
        "healthy-deep-json",
        text("holds something nested 300 levels deep beside the answer", "回答旁边有一个嵌套 300 层的值"),
        super::plain_only("healthy", "healthy"),
        |exchange| {
            let deep = format!("{{\"debug\":{}{},", "[".repeat(300), "]".repeat(300));
            let bytes = exchange.ok().whole(exchange.body().replacen('{', &deep, 1));
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "healthy-two-codings",
        text("compresses with gzip twice if the client accepts it, and says so", "客户端接受时用 gzip 压缩两次，并如实声明"),
        HEALTHY,
        |exchange| {
            if !exchange.request.accepts("gzip") {
                return answer_well(exchange);
            }
            let body = Coding::Gzip.encode(Coding::Gzip.encode(exchange.body())?)?;
            let reply = exchange.ok().field("Content-Encoding", "gzip, gzip");
            exchange.send(if exchange.asked.stream { reply.chunked(body) } else { reply.whole(body) })?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "echoes-key",
        text(
            "repeats the API key in its answer: as it is, in base64 and percent-encoded",
            "在回答中复述 API 密钥：原文、base64 和百分号编码",
        ),
        HEALTHY,
        echo_key,
    ),
    scenario(
        "healthy-azure-first-chunk",
        text("opens the stream with a chunk without choices, as Azure does", "流以没有 choices 的块开头，与 Azure 相同"),
        stream_only("healthy", "healthy"),
        |exchange| {
            let filter = concat!(
                r#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"#,
                r#""content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}"#,
                "\n\n"
            );
            let events = exchange.answer().events(exchange.asked.include_usage);
            exchange.give_chunks(std::iter::once(filter.to_owned()).chain(events.into_iter().map(|event| event.text)))
        },
    ),
];

/// The value of Content-Digest (RFC 9530). SHA-256 comes with the TLS library, which has it in any case.
pub(super) fn content_digest(body: &str) -> String {
    let digest = TLS13_AES_128_GCM_SHA256.tls13().map(|suite| suite.common.hash_provider.hash(body.as_bytes()));
    format!("sha-256=:{}:", BASE64_STANDARD.encode(digest.as_ref().map_or(&[][..], |digest| digest.as_ref())))
}

fn echo_key(exchange: &mut Exchange) -> io::Result<Ending> {
    let Some(authorization) = exchange.request.field("Authorization") else {
        return answer_well(exchange);
    };
    let key = authorization.trim_start_matches("Bearer ");
    let percent: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded = BASE64_STANDARD.encode(key);
    let content = format!("Received {authorization}; in base64 {encoded}; percent-encoded {percent}.");
    let answer = Answer::saying(&exchange.asked, &content);
    if exchange.asked.stream {
        return exchange.give(&answer);
    }
    let bytes = exchange.ok().field("X-Debug-Authorization", authorization).whole(answer.json());
    exchange.send(bytes)?;
    Ok(Ending::Reuse)
}
