//! `llmcheck compare`.

use super::Failure;
use super::console::Console;
use crate::cli::CompareArgs;

pub fn run(_args: &CompareArgs, _console: &Console) -> Result<u8, Failure> {
    Err(Failure::Internal(anyhow::anyhow!("not built yet")))
}
