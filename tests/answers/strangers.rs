//! What answers is not HTTP: its first bytes say so, and its end adds nothing.

use std::borrow::Cow;

use llmcheck::diagnosis::diagnose;
use llmcheck::evidence::Evidence;
use llmcheck::exchange::recording::{Asked, Ending, Event, How, Kind};
use llmcheck::wire::reader::Reader;

/// The verdict's code first, then the others.
fn codes(bytes: &[u8], step: usize, how: How) -> Vec<&'static str> {
    let mut reader = Reader::new(Asked::default());
    let mut at = 0;
    let mut hear = |kind| {
        at += 100;
        reader.hear(&Event { at, connection: 0, kind });
    };
    hear(Kind::Sent(Cow::Borrowed(b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.example.com\r\n\r\n{}")));
    bytes.chunks(step).for_each(|piece| hear(Kind::Received(Cow::Borrowed(piece))));
    hear(Kind::End(Ending::new(how)));
    let transcript = reader.finish();
    let diagnosis = diagnose(&Evidence::gather(&transcript));
    let verdict = diagnosis.verdict.entry.code;
    let others = diagnosis.findings.iter().map(|finding| finding.entry.code).filter(|code| *code != verdict);
    std::iter::once(verdict).chain(others).collect()
}

#[test]
fn what_is_not_http_is_that_however_it_ends() {
    let flood = [b'x'; 5000];
    let flows: [&[u8]; 3] = [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTQ/1.1 200 OK\r\n\r\n", &flood];
    for bytes in flows {
        for step in [1, 1000] {
            for how in [How::Fin, How::Reset, How::Idle, How::TlsClose, How::TlsCut] {
                assert_eq!(codes(bytes, step, how), ["not-http"], "{how:?}");
            }
            assert_eq!(codes(bytes, step, How::Deadline), ["not-http", "deadline-passed"]);
        }
    }
}

/// Who stops it has decided that.
#[test]
fn an_interrupt_of_a_stranger_is_told_as_that() {
    assert_eq!(codes(&[b'x'; 5000], 1000, How::Cancelled), ["interrupted-by-user", "not-http"]);
}
