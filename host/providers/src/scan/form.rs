//! Finds the model in a form (RFC 7578) while its bytes come.

use std::ops::Range;

use memchr::memmem;

/// The field that names the model.
const MODEL: &str = "model";

/// Bytes that the name of a model, and the head of a part, may have.
const MAX_NAME: usize = 512;
const MAX_HEAD: usize = 16 * 1024;

/// Why a form is a 400. No text repeats what the client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// RFC 2046, section 5.1.1.
    #[error("the \"content-type\" of the form has no \"boundary\" of 1 to 70 characters")]
    NoBoundary,
    /// Readers disagree on where a part ends then.
    #[error("the form has its boundary where no line begins, or a line that ends without a carriage return")]
    Boundary,
    /// No `form-data`, no name, several, or one with escapes, on which readers disagree.
    #[error("a part of the form has no \"content-disposition\" of the kind 'form-data; name=\"…\"'")]
    Disposition,
    /// As a client would never write it.
    #[error("a part of the form has a head of more than {MAX_HEAD} bytes")]
    Head,
    /// Readers disagree on which of two equal fields counts.
    #[error("the field \"model\" stands in the form twice; send it once")]
    Duplicate,
    /// No text, or too much of it.
    #[error("the field \"model\" of the form must be a name of at most {MAX_NAME} bytes")]
    Name,
}

/// The model that a form names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormModel {
    /// As it stands there.
    pub name: String,
    /// Its bytes, counted from the beginning of the body.
    pub range: Range<usize>,
}

/// A look at the parts of a form as they come. What is not needed any more is not kept.
#[derive(Debug)]
pub struct FormScan {
    /// Two dashes and the boundary.
    delimiter: memmem::Finder<'static>,
    /// What came and is not done with, from `at` on.
    pending: Vec<u8>,
    at: usize,
    within: Within,
    model: Option<FormModel>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// What stands before the first part, or in one that is not looked at.
    Other,
    /// Behind a delimiter.
    Delimiter,
    /// The head of a part.
    Head,
    /// The value of the field that is looked for.
    Model,
    /// Behind the last part.
    End,
}

impl FormScan {
    /// For a body of this content type.
    ///
    /// # Errors
    /// Where it does not say what separates the parts.
    pub fn new(content_type: &str) -> Result<Self, FormError> {
        let boundary = parameter(content_type, "boundary").ok_or(FormError::NoBoundary)?;
        if boundary.is_empty() || boundary.len() > 70 {
            return Err(FormError::NoBoundary);
        }
        Ok(Self {
            delimiter: memmem::Finder::new(&format!("--{boundary}")).into_owned(),
            pending: Vec::new(),
            at: 0,
            within: Within::Other,
            model: None,
        })
    }

    /// The model, once its part has passed.
    pub fn model(&self) -> Option<&FormModel> {
        self.model.as_ref()
    }

    /// Looks at the next bytes.
    ///
    /// # Errors
    /// Where a lenient upstream could read the form in another way than the gateway; see [`FormError`].
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), FormError> {
        if self.within == Within::End {
            return Ok(());
        }
        self.pending.extend_from_slice(bytes);
        while self.step()? {}
        Ok(())
    }

    /// Goes on by one part of the grammar; whether there may be more to see.
    fn step(&mut self) -> Result<bool, FormError> {
        match self.within {
            Within::Other | Within::Model => self.content(),
            Within::Delimiter => Ok(self.delimited()),
            Within::Head => self.head(),
            Within::End => Ok(false),
        }
    }

    /// Looks for the end of what a part holds.
    fn content(&mut self) -> Result<bool, FormError> {
        let takes = self.within == Within::Model;
        let Some(found) = self.delimiter.find(&self.pending) else {
            if takes && self.pending.len() > MAX_NAME + self.delimiter.needle().len() + LINE_END.len() {
                return Err(FormError::Name);
            }
            if !takes {
                // The beginning of a delimiter may have come, and of the line end before it.
                let kept = self.delimiter.needle().len() + LINE_END.len();
                self.forget(self.pending.len().saturating_sub(kept));
            }
            return Ok(false);
        };
        let content = match self.pending[..found].strip_suffix(LINE_END) {
            Some(content) => content,
            None if self.at + found == 0 => &[],
            None => return Err(FormError::Boundary),
        };
        if takes {
            let name = std::str::from_utf8(content).ok().filter(|name| name.len() <= MAX_NAME);
            let name = name.ok_or(FormError::Name)?.to_owned();
            self.model = Some(FormModel { range: self.at..self.at + name.len(), name });
        }
        self.forget(found + self.delimiter.needle().len());
        self.within = Within::Delimiter;
        Ok(true)
    }

    /// Tells the last delimiter from one with a part behind it.
    fn delimited(&mut self) -> bool {
        let Some(next) = self.pending.get(..2) else { return false };
        self.within = if next == b"--" { Within::End } else { Within::Head };
        true
    }

    /// Reads the head of a part, from the line end behind the delimiter on.
    fn head(&mut self) -> Result<bool, FormError> {
        if !self.pending.starts_with(LINE_END) {
            return Err(FormError::Boundary);
        }
        let Some(end) = memmem::find(&self.pending, b"\r\n\r\n") else {
            return if self.pending.len() > MAX_HEAD { Err(FormError::Head) } else { Ok(false) };
        };
        let is_model = field(&self.pending[LINE_END.len()..end + 2 * LINE_END.len()])? == MODEL;
        if is_model && self.model.is_some() {
            return Err(FormError::Duplicate);
        }
        self.within = if is_model { Within::Model } else { Within::Other };
        self.forget(end + 2 * LINE_END.len());
        Ok(true)
    }

    fn forget(&mut self, bytes: usize) {
        self.pending.drain(..bytes);
        self.at += bytes;
    }
}

const LINE_END: &[u8] = b"\r\n";

/// The name of the field that a part is.
fn field(head: &[u8]) -> Result<String, FormError> {
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let parsed = httparse::parse_headers(head, &mut fields).map_err(|_| FormError::Disposition)?;
    let httparse::Status::Complete((_, fields)) = parsed else { return Err(FormError::Disposition) };
    let mut said = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("content-disposition"));
    let (Some(disposition), None) = (said.next(), said.next()) else { return Err(FormError::Disposition) };
    let disposition = std::str::from_utf8(disposition.value).map_err(|_| FormError::Disposition)?;
    let is_form_data = disposition.split(';').next().is_some_and(|kind| kind.trim() == "form-data");
    parameter(disposition, "name").filter(|_| is_form_data).ok_or(FormError::Disposition)
}

/// The one parameter of that name behind a value (RFC 9110, section 5.6.6); `None` where there is none, or where readers
/// disagree: several, or escapes in it.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut found = None;
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (text, after) = match behind.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_end(quoted).map(|end| (&quoted[..end], &quoted[end + 1..]))?,
            None => behind.split_at(behind.find(';').unwrap_or(behind.len())),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            let is_plain = !text.contains(['\\', '"', '%']) && found.is_none();
            found = Some(text.trim().to_owned()).filter(|_| is_plain);
            found.as_ref()?;
        }
        match after.trim_start().strip_prefix(';') {
            Some(more) if !more.trim().is_empty() => rest = more,
            Some(_) => return found,
            None if after.trim().is_empty() => return found,
            None => return None,
        }
    }
}

/// Where the quote is that ends a quoted string.
fn quoted_end(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    quoted.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
