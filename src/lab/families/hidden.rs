//! Faults that show under one condition only, which no single answer betrays: by which of several things a request fails has to be tried.

use super::recovery::draw;
use super::truncation::cut_between_chunks;
use super::upstream::SERVER_HAD_AN_ERROR;
use super::{HEALTHY, answer_well, healthy_if_streamed, scenario};
use crate::lab::coding::Coding;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::{Expected, Reach, Scenario};
use crate::lang::text;

/// What a Go server copies at once.
const BLOCK: usize = 32 * 1024;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "breaks-plain-chinese",
        text(
            "without stream declares the number of characters, which is wrong once there is Chinese",
            "非流式时声明的是字符数，有中文就会出错",
        ),
        healthy_if_streamed("length_mismatch", "length-counts-characters"),
        |exchange| {
            if exchange.asked.stream {
                return answer_well(exchange);
            }
            let body = exchange.body();
            let bytes = exchange.ok().declaring(body.chars().count(), body);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "breaks-large-gzip",
        text(
            "for clients that accept gzip cuts the compressed form of what is larger than 32 KiB",
            "客户端接受 gzip 且内容超过 32 KiB 时，截断压缩后的数据",
        ),
        HEALTHY,
        |exchange| {
            let body = exchange.body();
            if !exchange.request.accepts("gzip") || body.len() <= BLOCK {
                return answer_well(exchange);
            }
            let encoded = Coding::Gzip.encode(&body)?;
            let bytes = exchange.ok().field("Content-Encoding", "gzip").chunked(&encoded[..encoded.len() * 2 / 3]);
            exchange.send(bytes)?;
            Ok(Ending::Close)
        },
    ),
    scenario(
        "breaks-second-request",
        text("cuts the second answer on a connection", "在同一连接上截断第二个回答"),
        HEALTHY,
        |exchange| if exchange.link.carried % 2 == 1 { cut_short(exchange) } else { answer_well(exchange) },
    ),
    scenario(
        "fails-three-in-ten",
        text("fails with 500 for three requests in ten, whatever they ask", "每十个请求有三个返回 500，与内容无关"),
        HEALTHY,
        |exchange| {
            if draw("", exchange.earlier) % 10 < 3 {
                return exchange.refuse("500 Internal Server Error", &[], SERVER_HAD_AN_ERROR);
            }
            answer_well(exchange)
        },
    ),
    scenario(
        "breaks-through-proxy",
        text("stands behind a proxy that cuts every answer, and answers well without it", "前面的代理截断每个回答；直连则正常"),
        super::Verdicts {
            plain: Some(Expected { class: "truncation", code: "cut-by-close" }),
            stream: Some(Expected { class: "truncation", code: "chunks-without-end" }),
        },
        answer_well,
    )
    .reached(Reach::CuttingProxy),
    scenario(
        "breaks-over-ipv6",
        text(
            "has an IPv4 address that answers well, and an IPv6 address behind which every answer is cut",
            "IPv4 地址正常，IPv6 地址上的回答都被截断",
        ),
        HEALTHY,
        |exchange| if exchange.link.is_over_ipv6() { cut_short(exchange) } else { answer_well(exchange) },
    )
    .reached(Reach::BothFamilies),
    scenario(
        "breaks-stream-over-large-limit",
        text("closes a stream in the middle where max_tokens is over 1000", "max_tokens 超过 1000 时，流式在中途关闭"),
        HEALTHY,
        |exchange| {
            let is_large = exchange.asked.max_tokens.is_some_and(|most| most > 1000);
            if exchange.asked.stream && is_large { cut_between_chunks(exchange, Ending::Close) } else { answer_well(exchange) }
        },
    ),
];

/// Less than was declared, or a stream without its end.
fn cut_short(exchange: &mut Exchange) -> std::io::Result<Ending> {
    if exchange.asked.stream {
        return cut_between_chunks(exchange, Ending::Close);
    }
    let body = exchange.body();
    let bytes = exchange.ok().declaring(body.len(), &body.as_bytes()[..body.len() / 2]);
    exchange.send(bytes)?;
    Ok(Ending::Close)
}
