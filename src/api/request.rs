//! The request body: composed from flags, or a file's bytes as they are.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::history;
use crate::cli::{RequestArgs, ShapeArgs};

/// A body ready to be sent, and what it asks for.
#[derive(Debug)]
pub struct Composed {
    pub body: Vec<u8>,
    /// It was composed for the model that was chosen, and does not bring its own.
    pub is_of_model: bool,
    pub model: Option<String>,
    pub stream: bool,
    pub max_tokens: Option<u64>,
    /// How many messages the file holds, and how many of them were left out.
    pub trimmed: Option<Trimmed>,
}

/// Messages of a history that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trimmed {
    pub left_out: usize,
    pub of: usize,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Message<'a> {
    Own {
        role: &'static str,
        content: &'a str,
    },
    /// As it stands in the file, byte for byte.
    Given(Box<RawValue>),
}

/// Composes the body of a request with nothing but a prompt.
///
/// # Errors
/// None that a prompt can cause.
pub fn compose_prompt(shape: &ShapeArgs, prompt: &str, model: &str) -> Result<Vec<u8>> {
    let system = shape.system.as_deref().map(|system| Message::Own { role: "system", content: system });
    let messages = system.into_iter().chain([Message::Own { role: "user", content: prompt }]).collect();
    body(shape, messages, false, model)
}

fn body(shape: &ShapeArgs, messages: Vec<Message<'_>>, stream: bool, model: &str) -> Result<Vec<u8>> {
    let body = Body {
        model,
        messages,
        max_tokens: shape.max_tokens,
        max_completion_tokens: shape.max_completion_tokens,
        temperature: shape.temperature,
        stream,
    };
    Ok(serde_json::to_vec(&body)?)
}

/// Composes the body.
///
/// # Errors
/// When a file cannot be read or is no array of messages, or there is nothing to ask.
pub fn compose(args: &RequestArgs, prompt: Option<String>, model: &str) -> Result<Composed> {
    if let Some(path) = &args.body {
        let body = std::fs::read(path).with_context(|| format!("the body file {} cannot be read", path.display()))?;
        // What it asks for is read where it can be; a body that is no JSON is sent all the same.
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        return Ok(Composed {
            is_of_model: false,
            model: value["model"].as_str().map(str::to_string),
            stream: value["stream"].as_bool().unwrap_or(false),
            max_tokens: value["max_tokens"].as_u64().or(value["max_completion_tokens"].as_u64()),
            body,
            trimmed: None,
        });
    }
    let mut messages = Vec::new();
    let mut trimmed = None;
    if let Some(system) = &args.shape.system {
        messages.push(Message::Own { role: "system", content: system });
    }
    if let Some(path) = &args.messages {
        let text = std::fs::read_to_string(path).with_context(|| format!("the messages file {} cannot be read", path.display()))?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        let Value::Array(_) = value else {
            bail!("{} must hold a JSON array of messages, such as [{{\"role\":\"user\",\"content\":\"hi\"}}]", path.display());
        };
        let items: Vec<Box<RawValue>> = serde_json::from_str(&text)?;
        if let Some(wrong) = items.iter().position(|item| !item.get().starts_with('{')) {
            bail!("{}: message {} is not an object with role and content", path.display(), wrong + 1);
        }
        let left_out = args.keep_turns.map_or(0..0, |turns| history::left_out(&items, turns));
        trimmed = (!left_out.is_empty()).then_some(Trimmed { left_out: left_out.len(), of: items.len() });
        let given = items.into_iter().enumerate().filter(|(at, _)| !left_out.contains(at)).map(|(_, item)| item);
        messages.extend(given.map(Message::Given));
    }
    if let Some(prompt) = &prompt {
        messages.push(Message::Own { role: "user", content: prompt });
    }
    if messages.is_empty() {
        bail!("there is no prompt; give it as an argument or pipe it in");
    }
    Ok(Composed {
        body: body(&args.shape, messages, args.stream, model)?,
        is_of_model: true,
        model: Some(model.to_string()),
        stream: args.stream,
        max_tokens: args.shape.max_tokens.or(args.shape.max_completion_tokens),
        trimmed,
    })
}
