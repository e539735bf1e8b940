//! `--on-alert`: the user's command, run for each event in turn on a thread of its own and for a bounded time. What it does is its own
//! affair; that it failed is told, and no check ever waits for it.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::lang::{Lang, Text, text};

const LONGEST: Duration = Duration::from_secs(30);
/// For the end of a command that was killed.
const PATIENCE: Duration = Duration::from_secs(2);
/// Events that wait for a slow command; more are not told to it.
const MOST_WAITING: usize = 256;
/// Of what it says on stderr.
const LONGEST_WORDS: usize = 400;

/// What the command is told of one event.
pub struct Told {
    /// On stdin.
    pub json: String,
    pub variables: [(&'static str, String); 4],
}

/// Runs the command; words on what went wrong come out at the other end.
pub struct Runner {
    queue: SyncSender<Told>,
    ended: Receiver<()>,
    /// Nobody waits any longer for what is at work.
    is_over: Arc<AtomicBool>,
}

impl Runner {
    pub fn start(command: String, lang: Lang, trouble: mpsc::Sender<String>) -> std::io::Result<Runner> {
        let (queue, waiting) = mpsc::sync_channel::<Told>(MOST_WAITING);
        let (done, ended) = mpsc::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&is_over);
        thread::Builder::new().name("on-alert".into()).spawn(move || {
            while let Ok(told) = waiting.recv()
                && !own.load(Ordering::Relaxed)
            {
                if let Err(reason) = run(&command, &told, LONGEST, &own) {
                    let _ = trouble.send(reason.say(lang));
                }
            }
            drop(done);
        })?;
        Ok(Runner { queue, ended, is_over })
    }

    /// Whether there was room for it.
    pub fn tell(&self, told: Told) -> bool {
        self.queue.try_send(told).is_ok()
    }

    /// Waits until all is told, for as long as one command may take, and says whether it was. What is at work then is ended.
    pub fn finish(self) -> bool {
        drop(self.queue);
        let is_told = self.ended.recv_timeout(LONGEST) == Err(RecvTimeoutError::Disconnected);
        self.is_over.store(true, Ordering::Relaxed);
        let _ = self.ended.recv_timeout(PATIENCE);
        is_told
    }
}

/// Why the command has not done its work.
#[derive(Debug)]
enum Trouble {
    Start(std::io::Error),
    Ended(ExitStatus, String),
    TooLong,
}

impl Trouble {
    fn say(&self, lang: Lang) -> String {
        const START: Text = text("--on-alert cannot be run: {reason}", "--on-alert 无法运行：{reason}");
        const ENDED: Text = text("--on-alert failed: {reason}", "--on-alert 失败：{reason}");
        const TOO_LONG: Text = text("--on-alert took longer than {reason} and was ended", "--on-alert 超过 {reason}，已被终止");
        let (words, reason) = match self {
            Trouble::Start(error) => (START, error.to_string()),
            Trouble::Ended(status, said) if said.is_empty() => (ENDED, status.to_string()),
            Trouble::Ended(status, said) => (ENDED, format!("{status}: {said}")),
            Trouble::TooLong => (TOO_LONG, humantime::format_duration(LONGEST).to_string()),
        };
        words.fill(lang, |_| Some(reason.clone()))
    }
}

fn run(command: &str, told: &Told, longest: Duration, is_over: &AtomicBool) -> Result<(), Trouble> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).envs(told.variables.iter().map(|(name, value)| (*name, value.as_str())));
    // stdout is for the lines of --json.
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // Ctrl-C at the terminal is meant for us; and what it starts is to end with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let mut child = shell.spawn().map_err(Trouble::Start)?;
    if let Some(mut stdin) = child.stdin.take() {
        let json = told.json.clone();
        // It need not read what it is told.
        let _ = thread::Builder::new().spawn(move || stdin.write_all(json.as_bytes()));
    }
    let words = words_of(&mut child);
    let status = wait(&mut child, longest, is_over)?;
    if status.success() {
        return Ok(());
    }
    // What it left running in the background may hold stderr open for ever.
    Err(Trouble::Ended(status, words.recv_timeout(Duration::from_millis(500)).unwrap_or_default()))
}

/// The beginning of what it says on stderr, once it has said all.
fn words_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = thread::Builder::new().spawn(move || {
            let mut said = Vec::new();
            let _ = stderr.by_ref().take(LONGEST_WORDS as u64).read_to_end(&mut said);
            // The rest is drained, so that it is not held up.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            let _ = sender.send(String::from_utf8_lossy(&said).trim().to_string());
        });
    }
    receiver
}

fn wait(child: &mut Child, longest: Duration, is_over: &AtomicBool) -> Result<ExitStatus, Trouble> {
    let until = Instant::now() + longest;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < until && !is_over.load(Ordering::Relaxed) => thread::sleep(Duration::from_millis(20)),
            Ok(None) => break,
            Err(error) => return Err(Trouble::Start(error)),
        }
    }
    // The shell may have started others, which std cannot end.
    #[cfg(unix)]
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
    let _ = child.kill();
    let _ = child.wait();
    Err(Trouble::TooLong)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    static NOT_OVER: AtomicBool = AtomicBool::new(false);

    fn told() -> Told {
        let variable = |name| (name, "value".to_string());
        Told { json: "{\"event\":\"alert\"}\n".into(), variables: ["A", "B", "C", "D"].map(variable) }
    }

    #[test]
    fn the_command_has_the_event_on_stdin_and_in_its_environment() {
        run("test \"$(cat)\" = '{\"event\":\"alert\"}' && test \"$A\" = value", &told(), LONGEST, &NOT_OVER).unwrap();
    }

    #[test]
    fn its_failure_is_told_in_its_words() {
        let said = |command| run(command, &told(), LONGEST, &NOT_OVER).unwrap_err().say(Lang::En);
        assert_eq!(said("echo no route >&2; exit 3"), "--on-alert failed: exit status: 3: no route");
        assert_eq!(said("exit 1"), "--on-alert failed: exit status: 1");
    }

    #[test]
    fn it_is_ended_with_all_that_it_started_when_it_takes_too_long() {
        assert!(matches!(run("sleep 60 & sleep 60; wait", &told(), Duration::from_millis(50), &NOT_OVER), Err(Trouble::TooLong)));
    }

    #[test]
    fn it_need_not_read_and_may_say_much() {
        let large = Told { json: "x".repeat(1 << 20), ..told() };
        run("head -c 1000000 /dev/zero >&2", &large, LONGEST, &NOT_OVER).unwrap();
    }

    #[test]
    fn what_is_at_work_when_nobody_waits_any_longer_is_ended() {
        assert!(matches!(run("sleep 60 & sleep 60; wait", &told(), LONGEST, &AtomicBool::new(true)), Err(Trouble::TooLong)));
    }
}
