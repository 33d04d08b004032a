//! The name, the help and the labels of every metric, so that all that a dashboard may rely on is in one place.

/// What stands on `/metrics` of one family.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) labels: &'static [&'static str],
}

/// The value of `error_type` of a failed exchange; it is empty otherwise.
pub(crate) const ERROR_TYPE: &str = "_OTHER";

/// The values of `gen_ai_token_type`.
pub(crate) const TOKEN_TYPES: [&str; 5] =
    ["input", "output", "cached_input", "cache_creation_input", "reasoning"];

pub(crate) const TOKEN_USAGE: Family = Family {
    name: "gen_ai_client_token_usage",
    help: "Tokens of an exchange with a model, by the type of token.",
    labels: &[
        "gen_ai_operation_name",
        "gen_ai_provider_name",
        "gen_ai_original_model",
        "gen_ai_request_model",
        "gen_ai_response_model",
        "gen_ai_token_type",
    ],
};

const MODEL_LABELS: &[&str] = &[
    "gen_ai_operation_name",
    "gen_ai_provider_name",
    "gen_ai_original_model",
    "gen_ai_request_model",
    "gen_ai_response_model",
];

pub(crate) const REQUEST_DURATION: Family = Family {
    name: "gen_ai_server_request_duration_seconds",
    help: "Time from the head of a request to the last byte of its answer.",
    labels: &[
        "gen_ai_operation_name",
        "gen_ai_provider_name",
        "gen_ai_original_model",
        "gen_ai_request_model",
        "gen_ai_response_model",
        "error_type",
    ],
};

pub(crate) const TIME_TO_FIRST_TOKEN: Family = Family {
    name: "gen_ai_server_time_to_first_token_seconds",
    help: "Time from the head of a request to the first piece of a streamed answer.",
    labels: MODEL_LABELS,
};

pub(crate) const TIME_PER_OUTPUT_TOKEN: Family = Family {
    name: "gen_ai_server_time_per_output_token_seconds",
    help: "Time for each token of a streamed answer after the first.",
    labels: MODEL_LABELS,
};

pub(crate) const COST: Family = Family {
    name: "tidegate_cost_dollars_total",
    help: "What exchanges with models cost, in dollars, as far as prices are known.",
    labels: MODEL_LABELS,
};

pub(crate) const REQUESTS: Family = Family {
    name: "tidegate_requests_total",
    help: "Requests answered; service and route are empty where none took the request.",
    labels: &["listener", "service", "route", "status"],
};

pub(crate) const IN_FLIGHT: Family =
    Family { name: "tidegate_requests_in_flight", help: "Requests being worked on.", labels: &[] };

pub(crate) const UPSTREAM: Family = Family {
    name: "tidegate_upstream_seconds",
    help: "Time from a request sent upstream to the head of its answer.",
    labels: &["cluster"],
};

pub(crate) const CONNECTIONS: Family = Family {
    name: "tidegate_connections",
    help: "Open connections from clients and to upstreams.",
    labels: &["side"],
};

pub(crate) const CONNECTIONS_REFUSED: Family = Family {
    name: "tidegate_connections_refused_total",
    help: "Client connections closed at once because the limit was reached.",
    labels: &[],
};

pub(crate) const RELOADS: Family = Family {
    name: "tidegate_config_reloads_total",
    help: "Configurations read, by whether they became live.",
    labels: &["result"],
};

pub(crate) const LAST_RELOAD_SUCCESSFUL: Family = Family {
    name: "tidegate_config_last_reload_successful",
    help: "1 if the configuration read last is the live one, 0 if it was refused.",
    labels: &[],
};

pub(crate) const LAST_RELOAD_TIMESTAMP: Family = Family {
    name: "tidegate_config_last_reload_success_timestamp_seconds",
    help: "When the live configuration became live, in seconds since 1970.",
    labels: &[],
};

pub(crate) const RETRIES: Family = Family {
    name: "tidegate_retries_total",
    help: "Tries on an upstream after the first of an exchange, by the reason of the failure before.",
    labels: &["cluster", "reason"],
};

