//! Error pages of what stands in front of the API, in its own words.

use super::{Verdicts, both, scenario};
use crate::lab::Scenario;
use crate::lab::link::Ending;
use crate::lab::reply::Reply;
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("bad-gateway", text("answers 502 with nginx's page", "返回 502 和 nginx 的页面"), gateway("bad-gateway"), |exchange| {
        exchange.say("502 Bad Gateway", NGINX, "text/html", super::nginx_page!("502 Bad Gateway"))
    }),
    scenario(
        "caddy-bad-gateway",
        text("answers 502 without a body, as Caddy does", "返回 502，没有正文，与 Caddy 相同"),
        gateway("bad-gateway"),
        |exchange| {
            let bytes = Reply::new("502 Bad Gateway").field("Server", "Caddy").whole("");
            exchange.send(bytes)?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "cloudflare-bad-gateway",
        text("answers 502 with Cloudflare's one line of text", "返回 502 和 Cloudflare 的一行文本"),
        gateway("bad-gateway"),
        |exchange| exchange.say("502 Bad Gateway", CLOUDFLARE, "text/plain; charset=UTF-8", "error code: 502"),
    ),
    scenario(
        "gateway-unavailable",
        text("answers 503 with HAProxy's page: no server is available", "返回 503 和 HAProxy 的页面：没有可用的服务器"),
        gateway("gateway-unavailable"),
        |exchange| {
            let page = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n";
            let reply = Reply::with_start_line("HTTP/1.1 503 Service Unavailable").field("content-length", page.len());
            exchange.send(reply.fields(&[("cache-control", "no-cache"), ("content-type", "text/html")]).followed_by(page))?;
            Ok(Ending::Reuse)
        },
    ),
    scenario(
        "envoy-unavailable",
        text("answers 503 with Envoy's text: the upstream disconnected", "返回 503 和 Envoy 的文本：上游断开"),
        gateway("gateway-unavailable"),
        |exchange| {
            let words = "upstream connect error or disconnect/reset before headers. reset reason: connection termination";
            exchange.say("503 Service Unavailable", &[("server", "envoy")], "text/plain", words)
        },
    ),
    scenario(
        "gateway-timeout",
        text("answers 504 with nginx's page", "返回 504 和 nginx 的页面"),
        gateway("gateway-timeout"),
        |exchange| exchange.say("504 Gateway Time-out", NGINX, "text/html", super::nginx_page!("504 Gateway Time-out")),
    ),
    scenario(
        "cloudflare-timeout",
        text("answers 524 with Cloudflare's page: the origin gave no answer in time", "返回 524 和 Cloudflare 的页面：源站未及时应答"),
        gateway("gateway-timeout"),
        |exchange| exchange.say("524 ", CLOUDFLARE, "text/html; charset=UTF-8", CLOUDFLARE_524),
    ),
    scenario(
        "envoy-timeout",
        text("answers 504 with Envoy's text", "返回 504 和 Envoy 的文本"),
        gateway("gateway-timeout"),
        |exchange| exchange.say("504 Gateway Timeout", &[("server", "istio-envoy")], "text/plain", "upstream request timeout"),
    ),
    scenario(
        "gateway-failure",
        text("answers 500 with nginx's page", "返回 500 和 nginx 的页面"),
        gateway("gateway-failure"),
        |exchange| exchange.say("500 Internal Server Error", NGINX, "text/html", super::nginx_page!("500 Internal Server Error")),
    ),
    scenario(
        "cloudflare-origin-tls",
        text("answers 525: Cloudflare cannot shake hands with the origin", "返回 525：Cloudflare 与源站 TLS 握手失败"),
        gateway("gateway-failure"),
        |exchange| exchange.say("525 ", CLOUDFLARE, "text/plain; charset=UTF-8", "error code: 525"),
    ),
];

const NGINX: &[(&str, &str)] = &[("Server", "nginx/1.22.1")];
const CLOUDFLARE: &[(&str, &str)] = &[("Server", "cloudflare"), ("CF-RAY", "8e7d0c2b1f3a4d5e-HKG")];

const CLOUDFLARE_524: &str = concat!(
    "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>api.lab.example | 524: A timeout occurred</title></head>\n",
    "<body><div id=\"cf-wrapper\">",
    "<div id=\"cf-error-details\"><h1><span>A timeout occurred</span> <span class=\"cf-error-code\">Error code 524</span></h1>",
    "<p>The origin web server timed out responding to this request.</p><span>Cloudflare Ray ID: <strong>8e7d0c2b1f3a4d5e</strong></span>",
    "</div></div></body>\n</html>\n"
);

const fn gateway(code: &'static str) -> Verdicts {
    both("gateway_error", code)
}
