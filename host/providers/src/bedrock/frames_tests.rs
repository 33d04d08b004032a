use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn read(pieces: &[&[u8]]) -> Result<Vec<SseEvent>, BadFrame> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.feed(piece, &mut events)?;
    }
    assert!(!decoder.is_cut());
    Ok(events)
}

fn written(events: &[SseEvent]) -> Vec<u8> {
    let mut out = Vec::new();
    events.iter().for_each(|event| write(event, &mut out).unwrap());
    out
}

/// A frame that botocore reads, byte for byte: a contentBlockStop.
const STOP: &str = include_str!("frames_tests/stop.hex");

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

#[test]
fn a_frame_is_what_others_write_and_read() {
    let event = named("contentBlockStop", r#"{"contentBlockIndex":0}"#.to_owned());
    assert_eq!(written(std::slice::from_ref(&event)), bytes(STOP));
    assert_eq!(read(&[&bytes(STOP)]), Ok(vec![event]));
}

#[test]
fn an_exception_is_named_after_itself() {
    let event = named("throttlingException", r#"{"message":"slow down"}"#.to_owned());
    let frame = written(std::slice::from_ref(&event));
    let text = String::from_utf8_lossy(&frame);
    assert!(text.contains(":exception-type") && text.contains("exception") && !text.contains(":event-type"));
    assert_eq!(read(&[&frame]), Ok(vec![event]));
}

#[test]
fn an_error_outside_the_model_of_the_service_is_one_all_the_same() {
    let text = |text: &'static str| HeaderValue::String(text.into());
    let frame = |code: &'static str| {
        let message = Message::new(Bytes::new())
            .add_header(Header::new(":message-type", text("error")))
            .add_header(Header::new(":error-code", text(code)))
            .add_header(Header::new(":error-message", text("no \"luck\"")));
        let mut out = Vec::new();
        write_message_to(&message, &mut out).unwrap();
        read(&[&out]).unwrap()
    };
    let told = r#"{"message":"no \"luck\""}"#.to_owned();
    assert_eq!(frame("InternalServerError"), [named("InternalServerError", told.clone())]);
    assert_eq!(frame("Oops"), [named("internalServerException", told)]);
}

#[test]
fn damage_anywhere_is_an_error_or_never_ends() {
    let whole = bytes(STOP);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        let read = decoder.feed(&damaged, &mut events);
        assert!(read.is_err() || decoder.is_cut(), "byte {at}");
        assert!(events.is_empty(), "byte {at}");
    }
}

#[test]
fn nobody_waits_for_a_frame_that_is_too_large() {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    assert!(decoder.feed(&0x0100_0001_u32.to_be_bytes(), &mut events).is_err());
    assert_eq!(decoder.feed(&bytes(STOP), &mut events), Ok(()));
    assert!(events.is_empty());
    assert!(Decoder::default().feed(&[0, 0, 0, 15], &mut events).is_err());
}

#[test]
fn frames_that_say_nothing_of_themselves_are_errors() {
    let mut out = Vec::new();
    write_message_to(&Message::new("{}"), &mut out).unwrap();
    assert!(read(&[&out]).is_err());
    let mut out = Vec::new();
    let kind = Header::new(":event-type", HeaderValue::String("metadata".into()));
    write_message_to(&Message::new(&b"\xff"[..]).add_header(kind), &mut out).unwrap();
    assert!(read(&[&out]).is_err());
}

fn event_strategy() -> impl Strategy<Value = SseEvent> {
    ("[a-zA-Z]{1,20}", ".{0,200}").prop_map(|(name, data)| named(&name, data))
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        events in vec(event_strategy(), 0..5),
        cuts in vec(0_usize..2000, 0..8),
    ) {
        let whole = written(&events);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&pieces)?, events.clone());
        let single: Vec<&[u8]> = whole.chunks(1).collect();
        prop_assert_eq!(read(&single)?, events);
    }

    #[test]
    fn noise_is_never_a_panic(noise in vec(any::<u8>(), 0..400)) {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        let _ = decoder.feed(&noise, &mut events);
    }

    #[test]
    fn damaged_headers_are_never_a_panic(at in 0_usize..200, value in any::<u8>()) {
        // Header fields are read before the checksum of the whole is compared.
        let mut frame = written(&[named("metadata", "{}".to_owned())]);
        let at = 12 + at % (frame.len() - 16);
        frame[at] = value;
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        let _ = decoder.feed(&frame, &mut events);
    }
}
