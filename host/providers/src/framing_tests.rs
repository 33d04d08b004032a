use super::*;
use crate::sse::SseEvent;

const STREAM: &str = "data: {\"a\":1}\n\n: ping\n\nevent: messageStop\ndata: {\"b\":2}\n\n";

fn framed(framing: Framing, piece: usize) -> Vec<u8> {
    let (mut framer, mut out) = (Framer::new(framing), Vec::new());
    STREAM.as_bytes().chunks(piece).for_each(|piece| framer.feed(piece, &mut out).unwrap());
    framer.close(&mut out).unwrap();
    out
}

#[test]
fn a_list_holds_an_event_an_entry_at_every_split() {
    for piece in 1..STREAM.len() {
        assert_eq!(framed(Framing::List, piece), b"[{\"a\":1},\r\n{\"b\":2}]", "{piece}");
    }
    let mut out = Vec::new();
    Framer::new(Framing::List).close(&mut out).unwrap();
    assert_eq!(out, b"[]");
}

#[test]
fn frames_of_aws_hold_the_same_events() {
    let (mut decoder, mut events) = (frames::Decoder::default(), Vec::new());
    decoder.feed(&framed(Framing::Aws, 3), &mut events).unwrap();
    let event = |name: &str, data: &str| SseEvent {
        name: Some(name.into()),
        data: data.into(),
        ..SseEvent::default()
    };
    assert_eq!(events, [event("message", "{\"a\":1}"), event("messageStop", "{\"b\":2}")]);
}

#[test]
fn each_client_gets_its_own() {
    assert_eq!(Framing::of(Dialect::Gemini, "key=x&alt=sse"), Framing::Sse);
    assert_eq!(Framing::of(Dialect::Gemini, ""), Framing::List);
    assert_eq!(Framing::of(Dialect::Bedrock, ""), Framing::Aws);
    assert_eq!(Framing::of(Dialect::OpenAi, ""), Framing::Sse);
}
