//! A monitor that watches three lab endpoints for minutes while they fail at random: what it tells is what the faults imply, no more and
//! no less, and its memory stays as it is.
#![cfg(unix)]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::monitor::{Line, lines};
use crate::monitor_rules::{by_target, expected, told};
use crate::program::{directory, finish, llmcheck};

/// What the lab's outages do to each request, written down a second time: FNV-1a of the name and the number, mixed as in MurmurHash3.
fn is_ill(name: &str, visit: u32) -> bool {
    let draw = |name: &str, number: u32| {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes().chain(number.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^ (hash >> 33)
    };
    visit >= 30 && (draw(name, visit / 15) % 4 == 0 || draw(&format!("{name} alone"), visit) % 50 == 0)
}

/// Resident memory of a process in KiB.
fn resident(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

const OUTAGES: [&str; 3] = ["outages-500", "outages-502", "outages-reset"];

/// Watches three lab endpoints under their random faults for so long, the lab in the same process, and says how much memory it has after a fifth
/// of the time and at the end, in KiB.
fn soak(test: &str, lasting: Duration, interval: &str) -> (u64, u64) {
    let place = directory(&format!("monitor-{test}"));
    let targets = OUTAGES.map(|name| format!("lab/{name}"));
    let lasting_typed = format!("{}ms", lasting.as_millis());
    let command = "echo \"$LLMCHECK_EVENT $LLMCHECK_TARGET $LLMCHECK_ALERT\" >> told";
    let mut run = llmcheck(["monitor"]);
    run.args(&targets).args(["--interval", interval, "--for", &lasting_typed, "--log", "log", "--on-alert", command, "--max-tokens", "64"]);
    let mut child = run.current_dir(&place).spawn().unwrap();
    let (began, mut memory) = (Instant::now(), Vec::new());
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < lasting + Duration::from_secs(60), "it does not end");
        memory.extend(resident(child.id()));
        thread::sleep(lasting / 200);
    }
    let ran = finish(child);
    let by_target = by_target(lines(&fs::read_to_string(place.join("log")).unwrap()));
    let (mut checks, mut events) = (0, Vec::new());
    for (name, target) in OUTAGES.iter().zip(&targets) {
        let lines = &by_target[target];
        checks += lines.len();
        assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), (1..=lines.len() as u64).collect::<Vec<_>>());
        let faults: Vec<(bool, bool)> = (0..lines.len() as u32).map(|visit| (is_ill(name, visit), false)).collect();
        assert_eq!(lines.iter().map(Line::has_failed).collect::<Vec<_>>(), faults.iter().map(|(failed, _)| *failed).collect::<Vec<_>>());
        let expected = expected(&faults);
        assert_eq!(told(lines), expected, "{name}");
        let event = |words: &String| format!("{} {target} error-rate", if words.contains('+') { "alert" } else { "recovered" });
        events.push(expected.iter().map(event).collect::<Vec<_>>());
    }
    // The command was run for each of them, those of a target in their order.
    let heard = fs::read_to_string(place.join("told")).unwrap_or_default();
    for (target, events) in targets.iter().zip(&events) {
        assert_eq!(heard.lines().filter(|line| line.contains(target.as_str())).collect::<Vec<_>>(), *events);
    }
    let alerts: usize = events.iter().map(Vec::len).sum();
    let (early, late) = (memory.get(memory.len() / 5).copied().unwrap_or(0), memory.last().copied().unwrap_or(0));
    eprintln!(
        "{checks} checks, {alerts} alerts and recoveries; resident after a fifth {early} KiB, at the end {late} KiB, exit code {:?}",
        ran.code
    );
    assert!(alerts == 0 || matches!(ran.code, Some(17 | 18 | 23)), "{ran:?}");
    (early, late)
}

#[test]
fn three_lab_endpoints_under_random_faults_alert_and_recover_exactly_where_the_faults_imply_it() {
    soak("soak-short", Duration::from_secs(8), "20ms");
}

/// The minutes are those of LLMCHECK_SOAK_MINUTES, ten if nothing is said.
#[test]
#[ignore = "takes ten minutes"]
fn the_same_for_ten_minutes_in_flat_memory() {
    let minutes = std::env::var("LLMCHECK_SOAK_MINUTES").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(10.0);
    let (early, late) = soak("soak", Duration::from_secs_f64(minutes * 60.0), "200ms");
    // Windows, histograms and the lab's own counts are full long before a fifth of the time.
    assert!(late <= early + 1024, "from {early} to {late} KiB");
}
