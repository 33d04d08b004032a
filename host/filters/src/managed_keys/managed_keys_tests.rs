use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tidegate_pipeline::{Changes, Record};
use tidegate_store::MemoryRecords;

use super::*;
use crate::auth_filter::sha256;

/// Records in memory; without an answer where that is wanted.
#[derive(Default)]
struct Table {
    records: MemoryRecords,
    /// How often all of them were read.
    reads: AtomicUsize,
    /// Whether nothing is known of changes.
    is_forgetful: AtomicBool,
    is_down: AtomicBool,
}

impl Table {
    fn answer<'a, T: Send + 'a>(
        &'a self,
        answer: impl FnOnce() -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if self.is_down.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Err(StoreError::Unavailable("down".into()))));
        }
        answer()
    }
}

impl Records for Table {
    fn put<'a>(
        &'a self,
        table: &'a str,
        id: &'a str,
        value: Bytes,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        self.answer(|| self.records.put(table, id, value, if_version))
    }

    fn remove<'a>(&'a self, table: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.answer(|| self.records.remove(table, id))
    }

    fn all<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.answer(|| self.records.all(table))
    }

    fn revision<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.answer(|| self.records.revision(table))
    }

    fn changes<'a>(
        &'a self,
        table: &'a str,
        since: u64,
    ) -> BoxFuture<'a, Result<Option<Changes>, StoreError>> {
        if self.is_forgetful.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Ok(None)));
        }
        self.answer(|| self.records.changes(table, since))
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing is waited for")
}

fn keys() -> Arc<ManagedKeys> {
    let keys = ManagedKeys::new(Arc::new(Table::default()));
    now(keys.look()).unwrap();
    keys
}

fn holder(keys: &ManagedKeys, made: &Value) -> Option<Arc<KeyHolder>> {
    keys.holder(&sha256(made["key"].as_str().unwrap().as_bytes())).unwrap()
}

#[test]
fn a_key_that_is_made_stands_for_its_principal_at_once() {
    let keys = keys();
    let wanted = json!({"principal": "alice", "tenant": "shore", "models": ["gpt-*"], "limits": {"requests_per_day": 5, "cost_per_month": 2.5, "window": "calendar"}});
    let made = now(keys.create(&wanted)).unwrap();
    let holder = holder(&keys, &made).unwrap();
    assert_eq!((holder.principal.id.as_str(), holder.principal.tenant.as_deref()), ("alice", Some("shore")));
    assert!(holder.principal.models.as_ref().unwrap().allow("gpt-9"));
    let most: Vec<u64> = holder.limits.iter().map(|limit| limit.most).collect();
    assert_eq!(most, [5, 2_500_000]);
    assert_eq!(made["prefix"].as_str(), made["key"].as_str().map(|key| &key[..9]));
    assert_eq!((made["state"].as_str(), made["expires_at"].as_null()), (Some("active"), Some(())));
}

#[test]
fn a_record_whose_limits_nobody_knows_is_no_key() {
    let table = Arc::new(Table::default());
    let keys = ManagedKeys::new(Arc::<Table>::clone(&table));
    now(keys.look()).unwrap();
    let made = now(keys.create(&json!({"principal": "alice", "limits": {"requests_per_day": 5}}))).unwrap();
    let id = made["id"].as_str().unwrap();
    let kept = now(table.all(TABLE)).unwrap().remove(0);
    let other =
        String::from_utf8(kept.value.to_vec()).unwrap().replace("requests_per_day", "requests_per_year");
    now(table.put(TABLE, id, other.into(), None)).unwrap();
    now(keys.look()).unwrap();
    assert!(holder(&keys, &made).is_none(), "it would hold without limits");
    now(keys.revoke(id)).unwrap();
}

#[test]
fn its_secret_and_the_digest_are_shown_nowhere() {
    let keys = keys();
    let made = now(keys.create(&json!({"principal": "alice"}))).unwrap();
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("tg_") && secret.len() == 46, "{secret}");
    let listed = now(keys.list(&[])).unwrap().to_string();
    let one = now(keys.get(made["id"].as_str().unwrap())).unwrap().to_string();
    let digest: String = sha256(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    for shown in [listed, one] {
        assert!(!shown.contains(secret) && !shown.contains(&digest), "{shown}");
    }
    assert!(keys.holder(&sha256(digest.as_bytes())).unwrap().is_none(), "the digest is no key");
}

#[test]
fn a_rotated_key_has_two_secrets_for_a_while() {
    let keys = keys();
    let first = now(keys.create(&json!({"principal": "alice"}))).unwrap();
    let id = first["id"].as_str().unwrap();
    let second = now(keys.rotate(id, &json!({"overlap": "1h"}))).unwrap();
    assert_ne!(first["key"], second["key"]);
    let [old, new] = [&first, &second].map(|made| holder(&keys, made).unwrap());
    assert_eq!(old.counted_as, new.counted_as, "use counts on");
    let third = now(keys.rotate(id, &json!({"overlap": "0s"}))).unwrap();
    assert!(holder(&keys, &first).is_none() && holder(&keys, &second).is_none());
    assert!(holder(&keys, &third).is_some());
}

