//! Flags, environment and file become a plan. A value's order of precedence: the flag, the endpoint named by a flag, `LLMCHECK_` variables,
//! `OPENAI_` variables, the file's default endpoint, the built-in default; where each one came from is kept.

pub mod fallback;
mod file;
mod key;
mod owner;
mod proxy;
mod url;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use crate::api::request::{Composed, Trimmed};
use crate::cli::{ChatArgs, ConnectionArgs, KnownHost, ShapeArgs};
use crate::exchange::is_sensitive;
use crate::lang::{Lang, Sentence, text};
use crate::plan::{Addresses, Family, KeyUse, Method, Plan, Roots, Target, Timeouts, Trust};
use crate::secret::Secret;
use crate::wire::coding;
pub use file::ConfigFile;
pub use owner::{Owner, exact, owner};

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-4o-mini";
const BASE_URL_VARIABLES: [&str; 3] = ["LLMCHECK_BASE_URL", "OPENAI_BASE_URL", "OPENAI_API_BASE"];

/// The environment, so that tests can bring their own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's environment; empty variables count as absent.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The process's environment without what says who somebody is: for a host that must not learn it.
pub fn environment_of_nobody(name: &str) -> Option<String> {
    const ACCOUNT: [&str; 4] = ["LLMCHECK_ORG_ID", "OPENAI_ORG_ID", "LLMCHECK_PROJECT_ID", "OPENAI_PROJECT_ID"];
    if ACCOUNT.contains(&name) || key::VARIABLES.contains(&name) { None } else { environment(name) }
}

/// A plan, where its settings came from, and what should be said about them.
#[derive(Debug)]
pub struct Resolved {
    pub plan: Plan,
    pub settings: Settings,
    pub notes: Vec<Sentence>,
}

/// Name, value and source of each setting, in order. Secrets appear by their source only.
#[derive(Clone, Debug, Default)]
pub struct Settings(pub Map<String, Value>);

impl Settings {
    fn add(&mut self, name: &str, value: impl Into<Value>, source: impl Into<String>) {
        self.0.insert(name.to_string(), json!({ "value": value.into(), "source": source.into() }));
    }

    fn part(&self, name: &str, part: &str) -> &str {
        self.0.get(name).and_then(|setting| setting[part].as_str()).unwrap_or_default()
    }

    /// A setting as it may be shown.
    pub fn value(&self, name: &str) -> &str {
        self.part(name, "value")
    }

    /// Where a setting came from: a flag, a variable's name, an endpoint, `default`.
    pub fn source(&self, name: &str) -> &str {
        self.part(name, "source")
    }
}

/// A value and where it came from.
struct Sourced<T> {
    value: T,
    source: String,
}

fn sourced<T>(value: impl Into<T>, source: impl Into<String>) -> Sourced<T> {
    Sourced { value: value.into(), source: source.into() }
}

/// Finds the configuration file: the one named, else the default one if it is there.
///
/// # Errors
/// When the named file is missing, or either has a mistake; file, line and the right spelling are named.
pub fn load_file(named: Option<&Path>, environment: Environment<'_>) -> Result<ConfigFile> {
    if let Some(path) = named {
        return ConfigFile::read(path);
    }
    let home = || {
        let home = environment("HOME").or_else(|| environment("USERPROFILE"))?;
        Some(PathBuf::from(home).join(".config"))
    };
    let directory = environment("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
    match directory.map(|directory| directory.join("llmcheck").join("config.toml")) {
        Some(path) if path.exists() => ConfigFile::read(&path),
        _ => Ok(ConfigFile::default()),
    }
}

/// What is wanted of one endpoint, as it was typed.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub base_url: Option<&'a str>,
    /// The name of an endpoint of the file.
    pub endpoint: Option<&'a str>,
    pub connection: &'a ConnectionArgs,
    pub shape: &'a ShapeArgs,
    /// The lab takes the place of an endpoint.
    pub lab: Option<&'a Override>,
    /// Where the stream setting comes from.
    pub names_mode: bool,
}

impl<'a> Wanted<'a> {
    pub fn of_chat(args: &'a ChatArgs, lab: Option<&'a Override>) -> Wanted<'a> {
        Wanted {
            base_url: args.target.base_url.as_deref(),
            endpoint: args.target.endpoint.as_deref(),
            connection: &args.connection,
            shape: &args.request.shape,
            lab,
            names_mode: args.request.stream || args.request.no_stream,
        }
    }
}

/// What a request needs that was found elsewhere than in flags: the lab's address and bounds.
pub struct Override {
    /// Such as `lab/healthy`.
    pub endpoint: String,
    pub base_url: String,
    pub proxy: Option<String>,
    /// Where its name is not to be looked up.
    pub addresses: Vec<IpAddr>,
    pub authority: Option<String>,
    pub timeouts: Timeouts,
}

