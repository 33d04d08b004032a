//! Log probabilities: what Google says of tokens, in OpenAI's shape and back.

use serde_json::Number;

use crate::exchange::json::{Json, Object, Text, object};

/// `{chosenCandidates, topCandidates}` as `{content, refusal}`; `None` where it names no token.
pub(super) fn decode(result: Json<'_>) -> Option<Json<'_>> {
    let Json::Object(mut result) = result else { return None };
    let mut tops = list(result.take("topCandidates")).into_iter();
    let mut content = Vec::new();
    for chosen in list(result.take("chosenCandidates")) {
        let others = tops.next().map(|top| {
            if let Json::Object(mut top) = top { list(top.take("candidates")) } else { Vec::new() }
        });
        let Some(mut token) = token(chosen) else { continue };
        let others: Vec<Object<'_>> =
            others.unwrap_or_default().into_iter().filter_map(self::token).collect();
        token.set("top_logprobs", others);
        content.push(token);
    }
    (!content.is_empty()).then(|| object! { "content": content, "refusal": Json::Null }.into())
}

fn list(value: Option<Json<'_>>) -> Vec<Json<'_>> {
    if let Some(Json::List(values)) = value { values } else { Vec::new() }
}

fn token(candidate: Json<'_>) -> Option<Object<'_>> {
    let Json::Object(mut candidate) = candidate else { return None };
    let text = candidate.take("token").map(Json::into_text).unwrap_or_default();
    // Of a probability of one the logarithm is nothing, which protocol buffers leave out.
    let probability = candidate.take("logProbability").unwrap_or_else(|| Json::Number(0.into()));
    let bytes: Vec<u64> = text.bytes().map(u64::from).collect();
    Some(object! { "token": text, "logprob": probability, "bytes": bytes })
}

/// `{content: […]}` as `{chosenCandidates, topCandidates}`; `None` where it names no token.
pub(super) fn encode(entries: Json<'_>) -> Option<Object<'_>> {
    let Json::Object(mut entries) = entries else { return None };
    let (mut chosen, mut tops) = (Vec::new(), Vec::new());
    for token in list(entries.take("content")) {
        let Json::Object(mut token) = token else { continue };
        let others = list(token.take("top_logprobs")).into_iter();
        let others = others
            .filter_map(|other| if let Json::Object(other) = other { Some(candidate(other)) } else { None });
        tops.push(object! { "candidates": others.collect::<Vec<_>>() });
        chosen.push(candidate(token));
    }
    (!chosen.is_empty()).then(|| object! { "chosenCandidates": chosen, "topCandidates": tops })
}

fn candidate(mut token: Object<'_>) -> Object<'_> {
    let text: Option<Text<'_>> = token.take("token").map(Json::into_text);
    let mut candidate = Object::default();
    candidate.set_some("token", text);
    candidate.set_some("logProbability", token.take("logprob"));
    candidate
}

/// The mean over the chosen tokens of `{content: […]}`.
pub(super) fn mean(entries: &Json<'_>) -> Option<Number> {
    let Json::List(tokens) = entries.at(&["content"])? else { return None };
    let number = |token: &Json<'_>| {
        if let Json::Number(number) = token.at(&["logprob"])? { number.as_f64() } else { None }
    };
    let sum: f64 = tokens.iter().map(number).sum::<Option<f64>>()?;
    Number::from_f64(sum / tokens.len() as f64)
}
