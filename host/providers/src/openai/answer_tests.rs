use super::*;

fn used(raw: &str) -> Option<Usage> {
    usage(raw.as_bytes())
}

#[test]
fn usage_is_read_under_both_sets_of_names() {
    let all = Usage { input: 10, output: 7, cached_input: 4, reasoning: 3, ..Usage::default() };
    let chat = r#"{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":3}}"#;
    let responses = r#"{"input_tokens":10,"output_tokens":7,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":3}}"#;
    assert_eq!((used(chat), used(responses)), (Some(all), Some(all)));
    let both = r#"{"prompt_tokens":1,"input_tokens":9,"completion_tokens":2,"output_tokens":9,"prompt_tokens_details":null}"#;
    assert_eq!(used(both), Some(Usage { input: 1, output: 2, ..Usage::default() }));
    assert_eq!(used(r#"{"prompt_tokens":5,"total_tokens":5}"#), Some(Usage { input: 5, ..Usage::default() }));
}

#[test]
fn odd_counts_do_no_harm() {
    let count = |raw: &str| used(&format!(r#"{{"prompt_tokens":{raw}}}"#)).map(|usage| usage.input);
    assert_eq!((count("12.0"), count("-3")), (Some(12), Some(0)));
    assert_eq!(count("1e300"), Some(9_007_199_254_740_991));
    assert_eq!((count("\"5\""), count("null")), (None, None));
    assert_eq!((used("{}"), used("null"), used("[]"), used("")), (None, None, None, None));
}

#[test]
fn what_a_cache_took_or_gave_is_input_too() {
    let raw = r#"{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"output_tokens":7}"#;
    let all = Usage { input: 17, output: 7, cached_input: 4, cache_write: 3, ..Usage::default() };
    assert_eq!(used(raw), Some(all));
    let thought = r#"{"input_tokens":1,"output_tokens":7,"output_tokens_details":{"thinking_tokens":5}}"#;
    assert_eq!(used(thought).map(|usage| usage.reasoning), Some(5));
    let response = r#"{"input_tokens":17,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":7}"#;
    assert_eq!(used(response), Some(all));
    let chat = r#"{"prompt_tokens":17,"completion_tokens":7,"cache_creation_input_tokens":3,"cache_read_input_tokens":4}"#;
    assert_eq!(used(chat), Some(all));
}

#[test]
fn typed_events_say_where_they_belong() {
    let event = read(
        r#"{"type":"response.completed","response":{"model":"m","usage":{"input_tokens":1},"error":null}}"#,
    );
    assert_eq!(
        (event.model.as_deref(), event.finish, event.error, event.token),
        (Some("m"), true, false, false)
    );
    assert_eq!(event.counts.and_then(|counts| counts.usage()).map(|usage| usage.input), Some(1));
    assert!(read(r#"{"type":"response.output_text.delta","delta":"a"}"#).token);
    let failed = read(r#"{"type":"response.failed","response":{"error":{"message":"x"}}}"#);
    assert_eq!((failed.finish, failed.error), (true, true));
    assert!(read(r#"{"type":"error","message":"x"}"#).error);
    let start = read(r#"{"type":"message_start","message":{"model":"c","usage":{"input_tokens":1}}}"#);
    assert_eq!((start.model.as_deref(), start.finish), (Some("c"), false));
    assert!(read(r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#).token);
    assert!(read(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#).finish);
    assert!(!read(r#"{"type":"message_delta","delta":{"stop_reason":null}}"#).finish);
    assert!(read(r#"{"type":"message_stop"}"#).finish);
}

fn read(data: &str) -> Part {
    part(data.as_bytes()).unwrap()
}

#[test]
fn a_token_is_anything_but_a_role() {
    let with = |delta: &str| read(&format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#)).token;
    for delta in [
        r#"{"role":"assistant"}"#,
        r#"{"role":"assistant","content":""}"#,
        r#"{"content":null}"#,
        "{}",
        "null",
    ] {
        assert!(!with(delta), "{delta}");
    }
    for delta in [
        r#"{"role":"assistant","content":"a"}"#,
        r#"{"reasoning_content":"a"}"#,
        r#"{"tool_calls":[{"index":0}]}"#,
        r#"{"refusal":"no"}"#,
    ] {
        assert!(with(delta), "{delta}");
    }
    assert!(read(r#"{"choices":[{"text":"a"}]}"#).token);
    assert!(!read(r#"{"choices":[{"text":"","finish_reason":"stop"}]}"#).token);
}

#[test]
fn an_odd_field_hides_no_other() {
    let event = read(r#"{"model":7,"choices":"none","usage":{"prompt_tokens":1},"error":{"message":"x"}}"#);
    assert_eq!((event.model, event.error), (None, true));
    assert_eq!(event.counts.and_then(|counts| counts.usage()).map(|usage| usage.input), Some(1));
    assert!(part(b"not json").is_none());
    assert_eq!(read(r#"{"model":"","choices":[]}"#).model, None);
}

#[test]
fn only_values_that_say_something_are_worth_a_parse() {
    for data in [
        r#"{"usage":null,"finish_reason" : null,"error":null}"#,
        r#"{"content":"the \"usage\": {} and \"error\": 1"}"#,
        r#"{"choices":[]}"#,
    ] {
        assert!(!says_something(data.as_bytes()), "{data}");
    }
    for data in [
        r#"{"usage":null,"x":{"usage" : {}}}"#,
        r#"{"finish_reason":"stop"}"#,
        r#"{"error":"x"}"#,
        r#"{"type":"response.completed","response":{}}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"usage""#,
    ] {
        assert!(says_something(data.as_bytes()), "{data}");
    }
}

#[test]
fn gemini_counts_thoughts_beside_the_rest_and_cached_tokens_in_the_prompt() {
    let counted = r#"{"promptTokenCount":10,"candidatesTokenCount":4,"thoughtsTokenCount":3,"cachedContentTokenCount":6}"#;
    let usage = usage(counted.as_bytes()).unwrap();
    assert_eq!((usage.input, usage.output, usage.cached_input, usage.reasoning), (10, 7, 6, 3));
}

#[test]
fn converse_counts_what_the_cache_took_beside_the_input() {
    let counted = r#"{"inputTokens":10,"outputTokens":4,"cacheReadInputTokens":6,"cacheWriteInputTokens":2}"#;
    let usage = usage(counted.as_bytes()).unwrap();
    assert_eq!((usage.input, usage.output, usage.cached_input, usage.cache_write), (18, 4, 6, 2));
}

#[test]
fn the_last_events_of_gemini_and_converse_finish() {
    let chunk = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"modelVersion":"g"}"#;
    let said = part(chunk.as_bytes()).unwrap();
    assert_eq!((said.token, said.finish, said.model.as_deref()), (true, false, Some("g")));
    let last = r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}"#;
    assert!(says_something(last.as_bytes()) && part(last.as_bytes()).unwrap().finish);
    let delta = r#"{"delta":{"text":"a"},"contentBlockIndex":0}"#;
    assert!(part(delta.as_bytes()).unwrap().token);
    let stop = r#"{"stopReason":"end_turn"}"#;
    assert!(says_something(stop.as_bytes()) && part(stop.as_bytes()).unwrap().finish);
}