#[test]
fn a_key_that_is_revoked_is_unknown_at_once() {
    let keys = keys();
    let made = now(keys.create(&json!({"principal": "alice"}))).unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    let rotated = now(keys.rotate(&id, &json!({}))).unwrap();
    now(keys.revoke(&id)).unwrap();
    assert!(holder(&keys, &made).is_none() && holder(&keys, &rotated).is_none());
    assert_eq!(now(keys.revoke(&id)), Err(KeyError::NotFound(id.clone())));
    assert_eq!(now(keys.get(&id)), Err(KeyError::NotFound(id)));
}

#[test]
fn what_another_gateway_changes_is_seen_with_the_next_look() {
    let table = Arc::new(Table::default());
    let [here, there] = [(), ()].map(|()| ManagedKeys::new(Arc::clone(&table) as _));
    now(here.look()).unwrap();
    let made = now(there.create(&json!({"principal": "alice"}))).unwrap();
    assert!(holder(&here, &made).is_none());
    now(here.look()).unwrap();
    assert!(holder(&here, &made).is_some());
}

#[test]
fn all_keys_are_read_once_and_then_what_was_changed() {
    let table = Arc::new(Table::default());
    let [here, there] = [(), ()].map(|()| ManagedKeys::new(Arc::clone(&table) as _));
    let reads = || table.reads.load(Ordering::Relaxed);
    let made = now(here.create(&json!({"principal": "alice"}))).unwrap();
    now(there.look()).unwrap();
    assert_eq!(reads(), 2, "each has read them");
    let id = made["id"].as_str().unwrap();
    now(there.update(id, &json!({"tenant": "shore"}))).unwrap();
    now(there.create(&json!({"principal": "bob"}))).unwrap();
    let rotated = now(here.rotate(id, &json!({"overlap": "1h"}))).unwrap();
    for secret in [&made, &rotated] {
        assert_eq!(holder(&here, secret).unwrap().principal.tenant.as_deref(), Some("shore"));
    }
    now(there.revoke(id)).unwrap();
    now(here.look()).unwrap();
    assert!(holder(&here, &made).is_none() && holder(&here, &rotated).is_none());
    assert_eq!(now(here.list(&[])).unwrap()["keys"].as_array().unwrap().len(), 1);
    assert_eq!(reads(), 2);
}

#[test]
fn where_it_is_not_known_what_was_changed_all_keys_are_read() {
    let table = Arc::new(Table::default());
    let [here, there] = [(), ()].map(|()| ManagedKeys::new(Arc::clone(&table) as _));
    let [kept, revoked] = ["alice", "bob"].map(|name| now(here.create(&json!({"principal": name}))).unwrap());
    now(there.revoke(revoked["id"].as_str().unwrap())).unwrap();
    let made = now(there.create(&json!({"principal": "carol"}))).unwrap();
    table.is_forgetful.store(true, Ordering::Relaxed);
    let before = table.reads.load(Ordering::Relaxed);
    now(here.look()).unwrap();
    now(here.look()).unwrap();
    assert_eq!(table.reads.load(Ordering::Relaxed), before + 1);
    let holds = [&kept, &revoked, &made].map(|secret| holder(&here, secret).is_some());
    assert_eq!(holds, [true, false, true]);
}

#[test]
fn a_record_that_has_become_unreadable_is_no_key() {
    let keys = keys();
    let made = now(keys.create(&json!({"principal": "alice"}))).unwrap();
    let id = made["id"].as_str().unwrap();
    now(keys.records.put(TABLE, id, Bytes::from_static(b"{}"), None)).unwrap();
    now(keys.look()).unwrap();
    assert!(holder(&keys, &made).is_none());
    assert!(matches!(now(keys.get(id)), Err(KeyError::NotFound(_))));
}

#[test]
fn a_key_that_is_changed_holds_at_every_moment() {
    let keys = keys();
    let made = now(keys.create(&json!({"principal": "alice"}))).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looked = scope.spawn(|| {
            let mut looks = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                assert!(holder(&keys, &made).is_some(), "after {looks} looks");
                looks += 1;
            }
            looks
        });
        for number in 0..2000 {
            let tenant = json!({"tenant": format!("t{number}")});
            now(keys.update(made["id"].as_str().unwrap(), &tenant)).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(looked.join().unwrap() > 0);
    });
}

