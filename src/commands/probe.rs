//! `llmcheck probe`.

use super::Failure;
use super::console::Console;
use crate::cli::ProbeArgs;

pub fn run(_args: &ProbeArgs, _console: &Console) -> Result<u8, Failure> {
    Err(Failure::Internal(anyhow::anyhow!("not built yet")))
}