/// Resolves the request to one endpoint. `compose` makes the body for a model.
///
/// # Errors
/// Whatever the user has to correct: a file, a URL, a header field, a value.
pub fn resolve(
    wanted: &Wanted<'_>,
    file: &ConfigFile,
    compose: impl FnOnce(&str) -> Result<Composed>,
    environment: Environment<'_>,
) -> Result<Resolved> {
    let mut settings = Settings::default();
    let mut notes = Vec::new();
    let endpoint = endpoint(wanted, file, environment)?;

    let base_url = base_url(wanted, endpoint.as_ref(), environment, &mut notes);
    let target = url::target(&base_url.value).with_context(|| format!("the base URL (from {})", base_url.source))?;
    settings.add("base_url", url::masked(&base_url.value), base_url.source);

    let model = model(wanted, endpoint.as_ref(), environment);
    let composed = compose(&model.value)?;
    if composed.is_of_model {
        settings.add("model", model.value.clone(), model.source);
    }
    notes.extend(composed.trimmed.map(left_out));
    settings.add("stream", composed.stream, if wanted.names_mode { "flag" } else { "default" });

    let timeouts = timeouts(wanted, endpoint.as_ref(), &mut settings);
    let proxy = match wanted.lab {
        Some(lab) => lab.proxy.as_deref().map(|proxy| proxy::parse(proxy).map(|proxy| sourced(proxy, "lab"))).transpose()?,
        None => {
            let of_endpoint = endpoint.as_ref().and_then(|endpoint| endpoint.value.proxy.as_deref());
            proxy::choose(wanted.connection, of_endpoint, &target, environment)?
        }
    };
    settings.add(
        "proxy",
        proxy.as_ref().map_or("none".into(), |proxy| proxy.value.url()),
        proxy.as_ref().map_or("default", |proxy| &proxy.source),
    );

    let trust = trust(wanted, environment, &mut settings);
    let found = match wanted.lab {
        Some(_) => Some(sourced(Secret::new("lab-key-0123456789abcdef"), "lab")),
        None => key::find(wanted.connection, endpoint.as_ref(), environment)?,
    };
    let headers = headers(wanted, endpoint.as_ref(), &target, found.as_ref(), composed.stream, environment)?;
    let is_authorized = headers.iter().any(|(name, _)| is_sensitive(name));
    let key = match (&found, is_authorized) {
        (_, true) => KeyUse::Sent,
        (_, false) if url::is_loopback(&target) || url::has_secret(&base_url.value) => KeyUse::NotNeeded,
        (_, false) => KeyUse::Missing,
    };
    settings.add("api_key", if is_authorized { "set" } else { "none" }, found.as_ref().map_or("default", |found| &found.source));

    let known_addresses = known_addresses(wanted, &target);
    let mut secrets: Vec<Secret> = found.map(|found| found.value).into_iter().collect();
    secrets.extend(headers.iter().filter(|(name, _)| is_sensitive(name)).flat_map(|(name, value)| credentials(name, value)));
    secrets.extend(proxy.as_ref().and_then(|proxy| proxy.value.credentials.clone()).map(|(_, password)| password));
    secrets.extend(url::secrets(&base_url.value));
    let plan = Plan {
        endpoint: match (wanted.lab, &endpoint) {
            (Some(lab), _) => lab.endpoint.clone(),
            (None, Some(endpoint)) => endpoint.value.name.clone(),
            (None, None) => target.host.clone(),
        },
        method: Method::Post,
        target,
        headers,
        body: composed.body,
        model: composed.model,
        stream: composed.stream,
        max_tokens: composed.max_tokens,
        key,
        secrets,
        proxy: proxy.map(|proxy| proxy.value),
        addresses: addresses(wanted.connection),
        known_addresses,
        trust,
        timeouts,
    };
    Ok(Resolved { plan, settings, notes })
}

fn addresses(args: &ConnectionArgs) -> Addresses {
    match (args.ipv4, args.ipv6) {
        (true, _) => Addresses::OfFamily(Family::V4),
        (_, true) => Addresses::OfFamily(Family::V6),
        _ => Addresses::All,
    }
}

fn known_addresses(wanted: &Wanted<'_>, target: &Target) -> Vec<IpAddr> {
    if let Some(lab) = wanted.lab {
        return lab.addresses.clone();
    }
    let is_target = |known: &&KnownHost| known.host == target.host.to_ascii_lowercase() && known.port == target.port;
    wanted.connection.resolve.iter().find(is_target).map(|known| known.addresses.clone()).unwrap_or_default()
}

