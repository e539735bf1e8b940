//! The prompt: from the argument, from stdin when it is piped or `-`, or both.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, anyhow};

use crate::cli::ChatArgs;

/// What is asked. Where there are both, the argument says what to do with the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub argument: Option<String>,
    pub piped: Option<String>,
}

impl Prompt {
    /// # Errors
    /// When there is nothing to ask, or stdin is no text.
    pub fn read(args: &ChatArgs) -> anyhow::Result<Prompt> {
        let has_other_input = args.request.body.is_some() || args.request.messages.is_some();
        let wants_stdin = match args.prompt.as_deref() {
            Some("-") => true,
            Some(_) => !std::io::stdin().is_terminal(),
            None => !has_other_input,
        };
        let argument = args.prompt.clone().filter(|prompt| !matches!(prompt.as_str(), "-" | ""));
        if !wants_stdin || args.request.body.is_some() {
            return Ok(Prompt { argument, piped: None });
        }
        if argument.is_none() && std::io::stdin().is_terminal() && args.prompt.is_none() {
            return Err(anyhow!("there is no prompt; give it as an argument or pipe it in: echo hello | llmcheck chat"));
        }
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
        let piped = String::from_utf8(bytes).context("stdin is not UTF-8 text; to send bytes as they are, use --body FILE")?;
        let piped = Some(piped.trim_end_matches(['\n', '\r']).to_string()).filter(|piped| !piped.is_empty());
        if argument.is_none() && piped.is_none() {
            return Err(anyhow!("there is no prompt: stdin was empty"));
        }
        Ok(Prompt { argument, piped })
    }

    /// What to do, and the text to do it with, where there are both; the text alone otherwise.
    pub fn instruction_and_text(&self) -> (Option<&str>, Option<&str>) {
        match (&self.argument, &self.piped) {
            (Some(argument), Some(piped)) => (Some(argument), Some(piped)),
            (argument, piped) => (None, argument.as_deref().or(piped.as_deref())),
        }
    }

    /// All of it as one message.
    pub fn text(&self) -> Option<String> {
        match (&self.argument, &self.piped) {
            (Some(argument), Some(piped)) => Some(format!("{argument}\n\n{piped}")),
            (argument, piped) => argument.clone().or_else(|| piped.clone()),
        }
    }
}
