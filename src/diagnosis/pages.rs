//! Answers that are not the API's own: pages and texts of gateways, proxies, firewalls and web sites. Presence of a proxy is nothing;
//! what counts is that it answered in place of the API.

use super::{AtFault, Class, Entry, Found, Severity, explain, meaning};
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::products;

const PAGE_LABELS: &[(&str, Text)] =
    &[("status", text("the answer's status", "响应状态")), ("page", text("not the API's words", "不是 API 的话"))];
const PAGE_BEGINS: Text = text("It begins: «{begins}»", "它的开头是：「{begins}」");
const OPERATOR_LOG: Text = text("to the operator: the gateway's own error log names the cause", "给运维：网关自己的错误日志写有原因");

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "login-redirect",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("redirected to a login or portal page: {location}", "被重定向到登录或门户页面：{location}"),
        summary: text(
            "Something between wants you to sign in before it lets requests through. The API was not reached.",
            "中间有环节要求先登录才放行。请求没有到达 API。",
        ),
        advice: &[
            text(
                "open the page in a browser on this machine and sign in, or use another network",
                "在本机浏览器打开该页面并登录，或换个网络",
            ),
            text("try --no-proxy, or another --proxy", "试试 --no-proxy 或换一个 --proxy"),
        ],
        confirm: "{command} -v",
        labels: &[("location", text("where it sends you", "它把你送到这里"))],
        follows: &[],
        explain: explain!("login-redirect"),
        examine: |evidence| redirect(evidence, true),
    },
    Entry {
        code: "redirected-elsewhere",
        class: Class::NotAnApi,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("the server sends you elsewhere ({status}): {location}", "服务器让你去别处（{status}）：{location}"),
        summary: text(
            "An API does not redirect its chat requests; a base URL with the wrong scheme, host or path does. llmcheck does not follow: keys must not go to other places.",
            "API 不会重定向聊天请求；scheme、主机或路径写错的 base URL 才会。llmcheck 不跟随：key 不应被送往别处。",
        ),
        advice: &[text("put the place that it names into --base-url, if you trust it", "若信任它指出的位置，把它写进 --base-url")],
        confirm: "{command} -v",
        labels: &[("location", text("where it sends you", "它把你送到这里"))],
        follows: &[],
        explain: explain!("redirected-elsewhere"),
        examine: |evidence| redirect(evidence, false),
    },
    Entry {
        code: "html-instead-of-api",
        class: Class::ProxyRewrite,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("a page of {product} came in place of the API's answer", "{product} 的页面取代了 API 的回答"),
        summary: PAGE_BEGINS,
        advice: &[
            text(
                "a firewall, portal or filter between answered: try another network, --no-proxy, or ask its operator to let this host through",
                "中间的防火墙、门户或过滤器作了回答：换个网络、--no-proxy，或请其管理员放行此主机",
            ),
            text("no retry will help while it stands there", "只要它还在，重试无用"),
        ],
        confirm: "{command} -v",
        labels: &[("page", text("a page, not JSON", "是网页，不是 JSON"))],
        follows: &[],
        explain: explain!("html-instead-of-api"),
        examine: html_instead_of_api,
    },
    page_entry(PageEntry {
        code: "proxy-rate-limit",
        class: Class::RateLimit,
        at_fault: AtFault::Proxy,
        retryable: true,
        title: text("a proxy or relay limits the rate in its own words (429)", "代理或中转以自己的方式限流（429）"),
        advice: &[
            text("send fewer requests; it is not the API's limit, but one before it", "减少请求；这不是 API 的限额，而是它前面的环节"),
            OPERATOR_LOG,
        ],
        explain: explain!("proxy-rate-limit"),
        examine: |evidence| page(evidence, "proxy-rate-limit"),
    }),
    page_entry(PageEntry {
        code: "gateway-timeout",
        class: Class::GatewayError,
        at_fault: AtFault::Proxy,
        retryable: true,
        title: text("a gateway waited too long for its upstream ({status})", "网关等待上游超时（{status}）"),
        advice: &[
            text(
                "use --stream, or a smaller --max-tokens: most gateways wait 60 to 120 s for the first byte",
                "改用 --stream 或更小的 --max-tokens：多数网关只等 60 到 120 秒的首字节",
            ),
            OPERATOR_LOG,
        ],
        explain: explain!("gateway-timeout"),
        examine: |evidence| page(evidence, "gateway-timeout"),
    }),
    page_entry(PageEntry {
        code: "bad-gateway",
        class: Class::GatewayError,
        at_fault: AtFault::Proxy,
        retryable: true,
        title: text("a gateway got no valid answer from its upstream ({status})", "网关没有从上游得到有效的响应（{status}）"),
        advice: &[
            text(
                "retry with backoff: the upstream is restarting, down, or breaks its answers off",
                "退避重试：上游在重启、停机，或中途断开",
            ),
            OPERATOR_LOG,
        ],
        explain: explain!("bad-gateway"),
        examine: |evidence| page(evidence, "bad-gateway"),
    }),
    page_entry(PageEntry {
        code: "gateway-unavailable",
        class: Class::GatewayError,
        at_fault: AtFault::Proxy,
        retryable: true,
        title: text("a gateway has no upstream to ask ({status})", "网关没有可用的上游（{status}）"),
        advice: &[
            text("retry with backoff; a limiter may answer with the same page", "退避重试；限流器也可能返回同样的页面"),
            OPERATOR_LOG,
        ],
        explain: explain!("gateway-unavailable"),
        examine: |evidence| page(evidence, "gateway-unavailable"),
    }),
    page_entry(PageEntry {
        code: "gateway-failure",
        class: Class::GatewayError,
        at_fault: AtFault::Proxy,
        retryable: true,
        title: text("a failure ({status}) in words that are not the API's", "故障（{status}），且不是 API 的措辞"),
        advice: &[
            text(
                "retry once; if it stays, the fault is in the server or gateway, not in the model",
                "重试一次；若持续出现，问题在服务器或网关，而不在模型",
            ),
            OPERATOR_LOG,
        ],
        explain: explain!("gateway-failure"),
        examine: |evidence| page(evidence, "gateway-failure"),
    }),
    Entry {
        code: "web-page-not-api",
        class: Class::NotAnApi,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("a web page answered ({status}), not an API", "回答的是网页（{status}），不是 API"),
        summary: PAGE_BEGINS,
        advice: &[text(
            "check the base URL: many relays serve a web page at their root and the API below /v1",
            "检查 base URL：许多中转的根路径是网页，API 在 /v1 之下",
        )],
        confirm: "{command} -v",
        labels: &[("page", text("a page, not JSON", "是网页，不是 JSON"))],
        follows: &[],
        explain: explain!("web-page-not-api"),
        examine: |evidence| page(evidence, "web-page-not-api"),
    },
    Entry {
        code: "not-text-or-json",
        class: Class::NotAnApi,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: false,
        title: text("an answer ({status}) that is neither JSON nor a stream: {type}", "回答（{status}）既不是 JSON 也不是流：{type}"),
        summary: PAGE_BEGINS,
        advice: &[text(
            "check the base URL and the path: something else than a chat API lives there",
            "检查 base URL 和路径：那里不是聊天 API",
        )],
        confirm: "{command} -v",
        labels: PAGE_LABELS,
        follows: &[
            "encoded-body-cut",
            "coding-mislabelled",
            "coding-forced",
            "conflicting-content-lengths",
            "length-and-chunked",
            "invalid-content-length",
            "cut-by-reset",
            "cut-by-close",
        ],
        explain: explain!("not-text-or-json"),
        examine: |evidence| page(evidence, "not-text-or-json"),
    },
    Entry {
        code: "not-http",
        class: Class::NotAnApi,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("what answers at {host} is not HTTP", "{host} 上应答的不是 HTTP"),
        summary: PAGE_BEGINS,
        advice: &[text(
            "check host and port: another service listens there (SSH, a database, a SOCKS proxy)",
            "检查主机和端口：那里是别的服务（SSH、数据库、SOCKS 代理）",
        )],
        confirm: "{command} -v",
        labels: &[("first", text("an HTTP response begins with HTTP/", "HTTP 响应应以 HTTP/ 开头"))],
        follows: &["plain-http-on-tls-port"],
        explain: explain!("not-http"),
        examine: not_http,
    },
];

