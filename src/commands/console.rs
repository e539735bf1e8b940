//! The two channels to the user: stdout for answers, stderr for everything about them. A closed channel is no error of ours;
//! a full disk is.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use colored::Colorize as _;

use super::Failure;
use crate::cli::Global;
use crate::lang::Lang;
use crate::report::human::Style;
use crate::report::sanitize;

#[derive(Clone, Copy, Debug)]
pub struct Console {
    pub lang: Lang,
    pub verbose: bool,
    pub quiet: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    pub stdout_is_coloured: bool,
    pub stderr_is_coloured: bool,
}

/// Whether somebody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Present,
    Gone,
}

impl Console {
    pub fn new(global: &Global, lang: Lang) -> Console {
        let (stdout_is_terminal, stderr_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let takes_colour = |is_terminal| is_coloured(is_terminal, |name| std::env::var(name).ok());
        let (stdout_is_coloured, stderr_is_coloured) = (takes_colour(stdout_is_terminal), takes_colour(stderr_is_terminal));
        // What one channel takes and the other does not is taken off again on its way out.
        colored::control::set_override(stdout_is_coloured || stderr_is_coloured);
        let (verbose, quiet) = (global.verbose, global.quiet);
        Console { lang, verbose, quiet, stdout_is_terminal, stderr_is_terminal, stdout_is_coloured, stderr_is_coloured }
    }

    pub fn style(&self) -> Style {
        let width = self.stderr_is_terminal.then(|| textwrap_width().unwrap_or(80));
        Style { lang: self.lang, width, verbose: self.verbose }
    }

    /// Writes to stdout, at once.
    ///
    /// # Errors
    /// When it cannot take it, other than for want of a reader.
    pub fn print(&self, text: &str) -> Result<Reader, Failure> {
        let shown = if self.stdout_is_terminal { sanitize::for_terminal(text) } else { text.into() };
        self.print_bytes(shown.as_bytes())
    }

    /// Writes text that is ours and may be coloured to stdout.
    ///
    /// # Errors
    /// As for [`Console::print`].
    pub fn print_own(&self, text: &str) -> Result<Reader, Failure> {
        self.print_bytes(in_colour(text, self.stdout_is_coloured).as_bytes())
    }

    /// Writes bytes to stdout as they are, which must be no terminal's unless they are known to be text.
    ///
    /// # Errors
    /// As for [`Console::print`].
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<Reader, Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(Reader::Present),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
            Err(error) => Err(Failure::Internal(anyhow::Error::new(error).context("stdout cannot be written"))),
        }
    }

    /// Text that is ours and may be coloured, to stderr. If nobody reads it, there is nobody to tell.
    pub fn tell(&self, text: &str) {
        if !self.quiet {
            let _ = io::stderr().lock().write_all(in_colour(text, self.stderr_is_coloured).as_bytes());
        }
    }

    /// A line about the run itself.
    pub fn note(&self, text: &str) {
        self.tell(&format!("{} {}\n", "llmcheck:".bold(), sanitize::for_line(text)));
    }

    /// Why it could not be done, also with --quiet.
    pub fn failure(&self, text: &str) {
        let line = format!("{} {}\n", "llmcheck:".red().bold(), sanitize::for_line(text));
        let _ = io::stderr().lock().write_all(in_colour(&line, self.stderr_is_coloured).as_bytes());
    }
}

/// The text as it is, or without its colours (ECMA-48 section 8.3.117, SGR).
fn in_colour(text: &str, is_coloured: bool) -> Cow<'_, str> {
    const INTRODUCER: &str = "\x1b[";
    if is_coloured || !text.contains(INTRODUCER) {
        return text.into();
    }
    let mut pieces = text.split(INTRODUCER);
    let mut plain = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let parameters = piece.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
        match piece.as_bytes().get(parameters) {
            Some(b'm') => plain.push_str(&piece[parameters + 1..]),
            // Another sequence is none of colour.
            _ => {
                plain.push_str(INTRODUCER);
                plain.push_str(piece);
            }
        }
    }
    plain.into()
}

/// NO_COLOR (no-color.org), then CLICOLOR_FORCE (bixense.com/clicolors), then the terminal.
fn is_coloured(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if is_set("NO_COLOR") {
        return false;
    }
    if variable("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") {
        return true;
    }
    is_terminal && variable("TERM").is_none_or(|term| term != "dumb")
}

/// The terminal's columns as `COLUMNS` or the terminal itself says.
pub fn textwrap_width() -> Option<usize> {
    let by_variable = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    by_variable.or_else(|| terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_are_taken_off() {
        let text = "\x1b[1;31merror\x1b[0m[x]\r\x1b[K";
        assert_eq!(in_colour(text, true), text);
        assert_eq!(in_colour(text, false), "error[x]\r\x1b[K");
    }

    #[test]
    fn no_color_wins_then_force_then_the_terminal() {
        let coloured = |is_terminal, variables: &[(&str, &str)]| {
            is_coloured(is_terminal, |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string()))
        };
        assert!(coloured(true, &[]) && !coloured(false, &[]));
        assert!(!coloured(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(coloured(false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")]) && !coloured(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!coloured(true, &[("TERM", "dumb")]));
    }
}
