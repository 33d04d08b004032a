//! One version of a plugin: a copy of its files that nobody changes, beside the SDK that runs them.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tidegate_pipeline::{Code, LoadError, Package, Plugin, Setup};
use tidegate_workers::Launch;

use crate::extension;
use crate::files;
use crate::runtime::Shared;

/// What the interpreter is told to run. The paths come as arguments, so that no path can be read as code.
///
/// What the plugin brings stands behind Python's own modules: a file of its that has the name of one takes nobody's place.
const START: &str = "import sys; sys.path.insert(0, sys.argv[1]); sys.path += sys.argv[2:]; from tidegate._worker import main; main()";

/// The code of one version.
pub(crate) struct PythonCode {
    plugin: Arc<TempDir>,
    sdk: Arc<TempDir>,
    package: tidegate_workers::Package,
    shared: Arc<Shared>,
}

impl PythonCode {
    /// Writes the files of the package to a folder of this user alone, which goes with the code.
    ///
    /// # Errors
    /// Where nothing can be written there.
    pub(crate) fn unpack(package: &Package, shared: Arc<Shared>) -> Result<Self, LoadError> {
        if package.tree.is_empty() {
            let cause = "it is no Python file; name one such as \"plugin.py\" in plugin.toml".into();
            return Err(LoadError::Code { entry: package.manifest.entry.clone(), cause });
        }
        let failed =
            |cause: io::Error| LoadError::Read { path: std::env::temp_dir(), cause: cause.to_string() };
        let sdk = shared.sdk.folder().map_err(failed)?;
        let contents = package.tree.iter().map(|file| (&file.path, &*file.bytes));
        let plugin = Arc::new(files::unpacked(contents).map_err(failed)?);
        let manifest = &package.manifest;
        let package = tidegate_workers::Package {
            id: manifest.id.clone(),
            entry: manifest.entry.clone(),
            windows: manifest.stream.clone(),
        };
        Ok(Self { plugin, sdk, package, shared })
    }
}

impl Code for PythonCode {
    fn configure(&self, setup: Setup) -> BoxFuture<'_, Result<Arc<dyn Plugin>, LoadError>> {
        Box::pin(async move {
            let interpreter = self.shared.interpreters.find(setup.process.interpreter.as_deref()).await?;
            let (plugin, sdk) = (self.plugin.path().to_owned(), self.sdk.path().to_owned());
            let mut args: Vec<OsString> = vec!["-I".into()];
            if !setup.process.site {
                args.push("-S".into());
            }
            args.extend(["-X".into(), extension::option(&interpreter.packages)?]);
            args.extend(["-c".into(), START.into(), sdk.into(), plugin.clone().into()]);
            args.extend(interpreter.packages.into_iter().map(OsString::from));
            let launch = Launch { program: interpreter.program, args, folder: plugin };
            // Workers are started anew at any time: the files stay as long as the plugin.
            let kept = Arc::new((Arc::clone(&self.plugin), Arc::clone(&self.sdk)));
            tidegate_workers::configure(launch, self.package.clone(), setup, kept).await
        })
    }
}
