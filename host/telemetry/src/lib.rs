//! What the gateway tells its operators: the metrics, the access log and the set-up of the log.
//!
//! A finished exchange is one [`Record`]; [`Metrics::observe`] and [`AccessLog::write`] read the same one, so
//! that the figures and the lines never disagree.

#![forbid(unsafe_code)]

mod access_log;
mod formatter;
mod guards;
mod hooks;
mod log;
mod metrics;
mod models;
mod moderation;
mod names;
mod plugin_series;
mod record;
mod series;

pub use access_log::{AccessLog, FlushGuard};
pub use guards::{Connection, Ejected, InFlight, Side};
pub use hooks::{HookCalls, HookTimer};
pub use log::{Format, LogError, init};
pub use metrics::{Metrics, MetricsError};
pub use moderation::{Moderated, ModerationSeries};
pub use plugin_series::PluginSeries;
pub use record::Record;
