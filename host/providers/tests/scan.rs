//! What is read from recorded answers is the same however their bytes are cut.

#![forbid(unsafe_code)]

use proptest::prelude::*;
use tidegate_contract::Usage;
use tidegate_providers::AnswerScan;

/// Everything that a scan says.
#[derive(Debug, PartialEq)]
struct Facts {
    model: Option<String>,
    usage: Option<Usage>,
    finished: bool,
    error: bool,
    /// Pieces that brought the first token: none or one.
    first_tokens: usize,
    overlong: bool,
}

fn facts(mut scan: AnswerScan, stream: &[u8], sizes: &[usize]) -> Facts {
    let (mut rest, mut first_tokens) = (stream, 0);
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        first_tokens += usize::from(scan.feed(piece).first_token);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    Facts {
        model: scan.model().map(str::to_owned),
        usage: scan.usage(),
        finished: scan.finished(),
        error: scan.error_in_stream(),
        first_tokens,
        overlong: scan.overlong(),
    }
}

fn usage(input: u64, output: u64) -> Usage {
    Usage { input, output, ..Usage::default() }
}

/// Each recording with what it says.
fn recordings() -> Vec<(&'static str, Facts)> {
    let facts = |model: &str, usage, finished, error| Facts {
        model: Some(model.to_owned()),
        usage,
        finished,
        error,
        first_tokens: 1,
        overlong: false,
    };
    let chat = Usage { cached_input: 8, reasoning: 4, ..usage(19, 10) };
    let response = Usage { cached_input: 3, reasoning: 2, ..usage(12, 5) };
    let message = Usage { cached_input: 5, cache_write: 2, ..usage(17, 15) };
    vec![
        (include_str!("recordings/chat.sse"), facts("gpt-4o-2024-08-06", Some(chat), true, false)),
        (include_str!("recordings/tools.sse"), facts("m-tools", None, true, false)),
        (include_str!("recordings/two_choices_cut.sse"), facts("m-two", None, false, false)),
        (include_str!("recordings/error.sse"), facts("m-error", Some(usage(3, 2)), false, true)),
        (include_str!("recordings/lines_of_data.sse"), facts("m-lines", Some(usage(2, 3)), true, false)),
        (include_str!("recordings/response.sse"), facts("gpt-r", Some(response), true, false)),
        (include_str!("recordings/message.sse"), facts("claude-m", Some(message), true, false)),
    ]
}

/// The recording with each of the line ends that a server may use, and with a byte order mark.
fn spellings(recording: &str) -> [String; 4] {
    [
        recording.to_owned(),
        recording.replace('\n', "\r\n"),
        recording.replace('\n', "\r"),
        format!("\u{feff}{recording}"),
    ]
}

#[test]
fn recorded_streams_say_what_they_say_byte_by_byte_and_whole() {
    for (recording, expected) in recordings() {
        for stream in spellings(recording) {
            let bytes = stream.as_bytes();
            assert_eq!(facts(AnswerScan::events(), bytes, &[bytes.len()]), expected, "{stream:?}");
            assert_eq!(facts(AnswerScan::events(), bytes, &[1]), expected, "{stream:?}");
        }
    }
}

#[test]
fn every_single_cut_is_harmless() {
    for (recording, expected) in recordings() {
        let stream = recording.replace('\n', "\r\n");
        for at in 1..stream.len() {
            assert_eq!(
                facts(AnswerScan::events(), stream.as_bytes(), &[at, usize::MAX]),
                expected,
                "cut at {at}"
            );
        }
    }
}

#[test]
fn a_recorded_body_says_what_it_says_at_every_cut() {
    let body = include_bytes!("recordings/chat.json");
    let expected = Facts {
        model: Some("gpt-4o-mini".to_owned()),
        usage: Some(Usage { reasoning: 2, ..usage(12, 5) }),
        finished: true,
        error: false,
        first_tokens: 0,
        overlong: false,
    };
    for at in 1..=body.len() {
        assert_eq!(facts(AnswerScan::plain(), body, &[at]), expected, "pieces of {at}");
        assert_eq!(facts(AnswerScan::plain(), body, &[at, usize::MAX]), expected, "cut at {at}");
    }
}

#[test]
fn a_stream_is_finished_by_its_last_event_and_not_before() {
    let stream = include_bytes!("recordings/tools.sse");
    assert!(!facts(AnswerScan::events(), &stream[..stream.len() - 1], &[usize::MAX]).finished);
    assert!(facts(AnswerScan::events(), b"data: [DONE]\n", &[1]).finished);
    assert!(!facts(AnswerScan::events(), b"data: x\ndata: [DONE]\n\n", &[usize::MAX]).finished);
    assert!(!facts(AnswerScan::plain(), b"{\"usage\":{}", &[1]).finished);
}

#[test]
fn an_event_beyond_the_limit_is_passed_by() {
    const TOO_LONG: usize = 1024 * 1024 + 1;
    let long_line =
        format!("data: {{\"usage\":{{\"prompt_tokens\":1}},\"x\":\"{}\"}}\n\n", "x".repeat(TOO_LONG));
    let long_event = format!("data: {}\ndata: {}\n\n", "x".repeat(TOO_LONG / 2), "x".repeat(TOO_LONG / 2));
    for long in [long_line, long_event] {
        let stream = format!("{long}data: {{\"model\":\"m\",\"usage\":{{\"prompt_tokens\":2}}}}\n\n");
        for size in [stream.len(), 4096] {
            let seen = facts(AnswerScan::events(), stream.as_bytes(), &[size]);
            assert_eq!(
                (seen.model.as_deref(), seen.usage, seen.overlong),
                (Some("m"), Some(usage(2, 0)), true)
            );
        }
    }
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1_usize..4, 1_usize..600], 1..12)
}

proptest! {
    #[test]
    fn recorded_streams_say_the_same_in_any_pieces(
        recording in 0_usize..7,
        spelling in 0_usize..4,
        sizes in sizes(),
    ) {
        let (text, expected) = recordings().swap_remove(recording);
        let stream = &spellings(text)[spelling];
        prop_assert_eq!(facts(AnswerScan::events(), stream.as_bytes(), &sizes), expected);
    }

    #[test]
    fn garbage_says_the_same_in_any_pieces(
        garbage in prop_oneof![
            prop::collection::vec(any::<u8>(), 1..300),
            "((data: ?|data|:|event: )?[\\[\\]{}\",:a1\\\\]{0,6}(\n|\r|\r\n|\n\n)){1,40}".prop_map(String::into_bytes),
            "(data: \\{\"(usage|error|model|choices)\": ?(1|null|\"x|\\[|\\{\"prompt_tokens\":1\\})\\}?(\n|\r|\r\n){1,2}){1,20}"
                .prop_map(String::into_bytes),
        ],
        sizes in sizes(),
    ) {
        for scan in [AnswerScan::events, AnswerScan::plain] {
            let whole = facts(scan(), &garbage, &[garbage.len()]);
            prop_assert_eq!(facts(scan(), &garbage, &sizes), whole);
        }
    }
}
