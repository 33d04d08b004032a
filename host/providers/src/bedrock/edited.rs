//! What repeats, or vouches for, the words of a whole answer that was edited.

use serde_json::Value;

/// Takes it out, by comparing the answer with the one that came.
pub(crate) fn forget_repeats(before: &Value, after: &mut Value) {
    let content = "/output/message/content";
    let old = before.pointer(content).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let new = after.pointer_mut(content).and_then(Value::as_array_mut);
    let (nothing, mut edited) = (Value::Null, false);
    for (position, block) in new.into_iter().flatten().enumerate() {
        let old = old.get(position).unwrap_or(&nothing);
        edited |= old != block;
        let thought = block.pointer_mut("/reasoningContent/reasoningText").and_then(Value::as_object_mut);
        let said = |thought: &serde_json::Map<String, Value>| thought.get("text").cloned();
        if let Some(thought) = thought
            && said(thought).as_ref() != old.pointer("/reasoningContent/reasoningText/text")
        {
            thought.shift_remove("signature");
        }
    }
    if edited {
        forget_trace(after);
    }
}

/// A guardrail tells the words that it has seen.
pub(super) fn forget_trace(answer: &mut Value) {
    if let Some(guardrail) = answer.pointer_mut("/trace/guardrail").and_then(Value::as_object_mut) {
        guardrail.shift_remove("modelOutput");
    }
}
