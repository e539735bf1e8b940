//! The directory of a file that is to be written: a path that was typed wrongly is told as that, before anything is asked.

use std::path::Path;

use anyhow::anyhow;

use super::Failure;

/// # Errors
/// When there is no such directory; `what` names the file's part, such as `the recording`.
pub fn expect(path: &Path, what: &str) -> Result<(), Failure> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if directory.is_dir() {
        return Ok(());
    }
    Err(Failure::Usage(anyhow!("{what} {} cannot be written: there is no directory {}", path.display(), directory.display())))
}
