use super::*;

fn named(name: &str, data: &str) -> SseEvent {
    SseEvent { name: Some(name.to_owned()), data: data.to_owned(), ..SseEvent::default() }
}

#[test]
fn an_event_comes_out_of_its_chunk() -> Result<(), BadFrame> {
    let event = named("message_stop", r#"{"type":"message_stop"}"#);
    let chunk = named("chunk", r#"{"bytes":"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0="}"#);
    assert_eq!(open(chunk)?, event);
    Ok(())
}

#[test]
fn padding_beside_the_bytes_says_nothing() -> Result<(), BadFrame> {
    let opened = open(named("chunk", r#"{"bytes":"eyJ0eXBlIjoicGluZyJ9","p":"abcdefgh"}"#))?;
    assert_eq!(opened, named("ping", r#"{"type":"ping"}"#));
    Ok(())
}

#[test]
fn an_exception_is_told_as_the_error_it_is() -> Result<(), BadFrame> {
    let exception = named("throttlingException", r#"{"message":"slow down"}"#);
    let error = open(exception)?;
    assert_eq!(error.name.as_deref(), Some("error"));
    let told = r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
    assert_eq!(error.data, told);
    Ok(())
}

#[test]
fn a_chunk_without_an_event_is_an_error() {
    for data in ["{}", r#"{"bytes":"!"}"#, r#"{"bytes":"////"}"#, r#"{"bytes":"e30"}"#, "no json"] {
        assert!(open(named("chunk", data)).is_err(), "{data}");
    }
}