struct PageEntry {
    code: &'static str,
    class: Class,
    at_fault: AtFault,
    retryable: bool,
    title: Text,
    advice: &'static [Text],
    explain: Text,
    examine: fn(&Evidence<'_>) -> Option<Found>,
}

const fn page_entry(page: PageEntry) -> Entry {
    Entry {
        code: page.code,
        class: page.class,
        severity: Severity::Error,
        at_fault: page.at_fault,
        retryable: page.retryable,
        title: page.title,
        summary: PAGE_BEGINS,
        advice: page.advice,
        confirm: "{command} --retry 3",
        labels: PAGE_LABELS,
        follows: &[],
        explain: page.explain,
        examine: page.examine,
    }
}

/// What block pages of any maker say.
const BLOCKED: [&str; 10] = [
    "has been blocked",
    "is blocked",
    "been denied access",
    "blocked by",
    "web filter",
    "wi-fi",
    "拦截",
    "禁止访问",
    "访问被阻断",
    "认证上网",
];

fn html_instead_of_api(evidence: &Evidence<'_>) -> Option<Found> {
    let text = evidence.page()?;
    // A proxy that asks for credentials has a code of its own.
    let status = evidence.status().filter(|status| *status != 407)?;
    let (product, found) = match products::answered(evidence.head()?, &text) {
        Some(product) => (product.name, Found::certain()),
        None if evidence.is_markup() && BLOCKED.iter().any(|words| text.contains(words)) => ("?", Found::likely()),
        None if status == 511 => ("a captive portal", Found::certain()),
        None => return None,
    };
    let found = match product {
        "?" => found.word("product", "unknown", text_of_unknown()),
        known => found.value("product", known),
    };
    Some(with_beginning(found, evidence).mark_if("page", beginning_of_body(evidence)))
}

const fn text_of_unknown() -> Text {
    text("something between", "中间环节")
}

fn redirect(evidence: &Evidence<'_>, to_login: bool) -> Option<Found> {
    const LOGIN: [&str; 9] = ["login", "signin", "sign-in", "sso", "oauth", "saml", "portal", "wlan", "wifi"];
    evidence.status().filter(|status| (300..400).contains(status) && *status != 304)?;
    let field = evidence.head()?.all("location").next();
    let location = field.map_or("", |field| field.value.as_str());
    let lower = location.to_lowercase();
    let is_login = LOGIN.iter().any(|word| lower.contains(word)) || products::redirects(evidence.head()?).is_some();
    if is_login != to_login {
        return None;
    }
    let found = if to_login { Found::likely() } else { Found::certain() };
    Some(found.value("location", super::excerpt(location)).mark_if("location", field.map(|field| field.value_span.clone())))
}

fn page(evidence: &Evidence<'_>, code: &str) -> Option<Found> {
    (meaning::of_page(evidence) == Some(code)).then(|| {
        let found = with_beginning(Found::certain().mark_status(evidence), evidence);
        let kind = evidence.content_type().unwrap_or_else(|| "?".into());
        found.value("type", super::excerpt(&kind)).mark_if("page", beginning_of_body(evidence))
    })
}

fn with_beginning(found: Found, evidence: &Evidence<'_>) -> Found {
    found.value("begins", super::excerpt(&beginning(evidence)))
}

/// The first words of the body; of a page, its title.
pub(super) fn beginning(evidence: &Evidence<'_>) -> String {
    let text = evidence.content().and_then(|content| content.other_text().or(content.document())).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title.to_string());
    title.unwrap_or_else(|| text.chars().take(120).collect())
}

fn beginning_of_body(evidence: &Evidence<'_>) -> Option<std::ops::Range<u64>> {
    let start = evidence.response()?.body.start;
    (evidence.wire() > 0).then(|| start..start + 1)
}

fn not_http(evidence: &Evidence<'_>) -> Option<Found> {
    if !evidence.transcript.is_not_http || evidence.how.is_some_and(|how| how.is_before_request()) {
        return None;
    }
    let first = evidence.transcript.received.beginning();
    let shown = String::from_utf8_lossy(&first[..first.len().min(60)]).into_owned();
    Some(Found::certain().value("begins", super::excerpt(&shown)).mark("first", 0..1))
}
