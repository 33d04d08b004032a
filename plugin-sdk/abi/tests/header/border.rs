//! All that crosses the border, as Rust has it. A field or a variant that is missing here does not compile.

use std::mem::offset_of;

use tidegate_abi::{
    Body, BodyKind, Bytes, Code, Context, Event, Field, Finding, HTTP_OK, Head, Host, HttpAnswer,
    HttpRequest, Level, List, MAGIC, MAJOR, MINOR, Need, Outcome, Peer, Plugin, Principal, Returned, Side,
    Text, UNWINDS, Usage, Windows,
};

use crate::in_c::{InC, Layout, field};

type Fields = List<Field>;
type Names = List<Bytes>;
type Events = List<Event>;
type Texts = List<Text>;
type Findings = List<Finding>;
type HttpRequests = List<HttpRequest>;

macro_rules! structs {
    ($($rust:ident = $c:literal { $($field:ident),* $(,)? })*) => {
        $(impl InC for $rust {
            fn name() -> String {
                $c.to_owned()
            }
        })*

        /// Every struct.
        pub(crate) fn structs() -> Vec<Layout> {
            vec![$({
                let _all = |$rust { $($field: _),* }: &$rust| ();
                Layout {
                    name: $c,
                    size: size_of::<$rust>(),
                    align: align_of::<$rust>(),
                    fields: vec![$(
                        field(stringify!($field), offset_of!($rust, $field), |it: &$rust| &it.$field)
                    ),*],
                }
            }),*]
        }
    };
}

structs! {
    Bytes = "tidegate_bytes" { data, len }
    Field = "tidegate_field" { name, value }
    Fields = "tidegate_fields" { data, len }
    Names = "tidegate_names" { data, len }
    Principal = "tidegate_principal" { id, tenant, attributes }
    Context = "tidegate_context" {
        request_id, route, dialect, operation, model, principal, deadline_ms, attempt, streaming
    }
    Peer = "tidegate_peer" { address, certificate_sha256, names }
    Head = "tidegate_head" { method, scheme, authority, path, query, headers, client, body_sha256 }
    Usage = "tidegate_usage" {
        input, output, cached_input, cache_write, reasoning, cost_micro_usd, has_cost, estimated
    }
    Body = "tidegate_body" { kind, text, fields }
    Event = "tidegate_event" { name, data }
    Events = "tidegate_events" { data, len }
    Text = "tidegate_text" { role, kind, content, start, id, released, complete, new_turn }
    Texts = "tidegate_texts" { data, len }
    Finding = "tidegate_finding" { category, detail, score, text, has_score, has_text }
    Findings = "tidegate_findings" { data, len }
    Outcome = "tidegate_outcome" {
        error, cluster, findings, usage, attempts, duration_ms, first_token_ms, status, has_first_token, cancelled
    }
    Windows = "tidegate_windows" { mode, min, max, overlap, max_match, max_hold_ms }
    HttpRequest = "tidegate_http_request" { method, url, headers, body, timeout_ms }
    HttpRequests = "tidegate_http_requests" { data, len }
    HttpAnswer = "tidegate_http_answer" { code, status, headers, body }
    Host = "tidegate_host" {
        size, fail,
        subscribe, want, want_field, want_digest, want_windows, dialect,
        grant, attribute, refuse, ticket,
        set_header, add_header, remove_header, header,
        set, insert, remove, replace_body, cluster, reroute, reply,
        keep_event, replace_event, drop_event,
        block, edit, finding, hold,
        info, note, set_note, log, count, observe, secret, kv_get, kv_set, kv_delete, kv_increment, http, model, why,
    }
    Plugin = "tidegate_plugin" {
        magic, major, minor, size, flags, contract, configure, destroy,
        authenticate, admit, settle, transform_request, transform_upstream, transform_response, transform_event,
        moderate_input, moderate_output, completed,
    }
}

/// An enumeration and its members, with their numbers.
pub(crate) struct Enumeration {
    pub(crate) name: &'static str,
    pub(crate) members: Vec<(&'static str, i64)>,
}

macro_rules! enumerations {
    ($($rust:ident = $c:literal { $($variant:ident = $member:literal),* $(,)? })*) => {
        /// Every enumeration.
        pub(crate) fn enumerations() -> Vec<Enumeration> {
            vec![$({
                let _all = |it: $rust| match it { $($rust::$variant => ()),* };
                Enumeration { name: $c, members: vec![$(($member, $rust::$variant as i64)),*] }
            }),*]
        }
    };
}

enumerations! {
    Returned = "tidegate_returned" {
        Done = "TIDEGATE_DONE",
        Failed = "TIDEGATE_FAILED",
        Panicked = "TIDEGATE_PANICKED",
    }
    Code = "tidegate_code" {
        Ok = "TIDEGATE_OK",
        None = "TIDEGATE_NONE",
        Denied = "TIDEGATE_DENIED",
        TooLarge = "TIDEGATE_TOO_LARGE",
        Unavailable = "TIDEGATE_UNAVAILABLE",
        Timeout = "TIDEGATE_TIMEOUT",
        Full = "TIDEGATE_FULL",
        Failed = "TIDEGATE_FAILURE",
    }
    Level = "tidegate_level" {
        Debug = "TIDEGATE_DEBUG",
        Info = "TIDEGATE_INFO",
        Warn = "TIDEGATE_WARN",
        Error = "TIDEGATE_ERROR",
    }
    BodyKind = "tidegate_body_kind" {
        Absent = "TIDEGATE_BODY_ABSENT",
        Fields = "TIDEGATE_BODY_FIELDS",
        Whole = "TIDEGATE_BODY_WHOLE",
        Opaque = "TIDEGATE_BODY_OPAQUE",
    }
    Side = "tidegate_side" { Request = "TIDEGATE_REQUEST", Response = "TIDEGATE_RESPONSE", Headers = "TIDEGATE_HEADERS" }
    Need = "tidegate_need" { Nothing = "TIDEGATE_NEED_NOTHING", Whole = "TIDEGATE_NEED_WHOLE" }
}

/// Every number with a name.
pub(crate) fn constants() -> Vec<(&'static str, i64)> {
    let single = [
        ("TIDEGATE_MAGIC", i64::from(MAGIC)),
        ("TIDEGATE_MAJOR", i64::from(MAJOR)),
        ("TIDEGATE_MINOR", i64::from(MINOR)),
        ("TIDEGATE_UNWINDS", i64::from(UNWINDS)),
        // The code of an answer over HTTP is one of the others.
        ("TIDEGATE_OK", i64::from(HTTP_OK)),
    ];
    single.into_iter().chain(enumerations().into_iter().flat_map(|it| it.members)).collect()
}
