//! A step of `moderate_output` as a stream: its texts come in parts, through the windows of the gateway, and what leaves must be
//! what leaves of the whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use tidegate_contract::{Text, Windows};
use tidegate_pipeline::{
    AuthMode, Chain, Denied, Link, Plugin, Session, Stage, StreamModeration, StreamText,
};
use tidegate_telemetry::Metrics;

use crate::case::Step;
use crate::input::Input;

/// What a filter of a case may hold, in bytes.
const MOST: usize = 16 * 1024 * 1024;

/// What became of the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Left {
    /// They left as these.
    Texts(BTreeMap<u32, String>),
    /// The answer ended, and what had left before does not count.
    Blocked,
}

/// The first way to cut the texts in two by which something else leaves than of the whole; also of each character by
/// itself.
pub(crate) async fn difference(
    step: &Step,
    plugin: &Arc<dyn Plugin>,
    windows: Option<&Windows>,
) -> Option<String> {
    let texts = texts(step);
    let whole = match played(step, plugin, windows, &[usize::MAX]).await {
        Ok(left) => left,
        Err(problem) => return Some(format!("as a stream in one part it fails: {problem}")),
    };
    let longest = texts.iter().map(|text| text.content.len()).max().unwrap_or_default();
    // Inside of a character of every text it would be the cut before.
    for at in (1..longest).filter(|at| texts.iter().any(|text| text.content.is_char_boundary(*at))) {
        if let Some(text) = compared(step, plugin, windows, (&whole, &[at, usize::MAX])).await {
            return Some(format!("in a stream that is cut at byte {at}, {text}"));
        }
    }
    let every: Vec<usize> = (1..=longest).collect();
    let problem = compared(step, plugin, windows, (&whole, &every)).await?;
    Some(format!("in a stream of single bytes, {problem}"))
}

async fn compared(
    step: &Step,
    plugin: &Arc<dyn Plugin>,
    windows: Option<&Windows>,
    (whole, ends): (&Left, &[usize]),
) -> Option<String> {
    match played(step, plugin, windows, ends).await {
        Err(problem) => Some(format!("it fails: {problem}")),
        Ok(left) if left == *whole => None,
        Ok(left) => Some(format!("something else leaves\n    expected {whole}\n    got      {left}")),
    }
}

fn texts(step: &Step) -> Vec<Text<'_>> {
    match &step.input {
        Input::Texts { texts, .. } => {
            texts.iter().enumerate().map(|(index, text)| text.text(index)).collect()
        }
        _ => Vec::new(),
    }
}

/// Gives the texts up to each of `ends` in turn, and takes what may leave.
async fn played(
    step: &Step,
    plugin: &Arc<dyn Plugin>,
    windows: Option<&Windows>,
    ends: &[usize],
) -> Result<Left, String> {
    let texts = texts(step);
    let metrics = Metrics::new().map_err(|error| error.to_string())?;
    let link = Link::new("case".into(), Arc::clone(plugin), &metrics);
    let link = link.windows(windows.cloned()).deadline(step.context.deadline()).unjudged_media(true);
    let chain = Chain::new(vec![Arc::new(link)], AuthMode::Any);
    let mut session = step.context.session();
    let stages = chain.stages(&mut session, &HeaderMap::new(), MOST).map_err(|denied| told(&denied))?;
    let moderation = stages.into_iter().find_map(|stage| match stage {
        Stage::Moderation(moderation) => Some(moderation),
        Stage::Transform(_) => None,
    });
    let Some(mut moderation) = moderation else { return Err("it does not moderate answers".into()) };
    let mut left = BTreeMap::new();
    match stream(&mut moderation, &mut session, (&texts, ends), &mut left).await {
        Ok(()) => Ok(Left::Texts(left)),
        Err(Denied::Blocked { .. }) => Ok(Left::Blocked),
        Err(denied) => Err(told(&denied)),
    }
}

async fn stream(
    moderation: &mut StreamModeration,
    session: &mut Session,
    (texts, ends): (&[Text<'_>], &[usize]),
    left: &mut BTreeMap<u32, String>,
) -> Result<(), Denied> {
    let mut begin = 0;
    for end in ends {
        for text in texts {
            let part = text.content.get(border(&text.content, begin)..border(&text.content, *end));
            let part = part.unwrap_or_default();
            if !part.is_empty() {
                moderation.add(
                    text.id,
                    StreamText { role: text.role, kind: text.kind },
                    part,
                    Instant::now(),
                );
            }
        }
        moderation.judge(session, Instant::now(), false).await?;
        take(moderation, left);
        begin = *end;
    }
    moderation.complete_all();
    moderation.judge(session, Instant::now(), true).await?;
    take(moderation, left);
    Ok(())
}

fn take(moderation: &mut StreamModeration, left: &mut BTreeMap<u32, String>) {
    for id in moderation.ids() {
        let text = moderation.take(id, u64::MAX);
        left.entry(id).or_default().push_str(&text);
    }
}

/// The gateway gives filters whole characters.
fn border(content: &str, at: usize) -> usize {
    let at = at.min(content.len());
    (0..=at).rev().find(|at| content.is_char_boundary(*at)).unwrap_or(0)
}

fn told(denied: &Denied) -> String {
    match denied {
        Denied::Failed { error, .. } => error.to_string(),
        other => format!("{other:?}"),
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Blocked => f.write_str("nothing, the answer is blocked"),
            Self::Texts(texts) => write!(f, "{:?}", texts.values().collect::<Vec<_>>()),
        }
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
