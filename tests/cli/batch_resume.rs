//! The same command again: what was answered is not sent, what was not is, and a run that is stopped says how to go on.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::batch::{Batch, request, requests};
use crate::relay::{Relay, kept, kept_response};
use crate::server::api_error;

#[test]
fn after_success_nothing_is_sent() {
    let relay = Relay::echoing();
    let batch = Batch::new("again", requests(20)).at(&relay);
    batch.run().ends_with(0);
    let written = fs::read(batch.output()).unwrap();
    batch.run().ends_with(0).prints("").tells("all 20 were answered before; nothing was sent");
    assert_eq!((relay.count_of_requests(), fs::read(batch.output()).unwrap()), (20, written));
}

#[test]
fn after_failures_only_those_are_sent_and_their_file_is_new_in_every_run() {
    let refusing = Arc::new(AtomicBool::new(true));
    let is_refusing = refusing.clone();
    let relay = Relay::replying(move |asked| match asked.prompt.ends_with('7') && is_refusing.load(Ordering::SeqCst) {
        true => kept_response("400 Bad Request", "", api_error("no sevens").as_bytes()),
        false => kept(&asked.prompt),
    });
    let batch = Batch::new("failures", requests(30)).at(&relay);
    for run in 1..=2 {
        batch.run().ends_with(16).tells("27 of 30 answered").tells("3 failed").tells("out.errors.jsonl");
        let mut failed: Vec<String> = batch.failures().into_iter().map(|line| line.custom_id).collect();
        failed.sort();
        assert_eq!(failed, ["item-17", "item-27", "item-7"]);
        assert_eq!((batch.texts().len(), relay.count_of_requests()), (27, 27 + 3 * run));
    }
    let failure = &batch.failures()[0];
    let error = failure.error.as_ref().unwrap();
    assert_eq!((error.code.as_str(), failure.response.as_ref().unwrap().status_code), ("request-rejected", 400));
    assert!(failure.body().contains("no sevens") && !error.message.is_empty() && failure.partial.is_none());
    refusing.store(false, Ordering::SeqCst);
    batch.run().ends_with(0).tells("30 of 30 answered (27 of them before), 0 failed");
    assert_eq!((batch.texts().len(), relay.count_of_requests()), (30, 36));
    assert!(!batch.failures_path().exists());
}

#[test]
fn a_changed_request_under_a_known_name_is_refused_before_anything_is_sent() {
    let relay = Relay::echoing();
    let batch = Batch::new("changed", requests(3)).at(&relay);
    batch.run().ends_with(0);
    let written = fs::read(batch.output()).unwrap();
    fs::write(batch.place.join("in.jsonl"), requests(2) + &request("item-9", "new") + &request("item-2", "another")).unwrap();
    batch.run().ends_with(2).tells("line 4").tells("item-2").tells("another request").tells("nothing was sent");
    assert_eq!((relay.count_of_requests(), fs::read(batch.output()).unwrap()), (3, written));
}

