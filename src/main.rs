//! The exit code of [`llmcheck::commands::run`]; nothing else.

fn main() -> std::process::ExitCode {
    llmcheck::commands::run()
}