fn left_out(trimmed: Trimmed) -> Sentence {
    let words = text(
        "{n} of the {all} messages of --messages are left out (--keep-turns)",
        "--messages 的 {all} 条消息中有 {n} 条未发送（--keep-turns）",
    );
    Sentence { words, values: vec![("n", trimmed.left_out.to_string()), ("all", trimmed.of.to_string())] }
}

/// The credentials in a field's value: without a scheme's name, and each cookie's value by itself.
fn credentials(name: &str, value: &str) -> Vec<Secret> {
    if name.to_ascii_lowercase().contains("cookie") {
        return value.split(';').filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| Secret::new(value.trim())).collect();
    }
    vec![Secret::new(value.split_once(' ').map_or(value, |(_, credential)| credential))]
}

fn endpoint<'a>(wanted: &Wanted<'_>, file: &'a ConfigFile, environment: Environment<'_>) -> Result<Option<Sourced<&'a file::Endpoint>>> {
    if wanted.lab.is_some() {
        return Ok(None);
    }
    if let Some(name) = wanted.endpoint {
        return Ok(Some(sourced(file.endpoint(name)?, format!("endpoint {name} in {}", file.place()))));
    }
    // Its key and fields must go to no other address than its own.
    let has_other_address = wanted.base_url.is_some() || BASE_URL_VARIABLES.iter().any(|name| environment(name).is_some());
    let Some(name) = file.default.as_ref().filter(|_| !has_other_address) else {
        return Ok(None);
    };
    Ok(Some(sourced(file.endpoint(name)?, format!("default endpoint {name} in {}", file.place()))))
}

fn base_url(
    wanted: &Wanted<'_>,
    endpoint: Option<&Sourced<&file::Endpoint>>,
    environment: Environment<'_>,
    notes: &mut Vec<Sentence>,
) -> Sourced<String> {
    if let Some(lab) = wanted.lab {
        return sourced(lab.base_url.clone(), "lab");
    }
    if let Some(url) = wanted.base_url {
        return sourced(url, "--base-url");
    }
    if let Some(endpoint) = endpoint {
        return sourced(endpoint.value.base_url.clone(), endpoint.source.clone());
    }
    for name in BASE_URL_VARIABLES {
        if let Some(url) = environment(name) {
            if name == "OPENAI_API_BASE" {
                notes.push(
                    text(
                        "OPENAI_API_BASE is the old name; current SDKs read OPENAI_BASE_URL",
                        "OPENAI_API_BASE 是旧名称；现在的 SDK 读取 OPENAI_BASE_URL",
                    )
                    .into(),
                );
            }
            return sourced(url, name);
        }
    }
    sourced(DEFAULT_BASE_URL, "default")
}

/// An endpoint that was asked for by a flag beats the environment.
fn model(wanted: &Wanted<'_>, endpoint: Option<&Sourced<&file::Endpoint>>, environment: Environment<'_>) -> Sourced<String> {
    if let Some(model) = &wanted.shape.model {
        return sourced(model, "--model");
    }
    let of_endpoint = endpoint.and_then(|endpoint| Some(sourced(endpoint.value.model.as_ref()?, endpoint.source.clone())));
    let of_environment = environment("LLMCHECK_MODEL").map(|model| sourced(model, "LLMCHECK_MODEL"));
    let chosen = if wanted.endpoint.is_some() { of_endpoint.or(of_environment) } else { of_environment.or(of_endpoint) };
    chosen.unwrap_or_else(|| sourced(DEFAULT_MODEL, "default"))
}

fn timeouts(wanted: &Wanted<'_>, endpoint: Option<&Sourced<&file::Endpoint>>, settings: &mut Settings) -> Timeouts {
    let args = wanted.connection;
    let of_endpoint = endpoint.map(|endpoint| endpoint.value.timeouts.clone()).unwrap_or_default();
    let of_lab = wanted.lab.map(|lab| lab.timeouts).unwrap_or_default();
    let source = endpoint.map_or("", |endpoint| endpoint.source.as_str());
    let mut choose = |name: &str, flag: Option<Duration>, endpoint: Option<Duration>, lab: Option<Duration>, default: u64| {
        let (value, source) = match (flag, lab, endpoint) {
            (Some(flag), _, _) => (flag, "flag"),
            (None, Some(lab), _) => (lab, "lab"),
            (None, None, Some(endpoint)) => (endpoint, source),
            (None, None, None) => (Duration::from_secs(default), "default"),
        };
        settings.add(name, humantime::format_duration(value).to_string(), source);
        Some(value)
    };
    Timeouts {
        connect: choose("connect_timeout", args.connect_timeout, of_endpoint.connect, of_lab.connect, 10),
        first_byte: choose("first_byte_timeout", args.first_byte_timeout, of_endpoint.first_byte, of_lab.first_byte, 300),
        idle: choose("idle_timeout", args.idle_timeout, of_endpoint.idle, of_lab.idle, 120),
        total: choose("timeout", args.timeout, of_endpoint.total, of_lab.total, 600),
    }
}

