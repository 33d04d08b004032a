//! A vector of an answer. Its numbers stay the bytes that the provider wrote, so that none is rounded and few are read at all.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::{RawValue, to_raw_value};

use crate::exchange::json::Text;
use crate::exchange::refused::Unreadable;

/// What was made of one text.
#[derive(Debug)]
pub(crate) enum Vector<'a> {
    /// A list of numbers, as the provider wrote it.
    Numbers(&'a RawValue),
    /// 32-bit floats, little-endian.
    Base64(Text<'a>),
}

impl<'a> Vector<'a> {
    /// A vector as a field has it.
    ///
    /// # Errors
    /// Where it is neither a list nor a string.
    pub(crate) fn of(raw: &'a RawValue) -> Result<Self, Unreadable> {
        match raw.get().as_bytes().first() {
            Some(b'[') => Ok(Self::Numbers(raw)),
            Some(b'"') => Ok(Self::Base64(Cow::Owned(serde_json::from_str(raw.get())?))),
            _ => Err(Unreadable("a vector is no list of numbers".into())),
        }
    }

    /// The list of its numbers, as it came where it came as one.
    ///
    /// # Errors
    /// Where it is base64 of anything but floats.
    pub(crate) fn numbers(self) -> Result<Cow<'a, RawValue>, Unreadable> {
        let text = match self {
            Self::Numbers(raw) => return Ok(Cow::Borrowed(raw)),
            Self::Base64(text) => text,
        };
        let unreadable = || Unreadable("a vector is no base64 of floats".into());
        let bytes = STANDARD.decode(&*text).map_err(|_| unreadable())?;
        let (fours, rest) = bytes.as_chunks();
        if !rest.is_empty() {
            return Err(unreadable());
        }
        let floats: Vec<f32> = fours.iter().map(|four| f32::from_le_bytes(*four)).collect();
        Ok(Cow::Owned(to_raw_value(&floats)?))
    }

    /// Base64 of 32-bit floats, little-endian.
    ///
    /// # Errors
    /// Where it holds anything but numbers.
    pub(crate) fn base64(self) -> Result<Text<'a>, Unreadable> {
        let raw = match self {
            Self::Base64(text) => return Ok(text),
            Self::Numbers(raw) => raw,
        };
        let floats: Vec<f32> = serde_json::from_str(raw.get())?;
        let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
        Ok(Cow::Owned(STANDARD.encode(bytes)))
    }
}
