//! A cursor into the tree: checks descend with it beside the decoded values and report at the place they stand on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::interpolate::{open, reason};
use crate::node::{Node, Place};

/// What all checks of one file share.
pub(crate) struct Scope<'a> {
    base: &'a Path,
    clusters: BTreeSet<&'a str>,
    files: RefCell<Vec<PathBuf>>,
    reports: RefCell<Vec<(Place, String)>>,
}

impl<'a> Scope<'a> {
    /// `whole` is the tree before anything was pruned: a cluster with an error of its own is still a cluster.
    pub(crate) fn new(base: &'a Path, whole: &'a Node) -> Self {
        let entries = whole.child("clusters").map(Node::entries).unwrap_or_default();
        Self {
            base,
            clusters: entries.iter().map(|entry| entry.key.as_str()).collect(),
            files: RefCell::default(),
            reports: RefCell::default(),
        }
    }

    /// The names of all clusters, in order.
    pub(crate) fn clusters(&self) -> &BTreeSet<&'a str> {
        &self.clusters
    }

    /// The cursor on the root of the tree that is checked.
    pub(crate) fn root<'s>(&'s self, tree: &'s Node) -> At<'s> {
        At { scope: self, node: Some(tree), key: tree.place(), value: tree.place() }
    }

    /// The files that the checks met, and what they reported.
    pub(crate) fn finish(self) -> (Vec<PathBuf>, Vec<(Place, String)>) {
        (self.files.into_inner(), self.reports.into_inner())
    }
}

/// A place in the tree, or where it would be.
#[derive(Clone, Copy)]
pub(crate) struct At<'s> {
    pub(crate) scope: &'s Scope<'s>,
    node: Option<&'s Node>,
    key: Place,
    value: Place,
}

impl<'s> At<'s> {
    /// Below a key of a mapping; where it is not set, still here.
    pub(crate) fn key(self, key: &str) -> Self {
        match self.node.and_then(|node| node.entry(key)) {
            Some(entry) => {
                Self { node: Some(&entry.value), key: entry.place, value: entry.value.place(), ..self }
            }
            None => Self { node: None, ..self },
        }
    }

    /// An item of a list.
    pub(crate) fn item(self, index: usize) -> Self {
        match self.node.and_then(|node| node.items().get(index)) {
            Some(item) => Self { node: Some(item), key: item.place(), value: item.place(), ..self },
            None => Self { node: None, ..self },
        }
    }

    /// The node, where it is set.
    pub(crate) fn node(self) -> Option<&'s Node> {
        self.node
    }

    /// Whether the file sets it.
    pub(crate) fn is_set(self) -> bool {
        self.node.is_some()
    }

    /// Whether nothing was taken out of it, so that the lack of something is the user's and not ours.
    pub(crate) fn is_whole(self) -> bool {
        self.node.is_none_or(|node| !node.is_pruned())
    }

    /// The value as the file has it, fit for an error.
    pub(crate) fn quoted(self) -> String {
        self.node.map_or_else(|| "the default".to_owned(), Node::quoted)
    }

    /// Reports a problem of the value.
    pub(crate) fn report(self, message: impl Into<String>) {
        self.scope.reports.borrow_mut().push((self.value, message.into()));
    }

    /// Reports a problem of the key.
    pub(crate) fn report_key(self, message: impl Into<String>) {
        self.scope.reports.borrow_mut().push((self.key, message.into()));
    }

    /// A folder that the value names, made absolute from the folder of the configuration.
    pub(crate) fn folder_of(self, path: &str) -> PathBuf {
        self.scope.base.join(path)
    }

    /// A file that the value names, made absolute from the folder of the configuration, and watched.
    pub(crate) fn file(self, path: &str) -> PathBuf {
        let resolved = self.scope.base.join(path);
        if let Err(error) = open(&resolved) {
            self.report(format!("cannot read {}: {}", self.quoted(), reason(&error)));
        }
        self.scope.files.borrow_mut().push(resolved.clone());
        resolved
    }
}
