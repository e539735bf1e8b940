//! `llmcheck replay`.

use super::Failure;
use super::console::Console;
use crate::cli::ReplayArgs;

pub fn run(_args: &ReplayArgs, _console: &Console) -> Result<u8, Failure> {
    Err(Failure::Internal(anyhow::anyhow!("not built yet")))
}
