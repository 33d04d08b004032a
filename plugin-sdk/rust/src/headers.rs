//! Fields of a request or an answer.

use crate::Header;

/// The fields of a message: names in lower case, repeated fields repeated, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// These fields.
    pub fn new(fields: Vec<Header>) -> Self {
        Self(fields)
    }

    /// The value of the first field of that name, where it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        first(&self.0, name)
    }

    /// The values of all fields of that name, as bytes.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |field| field.name == name).map(|field| field.value.as_slice())
    }

    /// All fields.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

pub(crate) fn first<'a>(fields: &'a [Header], name: &str) -> Option<&'a str> {
    let field = fields.iter().find(|field| field.name == name)?;
    std::str::from_utf8(&field.value).ok()
}

pub(crate) fn field(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Header {
    Header { name: name.into(), value: value.into() }
}
