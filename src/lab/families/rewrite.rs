//! Answers that something between client and API changed, replaced, held back or re-labelled.

use std::io;

use super::lookalikes::content_digest;
use super::{Verdicts, answer_well, both, plain_only, scenario, stream_only};
use crate::lab::coding::Coding;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::reply::{LAST_CHUNK, chunk};
use crate::lab::{Reach, Scenario, TlsPort};
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "html-instead-of-api",
        text("answers with the block page of a corporate firewall", "返回企业防火墙的拦截页"),
        rewrite("html-instead-of-api"),
        |exchange| exchange.say("403 Forbidden", &[], "text/html; charset=utf-8", FIREWALL_PAGE),
    ),
    scenario(
        "captive-portal",
        text("answers 200 with the login form of a Wi-Fi portal", "返回 200 和 Wi-Fi 门户的登录表单"),
        rewrite("html-instead-of-api"),
        |exchange| exchange.say("200 OK", &[("Cache-Control", "no-store")], "text/html; charset=utf-8", PORTAL_PAGE),
    ),
    scenario(
        "cloudflare-block-page",
        text("answers with Cloudflare's block page", "返回 Cloudflare 的拦截页"),
        rewrite("html-instead-of-api"),
        |exchange| {
            let fields = [("Server", "cloudflare"), ("CF-RAY", "8e7d0c2b1f3a4d5e-HKG")];
            exchange.say("403 Forbidden", &fields, "text/html; charset=UTF-8", CLOUDFLARE_PAGE)
        },
    ),
    scenario(
        "aliyun-waf-page",
        text("answers 405 with the block page of Aliyun's firewall", "返回 405 和阿里云防火墙的拦截页"),
        rewrite("html-instead-of-api"),
        |exchange| exchange.say("405 Not Allowed", &[("Server", "Tengine")], "text/html; charset=utf-8", ALIYUN_PAGE),
    ),
    scenario(
        "login-redirect",
        text("redirects to the login page of a portal", "重定向到门户的登录页"),
        rewrite("login-redirect"),
        |exchange| {
            let login = "https://gateway.zscaler.net/auD?origurl=https%3A%2F%2Fapi%2eopenai%2ecom%2fv1%2fchat%2fcompletions&wexps=1";
            exchange.say("307 Temporary Redirect", &[("Server", "Zscaler/6.2"), ("Location", login)], "text/html", "")
        },
    ),
    scenario(
        "stream-buffered",
        text("holds the stream back for 2 s and delivers it in one burst", "把流扣住 2 秒，然后一次性送出"),
        stream_only("proxy_rewrite", "stream-buffered"),
        |exchange| {
            exchange.pause(2000);
            let bytes = exchange.ok().field("Server", "nginx/1.22.1").chunked(exchange.body());
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "stream-type-rewritten",
        text("labels the stream as plain text, or the JSON as a stream", "把流标为纯文本，或把 JSON 标为流"),
        rewrite("stream-type-rewritten"),
        |exchange| {
            let wrong = if exchange.asked.stream { "text/plain; charset=utf-8" } else { "text/event-stream" };
            let bytes = exchange.ok_as(wrong).whole(exchange.body());
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "body-altered",
        text("has a script tag added behind the answer, and its length counted", "回答后面被加上一个 script 标签，并计入了长度"),
        rewrite("body-altered"),
        |exchange| {
            let body = exchange.body() + "<script src=\"http://10.10.34.34/inject.js\"></script>";
            let bytes = exchange.ok().whole(body);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "digest-mismatch",
        text("changes three letters after the digest of the answer was made", "生成摘要之后又改了回答里的三个字母"),
        rewrite("digest-mismatch"),
        |exchange| {
            let body = exchange.body();
            let reply = exchange.ok().field("Content-Digest", content_digest(&body));
            exchange.send(reply.whole(body.replacen("fp_llmchecklab", "fp_llmcheckLAB", 1)))?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "model-substituted",
        text("answers with another model than the one asked for", "用另一个模型来回答"),
        rewrite("model-substituted"),
        |exchange| {
            let mut answer = exchange.answer();
            answer.model = "cheaper-model-7b-instruct".into();
            exchange.give(&answer)
        },
    ),
    scenario(
        "tls-intercepted",
        text("presents a certificate that mitmproxy issued", "出示由 mitmproxy 签发的证书"),
        rewrite("tls-intercepted"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::FromInterception)),
    scenario(
        "coding-forced",
        text("compresses with a coding that the client did not offer", "用客户端没有提出的编码压缩"),
        rewrite("coding-forced"),
        |exchange| {
            let offered = |coding: &Coding| exchange.request.accepts(coding.name());
            give_labelled(exchange, Coding::ALL.into_iter().find(|coding| !offered(coding)).unwrap_or(Coding::Lz4))
        },
    ),
    scenario(
        "coding-mislabelled",
        text("says gzip over a body that is not compressed", "声明 gzip，正文却没有压缩"),
        rewrite("coding-mislabelled"),
        |exchange| {
            let bytes = exchange.ok().field("Content-Encoding", "gzip").whole(exchange.body());
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "gzip-twice",
        text("compresses with gzip twice and says so once", "用 gzip 压缩了两次，只声明一次"),
        rewrite("coding-mislabelled"),
        |exchange| {
            let body = Coding::Gzip.encode(Coding::Gzip.encode(exchange.body())?)?;
            let bytes = exchange.ok().field("Content-Encoding", "gzip").whole(body);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "chunk-framing-in-content",
        text("sends the framing of chunks as content, under its length", "把分块的分帧当作内容发送，并声明了长度"),
        rewrite("chunk-framing-in-content"),
        |exchange| {
            let bytes = exchange.ok().whole(framed(&exchange.body()));
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "chunked-twice",
        text("frames a chunked body in chunks once more", "把已分块的响应体又分了一次块"),
        rewrite("chunk-framing-in-content"),
        |exchange| {
            let framed = framed(&exchange.body());
            exchange.give_chunks(framed.chunks(200))
        },
    ),
    scenario(
        "text-before-json",
        text("prints a warning of PHP before the JSON", "在 JSON 前打印一段 PHP 警告"),
        plain_only("proxy_rewrite", "text-before-json"),
        |exchange| {
            let body = PHP_WARNING.to_owned() + &exchange.body();
            exchange.say("200 OK", &[("X-Powered-By", "PHP/8.1.27")], "text/html; charset=UTF-8", &body)
        },
    ),
    scenario(
        "jsonp",
        text("wraps the JSON in the call of a function", "把 JSON 包在函数调用里"),
        plain_only("proxy_rewrite", "text-before-json"),
        |exchange| {
            let body = format!("/**/callback({});", exchange.body());
            exchange.say("200 OK", &[], "application/javascript", &body)
        },
    ),
    scenario(
        "malformed-header-field",
        text("copies a text with a line break into a field of the head", "把带换行的文本抄进了响应头字段"),
        rewrite("malformed-header-field"),
        |exchange| {
            let reply = exchange.ok().field("X-Upstream-Error", "upstream connect error or\r\ndisconnect/reset before headers");
            exchange.send(reply.whole(exchange.body()))?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "gzip-unlabelled",
        text("compresses with gzip and does not say so", "用 gzip 压缩却不声明"),
        rewrite("coding-mislabelled"),
        |exchange| {
            let bytes = exchange.ok().whole(Coding::Gzip.encode(exchange.body())?);
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
];

const fn rewrite(code: &'static str) -> Verdicts {
    both("proxy_rewrite", code)
}

fn give_labelled(exchange: &mut Exchange, coding: Coding) -> io::Result<Ending> {
    let body = coding.encode(exchange.body())?;
    let reply = exchange.ok().field("Content-Encoding", coding.name());
    exchange.send(reply.whole(body))?;
    Ok(Ending::Reuse)
}

/// The body as a chunked transfer would carry it.
fn framed(body: &str) -> Vec<u8> {
    let pieces = body.as_bytes().chunks(100).flat_map(chunk);
    pieces.chain(LAST_CHUNK.iter().copied()).collect()
}

const PHP_WARNING: &str =
    "<br />\n<b>Warning</b>:  Undefined array key \"stream\" in <b>/www/wwwroot/api/relay.php</b> on line <b>41</b><br />\n";

const FIREWALL_PAGE: &str = concat!(
    "<!DOCTYPE html><html><head><title>Web Filter Violation</title></head><body><h2>FortiGuard Intrusion Prevention - Access Blocked</h2>",
    "<h3>Web Page Blocked</h3><p>You have tried to access a web page which is in violation of your internet usage policy.</p>",
    "<p>URL: api.openai.com/v1/chat/completions<br>Category: Artificial Intelligence Technology</p></body></html>"
);

const PORTAL_PAGE: &str = concat!(
    "<!DOCTYPE html><html><head><title>Wi-Fi Login</title></head><body><h1>Welcome to the guest network</h1>",
    "<form method=\"post\" action=\"http://192.168.1.1:8090/login.cgi\"><input name=\"username\">",
    "<input name=\"password\" type=\"password\"><button>Log in</button></form></body></html>"
);

const CLOUDFLARE_PAGE: &str = concat!(
    "<!DOCTYPE html><html lang=\"en-US\"><head><title>Attention Required! | Cloudflare</title></head><body><div id=\"cf-error-details\">",
    "<h1>Sorry, you have been blocked</h1><h2>You are unable to access openai.com</h2>",
    "<p>Cloudflare Ray ID: <strong>8e7d0c2b1f3a4d5e</strong></p></div></body></html>"
);

const ALIYUN_PAGE: &str = concat!(
    "<!doctypehtml><html lang=\"zh-cn\"><head><meta charset=\"utf-8\"><title>405</title></head>",
    "<body><div><img src=\"https://errors.aliyun.com/images/405.png\">",
    "<p>很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</p>",
    "<p>Sorry, your request has been blocked as it may cause potential threats to the server's security.</p></div></body></html>"
);
