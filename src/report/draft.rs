//! A request that was not sent, `llmcheck.request/1`: a contract as the report is, keys are only ever added. What is said of it beside
//! that is how to send it with curl.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::curl;
use crate::api::tokens::Tokens;
use crate::config;
use crate::lang::{Lang, Text, text};
use crate::plan::{KeyUse, Plan};
use crate::preflight::{self, Told};
use crate::wire::head::{Head, end_of_head};

pub const SCHEMA: &str = "llmcheck.request/1";

#[derive(Debug, Serialize)]
pub struct Draft {
    pub schema: &'static str,
    pub method: String,
    pub url: String,
    /// In wire order and case.
    pub headers: Vec<(String, String)>,
    pub body_bytes: u64,
    pub body: Body,
    pub proxy: Option<String>,
    /// None where the body cannot be read.
    pub estimated_tokens: Option<Tokens>,
    pub preflight: Vec<Told>,
    /// How many parts the input would be asked for in: this is the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<usize>,
    pub curl: String,
    /// What has to be done before the command works.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// As text where it is UTF-8, in base64 where not, as recordings hold it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Body {
    Text(String),
    Coded { base64: String },
}

impl Body {
    fn of(bytes: &[u8]) -> Body {
        match std::str::from_utf8(bytes) {
            Ok(text) => Body::Text(text.to_string()),
            Err(_) => Body::Coded { base64: STANDARD.encode(bytes) },
        }
    }
}

const SET_FIRST: Text = text("set {names} first: no key stands in the command", "请先设置 {names}：命令中没有 key");
const SAVE_FIRST: Text = text(
    "save the body of {n} bytes first: llmcheck chat … --dry-run --json | jq -j .body > request-body.json",
    "请先保存 {n} 字节的请求体：llmcheck chat … --dry-run --json | jq -j .body > request-body.json",
);

impl Draft {
    /// The request in `drafted`, whose secrets are covered; `body_file` is where its body stands as it is, if anywhere.
    pub fn new(drafted: &[u8], plan: &Plan, preflight: Vec<Told>, body_file: Option<&Path>, lang: Lang) -> Draft {
        let (head, body) = drafted.split_at(end_of_head(drafted).unwrap_or(drafted.len()));
        let head = Head::parse(head, 0);
        let mut words = head.first_line.split(' ');
        let method = words.next().unwrap_or_default().to_string();
        // Its path is the one whose secrets are covered; to a proxy it is named in full.
        let path = words.next().unwrap_or_default();
        let url = if path.starts_with('/') { format!("{}{path}", plan.target.origin()) } else { path.to_string() };
        let headers: Vec<(String, String)> = head.fields.into_iter().map(|field| (field.name, field.value)).collect();
        let command = command(&url, &headers, body, plan, body_file);
        let mut notes = Vec::new();
        if !command.variables.is_empty() {
            notes.push(SET_FIRST.fill(lang, |_| Some(command.variables.join(", "))));
        }
        notes.extend(command.body_file.map(|n| SAVE_FIRST.fill(lang, |_| Some(n.to_string()))));
        Draft {
            schema: SCHEMA,
            method,
            url,
            headers,
            body_bytes: body.len() as u64,
            body: Body::of(body),
            proxy: plan.proxy.as_ref().map(|proxy| proxy.url()),
            estimated_tokens: preflight::estimate(plan),
            preflight,
            parts: None,
            curl: command.text,
            notes,
        }
    }
}

fn command(url: &str, headers: &[(String, String)], body: &[u8], plan: &Plan, body_file: Option<&Path>) -> curl::Command {
    let mut headers = headers.to_vec();
    // The scheme of a credential is no secret.
    for (name, value) in headers.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        let planned = plan.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((scheme, _)) = planned.and_then(|(_, value)| value.split_once(' ')) {
            *value = format!("{scheme} *");
        }
    }
    if plan.key == KeyUse::Missing {
        headers.push((config::key_field(&plan.target).to_string(), "*".to_string()));
    }
    let proxy = plan.proxy.as_ref();
    curl::command(&curl::Request {
        url,
        proxy: proxy.map(|proxy| proxy.url()).as_deref(),
        proxy_user: proxy.is_some_and(|proxy| proxy.credentials.is_some()),
        insecure: plan.trust.insecure,
        roots: Some(&plan.trust.roots),
        sent: Some(curl::Sent { headers: &headers, body, body_bytes: body.len() as u64, body_file }),
    })
}