#[test]
fn of_lines_that_were_added_only_those_are_sent() {
    let relay = Relay::echoing();
    let batch = Batch::new("added", requests(10)).at(&relay);
    batch.run().ends_with(0);
    // In another order too, and some are gone.
    let more = requests(14);
    let lines: Vec<&str> = more.lines().skip(3).collect();
    fs::write(batch.place.join("in.jsonl"), lines.iter().rev().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    batch.run().ends_with(0).tells("11 of 11 answered (7 of them before)");
    assert_eq!((batch.texts().len(), relay.count_of_requests()), (14, 14));
}

#[test]
fn a_last_line_that_was_cut_is_asked_again_and_nothing_else() {
    let relay = Relay::echoing();
    let batch = Batch::new("cut", requests(5)).at(&relay);
    batch.run().ends_with(0);
    let written = fs::read(batch.output()).unwrap();
    let last = written[..written.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for (number, length) in [last + 1, last + 7, last + 40, written.len() - 1].into_iter().enumerate() {
        fs::write(batch.output(), &written[..length]).unwrap();
        batch.run().ends_with(0);
        assert_eq!((batch.texts().len(), relay.count_of_requests()), (5, 6 + number), "{length}");
    }
}

/// A gate at which requests wait.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead as _, BufReader};
    use std::process::Child;

    use super::*;
    use crate::program::{finish, signal};

    /// Eight of forty requests are answered; the next ones wait at the gate, all jobs with them.
    fn stalling() -> (Relay, Gate) {
        let gate = Gate::default();
        let own = gate.clone();
        let relay = Relay::replying(move |asked| {
            if asked.number >= 8 {
                own.pass();
            }
            kept(&asked.prompt)
        });
        (relay, gate)
    }

    fn begin(batch: &Batch, relay: &Relay) -> Child {
        let child = batch.command().spawn().unwrap();
        while relay.count_of_requests() < 12 || fs::read(batch.output()).map_or(0, |bytes| bytes.split(|byte| *byte == b'\n').count()) < 9 {
            std::thread::yield_now();
        }
        child
    }

    /// Waits until this was said.
    fn hear(child: &mut Child, words: &str) -> impl FnOnce() -> String + use<> {
        let mut reader = BufReader::new(child.stderr.take().unwrap());
        let mut heard = String::new();
        while !heard.contains(words) {
            assert_ne!(reader.read_line(&mut heard).unwrap(), 0, "no {words:?} in {heard}");
        }
        move || {
            std::io::Read::read_to_string(&mut reader, &mut heard).unwrap();
            heard
        }
    }

    #[test]
    fn the_first_signal_lets_what_is_under_way_come_to_its_end() {
        for (name, jobs) in [("INT", 4), ("TERM", 4)] {
            let (relay, gate) = stalling();
            let batch = Batch::new(&format!("stop-{name}"), requests(40)).at(&relay).with(&["-j", "4"]);
            let mut child = begin(&batch, &relay);
            signal(child.id(), name);
            let rest = hear(&mut child, "Ctrl-C once more stops at once");
            gate.open();
            finish(child).ends_with(130);
            let told = rest();
            assert!(told.contains("12 of 40 answered, 0 failed, 28 left") && told.contains("the same command goes on from here"), "{told}");
            assert_eq!((batch.texts().len(), relay.count_of_requests()), (12, 8 + jobs));
            batch.run().ends_with(0).tells("40 of 40 answered (12 of them before)");
            assert_eq!((batch.texts().len(), relay.count_of_requests()), (40, 40));
        }
    }

    #[test]
    fn the_second_signal_ends_it_at_once() {
        let (relay, gate) = stalling();
        let batch = Batch::new("stop-twice", requests(40)).at(&relay).with(&["-j", "4"]);
        let mut child = begin(&batch, &relay);
        signal(child.id(), "INT");
        let rest = hear(&mut child, "Ctrl-C once more stops at once");
        signal(child.id(), "INT");
        finish(child).ends_with(130);
        rest();
        assert_eq!((batch.texts().len(), relay.count_of_requests()), (8, 12));
        gate.open();
        batch.run().ends_with(0);
        assert_eq!((batch.texts().len(), relay.count_of_requests()), (40, 44));
    }

    #[test]
    fn a_signal_while_an_item_waits_for_another_attempt_ends_the_wait() {
        let relay = Relay::replying(|_| kept_response("429 Too Many Requests", "Retry-After: 100\r\n", api_error("slow down").as_bytes()));
        let batch = Batch::new("stop-wait", requests(3)).at(&relay);
        let child = batch.command().spawn().unwrap();
        while relay.count_of_requests() == 0 {
            std::thread::yield_now();
        }
        signal(child.id(), "INT");
        finish(child).ends_with(130).tells("0 of 3 answered, 0 failed, 3 left");
    }

    #[test]
    fn a_signal_during_the_last_request_changes_nothing() {
        let gate = Gate::default();
        let own = gate.clone();
        let relay = Relay::replying(move |asked| {
            own.pass();
            kept(&asked.prompt)
        });
        let batch = Batch::new("stop-last", requests(2)).at(&relay);
        let mut child = batch.command().spawn().unwrap();
        while relay.count_of_requests() < 2 {
            std::thread::yield_now();
        }
        signal(child.id(), "INT");
        let rest = hear(&mut child, "Ctrl-C once more");
        gate.open();
        finish(child).ends_with(0);
        assert!(rest().contains("2 of 2 answered, 0 failed;"));
    }
}
