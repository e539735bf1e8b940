//! The classes of verdicts and their exit codes, a contract with scripts: a class keeps its name and its number for ever.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Healthy,
    LengthMismatch,
    Truncation,
    ProxyRewrite,
    RateLimit,
    Quota,
    Auth,
    InvalidRequest,
    UpstreamError,
    GatewayError,
    Timeout,
    StreamError,
    TokenLimit,
    ContentFilter,
    ConnectError,
    TlsError,
    NotAnApi,
    Unknown,
    Interrupted,
}

impl Class {
    pub const ALL: [Class; 19] = [
        Class::Healthy,
        Class::LengthMismatch,
        Class::Truncation,
        Class::ProxyRewrite,
        Class::RateLimit,
        Class::Quota,
        Class::Auth,
        Class::InvalidRequest,
        Class::UpstreamError,
        Class::GatewayError,
        Class::Timeout,
        Class::StreamError,
        Class::TokenLimit,
        Class::ContentFilter,
        Class::ConnectError,
        Class::TlsError,
        Class::NotAnApi,
        Class::Unknown,
        Class::Interrupted,
    ];

    /// The name as it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Class::Healthy => "healthy",
            Class::LengthMismatch => "length_mismatch",
            Class::Truncation => "truncation",
            Class::ProxyRewrite => "proxy_rewrite",
            Class::RateLimit => "rate_limit",
            Class::Quota => "quota",
            Class::Auth => "auth",
            Class::InvalidRequest => "invalid_request",
            Class::UpstreamError => "upstream_error",
            Class::GatewayError => "gateway_error",
            Class::Timeout => "timeout",
            Class::StreamError => "stream_error",
            Class::TokenLimit => "token_limit",
            Class::ContentFilter => "content_filter",
            Class::ConnectError => "connect_error",
            Class::TlsError => "tls_error",
            Class::NotAnApi => "not_an_api",
            Class::Unknown => "unknown",
            Class::Interrupted => "interrupted",
        }
    }

    /// The exit code of a verdict of this class whose severity is an error.
    pub fn exit_code(self) -> u8 {
        match self {
            Class::Healthy => 0,
            Class::LengthMismatch => 10,
            Class::Truncation => 11,
            Class::ProxyRewrite => 12,
            Class::RateLimit => 13,
            Class::Quota => 14,
            Class::Auth => 15,
            Class::InvalidRequest => 16,
            Class::UpstreamError => 17,
            Class::GatewayError => 18,
            Class::Timeout => 19,
            Class::StreamError => 20,
            Class::TokenLimit => 21,
            Class::ContentFilter => 22,
            Class::ConnectError => 23,
            Class::TlsError => 24,
            Class::NotAnApi => 25,
            Class::Unknown => 26,
            Class::Interrupted => 130,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Ok,
    Warning,
    Error,
}

/// How sure a finding is, the least sure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Possible,
    Likely,
    Certain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AtFault {
    Client,
    Network,
    Provider,
    Proxy,
    Relay,
    Server,
    Unknown,
}
