//! Takes what stands at a few pointers out of a JSON text without parsing the rest of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::document::{Field, NotJson};

/// What stands at `pointers`, in their order; what is not there is left out. A key that stands twice is refused.
pub(crate) fn scan<'a>(text: &'a [u8], pointers: &'a [String]) -> Result<Vec<Field<'a>>, NotJson> {
    let mut found: Vec<Option<&'a str>> = vec![None; pointers.len()];
    // `/a~1b` stands for the key `a/b` (RFC 6901 section 4).
    let paths: Vec<Vec<Cow<'_, str>>> = pointers.iter().map(|pointer| tokens(pointer)).collect();
    let wanted: Vec<Wanted<'_>> =
        paths.iter().enumerate().map(|(index, path)| Wanted { index, path }).collect();
    let mut reader = serde_json::Deserializer::from_slice(text);
    let told = |error: serde_json::Error| NotJson(error.to_string());
    Level { wanted, found: &mut found }.deserialize(&mut reader).map_err(told)?;
    reader.end().map_err(told)?;
    let pairs = pointers.iter().zip(found);
    Ok(pairs.filter_map(|(pointer, value)| Some(Field { pointer, value: Cow::Borrowed(value?) })).collect())
}

/// The keys of a pointer, unescaped.
pub(crate) fn tokens(pointer: &str) -> Vec<Cow<'_, str>> {
    let unescape = |token: &'_ str| -> String { token.replace("~1", "/").replace("~0", "~") };
    pointer
        .split('/')
        .skip(1)
        .map(|token| if token.contains('~') { Cow::Owned(unescape(token)) } else { Cow::Borrowed(token) })
        .collect()
}

/// A pointer, and what is left of its path at this level.
#[derive(Clone, Copy)]
struct Wanted<'p> {
    index: usize,
    path: &'p [Cow<'p, str>],
}

/// One value that pointers lead into.
struct Level<'p, 'f, 'de> {
    wanted: Vec<Wanted<'p>>,
    found: &'f mut [Option<&'de str>],
}

/// Those whose path goes on with this key, one step further.
fn below<'p>(wanted: &[Wanted<'p>], key: &str) -> Vec<Wanted<'p>> {
    let step = |wanted: &Wanted<'p>| {
        let (first, path) = wanted.path.split_first()?;
        (first == key).then_some(Wanted { index: wanted.index, path })
    };
    wanted.iter().filter_map(step).collect()
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        if self.wanted.iter().all(|wanted| !wanted.path.is_empty()) {
            return deserializer.deserialize_any(self);
        }
        // Something here is wanted as it stands; what is wanted below it is read from its text again.
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?.get();
        for wanted in self.wanted.iter().filter(|wanted| wanted.path.is_empty()) {
            self.found[wanted.index] = Some(raw);
        }
        self.wanted.retain(|wanted| !wanted.path.is_empty());
        if self.wanted.is_empty() {
            return Ok(());
        }
        let mut reader = serde_json::Deserializer::from_str(raw);
        self.deserialize(&mut reader).map_err(serde::de::Error::custom)
    }
}

impl<'de> Visitor<'de> for Level<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { wanted: here, found } = self;
        let mut met: Vec<String> = Vec::new();
        while let Some(key) = entries.next_key::<Cow<'de, str>>()? {
            let wanted = below(&here, &key);
            if wanted.is_empty() {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            if met.iter().any(|other| *other == key) {
                return Err(serde::de::Error::custom(format_args!(
                    "the key \"{key}\" stands twice in one object"
                )));
            }
            entries.next_value_seed(Level { wanted, found: &mut *found })?;
            met.push(key.into_owned());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { wanted: here, found } = self;
        let mut index = 0_usize;
        loop {
            let wanted = below(&here, &index.to_string());
            let more = if wanted.is_empty() {
                items.next_element::<IgnoredAny>()?.is_some()
            } else {
                items.next_element_seed(Level { wanted, found: &mut *found })?.is_some()
            };
            if !more {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
