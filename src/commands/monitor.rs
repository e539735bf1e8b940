//! `llmcheck monitor`.

use super::Failure;
use super::console::Console;
use crate::cli::MonitorArgs;

pub fn run(_args: &MonitorArgs, _console: &Console) -> Result<u8, Failure> {
    Err(Failure::Internal(anyhow::anyhow!("not built yet")))
}
