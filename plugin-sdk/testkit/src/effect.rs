//! What a verdict comes to when it is carried out, as the gateway would: one that cannot be is a failure of the plugin.

use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_contract::{Change, HeaderEdit, Judgement, Text, TextEdit};
use tidegate_pipeline::{Body, HookError, apply_headers, edit_text};

use crate::compare::difference;
use crate::shape::{Data, Fields};
use crate::show;

/// `after` of a step: what must stand there once the verdict is carried out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct After {
    headers: Option<Fields>,
    body: Option<Value>,
    texts: Option<Vec<Data>>,
}

/// What stands there.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    headers: Option<Value>,
    body: Option<Value>,
    texts: Option<Value>,
}

impl After {
    /// What differs from `effect`, of what the case names.
    pub(crate) fn difference(&self, effect: &Effect) -> Option<String> {
        let pairs = [
            ("headers", self.headers.as_ref().map(show::json), &effect.headers),
            ("body", self.body.clone(), &effect.body),
            ("texts", self.texts.as_ref().map(show::json), &effect.texts),
        ];
        pairs.into_iter().find_map(|(name, expected, got)| {
            let expected = expected?;
            let got = got.as_ref().unwrap_or(&Value::Null);
            difference(&expected, got).map(|text| format!("\"{name}\" of \"after\" differs{text}"))
        })
    }
}

impl Effect {
    /// Of header edits alone.
    pub(crate) fn of_headers(edits: &[HeaderEdit], mut headers: HeaderMap) -> Result<Self, HookError> {
        apply_headers(edits, &mut headers)?;
        Ok(Self { headers: Some(fields(&headers)), ..Self::default() })
    }

    /// Of a transform.
    pub(crate) fn of_change(
        change: Option<&Change>,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<Self, HookError> {
        let Some(change) = change else { return Ok(Self::of_message(headers, &body)) };
        if let Some(edits) = &change.body {
            let none = || HookError::Invalid("it changes a body that is no JSON".into());
            let document = body.document_mut().ok_or_else(none)?;
            document.apply(edits).map_err(|error| HookError::Invalid(error.to_string()))?;
        }
        let mut headers = headers.clone();
        apply_headers(&change.headers, &mut headers)?;
        Ok(Self::of_message(&headers, &body))
    }

    fn of_message(headers: &HeaderMap, body: &Body) -> Self {
        let body = body.document().and_then(|document| serde_json::from_slice(&document.text()).ok());
        Self { headers: Some(fields(headers)), body, texts: None }
    }

    /// Of a judgement.
    pub(crate) fn of_judgement(judgement: &Judgement, texts: &[Text<'_>]) -> Result<Self, HookError> {
        let none = [];
        let edits = match judgement {
            Judgement::Edit(edits) => &edits[..],
            Judgement::Allow | Judgement::Block(_) => &none[..],
        };
        if edits.iter().any(|edit| texts.iter().all(|text| text.id != edit.id || text.kind == "media")) {
            return Err(HookError::Invalid(
                "an edit names a text that does not exist or cannot be edited".into(),
            ));
        }
        let edited = |text: &Text<'_>| {
            let own: Vec<TextEdit> = edits.iter().filter(|edit| edit.id == text.id).cloned().collect();
            if own.first().is_some_and(|edit| edit.start < text.released) {
                return Err(HookError::Invalid("an edit changes what has left already".into()));
            }
            let edited = edit_text(&text.content, &own)?;
            if text.kind == "tool-arguments" && is_json(&text.content) && !is_json(&edited) {
                return Err(HookError::Invalid("the edited arguments of a tool are no JSON any more".into()));
            }
            Ok(edited)
        };
        let texts = texts.iter().map(edited).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { texts: Some(json!(texts)), ..Self::default() })
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn fields(headers: &HeaderMap) -> Value {
    let fields = headers.keys().map(|name| {
        let values = headers.get_all(name).iter().map(|value| Data::of(value.as_bytes())).collect();
        (name.as_str().to_owned(), values)
    });
    show::json(&Fields(fields.collect()))
}
