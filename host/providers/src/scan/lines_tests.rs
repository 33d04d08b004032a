use super::*;

/// The lines of the pieces, and whether any was too long.
fn lines(pieces: &[&[u8]]) -> (Vec<String>, bool) {
    let (mut lines, mut splitter) = (Vec::new(), Lines::default());
    for piece in pieces {
        splitter.feed(piece, |line| lines.push(String::from_utf8_lossy(line).into_owned()));
    }
    (lines, splitter.overlong())
}

#[test]
fn all_three_line_ends_count_wherever_they_are_cut() {
    let stream = b"a\nb\r\nc\rd\r\r\n\n\re\n";
    let whole = lines(&[stream]).0;
    assert_eq!(whole, ["a", "b", "c", "d", "", "", "", "e"]);
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        assert_eq!(lines(&[left, b"", right]).0, whole, "cut at {at}");
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(lines(&bytes).0, whole);
}

#[test]
fn only_the_first_line_loses_a_byte_order_mark() {
    let stream = "\u{feff}a\n\u{feff}b\n".as_bytes();
    assert_eq!(lines(&[stream]).0, ["a", "\u{feff}b"]);
    assert_eq!(lines(&stream.chunks(1).collect::<Vec<_>>()).0, ["a", "\u{feff}b"]);
}

#[test]
fn a_line_beyond_the_limit_is_skipped_and_the_next_is_read() {
    for length in [MAX_LINE, MAX_LINE + 1] {
        let fits = length == MAX_LINE;
        let mut stream = vec![b'x'; length];
        stream.extend_from_slice(b"\nnext\n");
        for size in [stream.len(), 1000, length - 1, length] {
            let (lines, overlong) = lines(&stream.chunks(size).collect::<Vec<_>>());
            assert_eq!(
                (lines.len(), overlong),
                (1 + usize::from(fits), !fits),
                "{length} in pieces of {size}"
            );
            assert_eq!(lines.last().unwrap(), "next");
        }
    }
}

#[test]
fn a_large_buffer_is_given_back() {
    let mut splitter = Lines::default();
    splitter.feed(&vec![b'x'; 10 * KEEP], |_| {});
    splitter.feed(b"\n", |_| {});
    assert_eq!(splitter.begun.capacity(), 0);
}
