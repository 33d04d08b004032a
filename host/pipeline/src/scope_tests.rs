use std::sync::Arc;

use super::{Attributes, MAX_LINES, MAX_NOTES, NotesFull, Scope};

#[test]
fn notes_are_kept_up_to_their_size() {
    let scope = Scope::new("r", Arc::default());
    scope.set_note("a", b"1").unwrap();
    scope.set_note("a", b"2").unwrap();
    assert_eq!((scope.note("a").as_deref(), scope.note("b")), (Some(&b"2"[..]), None));
    assert_eq!(scope.set_note("b", &vec![0; MAX_NOTES]), Err(NotesFull));
    assert_eq!(scope.note("b"), None);
    scope.set_note("a", &vec![0; MAX_NOTES - 1]).unwrap();
}

#[test]
fn lines_are_counted() {
    let scope = Scope::new("r", Arc::default());
    let written = (0..1000).filter(|_| scope.may_log()).count();
    assert_eq!(written, MAX_LINES as usize);
}

#[test]
fn attributes_are_found_by_name() {
    let attributes =
        Attributes { service: "chat".into(), client: "::1".parse().ok(), ..Attributes::default() };
    let scope = Scope::new("r", Arc::new(attributes));
    assert_eq!(scope.attribute("service").as_deref(), Some("chat"));
    assert_eq!(scope.attribute("client.address").as_deref(), Some("::1"));
    assert_eq!(scope.attribute("other"), None);
}
