//! What a script may see of one call, as long as the call lasts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::HeaderMap;
use serde_json::Value;
use tidegate_contract::{Context, Principal};
use tidegate_pipeline::{Call, Scope};

/// One call. Whatever a script keeps of it is empty once the call has ended: nothing leaks into the next request, and
/// the body is nobody's but the chain's again.
#[derive(Debug)]
pub(crate) struct Frame(Mutex<Option<Inside>>);

/// What is behind a frame while its call lasts.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) facts: Facts,
    pub(crate) scope: Arc<Scope>,
    pub(crate) fields: Fields,
    /// Bodies and events that were handed over, by their number.
    pub(crate) trees: Vec<Arc<Value>>,
    pub(crate) until: Instant,
}

/// The text of an error for whoever holds on to something of a call that has ended.
pub(crate) const OVER: &str =
    "this belongs to a call that has ended; keep what you need of it as strings or by tidegate.json.copy";

impl Frame {
    pub(crate) fn open(call: &Call<'_>, fields: Fields, until: Instant) -> Arc<Self> {
        let inside = Inside {
            facts: Facts::of(&call.context),
            scope: Arc::clone(call.scope),
            fields,
            trees: Vec::new(),
            until,
        };
        Arc::new(Self(Mutex::new(Some(inside))))
    }

    /// Reads or changes what is inside; `None` once the call has ended.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&mut Inside) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(read)
    }

    /// The call has ended.
    pub(crate) fn close(&self) {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(inside);
    }

    /// Hands a tree over; its number.
    pub(crate) fn lend(&self, tree: Arc<Value>) -> u32 {
        self.with(|inside| {
            inside.trees.push(tree);
            u32::try_from(inside.trees.len() - 1).unwrap_or(u32::MAX)
        })
        .unwrap_or(u32::MAX)
    }
}

/// A context of its own, in one piece of memory: most calls read little of it.
#[derive(Debug)]
pub(crate) struct Facts {
    text: Box<str>,
    ends: [usize; 4],
    has_model: bool,
    pub(crate) principal: Option<Box<Principal>>,
    pub(crate) streaming: bool,
    pub(crate) attempt: u32,
}

impl Facts {
    fn of(context: &Context<'_>) -> Self {
        let parts = [context.route, context.dialect, context.operation, context.model.unwrap_or_default()];
        let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
        let ends = parts.map(|part| {
            text.push_str(part);
            text.len()
        });
        let principal = context.principal.map(|known| {
            let (id, tenant, attributes) = (known.id.clone(), known.tenant.clone(), known.attributes.clone());
            Box::new(Principal { id, tenant, models: None, attributes })
        });
        Self {
            text: text.into(),
            ends,
            has_model: context.model.is_some(),
            principal,
            streaming: context.streaming,
            attempt: context.attempt,
        }
    }

    pub(crate) fn route(&self) -> &str {
        &self.text[..self.ends[0]]
    }

    pub(crate) fn dialect(&self) -> &str {
        &self.text[self.ends[0]..self.ends[1]]
    }

    pub(crate) fn operation(&self) -> &str {
        &self.text[self.ends[1]..self.ends[2]]
    }

    pub(crate) fn model(&self) -> Option<&str> {
        self.has_model.then(|| &self.text[self.ends[2]..self.ends[3]])
    }
}

/// Fields of a message in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    text: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<(usize, usize)>,
}

impl Fields {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let fields = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        Self::collect(headers.len(), fields)
    }

    pub(crate) fn collect<'f>(count: usize, fields: impl Iterator<Item = (&'f str, &'f [u8])>) -> Self {
        // Most fields are shorter than that together with their names.
        let mut collected = Self { text: Vec::with_capacity(count * 64), ends: Vec::with_capacity(count) };
        for (name, value) in fields {
            collected.text.extend_from_slice(name.as_bytes());
            let name_end = collected.text.len();
            collected.text.extend_from_slice(value);
            collected.ends.push((name_end, collected.text.len()));
        }
        collected
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Every field in its order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        begins
            .zip(&self.ends)
            .map(|(begin, (name_end, end))| (&self.text[begin..*name_end], &self.text[*name_end..*end]))
    }

    /// The values of a name, whatever the case in which it is written.
    pub(crate) fn values<'f>(&'f self, name: &'f [u8]) -> impl Iterator<Item = &'f [u8]> {
        self.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
