//! Which provider serves what clients ask for: as JSON for tests, and as the page that stands in `docs/providers.md`.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tidegate_config::checked::Compatible as Line;
use tidegate_config::compatible_providers;
use tidegate_contract::Dialect;
use tidegate_providers::{Endpoint, Envelope, Provider, Question, Serving, Speech, Task};

/// A provider, or several that are alike.
struct Column {
    names: Vec<String>,
    provider: Arc<dyn Provider>,
}

/// Those with code of their own, then those of the table that have the same beside chat completions.
fn columns() -> Vec<Column> {
    let own = tidegate_providers::all()
        .iter()
        .map(|provider| Column { names: vec![provider.name().to_owned()], provider: Arc::clone(provider) });
    own.chain(lines_of_the_table()).collect()
}

fn lines_of_the_table() -> impl Iterator<Item = Column> {
    let mut kinds: Vec<(Line, Vec<String>)> = Vec::new();
    for line in compatible_providers() {
        match kinds.iter_mut().find(|(first, _)| has(first) == has(&line)) {
            Some((_, names)) => names.push(line.name),
            None => kinds.push((line.clone(), vec![line.name])),
        }
    }
    let column = |(line, names)| Column { names, provider: Arc::new(tidegate_proxy::compatible(line)) };
    kinds.into_iter().map(column)
}

/// What tells lines of the table from each other.
fn has(line: &Line) -> impl PartialEq + use<> {
    (line.words, line.responses, line.tokenize, line.rerank.is_some())
}

/// Everything as JSON.
pub(crate) fn json() -> String {
    let endpoints = tidegate_providers::endpoints();
    let listed = endpoints.iter().map(|endpoint| {
        json!({
            "path": endpoint.path,
            "dialect": endpoint.dialect.as_str(),
            "operation": endpoint.operation.as_str(),
            "streams": endpoint.streams,
        })
    });
    let providers = columns().into_iter().map(|column| {
        let serves: Map<String, Value> = endpoints
            .iter()
            .map(|endpoint| (endpoint.path.clone(), cell(&*column.provider, endpoint)))
            .collect();
        json!({"name": column.names.first(), "serves": serves})
    });
    json!({"endpoints": listed.collect::<Vec<_>>(), "providers": providers.collect::<Vec<_>>()}).to_string()
}

fn cell(provider: &dyn Provider, endpoint: &Endpoint) -> Value {
    match provider.serves(endpoint.dialect, endpoint.operation) {
        Serving::Passes => json!({"how": "passes"}),
        Serving::Speaks(task) => json!({"how": "translated", "api": task.as_str()}),
        Serving::Refuses(lacks) => json!({"how": "refused", "lacks": lacks}),
    }
}

const HEAD: &str = "\
<!-- Made by `tidegate endpoints --page`; `make test` compares it. -->

# Who serves what

A client speaks the API that its path belongs to. What becomes of its request depends on the provider of the cluster that the
route picks:

- **passes**: bodies go through as they are, with the path and the credentials of the provider;
- **adapted**: the same bodies, with what the provider wants in another place (the model in the path, flags in the body);
- **translated**: asked in the provider's own API, and answered in the client's;
- **refused**: a 400 in the shape of the client's API, `operation_not_served` where that has a place for a code.

Plain and streamed requests are served alike, unless a cell says otherwise. A field that a provider's API has no words for is a
400 that names it (`unsupported_parameter`), or left out where the cluster says `unsupported_fields: drop`.
";

/// The page.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for dialect in Dialect::ALL {
        let of_dialect = tidegate_providers::endpoints();
        let of_dialect: Vec<Endpoint> = of_dialect.into_iter().filter(|one| one.dialect == dialect).collect();
        let _ = write!(page, "\n## Clients of {}\n", title(dialect));
        table(&of_dialect, &mut page);
    }
    page
}

fn title(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "OpenAI's API",
        Dialect::Anthropic => "Anthropic's API",
        Dialect::Gemini => "Gemini's API",
        Dialect::Bedrock => "Bedrock's runtime",
    }
}

fn table(endpoints: &[Endpoint], page: &mut String) {
    let heads: Vec<String> = endpoints.iter().map(head).collect();
    let _ = write!(page, "\n| provider | {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len() + 1));
    for column in columns() {
        let names: Vec<String> = column.names.iter().map(|name| format!("`{name}`")).collect();
        let cells: Vec<String> =
            endpoints.iter().map(|endpoint| words(&*column.provider, endpoint)).collect();
        let _ = writeln!(page, "| {} | {} |", names.join(", "), cells.join(" | "));
    }
}

/// A path, and whether it is asked plain, as a stream, or both.
fn head(endpoint: &Endpoint) -> String {
    let both = endpoint.streams && !endpoint.operation.has_its_model_in_the_path();
    let kind = if both {
        "plain, stream"
    } else if endpoint.streams {
        "stream"
    } else {
        "plain"
    };
    format!("`{}`<br>{kind}", endpoint.path)
}

/// What is around the API of a conversation.
fn by(task: Task) -> &'static str {
    match task {
        Task::Converse(Speech { envelope: Envelope::BedrockInvoke, .. }) => ", by InvokeModel",
        Task::Converse(Speech { envelope: Envelope::VertexRaw, .. }) => ", by rawPredict",
        _ => "",
    }
}

fn words(provider: &dyn Provider, endpoint: &Endpoint) -> String {
    match provider.serves(endpoint.dialect, endpoint.operation) {
        Serving::Passes => "passes".into(),
        Serving::Speaks(task) => {
            let client = Question::of_client(endpoint.dialect, endpoint.operation);
            if client.is_some_and(|client| client.is_kept_by(task)) {
                return "adapted".into();
            }
            format!("translated to {}{}", task.title(), by(task))
        }
        Serving::Refuses(lacks) => format!("refused: it has no {lacks}"),
    }
}
