//! The hook chain: filters in their order, what their failure means, what plugins may reach, and the registry of filters.
//!
//! Knows no engine, no socket and no configuration file: filters arrive as [`Plugin`] values, whatever they run on.

#![forbid(unsafe_code)]

mod apply;
mod authorizers;
mod beside;
mod breaker;
mod chain;
mod document;
mod edit;
mod expression;
mod fields;
mod grants;
mod guard;
mod inbound;
mod instances;
mod keys;
mod manifest;
mod moderate;
mod outbound;
mod package;
mod plugin;
mod prices;
mod quotas;
mod records;
mod registry;
mod runtime;
mod scope;
mod services;
mod session;
mod stream;
mod strict;
mod tally;
mod texts;
mod tickets;
mod trace;
mod usage_log;
mod verdict;
mod wanted;
mod when;

pub use apply::headers as apply_headers;
pub use authorizers::{
    Authorizer, Authorizers, AuthzField, AuthzGrant, AuthzRefusal, AuthzRequest, AuthzServer, AuthzVerdict,
    FieldAction,
};
pub use beside::{Beside, JudgedBeside};
pub use chain::{AuthMode, Authenticated, Chain, Denied};
pub use document::{Body, Document, Field, NotJson, Payload};
pub use edit::EditError;
pub use grants::consent;
pub use guard::{DEFAULT_DEADLINE, Link, OnError};
pub use inbound::{Detour, Flow, Message};
pub use instances::{Instances, Leased, MakeInstance};
pub use keys::{KeyDirectory, KeyHolder};
pub use manifest::{Capabilities, Manifest};
pub use package::{Digest, MANIFEST, Owner, Package, TreeFile};
pub use plugin::{Answer, Call, HookError, Plugin, reason};
pub use prices::{CostRule, Price, PriceEntry, Prices, Rates, Sold};
pub use quotas::{Allowance, Count, Counted, Limit, Quotas, Reserved, Shape, Standing, Unit, Want, Window};
pub use records::{Changes, Record, Records};
pub use registry::{Documents, FilterFactory, Registry, SettingsProblem, World};
pub use runtime::{
    Code, Isolation, Limits, LoadError, Native, Process, Runtime, Setup, cache_folder, runtime_of, subscribed,
};
pub use scope::{Attributes, MAX_LINES, MAX_NOTES, NotesFull, Scope};
pub use services::{
    Backing, Clusters, Entry, HttpClient, HttpRequest, KeyValue, Level, MAX_DEPTH, MAX_KEY, MAX_VALUE,
    Models, NoAnswer, PluginMetrics, Question, Services, StoreError, causes,
};
pub use session::Session;
pub use stream::{Stage, StreamModeration, StreamText, StreamTransform};
pub use tally::{Outcome as ModerationOutcome, Tally};
pub use texts::{FindTexts, TextPlace, edit as edit_text};
pub use tickets::{Tickets, tell_beside, told};
pub use trace::{Trace, Traces};
pub use usage_log::{Dimension, UsageGroup, UsageLog, UsageQuery, UsageRecord, UsageReport};
pub use wanted::{WantedHeaders, check_wanted};
pub use when::{Facts, When};
