//! The keys of a request body that say something of its way, found in one pass.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::bound::{Bound, BoundKey};

/// The raw values of the keys.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) model: Slot<'a>,
    pub(super) stream: Slot<'a>,
    pub(super) bound: Bound<'a>,
}

/// A key that may stand once.
#[derive(Default)]
pub(super) enum Slot<'a> {
    #[default]
    Absent,
    Once(&'a RawValue),
    Twice,
}

impl<'a> Slot<'a> {
    fn put(&mut self, raw: &'a RawValue) {
        *self = match self {
            Self::Absent => Self::Once(raw),
            Self::Once(_) | Self::Twice => Self::Twice,
        };
    }
}

impl<'de> Deserialize<'de> for Found<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FoundVisitor)
    }
}

struct FoundVisitor;

impl<'de> Visitor<'de> for FoundVisitor {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Model => found.model.put(map.next_value()?),
                Key::Stream => found.stream.put(map.next_value()?),
                Key::Bound(key) => found.bound.note(key, map.next_value()?),
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

enum Key {
    Model,
    Stream,
    Bound(BoundKey),
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match key {
            "model" => Key::Model,
            "stream" => Key::Stream,
            other => BoundKey::of(other).map_or(Key::Other, Key::Bound),
        })
    }
}
