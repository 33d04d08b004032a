//! A case: one file that says how a plugin is configured, what it is told, and what it must answer.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use tidegate_contract::{Hook, Hooks};
use tidegate_pipeline::{Attributes, Backing, Capabilities};

use crate::decode::{Wrong, decode};
use crate::effect::After;
use crate::expect::{Expected, expected};
use crate::input::{Input, input};
use crate::recorder::Recorder;
use crate::run::Configured;
use crate::services::ServicesShape;
use crate::shape::{ContextShape, OwnedContext};

/// A case that was read and whose every key is known.
#[derive(Debug, Clone)]
pub struct Case {
    name: String,
    config: Value,
    grants: Option<Capabilities>,
    attributes: Arc<Attributes>,
    services: ServicesShape,
    configured: Option<Configured>,
    steps: Vec<Step>,
}

/// One call of the plugin.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) hook: Hook,
    /// Whether it is played as a stream, too.
    pub(crate) split: bool,
    pub(crate) context: OwnedContext,
    pub(crate) input: Input,
    pub(crate) expected: Expected,
    pub(crate) after: After,
}

/// Why a file is no case. Each text names the file, and the place in it where there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The file cannot be read.
    #[error("\"{}\" cannot be read: {cause}; check the path", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// It is no JSON.
    #[error("{file}: no JSON: {cause}")]
    Json {
        /// Its name.
        file: String,
        /// With line and column.
        cause: String,
    },
    /// It says what no case can say.
    #[error("{file}: {place}: {problem}")]
    Wrong {
        /// Its name.
        file: String,
        /// Such as `steps[0].in.texts[1].role`.
        place: String,
        /// One sentence.
        problem: String,
    },
    /// The folder has no case.
    #[error("\"{}\" has no file that ends in \".json\"; a case is one such file", .0.display())]
    None(PathBuf),
}

/// Reads every case of a folder, in the order of the file names.
///
/// # Errors
/// Where a file is no case, or there is none: a test must not pass because it looks into the wrong folder.
pub fn cases(folder: &Path) -> Result<Vec<Case>, CaseError> {
    let failed =
        |error: std::io::Error| CaseError::Read { path: folder.to_owned(), cause: error.to_string() };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut files: Vec<_> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(failed)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    if files.is_empty() {
        return Err(CaseError::None(folder.to_owned()));
    }
    files.iter().map(|file| Case::read(file)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default = "object")]
    config: Value,
    grants: Option<Capabilities>,
    #[serde(default)]
    attributes: AttributesFile,
    #[serde(default)]
    services: ServicesShape,
    configure: Option<Value>,
    #[serde(default)]
    steps: Vec<StepFile>,
}

