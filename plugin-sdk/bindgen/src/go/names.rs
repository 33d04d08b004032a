//! What things are called in Go.

use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};
use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

/// Records that authors read or make; they stand in the root package. All other types are the toolkit's own.
const AUTHORS: [&str; 12] = [
    "header",
    "principal",
    "context",
    "text",
    "text-edit",
    "finding",
    "usage",
    "windows",
    "peer",
    "head",
    "event",
    "outcome",
];

/// Authors see these in the package of their service: `(package, type)`.
const SERVICES: [(&str, &str); 2] = [("kv", "entry"), ("http", "reply")];

/// What the contract has no sentence for.
const DOCS: [(&str, &str); 2] = [
    ("Outcome", "what became of an exchange"),
    ("Entry", "a stored value; Version counts the changes of its key"),
];

pub(super) fn doc(name: &str) -> Option<&'static str> {
    DOCS.iter().find(|(other, _)| *other == name).map(|(_, doc)| *doc)
}

/// Words that Go writes in capitals.
const CAPITALS: [(&str, &str); 5] =
    [("Id", "ID"), ("Json", "JSON"), ("Url", "URL"), ("Sha256", "SHA256"), ("Usd", "USD")];

/// Names that Go has already, or that mean nothing without their interface.
const OTHERWISE: [(&str, &str); 3] = [("error", "failure"), ("verdict", "Verdict"), ("request", "outgoing")];

pub(super) fn is_authors(name: &str) -> bool {
    AUTHORS.contains(&name)
}

/// `request-id` as `RequestID`.
pub(super) fn exported(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let word = word.to_upper_camel_case();
        CAPITALS.iter().find(|(plain, _)| *plain == word).map_or(word, |(_, capitals)| (*capitals).to_owned())
    });
    words.collect()
}

/// `request-id` as `requestID`.
pub(super) fn unexported(name: &str) -> String {
    let (first, rest) = name.split_once('-').unwrap_or((name, ""));
    let name = first.to_lower_camel_case() + &exported(rest);
    match name.as_str() {
        "type" | "range" | "map" | "func" | "return" => name + "_",
        _ => name,
    }
}

/// The name of a type's declaration in a package.
pub(super) fn declared(package: &str, interface: &str, name: &str) -> String {
    if is_authors(name) || SERVICES.contains(&(package, name)) {
        return exported(name);
    }
    match OTHERWISE.iter().find(|(contract, _)| *contract == name) {
        Some((_, "Verdict")) => unexported(interface) + "Verdict",
        Some((_, other)) => (*other).to_owned(),
        None => unexported(name),
    }
}

/// A field: of a type that authors see it is exported.
pub(super) fn field(type_name: &str, name: &str) -> String {
    if type_name.starts_with(char::is_uppercase) { exported(name) } else { unexported(name) }
}

/// A tuple as a record: its name, and those of its fields.
pub(super) fn tuple(types: &[Type]) -> Result<(&'static str, [&'static str; 2]), String> {
    match types {
        [Type::String, Type::String] => Ok(("Pair", ["Name", "Value"])),
        [Type::U32, Type::U32] => Ok(("hold", ["text", "bytes"])),
        other => Err(format!("Go has no name for the tuple {other:?}; give it one in go/names.rs")),
    }
}

/// Through `use` and names for another type.
pub(super) fn origin(resolve: &Resolve, mut id: TypeId) -> TypeId {
    while let TypeDefKind::Type(Type::Id(other)) = resolve.types[id].kind {
        id = other;
    }
    id
}

/// What a type is made of.
pub(super) fn parts(resolve: &Resolve, id: TypeId) -> Result<Vec<Type>, String> {
    Ok(match &resolve.types[id].kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Option(inner) | TypeDefKind::List(inner) | TypeDefKind::Type(inner) => vec![*inner],
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Enum(_) => Vec::new(),
        other => return Err(format!("the bindings for Go know no {} yet", other.as_str())),
    })
}
