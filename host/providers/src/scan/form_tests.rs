use proptest::prelude::*;

use super::*;

const TYPE: &str = "multipart/form-data; boundary=----wall";

fn part(disposition: &str, content: &str) -> String {
    format!("------wall\r\nContent-Disposition: {disposition}\r\n\r\n{content}\r\n")
}

fn form(parts: &[String]) -> Vec<u8> {
    format!("{}------wall--\r\n", parts.concat()).into_bytes()
}

fn named(model: &str) -> String {
    part("form-data; name=\"model\"", model)
}

fn file(content: &str) -> String {
    part(
        "form-data; name=\"file\"; filename=\"a; name=\\\"model\\\".wav\"\r\nContent-Type: audio/wav",
        content,
    )
}

fn scanned(body: &[u8], pieces: impl Iterator<Item = usize>) -> Result<Option<FormModel>, FormError> {
    let mut scan = FormScan::new(TYPE)?;
    let mut rest = body;
    for length in pieces {
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        scan.feed(piece)?;
        rest = behind;
    }
    scan.feed(rest)?;
    Ok(scan.model().cloned())
}

fn model(body: &[u8]) -> Result<Option<FormModel>, FormError> {
    scanned(body, std::iter::empty())
}

#[test]
fn finds_the_model_and_where_it_stands() -> Result<(), FormError> {
    for parts in [
        vec![named("whisper-1"), file("RIFF")],
        vec![file("RIFF\r\n--"), named("whisper-1")],
        vec![part("form-data; name=language", ""), file(""), named("whisper-1"), file("x")],
    ] {
        let body = form(&parts);
        let found = model(&body)?.ok_or(FormError::Name)?;
        assert_eq!(found.name, "whisper-1");
        assert_eq!(&body[found.range], b"whisper-1");
    }
    assert_eq!(model(&form(&[file("RIFF")]))?, None);
    Ok(())
}

#[test]
fn a_form_that_can_be_read_in_two_ways_is_refused() {
    let twice = form(&[named("allowed"), file("RIFF"), named("denied")]);
    assert_eq!(model(&twice), Err(FormError::Duplicate));
    let bare = b"------wall\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\n------wall\r\n";
    assert_eq!(model(bare), Err(FormError::Boundary));
    assert_eq!(model(b"------wall \r\n"), Err(FormError::Boundary));
    for disposition in [
        "form-data",
        "attachment; name=\"model\"",
        "form-data; name=\"mo\\del\"",
        "form-data; name=\"%6dodel\"",
        "form-data; name=\"file\"; name=\"model\"",
        "form-data; name=\"model",
        "form-data; name=\"file\" name=\"model\"",
    ] {
        assert_eq!(model(&form(&[part(disposition, "x")])), Err(FormError::Disposition), "{disposition}");
    }
}

#[test]
fn the_boundary_must_be_said() {
    for content_type in
        ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\\b\""]
    {
        assert_eq!(FormScan::new(content_type).err(), Some(FormError::NoBoundary), "{content_type}");
    }
    assert!(FormScan::new("multipart/form-data; charset=utf-8; Boundary=\"a b\"").is_ok());
}

#[test]
fn keeps_no_more_than_it_needs() -> Result<(), FormError> {
    let mut scan = FormScan::new(TYPE)?;
    scan.feed(file("").strip_suffix("\r\n").unwrap_or_default().as_bytes())?;
    for _ in 0..100 {
        scan.feed(&[b'-'; 10_000])?;
        assert!(scan.pending.len() < 64, "{}", scan.pending.len());
    }
    let mut scan = FormScan::new(TYPE)?;
    assert_eq!(scan.feed(named(&"x".repeat(10_000)).as_bytes()), Err(FormError::Name));
    let mut scan = FormScan::new(TYPE)?;
    scan.feed(b"------wall\r\n")?;
    assert_eq!(scan.feed(&[b'x'; MAX_HEAD + 1]), Err(FormError::Head));
    Ok(())
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same(
        before in "[-\r\na-w]{0,40}", name in "[a-z0-9.:/-]{1,40}", sizes in prop::collection::vec(1_usize..9, 0..200),
    ) {
        let body = form(&[file(&before), named(&name), file("y")]);
        let whole = model(&body);
        prop_assert_eq!(&scanned(&body, sizes.into_iter()), &whole);
        if let Ok(Some(found)) = whole {
            prop_assert_eq!(&body[found.range], found.name.as_bytes());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..300), cut in 0_usize..300) {
        let _ = scanned(&body, std::iter::once(cut));
    }
}
