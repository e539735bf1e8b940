//! What a host's name tells: whether it is near, and whose API it is where all the world knows. Any other host may be anything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::api::families::Maker;

/// How far away a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Loopback,
    /// In a network of its own: what serves there is its owner's business.
    Private,
    Public,
}

impl Place {
    pub fn of(host: &str) -> Place {
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        if let Ok(address) = name.parse::<IpAddr>() {
            return Place::of_address(address.to_canonical());
        }
        if name == "localhost" || name.ends_with(".localhost") {
            return Place::Loopback;
        }
        // RFC 6762, RFC 8375, ICANN's .internal (2024), and what routers, companies and Tailscale use; a bare name is one of the own network.
        const ENDS: [&str; 10] =
            [".local", ".internal", ".lan", ".home", ".home.arpa", ".localdomain", ".intranet", ".corp", ".test", ".ts.net"];
        if !name.contains('.') || ENDS.iter().any(|end| name.ends_with(end)) { Place::Private } else { Place::Public }
    }

    fn of_address(address: IpAddr) -> Place {
        const UNIQUE_LOCAL: u16 = 0xfc00;
        const LINK_LOCAL: u16 = 0xfe80;
        let is_loopback = address.is_loopback() || address.is_unspecified();
        let is_private = match address {
            IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || is_shared(v4),
            IpAddr::V6(v6) => begins(v6, UNIQUE_LOCAL, 7) || begins(v6, LINK_LOCAL, 10),
        };
        match (is_loopback, is_private) {
            (true, _) => Place::Loopback,
            (false, true) => Place::Private,
            (false, false) => Place::Public,
        }
    }
}

/// RFC 6598, which Tailscale uses too.
fn is_shared(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [100, 64..=127, _, _])
}

fn begins(address: Ipv6Addr, prefix: u16, bits: u32) -> bool {
    let mask = u16::MAX << (16 - bits);
    address.segments()[0] & mask == prefix
}

/// An API that all the world knows by its host.
#[derive(Debug)]
pub struct Api {
    pub name: &'static str,
    /// Names; one that begins with a dot stands for all below it.
    hosts: &'static [&'static str],
    /// Where its chat API begins, if nothing answers at the root.
    pub path: Option<&'static str>,
    /// Whose models it serves, and only those.
    pub maker: Option<Maker>,
    /// How its keys begin, if no others do so.
    pub key_prefix: Option<&'static str>,
}

const fn api(name: &'static str, hosts: &'static [&'static str], path: Option<&'static str>) -> Api {
    Api { name, hosts, path, maker: None, key_prefix: None }
}

impl Api {
    const fn of(mut self, maker: Maker) -> Api {
        self.maker = Some(maker);
        self
    }

    const fn with_keys(mut self, prefix: &'static str) -> Api {
        self.key_prefix = Some(prefix);
        self
    }
}

/// By their own documentation, 2026-11. DeepSeek and Perplexity answer at the root as well.
pub static APIS: &[Api] = &[
    api("OpenAI", &["api.openai.com", ".api.openai.com"], Some("/v1")).of(Maker::OpenAi).with_keys("sk-proj-"),
    api("Anthropic", &["api.anthropic.com"], Some("/v1")).of(Maker::Anthropic).with_keys("sk-ant-"),
    api("Gemini", &["generativelanguage.googleapis.com"], Some("/v1beta/openai")).of(Maker::Google),
    api("DeepSeek", &["api.deepseek.com"], None).of(Maker::DeepSeek),
    api("OpenRouter", &["openrouter.ai"], Some("/api/v1")).with_keys("sk-or-v1-"),
    api("Groq", &["api.groq.com"], Some("/openai/v1")).with_keys("gsk_"),
    api("xAI", &["api.x.ai"], Some("/v1")).with_keys("xai-"),
    api("Mistral", &["api.mistral.ai"], Some("/v1")),
    api("DashScope", &["dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"], Some("/compatible-mode/v1")),
    api("Moonshot", &["api.moonshot.cn", "api.moonshot.ai"], Some("/v1")).of(Maker::Moonshot),
    api("Zhipu", &["open.bigmodel.cn"], Some("/api/paas/v4")).of(Maker::Zhipu),
    api("Z.ai", &["api.z.ai"], Some("/api/paas/v4")).of(Maker::Zhipu),
    api("SiliconFlow", &["api.siliconflow.cn", "api.siliconflow.com"], Some("/v1")),
    api("Together", &["api.together.xyz", "api.together.ai"], Some("/v1")),
    api("Fireworks", &["api.fireworks.ai"], Some("/inference/v1")),
    api("Volcengine Ark", &["ark.cn-beijing.volces.com"], Some("/api/v3")),
    api("Hugging Face", &["router.huggingface.co"], Some("/v1")),
    api("GitHub Models", &["models.github.ai"], Some("/inference")),
    api("Perplexity", &["api.perplexity.ai"], None),
    api("Azure", &[".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".inference.ai.azure.com"], None),
];

/// The API at this host.
pub fn known(host: &str) -> Option<&'static Api> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_it = |name: &&str| if name.starts_with('.') { host.ends_with(*name) } else { host == *name };
    APIS.iter().find(|api| api.hosts.iter().any(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_hosts_are_known_by_address_and_name() {
        for (host, place) in [
            ("localhost", Place::Loopback),
            ("LocalHost.", Place::Loopback),
            ("api.localhost", Place::Loopback),
            ("127.9.9.9", Place::Loopback),
            ("::1", Place::Loopback),
            ("::ffff:127.0.0.1", Place::Loopback),
            ("0.0.0.0", Place::Loopback),
            ("10.1.2.3", Place::Private),
            ("172.16.0.1", Place::Private),
            ("192.168.1.10", Place::Private),
            ("169.254.1.1", Place::Private),
            ("100.100.1.1", Place::Private),
            ("fd00::1", Place::Private),
            ("fe80::1", Place::Private),
            ("::ffff:10.0.0.1", Place::Private),
            ("gpu.local", Place::Private),
            ("llm.corp.internal", Place::Private),
            ("host.docker.internal", Place::Private),
            ("vllm", Place::Private),
            ("172.32.0.1", Place::Public),
            ("100.128.0.1", Place::Public),
            ("8.8.8.8", Place::Public),
            ("2001:db8::1", Place::Public),
            ("api.openai.com", Place::Public),
            ("local.example", Place::Public),
            ("internal.example.com", Place::Public),
        ] {
            assert_eq!(Place::of(host), place, "{host}");
        }
    }

    #[test]
    fn an_api_is_known_by_its_whole_host() {
        let name = |host| known(host).map(|api| api.name);
        assert_eq!(name("API.OpenAI.com"), Some("OpenAI"));
        assert_eq!(name("eu.api.openai.com"), Some("OpenAI"));
        assert_eq!(name("x.openai.azure.com"), Some("Azure"));
        for host in ["api.openai.com.example", "openai.com", "my-api.openai.com.cn", "notapi.openai.com", "api.openai-proxy.com"] {
            assert_eq!(name(host), None, "{host}");
        }
    }
}
