//! One moderation filter on the texts of one body.

use std::sync::Arc;

use serde_json::Value;
use tidegate_contract::{Hook, Judged, Judgement, Operation, Text};

use crate::chain::Denied;
use crate::guard::Link;
use crate::inbound::Message;
use crate::plugin::{Answer, Call, HookError, Plugin};
use crate::session::Session;
use crate::texts;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Input,
    Output,
}

impl Side {
    fn hook(self) -> Hook {
        match self {
            Self::Input => Hook::ModerateInput,
            Self::Output => Hook::ModerateOutput,
        }
    }
}

/// Has the texts of a body judged and the edits made.
///
/// A body that is no JSON cannot be judged; where there is one, that is a failure of the filter, never a pass.
pub(crate) async fn body(
    link: &Arc<Link>,
    side: Side,
    session: &mut Session,
    message: &mut Message<'_>,
) -> Result<(), Denied> {
    let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
    let Some(scope) = session.scope(link, message.headers).map_err(failed)? else { return Ok(()) };
    session.note_judged(link, side.hook());
    if message.body.is_empty() {
        return Ok(());
    }
    if let (Side::Input, Some(document)) = (side, message.body.document()) {
        // The client's fault, not the filter's.
        document.tree()?;
    }
    let found = Found::of(side, session, message);
    if let Some(media) = found.media().filter(|_| link.refuses_media()) {
        let reason = format!("nobody here can judge media, and there is \"{media}\"");
        link.blocked_media(side.hook(), session);
        let (filter, answer) = (Arc::clone(link.name()), side == Side::Output);
        return Err(Denied::Blocked { filter, reason, answer });
    }
    if side == Side::Input && link.judges_beside() {
        session.judge_beside(link, &scope, found.owned());
        return Ok(());
    }
    let asked = judged(link, side, (session, &scope), &found).await;
    let asked = session.moderation.asked(side.hook(), link, asked).map_err(failed)?;
    let Some(judged) = asked else { return Ok(()) };
    session.moderation.note(side.hook(), &judged.judgement, !judged.findings.is_empty());
    session.note_findings(link, judged.findings);
    let carried = match judged.judgement {
        Judgement::Allow => Ok(()),
        Judgement::Block(reason) => {
            let (filter, answer) = (Arc::clone(link.name()), side == Side::Output);
            return Err(Denied::Blocked { filter, reason, answer });
        }
        Judgement::Edit(edits) => match message.body.document_mut() {
            Some(document) => document
                .change(|tree| texts::write(tree, &found.places, &edits))
                .map_err(|error| HookError::Invalid(error.to_string()))
                .and_then(|written| written),
            None => Err(HookError::Invalid("it edits a body that is no JSON".into())),
        },
    };
    link.forgive(side.hook(), session, carried).map(drop).map_err(failed)
}

/// Nobody knows where the texts of such a body stand, so passing it would be passing it unjudged.
pub(crate) const UNKNOWN: &str =
    "the path is none whose texts are known; moderate routes of model calls only";

/// The texts of a body, or why they cannot be judged.
struct Found {
    tree: Result<Arc<Value>, HookError>,
    places: Vec<texts::TextPlace>,
}

impl Found {
    fn of(side: Side, session: &Session, message: &Message<'_>) -> Self {
        if let Some(media_type) = message.body.media() {
            return Self::one_of_media(side, media_type);
        }
        let tree = match message.body.document() {
            Some(document) => {
                document.tree().map(Arc::clone).map_err(|error| HookError::Invalid(error.to_string()))
            }
            None => Err(HookError::Invalid("the body is no JSON, so its texts cannot be judged".into())),
        };
        let places = match (&tree, side) {
            (Err(_), _) => Vec::new(),
            (Ok(tree), Side::Input) => message.texts.request(tree),
            (Ok(tree), Side::Output) => message.texts.answer(tree),
        };
        let unknown = places.is_empty() && session.operation == Operation::Other.as_str();
        let tree = if unknown { Err(HookError::Invalid(UNKNOWN.into())) } else { tree };
        Self { tree, places }
    }

    /// A body that is media as a whole, such as a spoken answer.
    fn one_of_media(side: Side, media_type: &str) -> Self {
        let role = if side == Side::Input { "user" } else { "assistant" };
        let shown = Some(media_type.to_owned());
        let place = texts::TextPlace { pointer: String::new(), role, kind: "media", new_turn: true, shown };
        Self { tree: Ok(Arc::default()), places: vec![place] }
    }

    /// What is told of the first media.
    fn media(&self) -> Option<&str> {
        let media = self.places.iter().find(|place| place.kind == "media")?;
        Some(media.shown.as_deref().unwrap_or("media"))
    }

    fn texts(&self) -> Result<Vec<Text<'_>>, HookError> {
        self.tree.as_ref().map(|tree| texts::read(tree, &self.places)).map_err(Clone::clone)
    }

    /// The texts for a call that outlives the body.
    fn owned(&self) -> Result<Vec<Text<'static>>, HookError> {
        let owned = |text: Text<'_>| Text { content: text.content.into_owned().into(), ..text };
        Ok(self.texts()?.into_iter().map(owned).collect())
    }
}

async fn judged(
    link: &Arc<Link>,
    side: Side,
    (session, scope): (&Session, &Arc<crate::scope::Scope>),
    found: &Found,
) -> Result<Option<Judged>, HookError> {
    let call = Call { context: session.context(), scope };
    let texts = found.texts();
    ask(link, side, call, &texts).await
}

/// Asks a filter about texts, or has it fail by what is wrong with them.
pub(crate) async fn ask<'a>(
    link: &'a Link,
    side: Side,
    call: Call<'a>,
    texts: &'a Result<Vec<Text<'a>>, HookError>,
) -> Result<Option<Judged>, HookError> {
    let start = |plugin: &'a dyn Plugin, call: Call<'a>| -> Result<Answer<'a, Judged>, HookError> {
        let texts = texts.as_ref().map_err(Clone::clone)?;
        link.check_body(texts.iter().map(|text| text.content.len()).sum())?;
        Ok(match side {
            Side::Input => plugin.moderate_input(call, texts),
            Side::Output => plugin.moderate_output(call, texts, true),
        })
    };
    link.ask(side.hook(), call, start).await
}
