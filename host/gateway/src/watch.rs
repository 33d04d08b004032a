//! Notices saved files: by the system's events, and by a look now and then where those fail.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::reload::Reloader;

/// A save is often several events; they are taken together.
const SETTLE: Duration = Duration::from_millis(50);

/// The safety net: network file systems and some editors give no events.
const LOOK: Duration = Duration::from_secs(2);

/// Reloads whenever a watched file changes. Never returns.
pub(crate) async fn watch(reloader: Arc<Reloader>) {
    let (events, mut changes) = mpsc::channel(1);
    let mut watched = Watched::new(events);
    loop {
        watched.follow(&reloader.files());
        tokio::select! {
            Some(()) = changes.recv() => tokio::time::sleep(SETTLE).await,
            () = tokio::time::sleep(LOOK) => {}
        }
        while changes.try_recv().is_ok() {}
        if reloader.is_stale() {
            // Its outcome is in the log and the metrics.
            let _ = reloader.reload("file changed").await;
        }
    }
}

/// The folders under watch: folders, because editors and config maps replace files instead of writing them.
struct Watched {
    events: mpsc::Sender<()>,
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
}

impl Watched {
    fn new(events: mpsc::Sender<()>) -> Self {
        Self { events, watcher: None, folders: BTreeSet::new() }
    }

    fn follow(&mut self, files: &[PathBuf]) {
        let folders: BTreeSet<_> = files.iter().map(|file| folder(file)).collect();
        if folders == self.folders && self.watcher.is_some() {
            return;
        }
        let events = self.events.clone();
        // A full channel holds a change that nobody has looked at yet; another would add nothing.
        let watcher = notify::recommended_watcher(move |_| {
            let _ = events.try_send(());
        });
        self.watcher =
            watcher.map_err(|error| tracing::warn!(%error, "files are watched by looking only")).ok();
        for folder in &folders {
            if let Some(Err(error)) =
                self.watcher.as_mut().map(|w| w.watch(folder, RecursiveMode::NonRecursive))
            {
                tracing::warn!(folder = %folder.display(), %error, "folder is watched by looking only");
            }
        }
        self.folders = folders;
    }
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