/// curl's order: the flag, CURL_CA_BUNDLE, SSL_CERT_DIR, SSL_CERT_FILE; OpenSSL uses the last two together, we the file first.
fn trust(wanted: &Wanted<'_>, environment: Environment<'_>, settings: &mut Settings) -> Trust {
    let args = wanted.connection;
    let by_variable = |name: &'static str| environment(name).map(|path| (PathBuf::from(path), name));
    let (roots, source) = match (wanted.lab, &args.cacert) {
        (Some(lab), _) => (lab.authority.clone().map_or(Roots::System, Roots::Pem), "lab".to_string()),
        (None, Some(path)) => (Roots::File(path.clone()), "--cacert".to_string()),
        (None, None) => match (by_variable("CURL_CA_BUNDLE").or_else(|| by_variable("SSL_CERT_FILE")), by_variable("SSL_CERT_DIR")) {
            (Some((path, name)), _) => (Roots::File(path), name.to_string()),
            (None, Some((path, name))) => (Roots::Directory(path), name.to_string()),
            (None, None) => (Roots::System, "default".to_string()),
        },
    };
    let shown = match &roots {
        Roots::System => "the system's store".to_string(),
        Roots::File(path) | Roots::Directory(path) => path.display().to_string(),
        Roots::Pem(_) => "the lab's authority".to_string(),
    };
    settings.add(
        "certificates",
        if args.insecure { "any".to_string() } else { shown },
        if args.insecure { "--insecure".into() } else { source },
    );
    Trust { roots, insecure: args.insecure }
}

/// The request's header fields; those of flags replace those of the file, and both replace our own.
fn headers(
    wanted: &Wanted<'_>,
    endpoint: Option<&Sourced<&file::Endpoint>>,
    target: &Target,
    key: Option<&Sourced<Secret>>,
    stream: bool,
    environment: Environment<'_>,
) -> Result<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = vec![
        ("content-type".into(), "application/json".into()),
        ("accept".into(), if stream { "text/event-stream" } else { "application/json" }.into()),
        ("accept-encoding".into(), wanted.shape.accept_encoding.clone().unwrap_or_else(|| coding::ACCEPTED.into())),
        ("user-agent".into(), concat!("llmcheck/", env!("CARGO_PKG_VERSION")).into()),
        // An honest server then closes at once, so that the look for surplus after the body costs no time.
        ("connection".into(), "close".into()),
    ];
    if let Some(key) = key {
        let field = key_field(target);
        let scheme = if field == "authorization" { "Bearer " } else { "" };
        headers.push((field.into(), format!("{scheme}{}", key.value.expose())));
    }
    for (variable, name) in [("OPENAI_ORG_ID", "openai-organization"), ("OPENAI_PROJECT_ID", "openai-project")] {
        let own = variable.replace("OPENAI_", "LLMCHECK_");
        if wanted.lab.is_none()
            && let Some(value) = environment(&own).or_else(|| environment(variable))
        {
            headers.push((name.into(), value));
        }
    }
    for (name, value) in endpoint.iter().flat_map(|endpoint| &endpoint.value.headers) {
        set(&mut headers, name, value);
    }
    for header in &wanted.shape.headers {
        let Some((name, value)) = header.split_once(':') else {
            bail!("--header {header:?} has no colon; write it as 'Name: value'");
        };
        set(&mut headers, name.trim(), value.trim());
    }
    for (name, value) in &headers {
        let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if !is_token {
            bail!("{name:?} is not a header field's name");
        }
        if value.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
            bail!("the value of the header field {name} has a control character in it");
        }
    }
    Ok(headers)
}

/// The field in which this host wants its key.
pub fn key_field(target: &Target) -> &'static str {
    let is_azure = [".openai.azure.com", ".cognitiveservices.azure.com"].iter().any(|suffix| target.host.ends_with(suffix));
    if is_azure { "api-key" } else { "authorization" }
}

/// Replaces a field or removes it if the value is empty.
fn set(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    if !value.is_empty() {
        headers.push((name.to_string(), value.to_string()));
    }
}

/// The language by flag, variable, file or locale.
pub fn lang(choice: crate::cli::LangChoice, environment: Environment<'_>) -> Lang {
    use crate::cli::LangChoice;
    match (choice, environment("LLMCHECK_LANG").as_deref()) {
        (LangChoice::En, _) | (LangChoice::Auto, Some("en")) => Lang::En,
        (LangChoice::Zh, _) | (LangChoice::Auto, Some("zh")) => Lang::Zh,
        (LangChoice::Auto, _) => Lang::from_locale(|name| environment(name)),
    }
}

#[cfg(test)]
mod tests;
