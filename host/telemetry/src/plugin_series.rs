//! Series that plugins make, which are known only when they are used, and bounded since plugins make them out of anything.
//!
//! A name becomes a family, `tidegate_plugin_custom_NAME_total` for a counter and `tidegate_plugin_custom_NAME` for a histogram,
//! with the labels of its first use and `plugin`. These families are not in the registry, which wants to know all of them
//! beforehand; [`PluginSeries::gather`] adds them to what it gathers. Every plugin has families of its own, which meet under
//! one name on `/metrics` only, so that no plugin can take a name from another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hashbrown::HashMap;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Counter, CounterVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts,
};

use crate::models::short;
use crate::names::CUSTOM_BUCKETS;

/// Families of one plugin.
pub(crate) const FAMILIES: usize = 64;

/// Series of one plugin, over all its families; a histogram's counts as one.
pub(crate) const SERIES: usize = 1000;

/// Labels of one family besides `plugin`.
const LABELS: usize = 8;

/// The longest name of a series or label, in bytes.
const LONGEST: usize = 64;

/// Stands before the name of every family.
const PREFIX: &str = "tidegate_plugin_custom_";

/// The series of all plugins. Every method is safe and cheap from any thread.
#[derive(Debug)]
pub struct PluginSeries {
    plugins: RwLock<HashMap<Box<str>, Arc<Own>>>,
    dropped: IntCounterVec,
}

/// The series of one plugin.
#[derive(Debug)]
struct Own {
    plugin: Box<str>,
    dropped: IntCounter,
    families: Mutex<Families>,
}

#[derive(Debug, Default)]
struct Families {
    counters: BTreeMap<String, Family<CounterVec, Counter>>,
    histograms: BTreeMap<String, Family<HistogramVec, Histogram>>,
    series: usize,
}

/// A name with its labels, and the series of it by the values of these labels.
#[derive(Debug)]
struct Family<V, M> {
    collector: V,
    labels: Vec<String>,
    series: HashMap<Vec<String>, M>,
}

impl PluginSeries {
    pub(crate) fn new(dropped: IntCounterVec) -> Self {
        Self { plugins: RwLock::default(), dropped }
    }

    /// Adds to a counter. What is negative, not finite, beyond a limit or of other labels than before is counted as dropped.
    pub fn count(&self, plugin: &str, name: &str, by: f64, labels: &[(String, String)]) {
        let own = self.own(plugin);
        let counted = (by.is_finite() && by >= 0.0).then(|| own.counter(name, labels)).flatten();
        match counted {
            Some(counter) => counter.inc_by(by),
            None => own.dropped.inc(),
        }
    }

    /// Observes a value in a histogram. What is not finite, beyond a limit or of other labels than before is counted as dropped.
    pub fn observe(&self, plugin: &str, name: &str, value: f64, labels: &[(String, String)]) {
        let own = self.own(plugin);
        let observed = value.is_finite().then(|| own.histogram(name, labels)).flatten();
        match observed {
            Some(histogram) => histogram.observe(value),
            None => own.dropped.inc(),
        }
    }

    /// Everything, by family; those of one name are one family, whichever plugin made them.
    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        let plugins: Vec<_> =
            self.plugins.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let mut gathered = BTreeMap::<String, MetricFamily>::new();
        for mut family in plugins.iter().flat_map(|own| own.collect()) {
            match gathered.get_mut(family.name()) {
                Some(same) => same.mut_metric().append(family.mut_metric()),
                None => drop(gathered.insert(family.name().to_owned(), family)),
            }
        }
        gathered.into_values().collect()
    }

    fn own(&self, plugin: &str) -> Arc<Own> {
        if let Some(own) = self.plugins.read().unwrap_or_else(PoisonError::into_inner).get(plugin) {
            return Arc::clone(own);
        }
        let new = || {
            let dropped = self.dropped.with_label_values(&[plugin]);
            Arc::new(Own { plugin: plugin.into(), dropped, families: Mutex::default() })
        };
        let mut plugins = self.plugins.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(plugins.entry(plugin.into()).or_insert_with(new))
    }
}

