use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_contract::{Finding, Hook, Hooks, Judged, Judgement, Subscription, Text, TextEdit, Windows};
use tidegate_pipeline::{Answer, Call, Plugin};

use crate::case::Case;
use crate::play::play;

const NEEDLE: &str = "nädel";

/// Masks a word; a careless one lets go of its beginning.
struct Masks {
    subscription: Subscription,
    careful: bool,
    blocks: bool,
}

impl Plugin for Masks {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn moderate_output<'a>(&'a self, _: Call<'a>, texts: &'a [Text<'a>], _: bool) -> Answer<'a, Judged> {
        let mut judged = Judged::default();
        let mut edits = Vec::new();
        for text in texts {
            let small = |size: usize| u32::try_from(size).unwrap();
            let found = text.content.match_indices(NEEDLE).filter(|(at, _)| *at >= text.released as usize);
            edits.extend(found.map(|(at, _)| TextEdit {
                id: text.id,
                start: small(at),
                end: small(at + NEEDLE.len()),
                replacement: "***".into(),
            }));
            let borders = NEEDLE.char_indices().map(|(at, _)| at).rev();
            let open = borders.clone().find(|at| text.content.ends_with(&NEEDLE[..*at])).unwrap_or(0);
            judged.hold.push((text.id, if self.careful { small(open) } else { 0 }));
        }
        if self.blocks && !edits.is_empty() {
            let finding =
                Finding { category: "needle".into(), score: None, text: None, detail: String::new() };
            judged.findings.push(finding);
            judged.judgement = Judgement::Block("no needles".into());
        } else if !edits.is_empty() {
            judged.judgement = Judgement::Edit(edits);
        }
        Box::pin(std::future::ready(Ok(judged)))
    }
}

async fn played(careful: bool, blocks: bool, out: Value) -> Result<(), String> {
    let subscription = Subscription::to(Hooks::NONE.with(Hook::ModerateOutput));
    let plugin: Arc<dyn Plugin> = Arc::new(Masks { subscription, careful, blocks });
    let content = "heu, nädel und heu";
    let step = json!({"hook": "moderate_output", "split": "every_byte", "in": {"texts": [{"content": content}]}, "out": out});
    let case = json!({"name": "needles", "steps": [step]});
    let case = Case::parse("a.json", &case.to_string()).unwrap();
    let windows = Windows { mode: "carry".into(), max_match: 8, ..Windows::default() };
    play(&case, &plugin, Some(&windows)).await.map_err(|mismatch| mismatch.to_string())
}

fn masked() -> Value {
    json!({"edit": [{"start": 5, "end": 11, "replacement": "***"}], "hold": {"0": 0}})
}

#[tokio::test]
async fn whatever_way_a_stream_is_cut_the_same_leaves() {
    played(true, false, masked()).await.unwrap();
    let out = json!({"block": "no needles", "findings": [{"category": "needle"}], "hold": {"0": 0}});
    played(true, true, out).await.unwrap();
}

#[tokio::test]
async fn a_word_that_leaves_in_two_parts_is_told_with_the_cut() {
    let told = played(false, false, masked()).await.unwrap_err();
    let expected = "case \"needles\", step 1 (moderate_output): in a stream that is cut at byte 6, something else \
                    leaves\n    expected [\"heu, *** und heu\"]\n    got      [\"heu, nädel und heu\"]";
    assert_eq!(told, expected);
}
