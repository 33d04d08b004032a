//! The signatures that a request carries, as its fields say.

use sfv::{BareItem, Dictionary, FieldType, InnerList, Item, List, ListEntry, Parser};
use tidegate_contract::Head;

/// The only algorithm that is checked.
const ALGORITHM: &str = "hmac-sha256";

/// More signatures, or components of one, than anybody needs: what is read before the caller is known is bounded.
const MOST_SIGNATURES: usize = 4;
const MOST_COMPONENTS: usize = 64;

/// Why a signature is not accepted: a sentence for who signs, the same whether or not there is such a key.
pub(super) type Refused = std::borrow::Cow<'static, str>;

/// One signature of a request.
#[derive(Debug)]
pub(super) struct Signature {
    /// What it covers, in its order, each once.
    pub(super) components: Vec<String>,
    /// The covered components and the parameters, as they are signed.
    pub(super) params: String,
    pub(super) key_id: String,
    /// Seconds since 1970, as are those of `expires`.
    pub(super) created: i64,
    pub(super) expires: Option<i64>,
    pub(super) nonce: Option<String>,
    pub(super) mac: Vec<u8>,
}

/// The values of all fields of that name as one, RFC 9421 section 2.1; none where there is no such field.
pub(super) fn field(head: &Head<'_>, name: &str) -> Option<Vec<u8>> {
    let mut fields =
        head.headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.trim_ascii());
    let mut value = fields.next()?.to_vec();
    for more in fields {
        value.extend_from_slice(b", ");
        value.extend_from_slice(more);
    }
    Some(value)
}

/// A field that is a dictionary.
pub(super) fn dictionary(head: &Head<'_>, name: &'static str) -> Result<Option<Dictionary>, Refused> {
    let Some(value) = field(head, name) else { return Ok(None) };
    let parsed = Parser::new(&value).parse::<Dictionary>();
    parsed.map(Some).map_err(|_| format!("the field \"{name}\" cannot be read (RFC 8941)").into())
}

/// The signatures that a request carries; none where it has neither field.
///
/// # Errors
/// Where there is none that could be checked.
pub(super) fn signatures(head: &Head<'_>) -> Result<Option<Vec<Signature>>, Refused> {
    let (inputs, macs) = match (dictionary(head, "signature-input")?, dictionary(head, "signature")?) {
        (None, None) => return Ok(None),
        (Some(inputs), Some(macs)) => (inputs, macs),
        _ => return Err("a signed request has both fields, \"signature-input\" and \"signature\"".into()),
    };
    let (mut found, mut refused) = (Vec::new(), None);
    for (label, input) in inputs.iter().take(MOST_SIGNATURES) {
        match one(input, macs.get(label)) {
            Ok(signature) => found.push(signature),
            Err(problem) => refused = refused.or(Some(problem)),
        }
    }
    if found.is_empty() { Err(refused.unwrap_or("there is no signature".into())) } else { Ok(Some(found)) }
}

fn one(input: &ListEntry, mac: Option<&ListEntry>) -> Result<Signature, Refused> {
    let ListEntry::InnerList(list) = input else {
        return Err("\"signature-input\" must list what the signature covers".into());
    };
    let Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(mac), .. })) = mac else {
        return Err("\"signature\" has no bytes under the label that \"signature-input\" has".into());
    };
    let text = |name: &str| list.params.get(name).and_then(BareItem::as_string).map(|text| text.as_str());
    let time = |name: &str| list.params.get(name).and_then(BareItem::as_integer).map(i64::from);
    if list.params.contains_key("alg") && text("alg") != Some(ALGORITHM) {
        return Err(format!("the signature must be of the algorithm \"{ALGORITHM}\"").into());
    }
    // One that cannot be read must not be one that is not there.
    if list.params.contains_key("expires") && time("expires").is_none() {
        return Err("\"expires\" of the signature must be a whole number".into());
    }
    if list.params.contains_key("nonce") && text("nonce").is_none() {
        return Err("\"nonce\" of the signature must be a string".into());
    }
    Ok(Signature {
        components: components(list)?,
        params: List::from([input.clone()]).serialize().ok_or("the signature covers nothing")?,
        key_id: text("keyid").ok_or("the signature has no \"keyid\"")?.to_owned(),
        created: time("created").ok_or("the signature has no \"created\"")?,
        expires: time("expires"),
        nonce: text("nonce").map(String::from),
        mac: mac.clone(),
    })
}

fn components(list: &InnerList) -> Result<Vec<String>, Refused> {
    if list.items.len() > MOST_COMPONENTS {
        return Err(format!("a signature covers {MOST_COMPONENTS} components at most").into());
    }
    let mut names = Vec::with_capacity(list.items.len());
    for item in &list.items {
        let name = item.bare_item.as_string().map(|name| name.as_str().to_owned());
        let name = name.ok_or("\"signature-input\" must list components by their names")?;
        if !item.params.is_empty() {
            return Err("components with parameters are not supported".into());
        }
        if names.contains(&name) {
            return Err("the signature covers a component twice".into());
        }
        names.push(name);
    }
    Ok(names)
}
