use super::whole_events;

#[test]
fn whole_events_end_at_the_last_empty_line() {
    let cases: [(&[u8], usize); 11] = [
        (b"", 0),
        (b"data: 1", 0),
        (b"data: 1\n", 0),
        (b"data: 1\n\n", 9),
        (b"data: 1\r\n\r\n", 11),
        (b"data: 1\r\r", 9),
        (b"data: 1\r\n\r", 0),
        (b"data: 1\n\n\r", 9),
        (b"data: 1\n\ndata: 2", 9),
        (b"data: 1\n\ndata: 2\n", 9),
        (b"a: 1\r\n\r\nb: 2\r\n", 8),
    ];
    for (bytes, length) in cases {
        assert_eq!(whole_events(bytes), length, "{:?}", String::from_utf8_lossy(bytes));
    }
}
