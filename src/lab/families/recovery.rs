//! Faults that a client can get around: by trying again, when they go away, or by asking in another way, when they depend on the request.
//! Those that go away begin anew once they have worked.

use super::limits::OVER_THE_LIMIT;
use super::refusal::MODEL_NOT_FOUND;
use super::truncation::cut_between_chunks;
use super::upstream::SERVER_HAD_AN_ERROR;
use super::{HEALTHY, answer_well, both, healthy_if_streamed, healthy_unless_streamed, scenario};
use crate::lab::coding::Coding;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::{Expected, Scenario};
use crate::lang::text;

/// Tokens that `breaks-long-answers` has time for.
const LONGEST_ANSWER: usize = 40;
/// Characters of all messages that `refuses-long-prompts` takes; four of them are a token.
const LONGEST_PROMPT: usize = 2000;
/// Bytes of a request body that `refuses-large-bodies` takes.
const LARGEST_BODY: usize = 4096;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("flaky-500-twice", text("fails twice with 500, then works", "前两次返回 500，之后正常"), HEALTHY, |exchange| {
        if exchange.earlier % 3 == 2 {
            return answer_well(exchange);
        }
        exchange.refuse("500 Internal Server Error", &[], SERVER_HAD_AN_ERROR)
    }),
    scenario(
        "flaky-429-retry-after",
        text("asks once for 1 s of patience, then works", "先要求等待 1 秒，之后正常"),
        HEALTHY,
        |exchange| {
            if exchange.earlier % 2 == 1 {
                return answer_well(exchange);
            }
            exchange.refuse("429 Too Many Requests", &[("Retry-After", "1")], OVER_THE_LIMIT)
        },
    ),
    scenario(
        "flaky-reset-once",
        text("resets the connection once, then works", "先重置一次连接，之后正常"),
        HEALTHY,
        |exchange| {
            if exchange.earlier % 2 == 1 { answer_well(exchange) } else { Ok(Ending::Reset) }
        },
    ),
    scenario(
        "fails-three-times",
        text("fails three times with 500, then works", "前三次返回 500，之后正常"),
        HEALTHY,
        |exchange| fail_if(exchange, exchange.earlier % 4 != 3),
    ),
    scenario(
        "fails-first-of-each-prompt",
        text("fails once with 500 for every prompt that it has not seen yet", "每个没见过的提示词先返回一次 500，之后正常"),
        HEALTHY,
        |exchange| {
            let earlier = exchange.remember(|memory| memory.count_visit_with(&exchange.asked.prompt));
            fail_if(exchange, earlier == 0)
        },
    ),
    scenario(
        "fails-one-in-ten",
        text("fails with 500 for one request in ten, always the same ones", "每十个请求有一个返回 500，总是相同的那些"),
        HEALTHY,
        |exchange| {
            let earlier = exchange.remember(|memory| memory.count_visit_with(&exchange.asked.prompt));
            fail_if(exchange, draw(&exchange.asked.prompt, earlier).is_multiple_of(10))
        },
    ),
    scenario(
        "breaks-plain-only",
        text(
            "streams well; without stream declares a length, sends no byte and closes, as Go does when its handler writes more",
            "流式正常；非流式时声明长度却一个字节不发就关闭，与 Go 的处理函数写多时相同",
        ),
        healthy_if_streamed("length_mismatch", "empty-body-after-overwrite"),
        |exchange| {
            if exchange.asked.stream {
                return answer_well(exchange);
            }
            let bytes = exchange.ok().declaring(exchange.body().len(), "");
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "breaks-stream-only",
        text("answers well without stream; closes a stream in the middle of the text", "非流式正常；流式时文本到一半就关闭连接"),
        healthy_unless_streamed("truncation", "chunks-without-end"),
        |exchange| if exchange.asked.stream { cut_between_chunks(exchange, Ending::Close) } else { answer_well(exchange) },
    ),
    scenario(
        "breaks-gzip-only",
        text(
            "for clients that accept gzip declares the length before compression, or cuts the stream; for others answers well",
            "客户端接受 gzip 时声明压缩前的长度，或截断压缩的流；否则正常",
        ),
        super::Verdicts {
            plain: Some(Expected { class: "length_mismatch", code: "length-counts-decoded-bytes" }),
            stream: Some(Expected { class: "truncation", code: "encoded-body-cut" }),
        },
        |exchange| {
            if !exchange.request.accepts("gzip") {
                return answer_well(exchange);
            }
            let (body, reply) = (exchange.body(), exchange.ok().field("Content-Encoding", "gzip"));
            let encoded = Coding::Gzip.encode(&body)?;
            let is_cut = exchange.asked.stream;
            exchange.send(if is_cut { reply.chunked(&encoded[..encoded.len() * 2 / 3]) } else { reply.declaring(body.len(), encoded) })?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "breaks-long-answers",
        text(
            "answers 504 with nginx's page where the answer would be longer than 40 tokens",
            "回答会超过 40 个 token 时，返回 504 和 nginx 的页面",
        ),
        both("gateway_error", "gateway-timeout"),
        |exchange| {
            let answer = exchange.answer();
            if answer.completion_tokens() <= LONGEST_ANSWER {
                return exchange.give(&answer);
            }
            exchange.say("504 Gateway Time-out", &[("Server", "nginx/1.22.1")], "text/html", super::nginx_page!("504 Gateway Time-out"))
        },
    ),
    scenario(
        "refuses-long-prompts",
        text("answers 400 in OpenAI's words to messages of more than 2000 characters", "消息超过 2000 个字符时，用 OpenAI 的措辞返回 400"),
        HEALTHY,
        |exchange| {
            let characters: usize = exchange.asked.messages.iter().map(|message| message.text.chars().count()).sum();
            if characters <= LONGEST_PROMPT {
                return answer_well(exchange);
            }
            exchange.refuse("400 Bad Request", &[], &context_too_long(LONGEST_PROMPT / 4, characters.div_ceil(4)))
        },
    ),
    scenario(
        "refuses-large-bodies",
        text("answers 413 with nginx's page to a request body of more than 4 KiB", "请求正文超过 4 KiB 时，返回 413 和 nginx 的页面"),
        HEALTHY,
        |exchange| {
            if exchange.request.body.len() <= LARGEST_BODY {
                return answer_well(exchange);
            }
            const STATUS: &str = "413 Request Entity Too Large";
            exchange.say(STATUS, &[("Server", "nginx/1.22.1")], "text/html", super::nginx_page!("413 Request Entity Too Large"))
        },
    ),
    scenario(
        "model-down",
        text("does not have the model gpt-4o-mini, and answers well under any other name", "没有 gpt-4o-mini 这个模型，其他模型名都正常"),
        both("invalid_request", "model-not-found"),
        |exchange| {
            if exchange.asked.model != "gpt-4o-mini" {
                return answer_well(exchange);
            }
            exchange.refuse("404 Not Found", &[], MODEL_NOT_FOUND)
        },
    ),
];

fn fail_if(exchange: &mut Exchange, fails: bool) -> std::io::Result<Ending> {
    if fails { exchange.refuse("500 Internal Server Error", &[], SERVER_HAD_AN_ERROR) } else { answer_well(exchange) }
}

/// A number that is the same whenever this prompt is asked for the same time: FNV-1a, its bits mixed once more as in MurmurHash3.
pub(super) fn draw(prompt: &str, visit: u32) -> u64 {
    let bytes = prompt.bytes().chain(visit.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

fn context_too_long(most: usize, tokens: usize) -> String {
    format!(
        concat!(
            r#"{{"error":{{"message":"This model's maximum context length is {} tokens. However, your messages resulted in {} tokens. "#,
            r#"Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","#,
            r#""code":"context_length_exceeded"}}}}"#
        ),
        most, tokens
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prompt_in_ten_fails_at_any_visit_and_few_fail_again() {
        let fails = |prompt: usize, visit| draw(&format!("prompt {prompt}"), visit).is_multiple_of(10);
        let count = |visits: std::ops::Range<u32>| (0..10_000).filter(|&prompt| visits.clone().all(|visit| fails(prompt, visit))).count();
        for visit in 0..4 {
            assert!((900..1100).contains(&count(visit..visit + 1)), "visit {visit}");
        }
        assert!((50..150).contains(&count(0..2)));
    }
}
