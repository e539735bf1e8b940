//! Where the API key comes from: a file, the environment or the configuration, never the command line.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::file::Endpoint;
use super::{Environment, Sourced, sourced};
use crate::cli::ConnectionArgs;
use crate::secret::Secret;

/// Where a key is found that no endpoint names.
pub(super) const VARIABLES: [&str; 2] = ["LLMCHECK_API_KEY", "OPENAI_API_KEY"];

/// The key, if there is one.
///
/// # Errors
/// When a file or command that was named gives none, or what it gives can be no key.
pub(super) fn find(
    args: &ConnectionArgs,
    endpoint: Option<&Sourced<&Endpoint>>,
    environment: Environment<'_>,
) -> Result<Option<Sourced<Secret>>> {
    if let Some(path) = &args.api_key_file {
        return read(path).and_then(|key| checked(&key, "--api-key-file")).map(Some);
    }
    // A key belongs to its endpoint: one from elsewhere must not be sent there.
    if let Some(endpoint) = endpoint {
        let named = of_endpoint(endpoint.value, environment)?;
        if let Some((key, source)) = named {
            return checked(&key, &format!("{source} of {}", endpoint.source)).map(Some);
        }
    }
    for name in VARIABLES {
        if let Some(key) = environment(name) {
            return checked(&key, name).map(Some);
        }
    }
    Ok(None)
}

fn of_endpoint(endpoint: &Endpoint, environment: Environment<'_>) -> Result<Option<(String, &'static str)>> {
    if let Some(name) = &endpoint.api_key_env {
        let key = environment(name)
            .with_context(|| format!("endpoint {}: the variable {name} that api_key_env names is not set", endpoint.name))?;
        return Ok(Some((key, "api_key_env")));
    }
    if let Some(path) = &endpoint.api_key_file {
        return Ok(Some((read(path)?, "api_key_file")));
    }
    if let Some(command) = &endpoint.api_key_command {
        return Ok(Some((run(command).with_context(|| format!("endpoint {}: api_key_command", endpoint.name))?, "api_key_command")));
    }
    Ok(None)
}

fn read(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("the key file {} cannot be read", path.display()))?;
    Ok(text.lines().next().unwrap_or("").to_string())
}

fn run(command: &str) -> Result<String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output =
        Command::new(shell).args([flag, command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot be started")?;
    if !output.status.success() {
        bail!("ended with {}", output.status);
    }
    let text = String::from_utf8(output.stdout).ok().context("printed something that is not text")?;
    Ok(text.lines().next().unwrap_or("").to_string())
}

fn checked(key: &str, source: &str) -> Result<Sourced<Secret>> {
    let key = key.trim();
    if key.is_empty() {
        bail!("the API key from {source} is empty");
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("the API key from {source} has blanks or characters in it that no header field can carry; was it copied as a whole?");
    }
    Ok(sourced(Secret::new(key), source))
}
