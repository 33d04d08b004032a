use proptest::prelude::*;

use super::{Decoder, Frame, SseEvent, TooLong};

fn read(pieces: &[&[u8]]) -> Vec<Frame> {
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.feed(piece, &mut frames).unwrap();
    }
    decoder.finish(&mut frames).unwrap();
    frames
}

fn data(text: &str) -> Frame {
    Frame::Event(SseEvent { data: text.into(), ..SseEvent::default() })
}

const STREAM: &[u8] = "\u{feff}: hello\n\nevent: ping\nid: 7\nretry: 20\ndata: {\"a\":\"\u{e9}\u{1f600}\"}\r\n\r\ndata:x\rdata: y\r\rid: 8\n\nunknown: z\n\ndata\n\ndata: last".as_bytes();

#[test]
fn every_field_has_its_meaning() {
    let named = SseEvent {
        name: Some("ping".into()),
        id: Some("7".into()),
        retry: Some(20),
        data: "{\"a\":\"\u{e9}\u{1f600}\"}".into(),
    };
    let id_only = SseEvent { id: Some("8".into()), ..SseEvent::default() };
    assert_eq!(
        read(&[STREAM]),
        [
            Frame::Comment("hello".into()),
            Frame::Event(named),
            data("x\ny"),
            Frame::Fields(id_only),
            data(""),
            data("last"),
        ]
    );
}

#[test]
fn a_stream_split_at_every_byte_is_the_same() {
    let whole = read(&[STREAM]);
    for at in 0..=STREAM.len() {
        let (left, right) = STREAM.split_at(at);
        assert_eq!(read(&[left, right]), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
    assert_eq!(read(&bytes), whole);
}

#[test]
fn an_event_without_an_end_is_refused() {
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    let line = [b"data: ", vec![b'x'; 600 * 1024].as_slice(), b"\n"].concat();
    decoder.feed(&line, &mut frames).unwrap();
    assert_eq!(decoder.feed(&line, &mut frames), Err(TooLong));
    let mut decoder = Decoder::default();
    assert_eq!(decoder.feed(&[b'y'; 2 * 1024 * 1024], &mut frames), Err(TooLong));
    assert!(frames.is_empty());
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        events in prop::collection::vec(("[a-z.]{0,8}", "[ -~\u{e9}\n]{0,40}", prop::option::of("[0-9a-f]{1,4}")), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let frames: Vec<Frame> = events
            .into_iter()
            .map(|(name, data, id)| {
                let name = (!name.is_empty()).then_some(name);
                Frame::Event(SseEvent { name, id, retry: None, data: if data.is_empty() { "{}".into() } else { data } })
            })
            .collect();
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| frame.write(&mut bytes));
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&pieces), frames);
    }
}