fn object() -> Value {
    Value::Object(serde_json::Map::new())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFile {
    hook: String,
    #[serde(default)]
    ctx: ContextShape,
    #[serde(default = "object", rename = "in")]
    input: Value,
    out: Option<Value>,
    #[serde(default)]
    after: After,
    split: Option<String>,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// One sentence with the file and the place in it.
    pub fn read(path: &Path) -> Result<Self, CaseError> {
        let text = std::fs::read_to_string(path);
        let text =
            text.map_err(|error| CaseError::Read { path: path.to_owned(), cause: error.to_string() })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads the text of a case; `file` is its name in errors.
    ///
    /// # Errors
    /// One sentence with the file and the place in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, CaseError> {
        let value = serde_json::from_str(text);
        let value =
            value.map_err(|error| CaseError::Json { file: file.to_owned(), cause: error.to_string() })?;
        Self::decode(value).map_err(|Wrong { place, problem }| {
            let place = if place.is_empty() { "the case".to_owned() } else { place };
            CaseError::Wrong { file: file.to_owned(), place, problem }
        })
    }

    fn decode(value: Value) -> Result<Self, Wrong> {
        let File { name, config, grants, attributes, services, configure, steps } = decode("", value)?;
        let configured = configure.map(|value| Configured::decode("configure", value)).transpose()?;
        match &configured {
            Some(configured) if configured.is_refusal() && !steps.is_empty() => {
                return Err(Wrong::at("steps", "has steps after a refused configuration; take them away"));
            }
            None if steps.is_empty() => {
                let problem = "is empty; add a step, or say in \"configure\" what comes of the configuration";
                return Err(Wrong::at("steps", problem));
            }
            Some(_) | None => {}
        }
        for (index, exchange) in services.http.iter().enumerate() {
            if exchange.reply.is_some() == exchange.error.is_some() {
                let place = format!("services.http[{index}]");
                return Err(Wrong::at(&place, "needs either \"reply\" or \"error\""));
            }
        }
        let split = steps.iter().position(|step| step.split.is_some());
        if let Some(index) = split.filter(|_| services.expects_once()) {
            let problem = "asks services anew for every cut, and \"services\" has what is asked for once; split another case";
            return Err(Wrong::at(&format!("steps[{index}].split"), problem));
        }
        let request_id = request_id(&steps)?;
        let steps = steps.into_iter().enumerate().map(|(index, step)| Step::decode(index, &request_id, step));
        Ok(Self {
            name,
            config,
            grants,
            attributes: Arc::new(attributes.attributes()?),
            services,
            configured,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The plugin's configuration, as JSON text.
    pub fn config(&self) -> Arc<str> {
        self.config.to_string().into()
    }

    /// What the plugin is granted where that differs from what its manifest asks for.
    pub fn grants(&self) -> Option<&Capabilities> {
        self.grants.as_ref()
    }

    /// The hooks that its steps call.
    pub fn hooks(&self) -> Hooks {
        self.steps.iter().map(|step| step.hook).collect()
    }

    /// The text that must be in the error with which the plugin refuses the configuration.
    pub fn refusal(&self) -> Option<&str> {
        self.configured.as_ref().and_then(Configured::refusal)
    }

    /// The secrets that the plugin may read, where it is granted them.
    pub fn secrets(&self) -> BTreeMap<String, SecretString> {
        let secrets = self.services.secrets.iter();
        secrets.map(|(name, value)| (name.clone(), SecretString::from(value.clone()))).collect()
    }

    /// Services as the case describes them, and who sees what the plugin does with them.
    pub fn backing(&self) -> (Backing, Recorder) {
        let recorder = Recorder::new(&self.services);
        let Recorder { kv, http, metrics, models } = recorder.clone();
        (Backing { kv, http, metrics, models }, recorder)
    }

    pub(crate) fn services(&self) -> &ServicesShape {
        &self.services
    }

    pub(crate) fn attributes(&self) -> &Arc<Attributes> {
        &self.attributes
    }

    pub(crate) fn configured(&self) -> Option<&Configured> {
        self.configured.as_ref()
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// The steps of a case are one request, so that they have one id.
fn request_id(steps: &[StepFile]) -> Result<String, Wrong> {
    let ids = || {
        steps.iter().enumerate().filter_map(|(index, step)| Some((index, step.ctx.request_id.as_deref()?)))
    };
    let Some((_, first)) = ids().next() else { return Ok("request-1".to_owned()) };
    match ids().find(|(_, id)| *id != first) {
        Some((index, other)) => {
            let problem =
                format!("is \"{other}\" where an earlier step has \"{first}\"; a case is one request");
            Err(Wrong::at(&format!("steps[{index}].ctx.request_id"), problem))
        }
        None => Ok(first.to_owned()),
    }
}

/// The attributes of the request, by the names that plugins ask for.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AttributesFile {
    service: String,
    listener: String,
    method: Option<String>,
    path: String,
    #[serde(rename = "client.address")]
    client: Option<IpAddr>,
}

impl AttributesFile {
    fn attributes(self) -> Result<Attributes, Wrong> {
        let Self { service, listener, method, path, client } = self;
        let method = method.map_or(Ok(http::Method::GET), |method| method.parse());
        let method = method.map_err(|_| Wrong::at("attributes.method", "is no method that HTTP allows"))?;
        Ok(Attributes {
            service: service.into(),
            listener: listener.into(),
            method,
            path: path.into(),
            client,
            ..Attributes::default()
        })
    }
}

impl Step {
    fn decode(index: usize, request_id: &str, step: StepFile) -> Result<Self, Wrong> {
        let place = |key: &str| format!("steps[{index}].{key}");
        let StepFile { hook, ctx, input: told, out, after, split } = step;
        let hook = Hook::by_name(&hook).ok_or_else(|| {
            let known: Vec<_> = Hook::ALL.iter().map(|hook| hook.as_str()).collect();
            Wrong::at(&place("hook"), format!("\"{hook}\" is no hook; there are {}", known.join(", ")))
        })?;
        let input = input(hook, &place("in"), told)?;
        let split = split.map(|split| can_split(&split, hook, &input));
        let split = split.transpose().map_err(|problem| Wrong::at(&place("split"), problem))?.is_some();
        Ok(Self {
            hook,
            split,
            context: OwnedContext::new(request_id, ctx),
            input,
            expected: expected(hook, &place("out"), out)?,
            after,
        })
    }
}

/// The longest text that is cut at every byte.
const LONGEST_SPLIT: usize = 4096;

/// # Errors
/// Where it says another way than there is, or the step is no answer that a stream could bring.
fn can_split(split: &str, hook: Hook, input: &Input) -> Result<(), String> {
    if split != "every_byte" {
        return Err(format!("\"{split}\" is no way to split a stream; there is \"every_byte\""));
    }
    if hook != Hook::ModerateOutput || !input.is_whole() {
        return Err("only whole texts of an answer come in a stream; use it with \"moderate_output\", and without \"start\", \"released\" and \"complete\"".into());
    }
    let longest = input.longest_text();
    if longest > LONGEST_SPLIT {
        return Err(format!(
            "a text of {longest} bytes would be played as often; use at most {LONGEST_SPLIT}"
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
