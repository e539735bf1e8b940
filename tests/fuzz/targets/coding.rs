//! Content codings on arbitrary bytes: the same text as a whole and in pieces, and no more of it than a bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::wire::coding::{Coding, Decoder, Progress};
use llmcheck_fuzz::CODINGS;
use llmcheck_fuzz::pieces::{cuts, pieces};

/// What expands beyond this is not compared, only counted.
const COMPARED: usize = 1 << 20;
/// The size at which expansion is stopped, and what the last piece may add to it.
const MOST: u64 = (256 << 20) + (64 << 10);

fn decoded(coding: Coding, bytes: &[u8], cuts: u16) -> (Vec<u8>, u64, Progress) {
    let mut decoder = Decoder::new(coding);
    let (mut text, mut length) = (Vec::new(), 0);
    for piece in pieces(bytes, cuts) {
        decoder.decode(piece, |decoded| {
            length += decoded.len() as u64;
            assert!(length <= MOST.max(201 * bytes.len() as u64), "{} bytes become {length}", bytes.len());
            text.extend_from_slice(&decoded[..decoded.len().min(COMPARED - text.len())]);
        });
    }
    // Where in a step a fault showed is no part of what it says.
    let progress = decoder.progress();
    let progress = if is_faulty(progress) { Progress::Faulty(String::new()) } else { progress.clone() };
    (text, length, progress)
}

fn is_faulty(progress: &Progress) -> bool {
    matches!(progress, Progress::Faulty(_))
}

fuzz_target!(|input: &[u8]| {
    let Some((&choice, input)) = input.split_first() else {
        return;
    };
    let Some((cuts, bytes)) = cuts(input) else {
        return;
    };
    let coding = CODINGS[usize::from(choice) % CODINGS.len()];
    let (text, length, progress) = decoded(coding, bytes, 0);
    if length >= COMPARED as u64 {
        return;
    }
    let (in_pieces, _, progress_in_pieces) = decoded(coding, bytes, cuts);
    // Only of a frame that it has at once does zstd check the declared size.
    if coding != Coding::Zstd || !is_faulty(&progress) {
        assert_eq!(progress_in_pieces, progress);
    }
    // How much comes out before a fault or a missing end is the decoder's own affair.
    let agree = match progress {
        Progress::Finished => in_pieces == text,
        _ => in_pieces.starts_with(&text) || text.starts_with(&in_pieces),
    };
    assert!(agree, "{coding:?} by {cuts}, {progress:?}: {} and {} bytes", in_pieces.len(), text.len());
});
