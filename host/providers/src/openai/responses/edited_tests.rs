use super::*;

#[test]
fn only_what_was_edited_forgets() {
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [{"url": "u"}], "logprobs": [{"token": text}]});
    let audio = |said: &str| json!({"type": "output_audio", "transcript": said, "data": "QUJD"});
    let before = json!({"output": [
        {"type": "reasoning", "summary": [{"text": "hm"}], "encrypted_content": "e"},
        {"type": "message", "content": [part("a"), part("b"), audio("c")]},
        {"type": "reasoning", "summary": [{"text": "hm"}], "encrypted_content": "e"},
    ]});
    let mut after = before.clone();
    forget_repeats(&before, &mut after);
    assert_eq!(after, before);
    after["output"][0]["summary"][0]["text"] = "x".into();
    after["output"][1]["content"][1]["text"] = "y".into();
    after["output"][1]["content"][2]["transcript"] = "z".into();
    forget_repeats(&before, &mut after);
    assert_eq!(
        after,
        json!({"output": [
            {"type": "reasoning", "summary": [{"text": "x"}]},
            {"type": "message", "content": [part("a"), {"type": "output_text", "text": "y", "annotations": [], "logprobs": []},
                {"type": "output_audio", "transcript": "z", "data": ""}]},
            before["output"][2],
        ]})
    );
    forget_repeats(&before, &mut json!([1]));
}
