//! The text of a recording: what can be read can be written and read again, and can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::exchange::recording::{Asked, Event, Line, Lines, Recorder};
use llmcheck::wire::reader::Reader;
use llmcheck_fuzz::judge;

/// The attempts of a recording up to its first malformed line.
fn read(text: &[u8]) -> Vec<(Asked, Vec<Event<'static>>)> {
    let mut attempts: Vec<(Asked, Vec<_>)> = Vec::new();
    for line in Lines::new(text).map_while(Result::ok) {
        match line {
            Line::Asked(asked) => attempts.push((*asked, Vec::new())),
            Line::Event(event) => match attempts.last_mut() {
                Some((_, events)) => events.push(event),
                None => break,
            },
        }
    }
    attempts
}

fuzz_target!(|text: &[u8]| {
    for (asked, events) in read(text) {
        let mut written = Vec::new();
        let mut recorder = Recorder::begin(&mut written, &asked).expect("memory can be written");
        for event in &events {
            recorder.write(event).expect("memory can be written");
        }
        let again = read(&written);
        assert_eq!(again, [(asked.clone(), events.clone())]);
        let mut reader = Reader::new(asked);
        for event in &events {
            reader.hear(event);
            reader.take_fresh_text();
        }
        judge(&reader.finish());
    }
});
