//! Reads an object field by field: each is taken once, and what is left at the end is what nobody knows.

use serde_json::Number;

use super::json::{Json, Object, Text};
use super::place::Place;
use super::refused::Refused;

/// The fields of an object that are not taken yet. A field that is null counts as one that is not there.
#[derive(Debug)]
pub(crate) struct Fields<'a, 'p> {
    entries: Vec<(Text<'a>, Option<Json<'a>>)>,
    place: Place<'p>,
}

impl<'a, 'p> Fields<'a, 'p> {
    pub(crate) fn of(value: Json<'a>, place: Place<'p>) -> Result<Self, Refused> {
        match value {
            Json::Object(object) => Ok(Self::of_object(object, place)),
            other => Err(must_be("an object", &other, &place)),
        }
    }

    pub(crate) fn of_object(object: Object<'a>, place: Place<'p>) -> Self {
        let some = |(key, value): (Text<'a>, Json<'a>)| (key, (!value.is_null()).then_some(value));
        Self { entries: object.into_entries().map(some).collect(), place }
    }

    pub(crate) fn place(&self) -> Place<'p> {
        self.place
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Json<'a>> {
        self.entries.iter_mut().find(|(name, _)| name == key)?.1.take()
    }

    /// The value of a field that was not taken.
    pub(crate) fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.entries.iter().find(|(name, _)| name == key)?.1.as_ref()
    }

    /// Whether there is a field that was not taken.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<Text<'a>>, Refused> {
        self.take(key).map(|value| text(value, &self.place.key(key))).transpose()
    }

    pub(crate) fn need_text(&mut self, key: &str) -> Result<Text<'a>, Refused> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    pub(crate) fn bool(&mut self, key: &str) -> Result<Option<bool>, Refused> {
        match self.take(key) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(must_be("a boolean", &other, &self.place.key(key))),
        }
    }

    pub(crate) fn number(&mut self, key: &str) -> Result<Option<Number>, Refused> {
        match self.take(key) {
            None => Ok(None),
            Some(Json::Number(number)) => Ok(Some(number)),
            Some(other) => Err(must_be("a number", &other, &self.place.key(key))),
        }
    }

    /// A number that is whole and not negative.
    pub(crate) fn count(&mut self, key: &str) -> Result<Option<u64>, Refused> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        let whole = number.as_u64().or_else(|| {
            number.as_f64().filter(|float| *float >= 0.0 && float.fract() == 0.0).map(|float| float as u64)
        });
        whole.map(Some).ok_or_else(|| {
            Refused::invalid(&self.place.key(key), "must be a whole number that is not negative")
        })
    }

    pub(crate) fn list(&mut self, key: &str) -> Result<Option<Vec<Json<'a>>>, Refused> {
        match self.take(key) {
            None => Ok(None),
            Some(Json::List(values)) => Ok(Some(values)),
            Some(other) => Err(must_be("a list", &other, &self.place.key(key))),
        }
    }

    /// A list of strings, or one string in place of it.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Vec<Text<'a>>, Refused> {
        let value = self.take(key);
        let place = self.place.key(key);
        match value {
            None => Ok(Vec::new()),
            Some(Json::Text(text)) => Ok(vec![text]),
            Some(Json::List(values)) => {
                values.into_iter().enumerate().map(|(at, value)| text(value, &place.at(at))).collect()
            }
            Some(other) => Err(must_be("a string or a list of strings", &other, &place)),
        }
    }

    pub(crate) fn object(&mut self, key: &str) -> Result<Option<Object<'a>>, Refused> {
        match self.take(key) {
            None => Ok(None),
            Some(Json::Object(object)) => Ok(Some(object)),
            Some(other) => Err(must_be("an object", &other, &self.place.key(key))),
        }
    }

    /// All that was not taken.
    pub(crate) fn rest(self) -> Object<'a> {
        self.entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    pub(crate) fn missing(&self, key: &str) -> Refused {
        Refused::invalid(&self.place.key(key), "is missing")
    }

    /// Notes the fields that were not taken.
    pub(crate) fn done(self, unknown: &mut Vec<String>) {
        let place = self.place;
        let left = self.entries.iter().filter(|(_, value)| value.is_some());
        unknown.extend(left.map(|(key, _)| place.key(key).to_string()));
    }
}

/// The text of a string.
pub(crate) fn text<'a>(value: Json<'a>, place: &Place<'_>) -> Result<Text<'a>, Refused> {
    match value {
        Json::Text(text) => Ok(text),
        other => Err(must_be("a string", &other, place)),
    }
}

fn must_be(what: &str, value: &Json<'_>, place: &Place<'_>) -> Refused {
    Refused::invalid(place, format_args!("must be {what}, not {}", value.kind()))
}
