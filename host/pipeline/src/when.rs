//! `when`: a condition in CEL on what is known of a request.

use std::fmt;
use std::sync::Arc;

use cel::{Context, Program, Value};
use http::HeaderMap;
use tidegate_contract::Principal;

use crate::expression;

/// The variables that a condition may use.
const VARIABLES: [&str; 4] = ["principal", "model", "route", "headers"];

/// A compiled condition.
#[derive(Clone)]
pub struct When {
    source: Arc<str>,
    program: Arc<Program>,
    /// Whether it looks at what is known only after authentication.
    beyond_head: bool,
    headers: bool,
}

/// What a condition looks at.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Who calls.
    pub principal: Option<&'a Principal>,
    /// The client's name of the model.
    pub model: Option<&'a str>,
    /// The route.
    pub route: &'a str,
    /// The request's fields.
    pub headers: &'a HeaderMap,
}

impl When {
    /// Compiles a condition.
    ///
    /// # Errors
    /// One sentence: where the text is no CEL, or uses a variable that does not exist.
    pub fn compile(source: &str) -> Result<Self, String> {
        let program = expression::compile(source, "condition", &VARIABLES)?;
        let used = program.references();
        let uses = |name: &str| used.has_variable(name);
        let beyond_head = uses("principal") || uses("model") || uses("route");
        let headers = uses("headers");
        Ok(Self { source: source.into(), program: Arc::new(program), beyond_head, headers })
    }

    /// Whether it looks at anything besides the head of a request, which an auth hook must not wait for.
    pub fn looks_beyond_the_head(&self) -> bool {
        self.beyond_head
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// Where it cannot be evaluated, or is neither true nor false: a failure of the filter's entry.
    pub fn holds(&self, facts: Facts<'_>) -> Result<bool, String> {
        let mut context = Context::default();
        context.add_variable_from_value("principal", principal(facts.principal));
        context.add_variable_from_value("model", text(facts.model.unwrap_or_default()));
        context.add_variable_from_value("route", text(facts.route));
        if self.headers {
            context.add_variable_from_value("headers", headers(facts.headers));
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err(format!("\"when: {}\" is neither true nor false", self.source)),
            Err(error) => Err(format!("\"when: {}\" cannot be evaluated: {error}", self.source)),
        }
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "When({:?})", self.source)
    }
}

fn text(value: &str) -> Value {
    Value::String(Arc::new(value.to_owned()))
}

/// `id`, `tenant` and the attributes; all of them empty where nobody is known.
fn principal(principal: Option<&Principal>) -> Value {
    let mut map = std::collections::HashMap::<String, Value>::new();
    for (name, value) in principal.map(|principal| principal.attributes.as_slice()).unwrap_or_default() {
        map.insert(name.clone(), text(value));
    }
    map.insert("id".into(), text(principal.map_or("", |principal| &principal.id)));
    let tenant = principal.and_then(|principal| principal.tenant.as_deref());
    map.insert("tenant".into(), text(tenant.unwrap_or_default()));
    map.into()
}

/// Values of one name are joined by a comma, as RFC 9110 section 5.3 lets any recipient do.
fn headers(headers: &HeaderMap) -> Value {
    let mut map = std::collections::HashMap::<String, Value>::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        map.insert(name.as_str().to_owned(), text(&values.join(", ")));
    }
    map.into()
}

#[cfg(test)]
#[path = "when_tests.rs"]
mod tests;
