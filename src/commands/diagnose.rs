//! `llmcheck diagnose`: the same verdict from what was recorded, exported or pasted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::Failure;
use super::console::{Console, Reader};
use super::handout::Handout;
use crate::cli::DiagnoseArgs;
use crate::diagnosis::{Diagnosis, Severity, diagnose};
use crate::evidence::Evidence;
use crate::exchange::source::Source;
use crate::import;
use crate::report::human;
use crate::report::model::{Attempt, Report};
use crate::report::pieces::Pieces;
use crate::secret::Mask;
use crate::wire::transcript::Transcript;

pub fn run(args: &DiagnoseArgs, console: &Console) -> Result<u8, Failure> {
    let standard_input = [PathBuf::from("-")];
    let files = if args.files.is_empty() { &standard_input[..] } else { &args.files };
    if args.files.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::Usage(anyhow!(
            "name a file, or pipe what is to be judged into it (`llmcheck diagnose -` reads what you paste, up to Ctrl-D)"
        )));
    }
    let handout = Handout::to(&args.reports)?;
    let mut run = Run { args, console, handout, has_many: files.len() > 1, exit_code: 0, failure: None, audience: Reader::Present };
    for file in files {
        let outcome = read(file, |input| run.judge(file, input));
        // One file that cannot be read does not take the others with it.
        if let Err(error) = outcome {
            run.failure.get_or_insert(Failure::Usage(anyhow!("one file at least could not be read")));
            console.failure(&format!("{error:#}"));
        }
        if run.audience == Reader::Gone {
            break;
        }
    }
    // What others collected was masked when it was read.
    run.handout.write(&Mask::default())?;
    match run.failure {
        Some(failure @ Failure::Internal(_)) => Err(failure),
        Some(Failure::Usage(_)) => Ok(2),
        None => Ok(run.exit_code),
    }
}

fn read(file: &Path, judge: impl FnOnce(&mut dyn BufRead) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if file == Path::new("-") {
        return judge(&mut io::stdin().lock()).context("stdin");
    }
    let name = || file.display().to_string();
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    judge(&mut BufReader::new(opened)).with_context(name)
}

/// What is known of the attempts before the one that is told.
#[derive(Default)]
struct Earlier {
    attempts: Vec<Attempt>,
    pieces: Pieces,
}

struct Run<'a> {
    args: &'a DiagnoseArgs,
    console: &'a Console,
    handout: Handout<'a>,
    has_many: bool,
    /// Of the first exchange that is not well.
    exit_code: u8,
    failure: Option<Failure>,
    audience: Reader,
}

impl Run<'_> {
    fn judge(&mut self, file: &Path, input: &mut dyn BufRead) -> anyhow::Result<()> {
        let mut earlier_ones = Earlier::default();
        let mut last: Option<Transcript> = None;
        let mut told = 0;
        import::read(input, |transcript| {
            // The attempts of a recording make one exchange; what others export are exchanges of their own.
            match last.replace(transcript) {
                Some(earlier) if earlier.asked.source == Source::Recording => self.pass(earlier, &mut earlier_ones),
                Some(earlier) => {
                    told += 1;
                    self.tell(file, earlier, Earlier::default(), Some(told));
                }
                None => {}
            }
        })?;
        let transcript = last.context("there is no exchange in it")?;
        self.tell(file, transcript, earlier_ones, (told > 0).then_some(told + 1));
        Ok(())
    }

    /// An attempt that was followed by another.
    fn pass(&mut self, transcript: Transcript, earlier: &mut Earlier) {
        let evidence = Evidence::gather(&transcript);
        let diagnosis = diagnose(&evidence);
        let attempts = &mut earlier.attempts;
        attempts.push(Attempt::of(&evidence, &diagnosis));
        earlier.pieces.follow(transcript.asked.remedy, &evidence, &diagnosis);
        if !self.handout.is_idle() {
            let report = Report::new(&evidence, &diagnosis, attempts.clone(), self.console.lang);
            self.handout.keep(report, transcript);
        }
    }

    /// Tells of an exchange and the attempts that came before it; `number` where the file holds several exchanges.
    fn tell(&mut self, file: &Path, transcript: Transcript, earlier: Earlier, number: Option<usize>) {
        if self.audience == Reader::Gone {
            return;
        }
        let evidence = Evidence::gather(&transcript);
        let diagnosis = diagnose(&evidence);
        let Earlier { mut attempts, mut pieces } = earlier;
        attempts.push(Attempt::of(&evidence, &diagnosis));
        pieces.follow(transcript.asked.remedy, &evidence, &diagnosis);
        let mut report = Report::new(&evidence, &diagnosis, attempts, self.console.lang);
        if let Some(joined) = pieces.joined() {
            report.join(joined, diagnosis.is_healthy() || evidence.answer_is_whole());
        }
        if self.has_many {
            report.file = Some(file.display().to_string());
        }
        if self.exit_code == 0 {
            self.exit_code = diagnosis.exit_code(self.args.strict);
        }
        let name = file.display().to_string();
        let heading = match number {
            Some(number) => Some(format!("{name} · {number} · {} {}", report.request.method, report.request.url).trim_end().to_string()),
            None => report.file.clone(),
        };
        if let Err(failure) = self.print(&report, &transcript, &diagnosis, heading) {
            self.failure = Some(failure);
            self.audience = Reader::Gone;
        }
        self.handout.keep(report, transcript);
    }

    fn print(&mut self, report: &Report, transcript: &Transcript, diagnosis: &Diagnosis, heading: Option<String>) -> Result<(), Failure> {
        if self.args.json {
            let json = serde_json::to_string(report).map_err(|error| Failure::Internal(error.into()))?;
            self.audience = self.console.print(&format!("{json}\n"))?;
        }
        if !self.args.json || self.console.verbose {
            let style = self.console.style();
            if let Some(heading) = heading {
                self.console.tell(&human::file(&heading));
            }
            self.console.tell(&match diagnosis.verdict.entry.severity {
                Severity::Ok => human::line(report, style),
                Severity::Warning | Severity::Error => human::page(report, transcript, style),
            });
        }
        Ok(())
    }
}
