//! Ranks: the more words a document shares with the query, the higher it stands.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::model::Call;
use super::plan::Plan;
use super::request::{Body, Refused};
use crate::dialect::JSON;
use crate::text;

/// `POST /v2/rerank`
pub(super) fn answer(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    body.model()?;
    let query = body.get("query").and_then(Value::as_str);
    let query = words(query.ok_or_else(|| Refused::field("query", "\"query\" must be a text"))?);
    let documents = body.get("documents").and_then(Value::as_array).filter(|list| !list.is_empty());
    let wrong = "\"documents\" must be an array with at least one document";
    let documents = documents.ok_or_else(|| Refused::field("documents", wrong))?;
    let mut scores: Vec<(usize, f64)> =
        documents.iter().map(|document| score(&query, document)).enumerate().collect();
    scores.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    scores.truncate(top(&body, documents.len())?);
    let result = |(index, score): &(usize, f64)| json!({"index": index, "relevance_score": score});
    let results: Vec<Value> = scores.iter().map(result).collect();
    let answer = json!({
        "id": format!("rerank_mock_{}", call.number),
        "results": results,
        "meta": {"billed_units": {"search_units": 1}},
    });
    Ok(Plan::whole(200, JSON, text::bytes(&answer)))
}

fn top(body: &Body, documents: usize) -> Result<usize, Refused> {
    match body.get("top_n").map(Value::as_u64) {
        None => Ok(documents),
        Some(Some(top @ 1..)) => Ok(documents.min(top as usize)),
        Some(_) => Err(Refused::field("top_n", "\"top_n\" must be a number from 1 on")),
    }
}

/// The share of the query's words that a document has, be it a text or an object with a text in it.
fn score(query: &BTreeSet<String>, document: &Value) -> f64 {
    let text = document.as_str().map_or_else(|| document.to_string(), str::to_owned);
    let shared = words(&text).intersection(query).count();
    if query.is_empty() { 0.0 } else { shared as f64 / query.len() as f64 }
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
