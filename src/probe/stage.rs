//! The way to an endpoint, stage by stage: what each of them showed. Pure: from transcripts to verdicts.

use schemars::JsonSchema;
use serde::Serialize;

use super::fault;
use crate::diagnosis::{Class, Diagnosis, Finding, Severity};
use crate::evidence::Evidence;
use crate::exchange::recording::{How, Opened, TlsFacts};
use crate::lang::{Lang, Sentence, Text, text};
use crate::products;
use crate::wire::content::Form;
use crate::wire::transcript::Transcript;

/// A step on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    Name,
    Tcp,
    Tls,
    Http,
    Models,
    Key,
    Chat,
    Stream,
}

impl Name {
    pub fn word(self) -> Text {
        match self {
            Name::Name => text("name", "域名"),
            Name::Tcp => text("TCP", "TCP"),
            Name::Tls => text("TLS", "TLS"),
            Name::Http => text("HTTP", "HTTP"),
            Name::Models => text("models", "模型列表"),
            Name::Key => text("key", "密钥"),
            Name::Chat => text("chat", "对话"),
            Name::Stream => text("stream", "流式"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    /// Nothing to be judged here.
    Skipped,
    Warning,
    Failed,
}

/// What a stage showed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Stage {
    pub name: Name,
    pub state: State,
    pub code: Option<&'static str>,
    pub class: Option<Class>,
    /// How long this stage took by itself.
    pub ms: Option<f64>,
    #[serde(skip)]
    pub said: Sentence,
    /// `said` in the report's language.
    pub text: String,
}

impl Stage {
    pub fn new(name: Name, state: State, ms: Option<f64>, words: Text, values: Vec<(&'static str, String)>) -> Stage {
        Stage { name, state, code: None, class: None, ms, said: Sentence { words, values }, text: String::new() }
    }

    fn failed(name: Name, ms: Option<f64>, diagnosis: &Diagnosis) -> Stage {
        Stage::found(name, ms, &diagnosis.verdict)
    }

    fn found(name: Name, ms: Option<f64>, finding: &Finding) -> Stage {
        let entry = finding.entry;
        let state = match entry.severity {
            Severity::Error => State::Failed,
            Severity::Warning => State::Warning,
            Severity::Ok => State::Ok,
        };
        let title = |lang| finding.say(entry.title, lang);
        const WORDS: Text = text("{en}", "{zh}");
        let stage = Stage::new(name, state, ms, WORDS, vec![("en", title(Lang::En)), ("zh", title(Lang::Zh))]);
        Stage { code: Some(entry.code), class: Some(entry.class), ..stage }
    }

    /// The stage in one language.
    pub fn in_lang(mut self, lang: Lang) -> Stage {
        self.text = self.said.say(lang);
        self
    }
}

/// What a look at the connection showed of the name, and the addresses that it has.
pub fn of_name(transcript: &Transcript, diagnosis: &Diagnosis) -> Option<(Stage, Vec<String>)> {
    let resolved = transcript.opened.iter().find_map(|opened| match opened {
        Opened::Resolved { host, addresses } => Some((host, addresses)),
        _ => None,
    });
    if let Some((host, addresses)) = resolved {
        const WORDS: Text = text("{host} is {addresses}", "{host} 解析为 {addresses}");
        let shown: Vec<&str> = addresses.iter().map(|address| bare(address)).collect();
        let values = vec![("host", host.clone()), ("addresses", shown.join(", "))];
        return Some((Stage::new(Name::Name, State::Ok, transcript.times.resolved, WORDS, values), addresses.clone()));
    }
    let is_of_name = matches!(transcript.ending.as_ref().map(|ending| ending.how), Some(How::NameNotFound));
    is_of_name.then(|| (Stage::failed(Name::Name, transcript.times.total, diagnosis), Vec::new()))
}

/// An address without its port.
fn bare(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(address, _)| address.trim_matches(['[', ']']))
}

/// What a look at one address, or at the proxy, showed of TCP.
pub fn of_tcp(transcript: &Transcript, diagnosis: &Diagnosis, proxy: Option<&str>) -> Option<Stage> {
    let connected = transcript.opened.iter().find_map(|opened| match opened {
        Opened::Connected { address } => Some(address.clone()),
        _ => None,
    });
    let times = &transcript.times;
    let ms = times.connected.map(|connected| connected - times.resolved.unwrap_or(0.0));
    let Some(address) = connected else {
        let is_later = matches!(transcript.ending.as_ref().map(|ending| ending.how), Some(How::NameNotFound | How::NotSent) | None);
        return (!is_later).then(|| Stage::failed(Name::Tcp, times.total, diagnosis));
    };
    let is_usable = transcript.ending.as_ref().is_some_and(|ending| ending.how == How::Unused);
    // What TLS did is told where TLS is told.
    let is_of_tls = transcript.tls.is_some() || diagnosis.verdict.entry.class == Class::TlsError;
    if !is_usable && !is_of_tls {
        return Some(Stage::failed(Name::Tcp, times.total, diagnosis));
    }
    const TO: Text = text("connected to {address}", "已连接 {address}");
    const BY_PROXY: Text = text("connected through the proxy {proxy}", "已经由代理 {proxy} 连接");
    let (words, value) = proxy.map_or((TO, ("address", address)), |proxy| (BY_PROXY, ("proxy", proxy.to_string())));
    Some(Stage::new(Name::Tcp, State::Ok, ms, words, vec![value]))
}

/// A connection past a proxy that lets nothing through.
pub fn past_proxy(transcript: &Transcript) -> Option<Stage> {
    const PAST: Text = text("past the proxy it works: use --no-proxy", "不经代理可以连接：用 --no-proxy");
    let is_usable = transcript.ending.as_ref().is_some_and(|ending| ending.how == How::Unused);
    is_usable.then(|| Stage::new(Name::Tcp, State::Ok, transcript.times.total, PAST, Vec::new()))
}

/// Days until a certificate ends that are worth a warning.
const SOON: i64 = 14;

/// What the handshake showed; `days_left` counts a date's days from now on.
pub fn of_tls(transcript: &Transcript, diagnosis: &Diagnosis, days_left: impl Fn(&str) -> Option<i64>) -> Option<Stage> {
    let times = &transcript.times;
    let ms = times.tls.zip(times.connected).map(|(tls, connected)| tls - connected);
    let how = transcript.ending.as_ref().map(|ending| ending.how)?;
    let has_failed = !matches!(how, How::Unused | How::Cancelled);
    let Some(tls) = &transcript.tls else {
        let is_of_tls = has_failed && diagnosis.verdict.entry.class == Class::TlsError;
        return is_of_tls.then(|| Stage::failed(Name::Tls, times.total, diagnosis));
    };
    if has_failed {
        return Some(Stage::failed(Name::Tls, ms, diagnosis));
    }
    let left = tls.not_after.as_deref().and_then(days_left);
    let interceptor = tls.issuer.as_deref().and_then(products::intercepts);
    let values = tls_values(tls, left, interceptor.map(|product| product.name));
    const GOOD: Text = text(
        "{version}, {chain} certificates, issued by {issuer}, valid for {days} more days",
        "{version}，{chain} 张证书，签发者 {issuer}，还有 {days} 天到期",
    );
    const UNDATED: Text = text("{version}, {chain} certificates, issued by {issuer}", "{version}，{chain} 张证书，签发者 {issuer}");
    const ENDS_SOON: Text =
        text("{version}; the certificate of {issuer} ends in {days} days", "{version}；{issuer} 签发的证书将在 {days} 天后到期");
    const INTERCEPTED: Text = text(
        "{version}; intercepted: the certificate is by {product} ({issuer})",
        "{version}；TLS 被拦截：证书由 {product} 签发（{issuer}）",
    );
    let (state, words) = match (interceptor, left) {
        (Some(_), _) => (State::Warning, INTERCEPTED),
        (None, Some(days)) if days < SOON => (State::Warning, ENDS_SOON),
        (None, Some(_)) => (State::Ok, GOOD),
        (None, None) => (State::Ok, UNDATED),
    };
    let stage = Stage::new(Name::Tls, state, ms, words, values);
    Some(if interceptor.is_some() { Stage { code: Some("tls-intercepted"), class: Some(Class::ProxyRewrite), ..stage } } else { stage })
}

fn tls_values(tls: &TlsFacts, left: Option<i64>, product: Option<&str>) -> Vec<(&'static str, String)> {
    // Of a distinguished name the organisation or the common name is what people know.
    let known_by = |issuer: &str| {
        let part = |key: &str| issuer.split(',').find_map(|part| part.trim().strip_prefix(key).map(str::to_string));
        part("O=").or_else(|| part("CN=")).unwrap_or_else(|| issuer.to_string())
    };
    vec![
        ("version", tls.version.clone().unwrap_or_else(|| "TLS".into())),
        ("chain", tls.chain.to_string()),
        ("issuer", tls.issuer.as_deref().map_or_else(|| "?".into(), known_by)),
        ("days", left.unwrap_or_default().to_string()),
        ("product", product.unwrap_or_default().to_string()),
    ]
}

/// What the request for the list of models showed: of HTTP, of the list, and of the key where that shows.
pub fn of_models(evidence: &Evidence<'_>, diagnosis: &Diagnosis, model: Option<&str>) -> Vec<Stage> {
    let times = &evidence.transcript.times;
    let waited = evidence.waited_for_first_byte();
    let Some(status) = evidence.status() else {
        return vec![Stage::failed(Name::Http, times.total, diagnosis)];
    };
    let server = evidence.field("server").unwrap_or("?").to_string();
    const HTTP: Text = text("{version}, the server calls itself {server}", "{version}，服务器自称 {server}");
    const HTTP_UNNAMED: Text = text("{version}", "{version}");
    let version = evidence.head().and_then(|head| head.first_line.split(' ').next()).unwrap_or("HTTP").to_string();
    let words = if evidence.field("server").is_some() { HTTP } else { HTTP_UNNAMED };
    let mut stages = vec![Stage::new(Name::Http, State::Ok, waited, words, vec![("version", version), ("server", server)])];
    let class = diagnosis.verdict.entry.class;
    if matches!(status, 401 | 403) && matches!(class, Class::Auth | Class::Quota) {
        stages.push(Stage::failed(Name::Key, None, diagnosis));
        return stages;
    }
    stages.push(list(evidence, status, model, times.total));
    stages
}

fn list(evidence: &Evidence<'_>, status: u16, model: Option<&str>, ms: Option<f64>) -> Stage {
    const HAS: Text = text("{n} models, {model} among them", "{n} 个模型，包括 {model}");
    const LACKS: Text = text("{n} models, {model} is not among them", "{n} 个模型，其中没有 {model}");
    const NONE: Text = text("no list of models is offered ({status})", "没有提供模型列表（{status}）");
    const OTHER: Text = text("what came is no list of models ({status})", "返回的不是模型列表（{status}）");
    let names: Option<Vec<String>> = match evidence.content().map(|content| &content.form) {
        Some(Form::Json(document)) if evidence.is_success() => serde_json::from_slice::<serde_json::Value>(&document.text)
            .ok()
            .and_then(|value| value.get("data").or_else(|| value.get("models")).and_then(|data| data.as_array().cloned()))
            .map(|data| data.iter().filter_map(|model| model["id"].as_str().or(model["name"].as_str()).map(str::to_string)).collect()),
        _ => None,
    };
    let values = |n: usize| vec![("n", n.to_string()), ("model", model.unwrap_or("?").to_string()), ("status", status.to_string())];
    match names {
        // Many relays serve more models than they list.
        Some(names) if model.is_some_and(|model| names.iter().any(|name| name == model)) => {
            Stage::new(Name::Models, State::Ok, ms, HAS, values(names.len()))
        }
        Some(names) => Stage::new(Name::Models, State::Warning, ms, LACKS, values(names.len())),
        None if matches!(status, 404 | 405 | 501) => Stage::new(Name::Models, State::Skipped, ms, NONE, values(0)),
        None => Stage::new(Name::Models, State::Warning, ms, OTHER, values(0)),
    }
}

/// What a minimal chat showed: of the answer, and before it of the key where nothing showed that yet.
pub fn of_chat(name: Name, evidence: &Evidence<'_>, diagnosis: &Diagnosis, is_key_known: bool) -> Vec<Stage> {
    const KEY: Text = text("accepted", "有效");
    const NO_KEY: Text = text("none was sent, and none was asked for", "没有发送密钥，服务器也没有要求");
    let times = &evidence.transcript.times;
    let mut stages = Vec::new();
    if !is_key_known && evidence.reply.as_ref().is_some_and(|reply| reply.has_content()) {
        let words = if evidence.asked().key == crate::plan::KeyUse::Sent { KEY } else { NO_KEY };
        stages.push(Stage::new(Name::Key, State::Ok, None, words, Vec::new()));
    }
    if matches!(diagnosis.verdict.entry.class, Class::Auth) {
        stages.push(Stage::failed(Name::Key, times.total, diagnosis));
        return stages;
    }
    let fault = fault::of(diagnosis, evidence);
    // An interception was told with TLS.
    let warning = Some(&diagnosis.verdict).filter(|verdict| !matches!(verdict.entry.code, "healthy" | "tls-intercepted"));
    if let Some(finding) = fault.or(warning) {
        let stage = Stage::found(name, times.total, finding);
        stages.push(if fault.is_none() { Stage { state: State::Warning, ..stage } } else { stage });
        return stages;
    }
    const ANSWERED: Text = text("answered, {bytes} bytes, nothing missing", "已回答，{bytes} 字节，没有缺失");
    const STREAMED: Text =
        text("answered, first token after {first} ms, finished as it should", "已回答，首个 token 用时 {first} 毫秒，正常结束");
    let values = vec![
        ("bytes", evidence.wire().to_string()),
        ("first", times.first_token.map_or_else(|| "?".into(), |first| format!("{first:.0}"))),
    ];
    let words = if name == Name::Stream { STREAMED } else { ANSWERED };
    stages.push(Stage::new(name, State::Ok, times.total, words, values));
    stages
}
