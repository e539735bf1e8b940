//! Connect errors: no connection came about, or it ended before a single response byte.

use super::{AtFault, Class, Entry, Found, Severity, explain};
use crate::evidence::Evidence;
use crate::exchange::recording::{How, Opened};
use crate::lang::{Text, text};
use crate::plan::KeyUse;

const FREE: Text = text("a retry is free: no request was taken", "重试不花钱：请求没有被接收");
const ONCE: Text =
    text("retry once; if it repeats, the server refuses this request or is down", "重试一次；若再次出现，就是服务器拒绝此请求或已停机");

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        code: "key-missing",
        class: Class::Auth,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("no API key for {host}", "没有用于 {host} 的 API key"),
        summary: text(
            "Without a key this API answers nothing. llmcheck takes one from the environment, a file or the configuration, never from the command line, where others could read it.",
            "没有 key，该 API 不会作答。llmcheck 从环境变量、文件或配置读取 key，绝不从命令行读取，以免被他人看到。",
        ),
        advice: &[
            text(
                "export OPENAI_API_KEY=… (or LLMCHECK_API_KEY), or use --api-key-file FILE",
                "执行 export OPENAI_API_KEY=…（或 LLMCHECK_API_KEY），或使用 --api-key-file FILE",
            ),
            text("for a server that wants none, set any: OPENAI_API_KEY=none", "若服务器不需要 key，随便设一个即可：OPENAI_API_KEY=none"),
            text(
                "to see llmcheck at work without a key: llmcheck chat hello --lab healthy",
                "没有 key 也可以试用：llmcheck chat 你好 --lab healthy",
            ),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("key-missing"),
        examine: key_missing,
    },
    Entry {
        code: "name-not-found",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("the name {host} has no address", "域名 {host} 没有地址"),
        summary: text("The resolver says: {detail}.", "解析器的回答：{detail}。"),
        advice: &[
            text("check the spelling in --base-url or OPENAI_BASE_URL", "检查 --base-url 或 OPENAI_BASE_URL 的拼写"),
            text(
                "if other names fail too, it is this machine's DNS; behind a company's proxy, set HTTPS_PROXY",
                "若其他域名也失败，就是本机 DNS 的问题；在公司代理后请设置 HTTPS_PROXY",
            ),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("name-not-found"),
        examine: |evidence| {
            // EAI_AGAIN: the resolver itself could not be asked, which may pass.
            let may_pass = evidence.detail().to_lowercase().contains("temporary");
            (evidence.how == Some(How::NameNotFound)).then(|| Found::certain().retryable(may_pass))
        },
    },
    Entry {
        code: "connection-refused",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("nobody listens at {address}", "{address} 没有服务在监听"),
        summary: text("The machine answered, and refused the connection: {detail}.", "主机有响应，但拒绝了连接：{detail}。"),
        advice: &[text("check host and port, and that the server is running", "检查主机和端口，并确认服务正在运行"), FREE],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("connection-refused"),
        examine: |evidence| (evidence.how == Some(How::Refused)).then(|| Found::certain().value("address", last_address(evidence))),
    },
    Entry {
        code: "host-unreachable",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Network,
        retryable: true,
        title: text("no way to {host}", "无法到达 {host}"),
        summary: text("The network gives no route: {detail}.", "网络没有路由：{detail}。"),
        advice: &[text("check this machine's network, VPN and proxy settings", "检查本机的网络、VPN 和代理设置"), FREE],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("host-unreachable"),
        examine: |evidence| (evidence.how == Some(How::Unreachable)).then(Found::certain),
    },
    Entry {
        code: "proxy-unreachable",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("the proxy {proxy} cannot be used", "代理 {proxy} 无法使用"),
        summary: text("The API itself was not reached. {detail}", "还没有到达 API 本身。{detail}"),
        advice: &[
            text(
                "-v shows which setting or variable named this proxy; correct it, or use --no-proxy",
                "-v 会显示是哪个设置或变量指定了此代理；改正它，或使用 --no-proxy",
            ),
            text(
                "check that the proxy is running, and whether it speaks HTTP or SOCKS (http://, socks5h://)",
                "确认代理正在运行，以及它说的是 HTTP 还是 SOCKS（http://、socks5h://）",
            ),
        ],
        confirm: "{command} --no-proxy",
        labels: &[],
        follows: &[],
        explain: explain!("proxy-unreachable"),
        examine: |evidence| {
            // Or it took the request for a tunnel and ended without a word.
            let is_silent = evidence.is_of_tunnel() && evidence.response().is_none() && !evidence.is_stopped_by_us();
            (evidence.how == Some(How::ProxyUnreachable) || is_silent).then(Found::certain)
        },
    },
    Entry {
        code: "proxy-auth-required",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Client,
        retryable: false,
        title: text("the proxy asks for a user and a password (407)", "代理要求用户名和密码（407）"),
        summary: text("{proxy} lets nobody through without credentials, or not with these.", "{proxy} 没有凭据不放行，或不接受这组凭据。"),
        advice: &[text(
            "put them into the proxy's URL: http://USER:PASSWORD@HOST:PORT",
            "把凭据写进代理的 URL：http://USER:PASSWORD@HOST:PORT",
        )],
        confirm: "{command} -v",
        labels: &[("status", text("the proxy's answer", "代理的回答"))],
        follows: &[],
        explain: explain!("proxy-auth-required"),
        examine: |evidence| {
            let is_asked =
                evidence.status() == Some(407) || evidence.how == Some(How::TunnelRefused) && evidence.detail().starts_with("407");
            is_asked.then(|| Found::certain().mark_status(evidence))
        },
    },
    Entry {
        code: "proxy-refused-tunnel",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Proxy,
        retryable: false,
        title: text("the proxy refused a tunnel to {host}: {refusal}", "代理拒绝建立到 {host} 的隧道：{refusal}"),
        summary: text(
            "{proxy} answered CONNECT with an error, so that the API was never reached.",
            "{proxy} 对 CONNECT 返回了错误，因此根本没有到达 API。",
        ),
        advice: &[
            text(
                "403: the proxy's rules forbid this host or port; 502, 503 or 504: the proxy itself cannot reach it",
                "403：代理规则禁止此主机或端口；502、503、504：代理自己也到不了",
            ),
            text("try --no-proxy, or another proxy", "试试 --no-proxy，或换一个代理"),
        ],
        confirm: "{command} --no-proxy",
        labels: &[("status", text("the proxy's answer", "代理的回答"))],
        follows: &[],
        explain: explain!("proxy-refused-tunnel"),
        examine: |evidence| {
            let refusal = match (evidence.how, evidence.status().filter(|_| evidence.is_of_tunnel())) {
                (_, Some(status)) => status.to_string(),
                (Some(How::TunnelRefused), None) => evidence.detail().to_string(),
                _ => return None,
            };
            (!refusal.starts_with("407")).then(|| Found::certain().value("refusal", super::excerpt(&refusal)).mark_status(evidence))
        },
    },
    Entry {
        code: "closed-before-response",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Server,
        retryable: true,
        title: text("the connection was closed without a single response byte", "连接关闭，一个响应字节都没有"),
        summary: text(
            "The request was sent, and the peer closed in order {after} s later. Clients call it «empty reply», «socket hang up» or «Server disconnected without sending a response».",
            "请求发出 {after} 秒后，对端正常关闭。客户端称之为「empty reply」「socket hang up」或「Server disconnected without sending a response」。",
        ),
        advice: &[
            ONCE,
            text(
                "to the operator: a crash while handling this request, a worker restart, or a proxy that drops what it cannot forward",
                "给运维：处理此请求时崩溃、worker 重启，或代理丢弃了无法转发的内容",
            ),
        ],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("closed-before-response"),
        examine: |evidence| ended_before_response(evidence, evidence.ended_in_order() || evidence.how == Some(How::TlsCut)),
    },
    Entry {
        code: "reset-before-response",
        class: Class::ConnectError,
        severity: Severity::Error,
        at_fault: AtFault::Network,
        retryable: true,
        title: text("the connection was reset before a single response byte", "连接被重置，一个响应字节都没有"),
        summary: text(
            "A RST came {after} s after the request: a crashed process, a full queue, or a firewall that dislikes the destination.",
            "请求发出 {after} 秒后收到 RST：进程崩溃、队列已满，或防火墙不放行此目的地。",
        ),
        advice: &[ONCE, text("if it happens at once and always, try another network or a proxy", "若每次都立即发生，换个网络或代理试试")],
        confirm: "{command} -v",
        labels: &[],
        follows: &[],
        explain: explain!("reset-before-response"),
        examine: |evidence| ended_before_response(evidence, evidence.how == Some(How::Reset)),
    },
];

