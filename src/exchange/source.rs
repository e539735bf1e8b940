//! Where the events of an exchange come from, and what such a source loses of the wire. A recording of our own loses nothing.

use serde::{Deserialize, Serialize};

/// The kinds of evidence that can be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Every byte, as it was read from the connection.
    #[default]
    Recording,
    /// A response as it stood on the wire, or as `curl -i` prints it.
    RawResponse,
    /// `curl -v`: both heads, curl's own words, and the body if it was shown too.
    CurlVerbose,
    /// `curl --trace` and `--trace-ascii`: the bytes, as curl saw them.
    CurlTrace,
    /// HTTP Archive 1.2, as browsers and proxies export it.
    Har,
    /// A body without its head: JSON, an event stream, a page.
    Body,
    /// What a program or a person says of an exchange.
    Text,
}

/// What the source does not show. Rules that need it stay silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lost {
    /// The body is not there at all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub body: bool,
    /// Chunk framing was taken off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub chunks: bool,
    /// The content coding was undone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub coding: bool,
    /// How many bytes the body had on the wire.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub length: bool,
    /// How the connection ended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
    /// When the pieces arrived.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub arrivals: bool,
}

impl Lost {
    pub fn is_nothing(&self) -> bool {
        *self == Lost::default()
    }

    /// All but the content itself.
    pub const ALL_BUT_CONTENT: Lost = Lost { body: false, chunks: true, coding: true, length: true, end: true, arrivals: true };
}
