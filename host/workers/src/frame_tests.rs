use serde_json::json;
use tokio::io::AsyncReadExt;

use super::{Body, FrameError, Kind, Reader, encode};

/// What a worker would send: the same bytes, whoever writes them.
fn sent(kind: Kind, id: u32, body: &[u8]) -> Vec<u8> {
    encode(kind, id, &json!({"a": 1}), Body::Inline(body)).unwrap()
}

async fn read(bytes: &[u8], most: usize) -> Result<(Kind, u32, Vec<u8>, Vec<u8>), FrameError> {
    let frame = Reader::new(bytes, most).next().await?;
    Ok((frame.kind, frame.id, frame.meta.to_vec(), frame.body.to_vec()))
}

#[tokio::test]
async fn a_frame_is_read_as_it_was_written() {
    let frame = read(&sent(Kind::Return, 7, b"body"), 1000).await.unwrap();
    assert_eq!(frame, (Kind::Return, 7, b"{\"a\":1}".to_vec(), b"body".to_vec()));
}

#[tokio::test]
async fn frames_follow_one_another_wherever_they_are_cut() {
    let mut bytes = sent(Kind::Note, 0, b"");
    bytes.extend(sent(Kind::Return, 1, b"x"));
    for cut in 0..bytes.len() {
        let pieces = bytes[..cut].chain(&bytes[cut..]);
        let mut reader = Reader::new(pieces, 1000);
        assert_eq!(reader.next().await.unwrap().kind, Kind::Note);
        assert_eq!(reader.next().await.unwrap().body, "x");
        assert_eq!(reader.next().await.unwrap_err(), FrameError::Closed);
    }
}

#[tokio::test]
async fn what_is_too_long_or_no_frame_is_refused_before_it_is_read() {
    assert_eq!(read(&sent(Kind::Return, 1, &[0; 100]), 99).await, Err(FrameError::TooLarge(119)));
    assert_eq!(read(&sent(Kind::Call, 1, b""), 99).await, Err(FrameError::Malformed));
    for (at, byte) in [(4, 99), (5, 1), (6, 1), (12, 200), (0, 1)] {
        let mut bytes = sent(Kind::Return, 1, b"");
        bytes[at] = byte;
        assert_eq!(read(&bytes, 1000).await, Err(FrameError::Malformed), "{at}");
    }
    assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\n", 1000).await, Err(FrameError::Malformed));
}

#[test]
fn a_body_in_a_descriptor_is_no_part_of_the_length() {
    let frame = encode(Kind::Call, 1, &json!({}), Body::Descriptor).unwrap();
    assert_eq!((frame[5], frame.len()), (1, 18));
    assert_eq!(u32::from_le_bytes(frame[..4].try_into().unwrap()), 14);
}
