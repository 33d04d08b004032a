//! What is known of an exchange while it runs; written to metrics and access log exactly once, when it is dropped.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use tidegate_config::checked;
use tidegate_contract::{Dialect, Hook, Operation, Outcome, Principal, Usage};
use tidegate_pipeline::{Attributes, ModerationOutcome, Prices, Session, Tally, Tickets, Traces, UsageLog};
use tidegate_providers::{AnswerScan, Framing};
use tidegate_telemetry::{AccessLog, InFlight, Metrics, Moderated, Record};

use crate::account;
use crate::clock::Clock;
use crate::fault::{Blame, Fault};
use crate::load::Place;
use crate::rescue;
use crate::snapshot::{Cluster, Route, Service};
use crate::upload::{Progress, lock};
use crate::watch::Busy;

/// Where finished exchanges are told.
#[derive(Clone)]
pub struct Observers {
    /// The process's metrics.
    pub metrics: Arc<Metrics>,
    /// `None` where the configuration wants no access log.
    pub access_log: Option<Arc<AccessLog>>,
    /// What filters did to the last requests.
    pub traces: Arc<Traces>,
    /// What models cost.
    pub prices: Arc<Prices>,
    /// The account of every exchange; `None` where the configuration wants none.
    pub usage: Option<Arc<dyn UsageLog>>,
}

impl Observers {
    /// Goes by the configuration that is live from here on.
    pub fn follow(&self, telemetry: &checked::Telemetry) {
        let checked::HookTraces { keep, sample_ppm } = telemetry.hook_traces;
        self.traces.keep(keep, sample_ppm);
    }
}

/// Bytes that make about one token, for estimates.
const BYTES_PER_TOKEN: u64 = 4;

/// The account of one exchange.
///
/// Dropped early (the client left, a task was ended) it still tells what happened so far, as cancelled.
pub(crate) struct Ledger {
    observers: Observers,
    _in_flight: InFlight,
    _busy: Busy,
    /// The place among all requests in flight, where their number is limited.
    pub(crate) place: Option<Place>,
    time: SystemTime,
    pub(crate) clock: Clock,
    pub(crate) request_id: Box<str>,
    pub(crate) listener: Arc<str>,
    pub(crate) client: IpAddr,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) dialect: Dialect,
    /// What the client's API puts a stream into.
    pub(crate) framing: Framing,
    pub(crate) operation: Operation,
    pub(crate) service: Option<Arc<Service>>,
    pub(crate) route: Option<Arc<Route>>,
    pub(crate) cluster: Option<Arc<Cluster>>,
    pub(crate) principal: Option<Arc<Principal>>,
    pub(crate) original_model: Option<String>,
    pub(crate) request_model: Option<String>,
    pub(crate) response_model: Option<String>,
    pub(crate) status: StatusCode,
    pub(crate) streaming: bool,
    pub(crate) attempts: u32,
    /// Whether an upstream was sent anything.
    pub(crate) sent: bool,
    pub(crate) upstream: Option<Duration>,
    pub(crate) first_token: Option<Duration>,
    pub(crate) usage: Option<Usage>,
    /// What the request says of itself, for the account of usage.
    pub(crate) tags: BTreeMap<String, String>,
    /// Tokens of the request, as its size lets expect.
    pub(crate) estimated_input: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
    /// The exchange as hooks see it.
    pub(crate) session: Session,
    /// What filters admitted, to be settled when the exchange ends.
    pub(crate) tickets: Tickets,
    /// Of a body that passes unread.
    pub(crate) progress: Option<Arc<Mutex<Progress>>>,
    /// What answers are to call the model, where not as the provider does.
    pub(crate) restored_model: Option<String>,
    error: Option<(String, &'static str)>,
    /// Whether the client gets what an upstream said.
    passed: bool,
    complete: bool,
}

/// Who sent a request, and how.
pub(crate) struct Sender<'a> {
    pub(crate) listener: &'a Arc<str>,
    pub(crate) client: IpAddr,
    pub(crate) method: &'a Method,
}

impl Ledger {
    pub(crate) fn open(observers: Observers, busy: Busy, sender: &Sender<'_>, clock: Clock) -> Box<Self> {
        let in_flight = observers.metrics.request_started();
        Box::new(Self {
            observers,
            _in_flight: in_flight,
            _busy: busy,
            place: None,
            time: SystemTime::now(),
            clock,
            request_id: Box::default(),
            listener: Arc::clone(sender.listener),
            client: sender.client,
            method: sender.method.clone(),
            path: String::new(),
            dialect: Dialect::OpenAi,
            framing: Framing::Sse,
            operation: Operation::Other,
            service: None,
            route: None,
            cluster: None,
            principal: None,
            original_model: None,
            request_model: None,
            response_model: None,
            // What is logged where the client leaves before there is a status.
            status: rescue::status(&Fault::ClientLeft),
            streaming: false,
            attempts: 0,
            sent: false,
            upstream: None,
            first_token: None,
            usage: None,
            tags: BTreeMap::new(),
            estimated_input: 0,
            bytes_received: 0,
            bytes_sent: 0,
            session: Session::default(),
            tickets: Tickets::default(),
            progress: None,
            restored_model: None,
            error: None,
            passed: false,
            complete: false,
        })
    }

