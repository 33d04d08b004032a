use tidegate_contract::Event;

use super::{Part, read, write};

#[test]
fn events_comments_and_marks_are_told_apart() {
    let piece = b": ping\r\n\r\nevent: delta\ndata: {\"a\":\ndata: 1}\n\ndata:[2]\n\ndata: [DONE]\n\n";
    let event = |name: Option<&str>, data: &str| {
        Part::Event(Event { name: name.map(str::to_owned), data: data.to_owned() })
    };
    let wanted = [
        Part::Other(b": ping\n\n".to_vec()),
        event(Some("delta"), "{\"a\":\n1}"),
        event(None, "[2]"),
        Part::Other(b"data: [DONE]\n\n".to_vec()),
    ];
    assert_eq!(read(piece), wanted);
}

#[test]
fn what_is_written_is_read_again() {
    let event = Event { name: Some("x".into()), data: "{\"a\":\n1}".into() };
    let mut out = Vec::new();
    write(&event, &mut out);
    assert_eq!(read(&out), [Part::Event(event)]);
}
