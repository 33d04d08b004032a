//! A call under way, as the functions of the host find it behind the pointer that a hook was given.

use std::any::Any;

use tidegate_abi::{Bytes, Call, Code, Field, List};
use tidegate_pipeline::{HookError, NoAnswer, StoreError};

use crate::reach::Reach;
use crate::told::Told;

/// A call: what was told so far, and what services gave.
pub(crate) struct Frame<'a> {
    pub(crate) reach: &'a dyn Reach,
    pub(crate) told: Told,
    /// What services gave; good until the hook returns.
    lent: Vec<Box<dyn Any>>,
    /// Why the last service had no answer.
    why: String,
    /// Bytes that were told, and how many may be.
    bytes: usize,
    limit: usize,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(reach: &'a dyn Reach, limit: usize) -> Self {
        Self { reach, told: Told::default(), lent: Vec::new(), why: String::new(), bytes: 0, limit }
    }

    /// The pointer for the hook.
    pub(crate) fn pointer(&mut self) -> *mut Call {
        std::ptr::from_mut(self).cast()
    }

    /// What was told, if it can be used.
    ///
    /// # Errors
    /// Where it is too much, or no text where text belongs.
    pub(crate) fn end(self) -> Result<Told, HookError> {
        if self.bytes > self.limit {
            return Err(HookError::Output(self.limit));
        }
        match self.told.wrong {
            Some(text) => Err(HookError::Invalid(text)),
            None => Ok(self.told),
        }
    }

    /// Copies bytes that the plugin told; beyond the limit nothing is kept any more.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.bytes = self.bytes.saturating_add(bytes.len()).saturating_add(PIECE);
        if self.bytes > self.limit { Vec::new() } else { bytes.to_vec() }
    }

    /// Copies text that the plugin told.
    pub(crate) fn text(&mut self, bytes: &[u8]) -> String {
        let bytes = self.bytes(bytes);
        String::from_utf8(bytes).unwrap_or_else(|_| {
            self.told.wrong.get_or_insert_with(|| "it told a text that is no UTF-8".into());
            String::new()
        })
    }

    /// Whether there is still room for what is told.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes <= self.limit
    }

    /// Keeps bytes for the plugin until the hook returns.
    pub(crate) fn lend(&mut self, bytes: Vec<u8>) -> Bytes {
        let kept = bytes.into_boxed_slice();
        // The allocation does not move when the box does.
        let lent = Bytes::of(&kept);
        self.lent.push(Box::new(kept));
        lent
    }

    /// Keeps fields for the plugin until the hook returns.
    pub(crate) fn lend_fields(&mut self, fields: Vec<Field>) -> List<Field> {
        let kept = fields.into_boxed_slice();
        let lent = List::of(&kept);
        self.lent.push(Box::new(kept));
        lent
    }

    /// A service had no answer.
    pub(crate) fn failed(&mut self, code: Code, why: String) -> i32 {
        self.why = why;
        code as i32
    }

    pub(crate) fn store_failed(&mut self, error: &StoreError) -> i32 {
        let code = match error {
            StoreError::Denied => Code::Denied,
            StoreError::TooLarge => Code::TooLarge,
            StoreError::Unavailable(_) => Code::Unavailable,
        };
        let why = match error {
            StoreError::Unavailable(text) => text.clone(),
            error => error.to_string(),
        };
        self.failed(code, why)
    }

    /// Why the last service had no answer.
    pub(crate) fn why(&mut self) -> Bytes {
        self.lend(self.why.clone().into_bytes())
    }
}

/// The code and the sentence of a request or a question without an answer.
pub(crate) fn no_answer(error: NoAnswer) -> (Code, String) {
    match error {
        NoAnswer::Denied(text) => (Code::Denied, text),
        NoAnswer::Failed(text) => (Code::Failed, text),
        NoAnswer::Timeout => (Code::Timeout, error.to_string()),
        NoAnswer::TooLarge => (Code::TooLarge, error.to_string()),
    }
}

/// What each piece of a verdict counts beside its bytes, so that empty ones are not free.
const PIECE: usize = 16;
