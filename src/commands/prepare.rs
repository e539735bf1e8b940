//! What is done with a request before it is sent, or in place of sending it: a look at what is wrong with it, and the request on paper.

use super::Failure;
use super::console::Console;
use crate::cli::ChatArgs;
use crate::config::Settings;
use crate::exchange;
use crate::lang::{Text, text};
use crate::plan::Plan;
use crate::preflight::{self, Told, Warning};
use crate::report::draft::Draft;
use crate::report::sanitize;
use crate::secret::Mask;
use crate::wire::head::end_of_head;

/// Tells what is wrong with the request, and gives it for the report. No finding stops the request.
pub fn look(plan: &Plan, settings: &Settings, console: &Console) -> Vec<Told> {
    tell(preflight::check(plan, settings), plan, console)
}

fn tell(warnings: Vec<Warning>, plan: &Plan, console: &Console) -> Vec<Told> {
    // A body can hold a key in an odd place, as a role.
    let mask = Mask::of_responses(&plan.secrets);
    let covered = |text: String| mask.cover_text(&text).into_owned();
    warnings.iter().for_each(|warning| console.note(&covered(warning.line(console.lang))));
    let told = warnings.iter().map(|warning| warning.told(console.lang));
    told.map(|told| Told { title: covered(told.title), fix: covered(told.fix), ..told }).collect()
}

/// Prints the request that would be sent, or the first of so many parts, and how curl sends it.
pub fn dry_run(args: &ChatArgs, plan: &Plan, parts: Option<usize>, mut preflight: Vec<Told>, console: &Console) -> Result<u8, Failure> {
    const FIRST: Text =
        text("this is the first of {n} parts; the others differ in their text", "这是 {n} 段中的第一段；其余各段只是文本不同");
    const NOT_SENT: Text = text("nothing was sent; curl would send it so:", "未发送任何内容；用 curl 发送的命令如下：");
    const THROUGH: Text = text("it would go through the proxy {proxy}", "它会经过代理 {proxy}");
    preflight.extend(tell(preflight::missing(plan).into_iter().collect(), plan, console));
    let drafted = exchange::draft(plan).map_err(Failure::Usage)?;
    let draft = Draft { parts, ..Draft::new(&drafted, plan, preflight, args.request.body.as_deref(), console.lang) };
    if args.report.json {
        let json = serde_json::to_string(&draft).map_err(|error| Failure::Internal(error.into()))?;
        console.print(&format!("{json}\n"))?;
        return Ok(0);
    }
    if console.stdout_is_terminal {
        console.print(&readable(&drafted))?;
    } else {
        console.print_bytes(&drafted)?;
    }
    if let Some(parts) = parts {
        console.note(&FIRST.fill(console.lang, |_| Some(parts.to_string())));
    }
    if let Some(proxy) = &draft.proxy {
        console.note(&THROUGH.fill(console.lang, |_| Some(proxy.clone())));
    }
    console.note(NOT_SENT.get(console.lang));
    console.tell(&format!("{}\n", sanitize::for_terminal(&draft.curl)));
    draft.notes.iter().for_each(|note| console.note(note));
    Ok(0)
}

/// The request for a terminal, which wants its own line ends and text.
fn readable(drafted: &[u8]) -> String {
    let (head, body) = drafted.split_at(end_of_head(drafted).unwrap_or(drafted.len()));
    let line_end = if body.ends_with(b"\n") { "" } else { "\n" };
    format!("{}{}{line_end}", String::from_utf8_lossy(head).replace("\r\n", "\n"), String::from_utf8_lossy(body))
}