/// What is done to one of the keys.
#[derive(Debug, Clone, Copy)]
enum Step {
    Create,
    Rotate(usize, bool),
    Update(usize),
    Revoke(usize),
    Look,
}

fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Create),
        3 => (0..8_usize, any::<bool>()).prop_map(|(which, overlaps)| Step::Rotate(which, overlaps)),
        2 => (0..8_usize).prop_map(Step::Update),
        2 => (0..8_usize).prop_map(Step::Revoke),
        1 => Just(Step::Look),
    ];
    prop::collection::vec((any::<bool>(), step), 1..40)
}

/// Does it, where that key is not revoked yet; the answer with the secret, where there is one.
fn act(keys: &ManagedKeys, step: Step, name: &str, made: &[Value]) -> Option<Value> {
    let id = |which: usize| made.get(which).map_or("none", |made| made["id"].as_str().unwrap());
    match step {
        Step::Create => now(keys.create(&json!({"principal": name}))).ok(),
        Step::Rotate(which, overlaps) => {
            let overlap = if overlaps { "1h" } else { "0s" };
            now(keys.rotate(id(which), &json!({"overlap": overlap}))).ok()
        }
        Step::Update(which) => now(keys.update(id(which), &json!({"tenant": name}))).ok().and(None),
        Step::Revoke(which) => now(keys.revoke(id(which))).ok().and(None),
        Step::Look => now(keys.look()).ok().and(None),
    }
}

/// Each key that is there, as it is shown, and of each secret what it stands for.
fn state(keys: &ManagedKeys, made: &[Value]) -> (Value, Vec<String>) {
    let shown = now(keys.list(&[])).unwrap();
    let holds = |made: &Value| {
        holder(keys, made).map(|holder| format!("{:?}{}", holder.principal, holder.counted_as))
    };
    (shown, made.iter().map(|made| holds(made).unwrap_or_default()).collect())
}

proptest! {
    /// By two gateways, in any order.
    #[test]
    fn keys_are_after_all_changes_as_if_all_had_been_read(steps in steps()) {
        let table = Arc::new(Table::default());
        let new = || ManagedKeys::new(Arc::clone(&table) as _);
        let gateways = [new(), new()];
        gateways.iter().for_each(|keys| now(keys.look()).unwrap());
        let mut made = Vec::new();
        for (index, (is_second, step)) in steps.into_iter().enumerate() {
            made.extend(act(&gateways[usize::from(is_second)], step, &format!("t{index}"), &made));
        }
        gateways.iter().for_each(|keys| now(keys.look()).unwrap());
        prop_assert_eq!(table.reads.load(Ordering::Relaxed), 2);
        let wanted = state(&new(), &made);
        for keys in &gateways {
            prop_assert_eq!(&state(keys, &made), &wanted);
        }
    }
}

#[test]
fn without_its_store_what_was_known_last_holds_and_nothing_is_made() {
    let table = Arc::new(Table::default());
    let keys = ManagedKeys::new(Arc::clone(&table) as _);
    assert!(keys.holder(&[0; 32]).is_err(), "nobody knows yet");
    let made = now(keys.create(&json!({"principal": "alice"}))).unwrap();
    table.is_down.store(true, Ordering::Relaxed);
    assert!(now(keys.look()).is_err());
    assert!(holder(&keys, &made).is_some());
    assert!(matches!(now(keys.create(&json!({"principal": "bob"}))), Err(KeyError::Unavailable(_))));
    table.is_down.store(false, Ordering::Relaxed);
    assert_eq!(now(table.all(TABLE)).unwrap().len(), 1);
}

#[test]
fn keys_end_and_may_be_changed() {
    let keys = keys();
    let made = now(keys.create(&json!({"principal": "alice", "expires_in": "1h"}))).unwrap();
    let id = made["id"].as_str().unwrap();
    assert!(made["expires_at"].is_string());
    let change =
        json!({"expires_at": null, "models": ["a*"], "limits": {"tokens_per_day": 7}, "tenant": "t"});
    let changed = now(keys.update(id, &change)).unwrap();
    assert_eq!(
        (&changed["expires_at"], &changed["models"], &changed["tenant"]),
        (&Value::Null, &json!(["a*"]), &json!("t"))
    );
    assert_eq!(holder(&keys, &made).unwrap().limits[0].most, 7);
    let expired = Key { expires: Some(1), ..keys.find(id).unwrap() };
    now(keys.records.put(TABLE, id, expired.bytes(), None)).unwrap();
    now(keys.look()).unwrap();
    assert!(holder(&keys, &made).is_none());
    assert_eq!(now(keys.get(id)).unwrap()["state"], "expired");
}