    pub(crate) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// Notes why the exchange fails; the first cause stays.
    pub(crate) fn fail(&mut self, fault: &Fault) {
        self.error.get_or_insert_with(|| (fault.to_string(), fault.blame().as_str()));
    }

    /// Begins what hooks are told of; `depth` is 0 but for what a plugin asks. Of a request that is tagged its trace says
    /// to what values something was changed.
    pub(crate) fn begin_session(&mut self, service: &Arc<Service>, depth: u8, tagged: bool) {
        self.session.request_id.clone_from(&self.request_id);
        self.session.dialect = self.dialect.as_str();
        self.session.operation = self.operation.as_str();
        let traces = &self.observers.traces;
        let trace = match depth {
            0 => traces.open(&self.request_id, tagged),
            _ => traces.of(&self.request_id),
        };
        self.session.attributes = Arc::new(Attributes {
            service: Arc::clone(&service.name),
            listener: Arc::clone(&self.listener),
            method: self.method.clone(),
            path: self.path.as_str().into(),
            client: Some(self.client),
            depth,
            trace,
        });
    }

    /// Whether the exchange has a line in the account of usage in which its tags stand.
    pub(crate) fn is_tagged(&self) -> bool {
        self.observers.usage.is_some() && self.operation.names_a_model()
    }

    /// Notes the route; hooks are told of it from here on.
    pub(crate) fn note_route(&mut self, route: &Arc<Route>) {
        self.session.route = Arc::clone(&route.name);
        self.route = Some(Arc::clone(route));
    }

    /// The cluster that was tried last, to name it in a fault.
    pub(crate) fn cluster_name(&self) -> Arc<str> {
        self.cluster.as_ref().map(|cluster| Arc::clone(&cluster.name)).unwrap_or_default()
    }

    /// Notes what an answer says of itself; `told` is what its provider said in words of its own, and whether that was all.
    pub(crate) fn note_scan(&mut self, scan: &AnswerScan, told: Option<(Usage, bool)>) {
        self.usage = told.map(|(usage, _)| usage).or(scan.usage());
        self.response_model = scan.model().map(str::to_owned);
        let is_all = told.is_some_and(|(_, is_all)| is_all);
        if let Some(text_bytes) = scan.unreported_text().filter(|_| !is_all) {
            self.estimate_usage(text_bytes);
        }
    }

    /// What reads a stream; where it is to be settled, it counts for the case that the stream does not say what it used.
    pub(crate) fn event_scan(&self) -> AnswerScan {
        let is_settled = self.route.as_ref().is_some_and(|route| route.hooks.has(Hook::Settle));
        if is_settled { AnswerScan::counted_events() } else { AnswerScan::events() }
    }

    /// Expects a request of so many bytes to be used up.
    pub(crate) fn expect(&mut self, bytes: u64) {
        self.estimated_input = bytes.div_ceil(BYTES_PER_TOKEN);
    }

    /// What the request is expected to use, without its answer.
    pub(crate) fn expected(&self) -> Usage {
        Usage { input: self.estimated_input, estimated: true, ..Usage::default() }
    }

    /// Counts an answer that was ended before its upstream said what it used: `text_bytes` of it had come.
    pub(crate) fn estimate_usage(&mut self, text_bytes: u64) {
        let seen = self.usage.unwrap_or_default();
        let output = text_bytes.div_ceil(BYTES_PER_TOKEN);
        // What begins by saying what it used so far, as messages do, has used more since.
        if seen.output >= output.max(1) {
            return;
        }
        let input = if seen.input > 0 { seen.input } else { self.estimated_input };
        self.usage = Some(Usage { input, output, estimated: true, ..seen });
    }

    /// Tells filters what was used, and that the exchange is over.
    fn tell_filters(&mut self, settled: Option<Usage>) {
        let usage = self.usage.unwrap_or_default();
        self.tickets.settle(settled);
        let Some(route) = self.route.clone().filter(|route| route.hooks.has(Hook::Completed)) else { return };
        let milliseconds = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let outcome = Outcome {
            status: self.status.as_u16(),
            error: self.error.as_ref().map(|(cause, _)| cause.clone()),
            cluster: self.cluster.as_ref().map(|cluster| cluster.name.to_string()),
            attempts: self.attempts,
            duration_ms: milliseconds(self.clock.elapsed()),
            first_token_ms: self.first_token.map(milliseconds),
            usage,
            findings: std::mem::take(&mut self.session.findings),
            cancelled: !self.complete,
        };
        route.hooks.completed(&mut self.session, &outcome);
    }

