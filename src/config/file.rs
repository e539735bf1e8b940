//! The configuration file: named endpoints in TOML. A mistake names the file, the line and the right spelling.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Deserializer};

use crate::spelling;

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The endpoint to use when neither flags nor environment name one.
    pub default: Option<String>,
    /// Where to ask next, as `ENDPOINT[:MODEL]`, when a failure is to be recovered from and no flag says.
    #[serde(default)]
    pub fallback: Vec<String>,
    #[serde(default)]
    endpoints: BTreeMap<String, Endpoint>,
    #[serde(skip)]
    path: PathBuf,
}

/// A place to send requests to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    #[serde(skip)]
    pub name: String,
    pub base_url: String,
    pub model: Option<String>,
    /// The name of the variable that holds the key.
    pub api_key_env: Option<String>,
    /// The file whose first line is the key.
    pub api_key_file: Option<PathBuf>,
    /// A shell command that prints the key.
    pub api_key_command: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub proxy: Option<String>,
    pub price: Option<EndpointPrice>,
    #[serde(default)]
    pub timeouts: EndpointTimeouts,
}

/// Money for a million tokens; the currency is the user's, the same for all.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointPrice {
    pub input: f64,
    pub output: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointTimeouts {
    #[serde(default, deserialize_with = "duration")]
    pub connect: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    pub first_byte: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    pub idle: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    pub total: Option<Duration>,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |error| serde::de::Error::custom(format!("{text:?} is no duration: {error}; write it as in \"90s\" or \"5m\""));
    match humantime::parse_duration(&text) {
        Ok(duration) if duration.is_zero() => {
            Err(serde::de::Error::custom(format!("{text:?}: a bound of nothing would end everything at once")))
        }
        Ok(duration) => Ok(Some(duration)),
        Err(error) => Err(wrong(error)),
    }
}

impl ConfigFile {
    /// # Errors
    /// When the file cannot be read or has a mistake.
    pub fn read(path: &Path) -> Result<ConfigFile> {
        let text = std::fs::read_to_string(path).with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
        ConfigFile::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<ConfigFile> {
        let mut file: ConfigFile = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let hint = spelling_hint(error.message());
            anyhow!("{}:{line}: {}{hint}", path.display(), error.message())
        })?;
        file.path = path.to_path_buf();
        for (name, endpoint) in &mut file.endpoints {
            endpoint.name = name.clone();
            let keys = [endpoint.api_key_env.is_some(), endpoint.api_key_file.is_some(), endpoint.api_key_command.is_some()];
            if keys.iter().filter(|is_set| **is_set).count() > 1 {
                bail!("{}: endpoint {name} has more than one of api_key_env, api_key_file and api_key_command; keep one", path.display());
            }
        }
        Ok(file)
    }

    /// # Errors
    /// When there is no endpoint of that name; those that there are are named.
    pub fn endpoint(&self, name: &str) -> Result<&Endpoint> {
        if let Some(endpoint) = self.endpoints.get(name) {
            return Ok(endpoint);
        }
        let names: Vec<&str> = self.endpoints.keys().map(String::as_str).collect();
        if names.is_empty() {
            bail!("there is no endpoint {name:?}: {} has no [endpoints.{name}] section", self.place());
        }
        let hint = spelling::hint(name, names.iter().copied());
        bail!("there is no endpoint {name:?} in {}{hint} (there are {})", self.place(), names.join(", "));
    }

    /// All endpoints, by name.
    pub fn all(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// Where the file is, for messages.
    pub fn place(&self) -> String {
        if self.path.as_os_str().is_empty() { "the configuration (no file was found)".into() } else { self.path.display().to_string() }
    }
}

/// The nearest of the names that serde lists: unknown field `x`, expected one of `a`, `b`.
fn spelling_hint(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match quoted.next().filter(|_| message.starts_with("unknown")) {
        Some(wrong) => spelling::hint(wrong, quoted),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", ConfigFile::parse(text, Path::new("c.toml")).unwrap_err())
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_right_spelling() {
        let shown = error("[endpoints.a]\nbase_url = \"http://a\"\nmodle = \"m\"\n");
        assert!(shown.starts_with("c.toml:3: unknown field `modle`") && shown.ends_with("did you mean \"model\"?"), "{shown}");
    }

    #[test]
    fn a_bad_value_is_named_with_its_line() {
        let shown = error("[endpoints.a]\nbase_url = \"http://a\"\n[endpoints.a.timeouts]\nidle = \"soon\"\n");
        assert!(shown.starts_with("c.toml:4: \"soon\" is no duration"), "{shown}");
        assert!(error("[endpoints.a]\nmodel = 3\n").starts_with("c.toml:2: "), "{}", error("[endpoints.a]\nmodel = 3\n"));
    }

    #[test]
    fn an_unknown_endpoint_gets_the_near_name() {
        let file = ConfigFile::parse("[endpoints.relay]\nbase_url = \"http://a\"\n", Path::new("c.toml")).unwrap();
        let shown = file.endpoint("realy").unwrap_err().to_string();
        assert_eq!(shown, "there is no endpoint \"realy\" in c.toml; did you mean \"relay\"? (there are relay)");
    }
}