#[test]
fn keys_are_listed_by_what_they_begin_with_in_pages() {
    let keys = keys();
    let made: Vec<Value> =
        (0..5).map(|number| now(keys.create(&json!({"principal": format!("p{number}")}))).unwrap()).collect();
    let list = |pairs: &[(&str, &str)]| {
        let query: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        now(keys.list(&query))
    };
    let count = |pairs: &[(&str, &str)]| list(pairs).unwrap()["keys"].as_array().unwrap().len();
    assert_eq!(count(&[]), 5);
    assert_eq!(count(&[("prefix", made[0]["prefix"].as_str().unwrap())]), 1);
    assert_eq!(count(&[("prefix", "tg_")]), 5);
    assert_eq!(
        (count(&[("prefix", "%")]), count(&[("prefix", "_g_")]), count(&[("principal", "p%")])),
        (0, 0, 0)
    );
    assert_eq!(count(&[("principal", "p3")]), 1);
    let first = list(&[("limit", "3")]).unwrap();
    assert_eq!(first["keys"].as_array().unwrap().len(), 3);
    let second = list(&[("limit", "3"), ("after", first["next"].as_str().unwrap())]).unwrap();
    assert_eq!((second["keys"].as_array().unwrap().len(), &second["next"]), (2, &Value::Null));
    for bad in [("limit", "0"), ("limit", "1001"), ("limit", "-1"), ("limit", "x"), ("order", "id")] {
        assert!(matches!(list(&[bad]), Err(KeyError::Invalid(_))), "{bad:?}");
    }
}

#[test]
fn among_many_keys_those_that_are_asked_for_are_found() {
    let keys = keys();
    for number in 0..2500 {
        let name = format!("p{}", number % 1250);
        now(keys.create(&json!({"principal": name}))).unwrap();
    }
    let page = |after: Option<&str>, more: &[(&str, &str)]| {
        let pairs = after.map(|after| ("after", after)).into_iter().chain(more.iter().copied());
        let query: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        now(keys.list(&query)).unwrap()
    };
    let all = |more: &[(&str, &str)]| {
        let (mut ids, mut next) = (Vec::new(), None::<String>);
        loop {
            let page = page(next.as_deref(), more);
            ids.extend(
                page["keys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(last) => next = Some(last.to_owned()),
                None => break ids,
            }
        }
    };
    let ids = all(&[("limit", "1000")]);
    assert!(ids.len() == 2500 && ids.is_sorted());
    assert_eq!(all(&[("limit", "999")]), ids);
    assert_eq!(all(&[("principal", "p7")]).len(), 2);
    assert_eq!(all(&[("principal", "p7"), ("limit", "1")]).len(), 2);
    assert_eq!(page(ids.last().map(String::as_str), &[]), json!({"keys": [], "next": null}));
    assert_eq!(page(Some("key_"), &[("limit", "1")])["keys"][0]["id"], ids[0], "an id need not be there");
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let keys = keys();
    let refused = |wanted: Value| now(keys.create(&wanted)).unwrap_err().to_string();
    for (wanted, part) in [
        (json!({}), "principal"),
        (json!({"principal": " "}), "\"principal\" is no name"),
        (json!({"principal": "a", "tenant": "a\nb"}), "\"tenant\" is no name"),
        (json!({"principal": "a", "key": "mine"}), "unknown field `key`"),
        (json!({"principal": "a", "models": [""]}), "\"models\" takes"),
        (
            json!({"principal": "a", "limits": {"requests_per_fortnight": 1}}),
            "unknown limit \"requests_per_fortnight\"",
        ),
        (
            json!({"principal": "a", "limits": {"requests_per_day": 0}}),
            "\"requests_per_day\" must be a whole number",
        ),
        (json!({"principal": "a", "expires_at": "soon"}), "\"expires_at\" must be a time"),
        (json!({"principal": "a", "expires_at": "2020-01-01T00:00:00Z"}), "expired from the start"),
        (
            json!({"principal": "a", "expires_in": "1h", "expires_at": "2090-01-01T00:00:00Z"}),
            "exclude each other",
        ),
        (json!({"principal": "a", "expires_in": "-1h"}), "\"expires_in\" must be a duration"),
        (json!([]), "the body must be an object"),
    ] {
        let text = refused(wanted.clone());
        assert!(text.contains(part), "{wanted}: {text}");
    }
    let made = now(keys.create(&json!({"principal": "a"}))).unwrap();
    let id = made["id"].as_str().unwrap();
    assert!(now(keys.update(id, &json!({}))).unwrap_err().to_string().contains("changes nothing"));
    assert!(
        now(keys.update(id, &json!({"principal": "b"}))).unwrap_err().to_string().contains("unknown field")
    );
    assert!(
        now(keys.rotate(id, &json!({"overlap": "for ever"}))).unwrap_err().to_string().contains("overlap")
    );
    assert!(matches!(now(keys.rotate("key_none", &json!({}))), Err(KeyError::NotFound(_))));
}