impl Own {
    fn counter(&self, name: &str, labels: &[(String, String)]) -> Option<Counter> {
        let name = sanitised(name.strip_suffix("_total").unwrap_or(name))?;
        let (labels, values) = split(labels)?;
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let Families { counters, histograms, series } = &mut *families;
        if !counters.contains_key(&name) {
            let room = counters.len() + histograms.len() < FAMILIES && *series < SERIES;
            let opts = Opts::new(format!("{PREFIX}{name}_total"), "Counted by plugins.");
            let opts = room.then(|| opts.const_label("plugin", &*self.plugin))?;
            let collector = CounterVec::new(opts, &names(&labels)).ok()?;
            counters
                .insert(name.clone(), Family { collector, labels: labels.clone(), series: HashMap::new() });
        }
        let family = counters.get_mut(&name)?;
        family.series(&labels, values, series, |vec, values| vec.get_metric_with_label_values(values).ok())
    }

    /// Other names could not be told from the samples of a histogram or from a counter.
    fn histogram(&self, name: &str, labels: &[(String, String)]) -> Option<Histogram> {
        let name = sanitised(name)?;
        if ["_total", "_bucket", "_sum", "_count"].iter().any(|suffix| name.ends_with(suffix)) {
            return None;
        }
        let (labels, values) = split(labels)?;
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let Families { counters, histograms, series } = &mut *families;
        if !histograms.contains_key(&name) {
            let room = counters.len() + histograms.len() < FAMILIES && *series < SERIES;
            let opts = HistogramOpts::new(format!("{PREFIX}{name}"), "Observed by plugins.");
            let opts =
                room.then(|| opts.const_label("plugin", &*self.plugin).buckets(CUSTOM_BUCKETS.to_vec()))?;
            let collector = HistogramVec::new(opts, &names(&labels)).ok()?;
            histograms
                .insert(name.clone(), Family { collector, labels: labels.clone(), series: HashMap::new() });
        }
        let family = histograms.get_mut(&name)?;
        family.series(&labels, values, series, |vec, values| vec.get_metric_with_label_values(values).ok())
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = families.counters.values().flat_map(|family| family.collector.collect());
        let histograms = families.histograms.values().flat_map(|family| family.collector.collect());
        counters.chain(histograms).filter(|family| !family.get_metric().is_empty()).collect()
    }
}

impl<V, M: Clone> Family<V, M> {
    /// The series of these values, made where there is room; `taken` counts the plugin's.
    fn series(
        &mut self,
        labels: &[String],
        values: Vec<String>,
        taken: &mut usize,
        make: impl FnOnce(&V, &[String]) -> Option<M>,
    ) -> Option<M> {
        if self.labels != labels {
            return None;
        }
        if let Some(series) = self.series.get(&values) {
            return Some(series.clone());
        }
        let made = (*taken < SERIES).then(|| make(&self.collector, &values)).flatten()?;
        *taken += 1;
        self.series.insert(values, made.clone());
        Some(made)
    }
}

/// Names and values of labels, in the order of the names; `None` where there are too many or two of one name.
fn split(labels: &[(String, String)]) -> Option<(Vec<String>, Vec<String>)> {
    if labels.len() > LABELS {
        return None;
    }
    let mut sorted = BTreeMap::new();
    for (name, value) in labels {
        let name = label(name)?;
        if sorted.insert(name, short(Some(value)).to_owned()).is_some() {
            return None;
        }
    }
    Some(sorted.into_iter().unzip())
}

/// The name of a label. Those with a meaning to Prometheus, or of the host, get its usual `exported_` before them.
fn label(name: &str) -> Option<String> {
    let name = sanitised(name)?;
    let reserved =
        matches!(&*name, "plugin" | "le" | "quantile" | "job" | "instance") || name.starts_with("__");
    let digit = name.starts_with(|first: char| first.is_ascii_digit());
    Some(if reserved || digit { format!("exported_{name}") } else { name })
}

/// Letters, digits and `_`; all else becomes `_`. `None` where it is empty or too long.
fn sanitised(name: &str) -> Option<String> {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    (1..=LONGEST).contains(&name.len()).then(|| name.chars().map(legal).collect())
}

fn names(labels: &[String]) -> Vec<&str> {
    labels.iter().map(String::as_str).collect()
}

#[cfg(test)]
#[path = "plugin_series_tests.rs"]
mod tests;
