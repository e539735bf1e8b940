//! Durations that look like somebody's timer. A hint, never a verdict: it says whose settings to look at first.

use super::{Class, Diagnosis};
use crate::evidence::Evidence;
use crate::exchange::recording::How;
use crate::lang::{Text, text};

/// A default that many installations keep.
struct Timer {
    seconds: u32,
    /// Whose it is, the likeliest first. From the products' own documentation.
    owners: Text,
}

const fn timer(seconds: u32, en: &'static str, zh: &'static str) -> Timer {
    Timer { seconds, owners: text(en, zh) }
}

const TIMERS: &[Timer] = &[
    timer(15, "Envoy's route timeout, Fastly's first_byte_timeout", "Envoy 的 route timeout、Fastly 的 first_byte_timeout"),
    timer(29, "AWS API Gateway's integration timeout", "AWS API Gateway 的集成超时"),
    timer(
        30,
        "Heroku's router (H12), CloudFront's origin timeout, Google's load balancer, gunicorn's worker timeout",
        "Heroku 路由（H12）、CloudFront 源站超时、Google 负载均衡、gunicorn 的 worker 超时",
    ),
    timer(50, "HAProxy's sample «timeout server»", "HAProxy 示例配置的 timeout server"),
    timer(55, "Heroku's idle window in a stream (H15)", "Heroku 流式空闲窗口（H15）"),
    timer(
        60,
        "nginx's proxy_read_timeout, AWS load balancers' idle timeout, Apache's ProxyTimeout, Kong's read_timeout, Varnish's between_bytes_timeout",
        "nginx 的 proxy_read_timeout、AWS 负载均衡空闲超时、Apache 的 ProxyTimeout、Kong 的 read_timeout、Varnish 的 between_bytes_timeout",
    ),
    timer(100, "Cloudflare's Proxy Read Timeout, .NET HttpClient's default", "Cloudflare 的 Proxy Read Timeout、.NET HttpClient 的默认值"),
    timer(
        120,
        "a relay's or worker's timeout of two minutes, IIS' connectionTimeout",
        "中转或 worker 的两分钟超时、IIS 的 connectionTimeout",
    ),
    timer(180, "a proxy_read_timeout of three minutes", "三分钟的 proxy_read_timeout"),
    timer(230, "Azure App Service's load balancer", "Azure App Service 的负载均衡"),
    timer(240, "Azure Load Balancer's idle timeout", "Azure Load Balancer 的空闲超时"),
    timer(
        300,
        "new-api's STREAMING_TIMEOUT, Node's fetch (headersTimeout, bodyTimeout)",
        "new-api 的 STREAMING_TIMEOUT、Node 的 fetch（headersTimeout、bodyTimeout）",
    ),
    timer(350, "the idle timeout of AWS NLB and NAT gateways", "AWS NLB 与 NAT 网关的空闲超时"),
    timer(600, "the OpenAI SDKs' default timeout, DeepSeek's limit on waiting", "OpenAI SDK 的默认超时、DeepSeek 的等待上限"),
    timer(900, "Squid's read_timeout, AWS Lambda's longest run", "Squid 的 read_timeout、AWS Lambda 的最长运行时间"),
    timer(1800, "a gateway's limit of half an hour", "网关的半小时上限"),
];

/// What a measured duration looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    pub seconds: u32,
    pub measured_ms: f64,
    pub since: Since,
    pub owners: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// From the request's last byte.
    Request,
    /// From the last byte before the end.
    LastByte,
}

/// The timer that an end brought about by the other side looks like.
pub fn likeness(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> Option<Likeness> {
    let times = &evidence.transcript.times;
    let until_answer = || Some((Since::Request, evidence.waited_for_first_byte()?));
    let candidates = match diagnosis.verdict.entry.class {
        Class::GatewayError => [until_answer(), None],
        Class::Truncation | Class::ConnectError | Class::StreamError | Class::LengthMismatch if is_ended_by_peer(evidence) => {
            let silence = times.total.zip(times.last_byte.or(times.sent)).map(|(end, last)| (Since::LastByte, end - last));
            [silence, evidence.waited_for_end().map(|length| (Since::Request, length))]
        }
        _ => return None,
    };
    candidates.into_iter().flatten().find_map(|(since, measured_ms)| {
        let timer = TIMERS.iter().find(|timer| is_near(measured_ms / 1000.0, timer.seconds))?;
        Some(Likeness { seconds: timer.seconds, measured_ms, since, owners: timer.owners })
    })
}

fn is_ended_by_peer(evidence: &Evidence<'_>) -> bool {
    matches!(evidence.how, Some(How::Fin | How::Reset | How::TlsClose | How::TlsCut))
}

/// A timer fires when it is due or a little later: scheduling and the way of the last bytes add up to less than a second.
fn is_near(measured: f64, seconds: u32) -> bool {
    let late = measured - f64::from(seconds);
    (-0.1..=0.5 + f64::from(seconds) / 200.0).contains(&late)
}

/// Seconds to the end, where they look like a timer of the nginx-like server that answers.
pub(super) fn gateway_timer(evidence: &Evidence<'_>) -> Option<u64> {
    const TIMERS: [u64; 11] = [5, 10, 20, 30, 60, 90, 120, 180, 300, 600, 900];
    let server = evidence.field("server")?.to_lowercase();
    if !["nginx", "openresty", "tengine"].iter().any(|name| server.starts_with(name)) {
        return None;
    }
    let seconds = evidence.waited_for_end()? / 1000.0;
    TIMERS.into_iter().find(|timer| (seconds - *timer as f64).abs() < 0.2 + *timer as f64 / 40.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_timers_only_when_it_is_the_same_or_a_little_longer() {
        assert!(is_near(60.0, 60) && is_near(60.7, 60) && is_near(601.5, 600));
        assert!(!is_near(59.0, 60) && !is_near(63.0, 60) && !is_near(31.5, 30));
    }

    #[test]
    fn no_two_timers_claim_the_same_duration() {
        for tenths in 0..20_000 {
            let measured = f64::from(tenths) / 10.0;
            assert!(TIMERS.iter().filter(|timer| is_near(measured, timer.seconds)).count() <= 1, "{measured}");
        }
    }
}