    /// What is on the account of whoever sent the request; `None` where the gateway refused it before it was sent.
    fn settled(&self) -> Option<Usage> {
        // That an upstream cannot be reached is no refusal.
        let by_upstream = |blame: &str| self.attempts > 0 && blame == Blame::Upstream.as_str();
        if !self.sent && self.error.as_ref().is_some_and(|(_, blame)| !by_upstream(blame)) {
            return None;
        }
        let was_left = self.sent && !self.complete && self.error.is_none();
        // A client that leaves before there is an answer had its request read all the same.
        Some(self.usage.unwrap_or_else(|| if was_left { self.expected() } else { Usage::default() }))
    }

    /// What was used, with what it costs.
    fn priced(&self, usage: Usage) -> Usage {
        if self.attempts == 0 || !self.operation.names_a_model() {
            return usage;
        }
        let Some(cluster) = &self.cluster else { return usage };
        let models = [self.request_model.as_deref(), self.response_model.as_deref()];
        let mut names = account::sold(cluster, models);
        let prices = &self.observers.prices;
        let cost = if usage.input.max(usage.output) > 0 {
            prices.cost(names, &usage)
        } else {
            // What is sold by the request, such as images; to count tokens costs nothing anywhere.
            let is_sold = self.passed && self.status.is_success() && !account::only_counts(self.operation);
            names.find_map(|sold| prices.quote(sold, &usage)).filter(|cost| is_sold && *cost > 0)
        };
        Usage { cost_micro_usd: cost, ..usage }
    }

    /// The client gets what an upstream said, or what filters left of it.
    pub(crate) fn pass(&mut self) {
        self.passed = true;
    }

    /// Counts the exchange where a filter that should have judged it was never asked.
    fn check_moderation(&self) {
        let Some(route) = &self.route else { return };
        let sent =
            self.attempts > 0 && route.hooks.skipped(&self.session, Hook::ModerateInput).next().is_some();
        let answered =
            self.passed && route.hooks.skipped(&self.session, Hook::ModerateOutput).next().is_some();
        if sent || answered {
            tracing::error!(
                request_id = &*self.request_id,
                route = &*route.name,
                "a filter was not asked to judge"
            );
            self.observers.metrics.moderation_skipped();
        }
    }

    /// What moderation did; `None` where no filter judged.
    fn moderated(&self) -> Option<Moderated> {
        let Tally { input, output, held } = self.session.moderation;
        if input.is_none() && output.is_none() {
            return None;
        }
        let word = |outcome: Option<ModerationOutcome>| outcome.map(ModerationOutcome::as_str);
        let findings = self.session.findings.len();
        Some(Moderated { input: word(input), output: word(output), findings, held })
    }

    /// The last byte was handed over.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }

    /// What a body that passes tells of itself.
    pub(crate) fn follow_upload(&mut self) -> Arc<Mutex<Progress>> {
        Arc::clone(self.progress.get_or_insert_default())
    }

    fn take_progress(&mut self) {
        let Some(progress) = self.progress.take() else { return };
        let mut progress = lock(&progress);
        self.bytes_received = progress.received;
        let raw = progress.model.take().unwrap_or_default();
        if let Some(model) = tidegate_providers::json_text(&raw) {
            self.request_model.get_or_insert_with(|| model.clone());
            self.original_model.get_or_insert(model);
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.take_progress();
        self.check_moderation();
        let moderation = self.moderated();
        let settled = self.settled().map(|usage| self.priced(usage));
        // What was read of the answer is what is settled; what has no tokens may have a cost.
        let is_told = |usage: &Usage| self.usage.is_some() || usage.cost_micro_usd.is_some();
        self.usage = settled.filter(is_told).or(self.usage);
        self.tell_filters(settled);
        let principal = self.principal.as_deref();
        let error = self.error.as_ref();
        let record = Record {
            time: self.time,
            request_id: &self.request_id,
            listener: &self.listener,
            service: self.service.as_ref().map(|service| &*service.name),
            route: self.route.as_ref().map(|route| &*route.name),
            cluster: self.cluster.as_ref().map(|cluster| &*cluster.name),
            provider: self.cluster.as_ref().map(|cluster| cluster.provider.name()),
            operation: self.operation,
            method: self.method.as_str(),
            path: &self.path,
            status: self.status.as_u16(),
            error: error.map(|(cause, _)| cause.as_str()),
            blame: error.map(|(_, blame)| *blame),
            principal: principal.map(|principal| principal.id.as_str()),
            tenant: principal.and_then(|principal| principal.tenant.as_deref()),
            client: self.client,
            original_model: self.original_model.as_deref(),
            request_model: self.request_model.as_deref(),
            response_model: self.response_model.as_deref(),
            streaming: self.streaming,
            attempts: self.attempts,
            duration: self.clock.elapsed(),
            upstream: self.upstream,
            first_token: self.first_token,
            usage: self.usage,
            bytes_received: self.bytes_received,
            bytes_sent: self.bytes_sent,
            moderation,
            cancelled: !self.complete,
        };
        self.observers.metrics.observe(&record);
        if let Some(log) = &self.observers.access_log {
            log.write(&record);
        }
        if let Some(usage) = &self.observers.usage
            && self.service.is_some()
        {
            let tags = std::mem::take(&mut self.tags);
            usage.append(account::line(&record, settled.unwrap_or_default(), tags));
        }
    }
}
