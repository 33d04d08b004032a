//! Takes what stands at a few pointers out of a JSON text without parsing the rest of it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::document::{Field, NotJson};

/// Where the values of a JSON object stand in its text: found once, however many filters ask.
#[derive(Debug)]
pub(crate) struct Index(Vec<(Key, Range<usize>)>);

/// A key of the object.
#[derive(Debug)]
enum Key {
    /// As it stands in the text.
    At(Range<usize>),
    /// Without its escapes.
    Unescaped(Box<str>),
}

impl Index {
    /// `None` where the text is no object.
    ///
    /// # Errors
    /// Where it is no JSON.
    pub(crate) fn of(text: &[u8]) -> Result<Option<Self>, NotJson> {
        if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Ok(None);
        }
        let told = |error: serde_json::Error| NotJson(error.to_string());
        let mut reader = serde_json::Deserializer::from_slice(text);
        let entries = reader.deserialize_map(Entries(text)).map_err(told)?;
        reader.end().map_err(told)?;
        Ok(Some(Self(entries)))
    }

    /// What stands at `pointers`, in their order; what is not there is left out. A key that stands twice is refused.
    pub(crate) fn fields<'a>(
        &self,
        text: &'a [u8],
        pointers: &'a [String],
    ) -> Result<Vec<Field<'a>>, NotJson> {
        let mut found = Vec::with_capacity(pointers.len());
        for pointer in pointers {
            let Some(path) = pointer.strip_prefix('/') else { return scan(text, pointers) };
            let first = path.split('/').next().unwrap_or_default();
            let Some(value) = self.value(text, &unescaped(first))? else { continue };
            let below = &path[first.len()..];
            let value = match below {
                "" => Some(std::str::from_utf8(value).map_err(|error| NotJson(error.to_string()))?),
                below => scan_one(value, below)?,
            };
            found.extend(value.map(|value| Field { pointer, value: Cow::Borrowed(value) }));
        }
        Ok(found)
    }

    fn value<'a>(&self, text: &'a [u8], wanted: &str) -> Result<Option<&'a [u8]>, NotJson> {
        let is_wanted = |key: &Key| match key {
            Key::At(range) => &text[range.clone()] == wanted.as_bytes(),
            Key::Unescaped(key) => **key == *wanted,
        };
        let mut found =
            self.0.iter().filter(|(key, _)| is_wanted(key)).map(|(_, range)| &text[range.clone()]);
        let first = found.next();
        match found.next() {
            Some(_) => Err(NotJson(format!("the key \"{wanted}\" stands twice in one object"))),
            None => Ok(first),
        }
    }
}

/// Reads the entries of an object, not what they are.
struct Entries<'t>(&'t [u8]);

impl<'de> Visitor<'de> for Entries<'de> {
    type Value = Vec<(Key, Range<usize>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let place = |part: &str| {
            let start = part.as_ptr().addr() - self.0.as_ptr().addr();
            start..start + part.len()
        };
        let mut found = Vec::with_capacity(16);
        while let Some(key) = entries.next_key::<BorrowedKey<'de>>()? {
            let value = entries.next_value::<&'de RawValue>()?;
            let key = match key.0 {
                Cow::Borrowed(key) => Key::At(place(key)),
                Cow::Owned(key) => Key::Unescaped(key.into()),
            };
            found.push((key, place(value.get())));
        }
        Ok(found)
    }
}

/// A key that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct BorrowedKey<'k>(#[serde(borrow)] Cow<'k, str>);

fn scan_one<'a>(text: &'a [u8], pointer: &str) -> Result<Option<&'a str>, NotJson> {
    let path = tokens(pointer);
    let mut found = vec![None];
    let mut reader = serde_json::Deserializer::from_slice(text);
    let told = |error: serde_json::Error| NotJson(error.to_string());
    let wanted = vec![Wanted { index: 0, path: &path }];
    Level { wanted, found: &mut found }.deserialize(&mut reader).map_err(told)?;
    Ok(found[0])
}

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

/// What stands at a pointer in a tree. As serde_json's own, without a copy of every key on the way.
pub(crate) fn at<'t>(tree: &'t Value, pointer: &str) -> Option<&'t Value> {
    if pointer.is_empty() {
        return Some(tree);
    }
    let mut here = tree;
    for token in pointer.strip_prefix('/')?.split('/') {
        here = match here {
            Value::Object(entries) => entries.get(&*unescaped(token))?,
            Value::Array(items) => items.get(index_of(token)?)?,
            _ => return None,
        };
    }
    Some(here)
}

/// A place in an array: digits without a zero before them (RFC 6901, section 4).
pub(crate) fn index_of(token: &str) -> Option<usize> {
    let is_index =
        token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    is_index.then(|| token.parse().ok()).flatten()
}

/// The keys of a pointer, unescaped.
pub(crate) fn tokens(pointer: &str) -> Vec<Cow<'_, str>> {
    pointer.split('/').skip(1).map(unescaped).collect()
}

fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
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
