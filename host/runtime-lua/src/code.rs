//! The code of a plugin: compiled once, run anew in each VM.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Lua, LuaOptions, StdLib};
use tidegate_contract::Windows;
use tidegate_pipeline::{Code, HookError, Instances, LoadError, MakeInstance, Package, Plugin, Setup};

use crate::error;
use crate::instance::Vm;
use crate::plugin::LuaPlugin;

/// The largest source that is compiled.
const MAX_SOURCE: usize = 1024 * 1024;

/// A compiled module. The bytecode is our own compiler's: what a package brings is only ever read as text.
#[derive(Debug)]
pub(crate) struct Program {
    /// The file, as the manifest names it.
    pub(crate) entry: String,
    /// The same as Lua's errors show it.
    pub(crate) name: String,
    pub(crate) bytecode: Vec<u8>,
    /// How the manifest has streams cut.
    pub(crate) stream: Option<Windows>,
}

impl Program {
    /// Compiles the entry of a package, and loads it once without running it.
    ///
    /// # Errors
    /// Where it is no Luau source.
    pub(crate) fn compile(package: &Package) -> Result<Self, LoadError> {
        let entry = package.manifest.entry.clone();
        let failed = |cause: String| LoadError::Code { entry: entry.clone(), cause };
        if package.entry.len() > MAX_SOURCE {
            return Err(failed(format!(
                "it is larger than {} KiB; move data into its configuration",
                MAX_SOURCE / 1024
            )));
        }
        let source = std::str::from_utf8(&package.entry).ok().filter(|source| is_text(source));
        let source = source.ok_or_else(|| {
            failed("it is no text in UTF-8; compiled chunks are not loaded, ship the source".into())
        })?;
        let name = format!("={entry}");
        let compiler = Compiler::new().set_optimization_level(2).set_debug_level(1);
        let bytecode = compiler.compile(source).map_err(|error| failed(at_line(&error::sentence(&error))))?;
        let lua = Lua::new_with(StdLib::NONE, LuaOptions::default())
            .map_err(|error| failed(error::sentence(&error)))?;
        let chunk = lua.load(&*bytecode).set_name(&name).set_mode(ChunkMode::Binary);
        chunk.into_function().map_err(|error| failed(error::sentence(&error)))?;
        Ok(Self { entry: entry.clone(), name, bytecode, stream: package.manifest.stream.clone() })
    }
}

/// The compiler begins its texts with the line's number.
fn at_line(text: &str) -> String {
    let text = text.trim_start_matches(':');
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        format!("line {text}")
    } else {
        text.to_owned()
    }
}

/// Bytecode begins with its version, a low byte; so does no text.
fn is_text(source: &str) -> bool {
    !source.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
}

/// [`Code`] of a Lua plugin.
pub(crate) struct LuaCode(pub(crate) Arc<Program>);

impl Code for LuaCode {
    fn configure(&self, setup: Setup) -> BoxFuture<'_, Result<Arc<dyn Plugin>, LoadError>> {
        Box::pin(async move {
            let (first, subscription) = Vm::boot(&self.0, &setup).await?;
            let (most, once) = (setup.max_instances, setup.per_request);
            let (program, setup) = (Arc::clone(&self.0), Arc::new(setup));
            let make: MakeInstance<Vm> = Box::new(move || {
                let (program, setup) = (Arc::clone(&program), Arc::clone(&setup));
                Box::pin(async move {
                    let booted = Vm::boot(&program, &setup).await;
                    booted.map(|(vm, _)| vm).map_err(|error| HookError::Failed(error.to_string()))
                })
            });
            let instances = Instances::new(most, once, Some(first), make);
            let plugin: Arc<dyn Plugin> = Arc::new(LuaPlugin { subscription, instances });
            Ok(plugin)
        })
    }
}
