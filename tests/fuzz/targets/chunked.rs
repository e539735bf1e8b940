//! A chunked body of arbitrary bytes reads the same as a whole and in pieces, and one that is well-formed gives back its data.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::wire::framing::{Body, Piece, Promise};
use llmcheck::wire::head::Head;
use llmcheck_fuzz::pieces::{cuts, pieces};

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const BOTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n";

#[derive(Debug)]
struct Read {
    body: Body,
    payload: Vec<u8>,
    beyond: Vec<u8>,
}

fn read(head: &[u8], bytes: &[u8], cuts: u16) -> Read {
    let head = Head::parse(head, 0);
    let start = head.span.end;
    let mut body = Body::new(Promise::of(&head), start);
    let (mut payload, mut beyond) = (Vec::new(), Vec::new());
    let mut at = start;
    for piece in pieces(bytes, cuts) {
        body.cut(piece, at, |what, at, piece| {
            let from = (at - start) as usize;
            assert_eq!(bytes.get(from..from + piece.len()), Some(piece), "what stands at {at}");
            match what {
                Piece::Payload => payload.extend_from_slice(piece),
                Piece::Beyond => beyond.extend_from_slice(piece),
            }
        });
        at += piece.len() as u64;
    }
    assert_eq!(body.payload, payload.len() as u64);
    assert!(payload.len() + beyond.len() <= bytes.len());
    Read { body, payload, beyond }
}

fn well_formed(data: &[u8], cuts: u16) -> Vec<u8> {
    let mut body = Vec::new();
    for piece in pieces(data, cuts).into_iter().filter(|piece| !piece.is_empty()) {
        body.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        body.extend_from_slice(piece);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    body
}

fuzz_target!(|input: &[u8]| {
    let Some((cuts, bytes)) = cuts(input) else {
        return;
    };
    for head in [CHUNKED, BOTH] {
        let (cut, whole) = (read(head, bytes, cuts), read(head, bytes, 0));
        let said = |read: &Read| {
            let body = &read.body;
            let fault = body.fault.as_ref().map(|fault| (fault.what, fault.span.start));
            let end = (body.chunked_end, body.stopped_inside(), body.is_complete(), body.falsely_chunked);
            (read.payload.clone(), read.beyond.clone(), body.chunks, body.smallest_and_largest_chunk, fault, end)
        };
        assert_eq!(said(&cut), said(&whole));
    }
    let good = read(CHUNKED, &well_formed(bytes, cuts), cuts.rotate_left(5));
    assert!(good.payload == bytes && good.beyond.is_empty() && good.body.is_complete() && good.body.fault.is_none(), "{good:?}");
});
