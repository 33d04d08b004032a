use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

/// Every type of event that some dialect knows, and some that none does.
const TYPES: [&str; 30] = [
    "response.created",
    "response.completed",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.reasoning_summary_part.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.refusal.delta",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_text.annotation.added",
    "response.shell_call_command.added",
    "response.novelty.delta",
    "response.novelty.done",
    "response.x",
    "error",
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "text",
    "output_text",
    "tool_use",
    "message",
    "web_search_tool_result",
];

/// Keys that lead somewhere in some dialect. Strings under them are words.
const KEYS: [&str; 61] = [
    "audio",
    "custom",
    "thinking_blocks",
    "command",
    "action",
    "outputs",
    "logs",
    "delta",
    "message",
    "content",
    "text",
    "words",
    "item",
    "part",
    "response",
    "output",
    "summary",
    "arguments",
    "choices",
    "tool_calls",
    "function",
    "annotations",
    "annotation",
    "error",
    "content_block",
    "citation",
    "thinking",
    "input",
    "source",
    "instructions",
    "metadata",
    "transcript",
    "refusal",
    "reasoning",
    "reasoning_details",
    "function_call",
    "partial_json",
    "image_url",
    "file",
    "title",
    "results",
    "queries",
    "candidates",
    "parts",
    "functionCall",
    "args",
    "partialArgs",
    "stringValue",
    "functionResponse",
    "executableCode",
    "inlineData",
    "groundingMetadata",
    "promptFeedback",
    "start",
    "toolUse",
    "toolResult",
    "reasoningContent",
    "citationsContent",
    "guardContent",
    "json",
    "a/b~c",
];

pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => "[a-z]{1,3}".prop_map(|word| Value::String(format!("+{word}"))),
        1 => Just(Value::Null),
        1 => (0_u64..3).prop_map(Value::from),
        1 => Just(json!("")),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let key = prop::sample::select(&KEYS[..]).prop_map(str::to_owned);
        let name = prop::option::of(prop::sample::select(&TYPES[..]));
        let fields = (prop::collection::vec((key, inner.clone()), 1..5), name);
        prop_oneof![
            2 => prop::collection::vec(inner, 0..3).prop_map(Value::Array),
            5 => fields.prop_map(|(fields, name)| {
                let mut object: Map<String, Value> = fields.into_iter().collect();
                if let Some(name) = name {
                    object.insert("type".to_owned(), name.into());
                }
                Value::Object(object)
            }),
        ]
    })
}

pub(crate) fn any_event() -> impl Strategy<Value = Value> {
    (prop::sample::select(&TYPES[..]), any_value(), 0_u64..2, any::<bool>()).prop_map(
        |(name, mut event, index, ends)| {
            if let Value::Object(fields) = &mut event {
                fields.insert("type".to_owned(), name.into());
                for key in ["index", "output_index", "content_index"] {
                    fields.insert(key.to_owned(), index.into());
                }
                if fields.contains_key("delta") || fields.contains_key("start") {
                    fields.insert("contentBlockIndex".to_owned(), index.into());
                }
                if ends {
                    fields.insert("finish_reason".to_owned(), "stop".into());
                }
            }
            event
        },
    )
}

fn editors() -> [Box<dyn EditStream>; 6] {
    [
        (Dialect::OpenAi, Operation::Chat),
        (Dialect::OpenAi, Operation::Completion),
        (Dialect::OpenAi, Operation::Responses),
        (Dialect::Anthropic, Operation::Messages),
        (Dialect::Gemini, Operation::GenerateContent),
        (Dialect::Bedrock, Operation::Converse),
    ]
    .map(|(dialect, operation)| edit_stream(dialect, operation).unwrap())
}

/// Every word of the event is in some piece once its pieces are empty.
fn emptied(editor: &mut dyn EditStream, event: &Value) -> Value {
    let reading = editor.read(event);
    let mut out = event.clone();
    let mut pointers = std::collections::BTreeSet::new();
    for piece in reading.pieces.iter().filter(|piece| !editor.text(piece.text).is_media()) {
        assert!(pointers.insert(&piece.pointer), "{piece:?} twice in {event}");
        let there =
            event.pointer(&piece.pointer).unwrap_or_else(|| panic!("{piece:?} is nowhere in {event}"));
        let said = there.as_str().map_or_else(|| there.to_string(), str::to_owned);
        assert_eq!(said, piece.content, "{piece:?}");
    }
    for piece in &reading.pieces {
        editor.put(&mut out, piece, "");
    }
    let ends: std::collections::BTreeSet<u32> = reading.ends.iter().copied().collect();
    assert_eq!(ends.len(), reading.ends.len(), "a text ends twice");
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the shape of an event, no word of it passes without having been read.
    #[test]
    fn every_word_is_read(events in prop::collection::vec(any_event(), 1..4)) {
        for mut editor in editors() {
            for event in &events {
                let left = emptied(&mut *editor, event).to_string();
                prop_assert!(!left.contains('+'), "{} of {}", left, event);
            }
        }
    }

    /// Whatever the shape of an answer, each word is a text of it, or of what is told as media.
    #[test]
    fn every_word_of_an_answer_is_found(body in any_value().prop_filter("is no object", Value::is_object)) {
        let of_answers = [
            (Dialect::OpenAi, Operation::Responses),
            (Dialect::Anthropic, Operation::Messages),
            (Dialect::Gemini, Operation::GenerateContent),
            (Dialect::Bedrock, Operation::Converse),
        ];
        for (dialect, operation) in of_answers {
            let mut left = body.clone();
            for found in crate::answer_texts(dialect, operation, &body) {
                let place = left.pointer_mut(&found.pointer);
                prop_assert!(place.is_some() || found.shown.is_none(), "{:?} is nowhere in {}", found, body);
                place.into_iter().for_each(|place| *place = Value::Null);
            }
            prop_assert!(!left.to_string().contains('+'), "{} of {}", left, body);
        }
    }

    /// Whatever the shape of an event, what is written back as it was read is the same.
    #[test]
    fn every_event_passes_as_it_is(events in prop::collection::vec(any_event(), 1..4)) {
        for mut editor in editors() {
            for event in &events {
                let reading = editor.read(event);
                let mut out = event.clone();
                for piece in &reading.pieces {
                    editor.put(&mut out, piece, &piece.content);
                }
                prop_assert!(editor.clean(&mut out, &reading, &|_| Change::Same), "{} was dropped", event);
                prop_assert_eq!(&out, event);
            }
        }
    }
}