/// Not sent for want of a key, or told by the server when none was sent.
fn key_missing(evidence: &Evidence<'_>) -> Option<Found> {
    let is_unsent = evidence.how == Some(How::NotSent) && evidence.asked().key == KeyUse::Missing;
    if is_unsent || super::meaning::told(evidence) == Some("key-missing") {
        return Some(Found::certain().mark_status(evidence));
    }
    None
}

fn last_address(evidence: &Evidence<'_>) -> String {
    let failed = evidence.transcript.opened.iter().rev().find_map(|opened| match opened {
        Opened::Failed { address, .. } => Some(address.clone()),
        _ => None,
    });
    failed.unwrap_or_else(|| evidence.asked().url.clone())
}

fn ended_before_response(evidence: &Evidence<'_>, has_ended: bool) -> Option<Found> {
    if evidence.is_of_tunnel() {
        return None;
    }
    // «100 Continue» is no response yet.
    let heard = evidence.transcript.interim.last().map_or(0, |head| head.span.end);
    let is_silent = evidence.transcript.received.length() == heard && evidence.response().is_none();
    if !has_ended || !is_silent {
        return None;
    }
    let after = (evidence.waited_for_end().unwrap_or(0.0) / 10.0).round() / 100.0;
    Some(Found::certain().value("after", after))
}
