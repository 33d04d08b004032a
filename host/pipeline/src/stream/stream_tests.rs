use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::HeaderMap;
use proptest::prelude::*;
use tidegate_contract::{Finding, Hook, Hooks, Judged, Judgement, Subscription, Text, TextEdit, Windows};
use tidegate_telemetry::Metrics;

use super::{Stage, StreamModeration, StreamText};
use crate::chain::{AuthMode, Chain, Denied};
use crate::guard::{Link, OnError};
use crate::plugin::{Answer, Call, HookError, Plugin};
use crate::session::Session;
use crate::tally::Outcome;

const SAID: StreamText = StreamText { role: "assistant", kind: "text" };
const ARGUMENTS: StreamText = StreamText { role: "assistant", kind: "tool-arguments" };

/// What a filter does where it finds its needle.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Redact,
    Block,
    Flag,
    Fail,
    EditOutside,
}

/// One call: content, bytes that had left, where it began, complete, last.
type Seen = (String, u32, u64, bool, bool);

struct Finder {
    needle: &'static str,
    does: Does,
    /// Whether the verdict says how much to hold.
    holds: bool,
    subscription: Subscription,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Plugin for Finder {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn moderate_output<'a>(&'a self, _: Call<'a>, texts: &'a [Text<'a>], last: bool) -> Answer<'a, Judged> {
        let told =
            |text: &Text<'_>| (text.content.to_string(), text.released, text.start, text.complete, last);
        self.seen.lock().unwrap().extend(texts.iter().map(told));
        if self.does == Does::Fail {
            return Box::pin(std::future::ready(Err(HookError::Failed("broken".into()))));
        }
        let mut judged = Judged::default();
        let mut edits = Vec::new();
        for text in texts {
            for (at, _) in text.content.match_indices(self.needle) {
                let finding = Finding {
                    category: "needle".into(),
                    score: None,
                    text: Some(text.id),
                    detail: String::new(),
                };
                judged.findings.push(finding);
                if at >= text.released as usize {
                    let (start, end) = (at as u32, (at + self.needle.len()) as u32);
                    edits.push(TextEdit { id: text.id, start, end, replacement: "<>".into() });
                }
            }
            if self.holds && !text.complete {
                let open = (1..self.needle.len())
                    .rev()
                    .find(|length| text.content.ends_with(&self.needle[..*length]));
                judged.hold.push((text.id, open.unwrap_or(0) as u32));
            }
        }
        judged.judgement = match self.does {
            Does::Redact => Judgement::Edit(edits),
            Does::Block if !judged.findings.is_empty() => Judgement::Block("no needles".into()),
            Does::EditOutside => {
                Judgement::Edit(vec![TextEdit { id: 9, start: 0, end: 0, replacement: "x".into() }])
            }
            _ => Judgement::Allow,
        };
        Box::pin(std::future::ready(Ok(judged)))
    }
}

fn windows(mode: &str) -> Windows {
    Windows { mode: mode.into(), min: 7, max: 11, overlap: 8, max_match: 8, max_hold_ms: 20 }
}

struct Bench {
    moderation: StreamModeration,
    session: Session,
    seen: Arc<Mutex<Vec<Seen>>>,
}

fn bench_with(mode: &str, does: Does, holds: bool, change: impl FnOnce(Link) -> Link) -> Bench {
    let seen = Arc::default();
    let subscription = Subscription {
        windows: Some(windows(mode)),
        ..Subscription::to(Hooks::NONE.with(Hook::ModerateOutput))
    };
    let finder = Finder { needle: "needle", does, holds, subscription, seen: Arc::clone(&seen) };
    let link = change(Link::new("finder".into(), Arc::new(finder), &Metrics::new().unwrap()));
    let chain = Chain::new(vec![Arc::new(link)], AuthMode::Any);
    let mut session = Session::default();
    let mut stages = chain.stages(&mut session, &HeaderMap::new(), 1024).unwrap();
    let Some(Stage::Moderation(moderation)) = stages.pop() else { panic!("no moderation") };
    Bench { moderation: *moderation, session, seen }
}

fn bench(mode: &str, does: Does) -> Bench {
    bench_with(mode, does, true, |link| link)
}

impl Bench {
    /// Gives one part, and takes what may leave of it.
    async fn part(&mut self, id: u32, part: &str) -> Result<String, Denied> {
        let now = Instant::now();
        let upto = self.moderation.add(id, SAID, part, now);
        self.moderation.judge(&mut self.session, now, false).await?;
        Ok(self.moderation.take(id, upto))
    }

    async fn end(&mut self) -> Result<String, Denied> {
        self.moderation.complete_all();
        self.moderation.judge(&mut self.session, Instant::now(), true).await?;
        let ids = self.moderation.ids();
        Ok(ids.into_iter().map(|id| self.moderation.take(id, u64::MAX)).collect())
    }

    /// All of a text in parts.
    async fn all(&mut self, parts: &[&str]) -> Result<Vec<String>, Denied> {
        let mut out = Vec::new();
        for part in parts {
            out.push(self.part(0, part).await?);
        }
        out.push(self.end().await?);
        Ok(out)
    }
}

#[tokio::test]
async fn carry_holds_what_may_become_a_match_and_nothing_more() {
    let mut bench = bench("carry", Does::Redact);
    let out = bench.all(&["a ne", "edl", "e b", " need", "ful"]).await.unwrap();
    assert_eq!(out, ["a ", "", "<> b", " ", "needful", ""]);
    assert!(bench.moderation.is_edited(0) && bench.moderation.is_moved(0));
    assert_eq!(bench.session.moderation.output, Some(Outcome::Redact));
}

#[tokio::test]
async fn carry_without_a_word_on_it_holds_the_longest_match() {
    let mut bench = bench_with("carry", Does::Redact, false, |link| link);
    let out = bench.all(&["0123456789", "a needle", " b"]).await.unwrap();
    assert_eq!(out, ["01", "23456789", "a ", "<> b"]);
}

#[tokio::test]
async fn what_has_left_is_context() {
    let mut bench = bench("carry", Does::Redact);
    bench.all(&["one needle two", " three"]).await.unwrap();
    let seen = bench.seen.lock().unwrap().clone();
    // At most eight bytes of what left, as it came.
    assert_eq!(seen[0], ("one needle two".into(), 0, 0, false, false));
    assert_eq!(seen[1], ("edle two three".into(), 8, 6, false, false));
    assert_eq!(seen[2], ("wo three".into(), 8, 12, true, true));
}

#[tokio::test]
async fn a_window_waits_until_it_is_full() {
    let mut bench = bench_with("window", Does::Redact, false, |link| link);
    let mut out = Vec::new();
    for part in ["abc", "def", "ghijk", "a needle in hay"] {
        out.push(bench.part(0, part).await.unwrap());
    }
    out.push(bench.end().await.unwrap());
    // Eight bytes at the end are seen once more in the next window, before they leave.
    assert_eq!(out.concat(), "abcdefghijka <> in hay");
    assert_eq!(out[..3], ["", "", "abc"]);
    assert!(bench.seen.lock().unwrap().iter().all(|(content, ..)| content.len() <= 8 + 8 + 11));
}

#[tokio::test]
async fn a_window_waits_no_longer_than_it_may() {
    let mut bench = bench("window", Does::Redact);
    assert_eq!(bench.part(0, "abc").await.unwrap(), "");
    let due = bench.moderation.due_at().unwrap();
    tokio::time::sleep_until((due + Duration::from_millis(1)).into()).await;
    bench.moderation.judge(&mut bench.session, Instant::now(), false).await.unwrap();
    assert_eq!(bench.moderation.take(0, u64::MAX), "abc");
    assert_eq!(bench.moderation.due_at(), None);
    assert!(bench.session.moderation.held >= Duration::from_millis(20));
}

#[tokio::test]
async fn full_lets_nothing_go_before_the_end() {
    let mut bench = bench("full", Does::Redact);
    let out = bench.all(&["a nee", "dle ", "b"]).await.unwrap();
    assert_eq!(out, ["", "", "", "a <> b"]);
    assert_eq!(*bench.seen.lock().unwrap(), [("a needle b".into(), 0, 0, true, true)]);
}

#[tokio::test]
async fn watch_holds_nothing_and_can_only_end_the_stream() {
    let mut bench = bench("watch", Does::Block);
    assert_eq!(bench.part(0, "a nee").await.unwrap(), "a nee");
    let upto = bench.moderation.add(0, SAID, "dle", Instant::now());
    assert_eq!(bench.moderation.take(0, upto), "dle");
    let judged = bench.moderation.judge(&mut bench.session, Instant::now(), false).await;
    assert!(matches!(judged, Err(Denied::Blocked { answer: true, .. })));

    let mut bench = bench_with("watch", Does::EditOutside, true, |link| link);
    bench.moderation.add(0, SAID, "needle", Instant::now());
    let judged = bench.moderation.judge(&mut bench.session, Instant::now(), false).await;
    assert!(matches!(judged, Err(Denied::Failed { .. })));
}

#[tokio::test]
async fn a_block_lets_nothing_of_the_window_go() {
    for mode in ["carry", "window", "full"] {
        let mut bench = bench(mode, Does::Block);
        let out = bench.all(&["this has a nee", "dle in it"]).await;
        assert!(matches!(out, Err(Denied::Blocked { .. })), "{mode}");
        assert!(!bench.moderation.take(0, u64::MAX).contains("nee"), "{mode}");
        assert_eq!(bench.session.moderation.output, Some(Outcome::Block));
    }
}

#[tokio::test]
async fn texts_do_not_mix() {
    let mut bench = bench("carry", Does::Redact);
    assert_eq!(bench.part(0, "nee").await.unwrap(), "");
    assert_eq!(bench.part(1, "dle").await.unwrap(), "dle");
    assert_eq!(bench.part(0, "dle").await.unwrap(), "<>");
}

#[tokio::test]
async fn arguments_are_judged_as_a_whole_and_stay_json() {
    let mut bench = bench("carry", Does::Redact);
    let now = Instant::now();
    bench.moderation.add(0, ARGUMENTS, "{\"a\":\"", now);
    bench.moderation.add(0, ARGUMENTS, "x needle\"}", now);
    bench.moderation.judge(&mut bench.session, now, false).await.unwrap();
    assert_eq!(bench.moderation.take(0, u64::MAX), "");
    assert_eq!(bench.end().await.unwrap(), "{\"a\":\"x <>\"}");

    let mut bench = bench_with("carry", Does::Redact, true, |link| link);
    // The needle stands where an edit breaks the JSON.
    bench.moderation.add(0, ARGUMENTS, "[needle]", now);
    assert_eq!(bench.end().await.unwrap(), "[<>]");
    let mut bench = bench_with("carry", Does::Redact, true, |link| link);
    bench.moderation.add(0, ARGUMENTS, "{\"needle\":1}", now);
    assert_eq!(bench.end().await.unwrap(), "{\"<>\":1}");
}

#[tokio::test]
async fn arguments_are_no_windows_however_long_they_are() {
    let mut bench = bench("window", Does::Redact);
    let now = Instant::now();
    let arguments = "{\"a\":\"long, long, a needle, and long\"}";
    bench.moderation.add(0, ARGUMENTS, arguments, now);
    // They wait for their end and for no time.
    assert_eq!(bench.moderation.due_at(), None);
    bench.moderation.judge(&mut bench.session, now + Duration::from_secs(9), false).await.unwrap();
    assert!(bench.seen.lock().unwrap().is_empty());
    assert_eq!(bench.end().await.unwrap(), arguments.replace("needle", "<>"));
    assert_eq!(*bench.seen.lock().unwrap(), [(arguments.to_owned(), 0, 0, true, true)]);
}

#[tokio::test]
async fn what_was_judged_and_waits_makes_no_window_late() {
    let mut bench = bench_with("window", Does::Redact, false, |link| link);
    let begun = Instant::now();
    let at = |milliseconds| begun + Duration::from_millis(milliseconds);
    bench.moderation.add(0, SAID, "abcdefgh", begun);
    bench.moderation.judge(&mut bench.session, begun, false).await.unwrap();
    // All of it is kept back as the overlap, and judged.
    assert_eq!((bench.moderation.take(0, u64::MAX), bench.moderation.due_at()), (String::new(), None));
    bench.moderation.add(0, SAID, "ij", at(100));
    assert_eq!(bench.moderation.due_at(), Some(at(120)));
    bench.moderation.judge(&mut bench.session, at(101), false).await.unwrap();
    assert_eq!(bench.seen.lock().unwrap().len(), 1);
    bench.moderation.judge(&mut bench.session, at(120), false).await.unwrap();
    assert_eq!((bench.seen.lock().unwrap().len(), bench.moderation.take(0, u64::MAX)), (2, "ab".into()));
}

#[tokio::test]
async fn an_answer_that_cannot_be_carried_out_is_a_failure() {
    let mut bench = bench("carry", Does::EditOutside);
    assert!(matches!(bench.part(0, "x").await, Err(Denied::Failed { .. })));
    let mut bench = bench_with("carry", Does::EditOutside, true, |link| link.on_error(OnError::Allow));
    assert_eq!(bench.part(0, "x").await.unwrap(), "x");
}

#[tokio::test]
async fn a_failure_is_what_the_entry_says() {
    let mut closed = bench("carry", Does::Fail);
    assert!(matches!(closed.part(0, "x").await, Err(Denied::Failed { .. })));
    assert_eq!(closed.session.moderation.output, Some(Outcome::Error));
    let mut open = bench_with("carry", Does::Fail, true, |link| link.on_error(OnError::Allow));
    assert_eq!(open.all(&["a needle", " b"]).await.unwrap().concat(), "a needle b");
    assert_eq!(open.session.moderation.output, Some(Outcome::FailOpen));
}

#[tokio::test]
async fn a_shadow_changes_and_delays_nothing() {
    for mode in ["carry", "window", "full", "watch"] {
        let mut bench = bench_with(mode, Does::Redact, true, |link| link.shadow(true));
        let out = bench.all(&["a need", "le b"]).await.unwrap();
        assert_eq!(out, ["a need", "le b", ""], "{mode}");
        assert!(!bench.seen.lock().unwrap().is_empty(), "{mode}");
    }
}

#[tokio::test]
async fn more_than_may_be_held_is_a_failure() {
    let mut bench = bench("full", Does::Redact);
    assert!(bench.part(0, &"x".repeat(1024)).await.is_ok());
    assert!(matches!(bench.part(0, "y").await, Err(Denied::Failed { error: HookError::Body(1024), .. })));
    let mut bench = bench_with("full", Does::Redact, true, |link| link.on_error(OnError::Allow));
    assert_eq!(bench.part(0, &"x".repeat(1025)).await.unwrap().len(), 1025);
}

#[tokio::test]
async fn what_waits_is_found_once() {
    let mut bench = bench_with("carry", Does::Flag, false, |link| link);
    bench.all(&["needle", "a", "b", "c"]).await.unwrap();
    assert_eq!(bench.session.findings.len(), 1);
    assert_eq!(bench.session.moderation.output, Some(Outcome::Flag));
}

#[tokio::test]
async fn a_text_that_is_said_again_is_known() {
    let mut bench = bench("carry", Does::Redact);
    bench.moderation = bench.moderation.remembering(true);
    bench.all(&["a nee", "dle"]).await.unwrap();
    assert!(bench.moderation.came_as(0, "a needle"));
    assert!(!bench.moderation.came_as(0, "a <>"));
    assert_eq!(bench.moderation.taken(0), "a <>");
}

proptest! {
    /// Wherever a stream is cut, in every mode, the client gets what one look at the whole text would have left.
    #[test]
    fn a_secret_is_caught_wherever_it_is_cut(
        text in "[\u{e9}\u{1f600} nedl]{0,20}(needle[ \u{e9}nd]{0,9}){0,3}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        mode in prop::sample::select(vec!["carry", "window", "full"]),
        holds in any::<bool>(),
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        at.extend([0, text.len()]);
        at.sort_unstable();
        let parts: Vec<&str> = at.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let out = runtime.block_on(async {
            // A window repeats as much as a needle is long; the finder's own hold is enough in any case.
            bench_with(mode, Does::Redact, holds, |link| link).all(&parts).await.unwrap()
        });
        prop_assert_eq!(out.concat(), text.replace("needle", "<>"));
        for end in 0..out.len() {
            prop_assert!(!out[..=end].concat().contains("needle"));
        }
    }
}