pub(crate) const COOLDOWNS: Family = Family {
    name: "tidegate_cooldowns_total",
    help: "Answers by which an upstream asked to come again later, so that others were picked meanwhile.",
    labels: &["cluster"],
};

pub(crate) const EJECTED: Family = Family {
    name: "tidegate_clusters_ejected",
    help: "1 while a cluster is ejected because it failed again and again, else 0.",
    labels: &["cluster"],
};

pub(crate) const EJECTIONS: Family = Family {
    name: "tidegate_cluster_ejections_total",
    help: "Times that a cluster was ejected because it failed again and again.",
    labels: &["cluster"],
};

pub(crate) const OVERFLOWS: Family = Family {
    name: "tidegate_circuit_breaker_overflows_total",
    help: "Tries that a circuit breaker of a cluster turned away, by its name.",
    labels: &["cluster", "limit"],
};

pub(crate) const SHED: Family = Family {
    name: "tidegate_requests_shed_total",
    help: "Requests turned away because too many were in flight, of all clients or of one principal.",
    labels: &["reason"],
};

pub(crate) const AUTH: Family = Family {
    name: "tidegate_auth_total",
    help: "Verdicts of each filter that authenticates, with its errors and those that failed open.",
    labels: &["filter", "verdict"],
};

pub(crate) const PLUGIN_CALLS: Family = Family {
    name: "tidegate_plugin_calls_total",
    help: "Calls of filters and plugins, by hook and verdict.",
    labels: &["plugin", "hook", "verdict"],
};

pub(crate) const PLUGIN_SECONDS: Family = Family {
    name: "tidegate_plugin_seconds",
    help: "Time of one call of a filter or plugin.",
    labels: &["plugin", "hook"],
};

pub(crate) const MODERATION_FINDINGS: Family = Family {
    name: "tidegate_moderation_findings_total",
    help: "What moderation found, by filter and category.",
    labels: &["plugin", "category"],
};

pub(crate) const MODERATION_HELD: Family = Family {
    name: "tidegate_moderation_held_seconds",
    help: "How long text of a stream was kept back by a filter, where it was.",
    labels: &["plugin"],
};

pub(crate) const MODERATION_SKIPPED: Family = Family {
    name: "tidegate_moderation_skipped_total",
    help: "Exchanges that passed although a filter that should have judged them was not asked. Stays 0, or it is a bug.",
    labels: &[],
};

pub(crate) const PLUGIN_METRICS_DROPPED: Family = Family {
    name: "tidegate_plugin_metrics_dropped_total",
    help: "Values of plugins' own metrics that are not shown: beyond a limit, or not fit to be shown.",
    labels: &["plugin"],
};

pub(crate) const ACCESS_LOG_DROPPED: Family = Family {
    name: "tidegate_access_log_dropped_total",
    help: "Lines of the access log lost because the reader of standard output was too slow.",
    labels: &[],
};

pub(crate) const CERTIFICATE_RELOAD_FAILURES: Family = Family {
    name: "tidegate_certificate_reload_failures_total",
    help: "Reloads refused because of a listener's certificate, so that the old one stays.",
    labels: &[],
};

/// Tokens: 1 to 4^13 in powers of four, as OpenTelemetry's conventions for generative AI want it.
pub(crate) const TOKEN_BUCKETS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Seconds of an exchange, doubling.
pub(crate) const DURATION_BUCKETS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// Seconds to the first token: OpenTelemetry's list, with room for slow reasoning models.
pub(crate) const FIRST_TOKEN_BUCKETS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 30.0,
    45.0, 60.0,
];

/// Seconds for each token: OpenTelemetry's list.
pub(crate) const PER_TOKEN_BUCKETS: &[f64] =
    &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];

/// Seconds of a call of a filter: from a comparison in memory to a remote call at its deadline.
pub(crate) const PLUGIN_BUCKETS: &[f64] =
    &[0.000_001, 0.000_005, 0.000_025, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Seconds that text is kept back: from the time to the next token to the longest hold.
pub(crate) const HELD_BUCKETS: &[f64] =
    &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Values of plugins, whose units nobody knows: two for each power of ten, wide enough for seconds, scores and tokens.
pub(crate) const CUSTOM_BUCKETS: &[f64] =
    &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 10_000.0, 100_000.0];
