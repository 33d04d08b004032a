use super::*;
use crate::StreamTranslation;

fn asked(body: &str) -> Option<String> {
    ask_for_usage(body.as_bytes()).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn a_stream_is_asked_for_its_usage_where_its_client_says_nothing_of_it() {
    let wanted = r#" {"stream_options":{"include_usage":true},"model":"m","stream":true,"n":1.0}"#;
    assert_eq!(asked(r#" {"model":"m","stream":true,"n":1.0}"#).as_deref(), Some(wanted));
    for left in [
        r#"{"model":"m"}"#,
        r#"{"stream":false}"#,
        r#"{"stream":true,"stream_options":{"include_usage":false}}"#,
        r#"{"stream":true,"stream_options":{}}"#,
        r#"[{"stream":true}]"#,
        "{",
        "",
    ] {
        assert_eq!(asked(left), None, "{left}");
    }
}

const CHUNK: &str = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a \\\"usage\\\"\"}}],\"usage\":null}\n\n";
const FINISH: &str = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n";
const USAGE: &str = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[test]
fn the_answer_to_it_is_taken_out_of_the_stream_wherever_that_is_cut() {
    let whole = [CHUNK, FINISH, USAGE, DONE].concat();
    for cut in 0..=whole.len() {
        let mut stream = StreamTranslation::with_usage_taken_out();
        let mut out = Vec::new();
        for piece in [&whole.as_bytes()[..cut], &whole.as_bytes()[cut..]] {
            stream.feed(piece, &mut out).unwrap();
        }
        stream.close(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), [CHUNK, FINISH, DONE].concat(), "{cut}");
        let usage = Usage { input: 7, output: 3, cached_input: 2, ..Usage::default() };
        assert_eq!(stream.usage(), Some((usage, true)));
    }
}

#[test]
fn what_says_anything_else_stays() {
    for event in [
        // Groq and others put it beside the last part; content filters of Azure come without a choice.
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n",
        "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
        "data: {\"error\":{\"message\":\"no\"},\"choices\":[],\"usage\":{\"prompt_tokens\":7}}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n",
        ": ping\n\n",
    ] {
        let mut stream = StreamTranslation::with_usage_taken_out();
        let mut out = Vec::new();
        stream.feed(event.as_bytes(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), event);
        assert_eq!(stream.usage(), None);
    }
}
