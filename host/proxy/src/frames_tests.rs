use proptest::prelude::*;

use super::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, Streams};
use crate::io::H2_PREFACE;

fn frame(kind: u8, flags: u8, stream: u32, payload: usize) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload).unwrap().to_be_bytes();
    let mut frame = vec![a, b, c, kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.resize(frame.len() + payload, 0xff);
    frame
}

fn begun(heads: &[(u8, u8, u32)]) -> Streams {
    let mut streams = Streams::new();
    streams.received(H2_PREFACE);
    for (kind, flags, stream) in heads {
        streams.received(&frame(*kind, *flags, *stream, 20));
    }
    streams
}

#[test]
fn a_stream_is_open_from_its_whole_head_to_the_end_of_its_answer() {
    let mut streams = begun(&[(HEADERS, END_STREAM, 1)]);
    assert_eq!(streams.open(), 0, "half a head");
    streams.received(&frame(CONTINUATION, END_HEADERS, 1, 5));
    assert_eq!(streams.open(), 1);
    assert!(!streams.sent(&frame(HEADERS, END_HEADERS, 1, 30)));
    assert!(streams.sent(&frame(DATA, 0, 1, 1000)));
    assert_eq!(streams.open(), 1);
    assert!(streams.sent(&frame(DATA, END_STREAM, 1, 0)));
    assert_eq!(streams.open(), 0);
}

#[test]
fn a_reset_of_either_side_ends_a_stream() {
    let both = [(HEADERS, END_HEADERS, 1), (HEADERS, END_HEADERS, 3)];
    let mut streams = begun(&both);
    streams.received(&frame(RST_STREAM, 0, 1, 4));
    assert_eq!(streams.open(), 1);
    streams.sent(&frame(RST_STREAM, 0, 3, 4));
    assert_eq!(streams.open(), 0);
}

#[test]
fn trailers_of_a_request_open_no_second_stream() {
    let mut streams = begun(&[(HEADERS, END_HEADERS, 1)]);
    streams.sent(&frame(HEADERS, END_HEADERS | END_STREAM, 1, 3));
    streams.received(&frame(HEADERS, END_HEADERS | END_STREAM, 1, 3));
    assert_eq!(streams.open(), 0);
}

proptest! {
    #[test]
    fn frames_are_found_however_they_are_cut(cuts in prop::collection::vec(0_usize..150, 0..10)) {
        let mut bytes = H2_PREFACE.to_vec();
        for stream in [1, 3, 5] {
            bytes.extend(frame(HEADERS, END_HEADERS, stream, 7));
            bytes.extend(frame(DATA, END_STREAM, stream, 11));
        }
        bytes.extend(frame(RST_STREAM, 0, 3, 4));
        let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut streams = Streams::new();
        for pair in cuts.windows(2) {
            streams.received(&bytes[pair[0]..pair[1]]);
        }
        prop_assert_eq!(streams.open(), 2);
    }
}
