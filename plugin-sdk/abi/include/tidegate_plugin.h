/*
 * The border between the gateway and native plugins, for C11, C++17 and whatever speaks their calling convention.
 *
 * A plugin is a shared library with one exported function, tidegate_plugin_abi, that gives a table of functions. When the
 * gateway makes an instance, it hands over a table of its own. docs/plugins/contract.md says when each hook is called and
 * what becomes of its verdict; docs/plugins/native.md how a plugin is built, loaded and trusted.
 *
 * Memory    What goes into a call is lent: it is good until that call returns, and only read. Functions of the gateway copy
 *           what they are given before they return, and what they give is good until the hook returns. Nothing changes its
 *           owner, so neither side frees what the other made.
 * Verdicts  A hook returns no verdict but tells it, piece by piece, and then returns TIDEGATE_DONE. One that tells nothing
 *           passes, admits, leaves unchanged, keeps, allows. What is told belongs to one hook; told in another, or against
 *           another piece (a grant and a refusal), it makes the whole verdict a failure. So does more than `limits.output`
 *           (1 MiB), where every piece counts its bytes and 16.
 * Errors    A hook without a verdict calls `fail` with one sentence for the log and returns TIDEGATE_FAILED: the filter's
 *           `on_error` decides. In C++ no exception may leave a function of the table.
 * Threads   An instance serves one call at a time, not always on the same thread. There are several instances, and they are
 *           called at the same time: what they share needs locks. The gateway's functions may be called in any number, with
 *           the `call` that the hook was given, on the thread of the hook, until it returns.
 * Text      UTF-8 with its length, without a final zero. Bytes where that is said. Offsets and sizes are bytes, times
 *           milliseconds.
 * Versions  Structs are frozen. What is added stands at the end of the two tables; `size` says how much of one is there.
 */
#ifndef TIDEGATE_PLUGIN_H
#define TIDEGATE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* constants */

/* The first field of a plugin's table: the letters TIDE. */
#define TIDEGATE_MAGIC 0x45444954u
/* The version of the tables. Another major version has another meaning and is refused; a later minor one only adds. */
#define TIDEGATE_MAJOR 0
#define TIDEGATE_MINOR 1
/* The version of the contract that is told of here. */
#define TIDEGATE_CONTRACT "0.1"

/*
 * The one flag: what goes wrong in this plugin comes back as a returned value and does not end the process. Without it the
 * plugin runs with `isolation: process` only. C has nothing that would end the process by itself, so a plugin in C sets it;
 * one in C++ sets it where it catches its exceptions.
 */
#define TIDEGATE_UNWINDS 1u

/* What `configure` and hooks return. Any other value counts as TIDEGATE_FAILED. */
enum tidegate_returned {
    /* The verdict is what was told. */
    TIDEGATE_DONE = 0,
    /* There is no verdict; `fail` has said why. */
    TIDEGATE_FAILED = 1,
    /* The same, and the instance is of no use any more: it is destroyed, and another one made. */
    TIDEGATE_PANICKED = 2
};

/*
 * What a service answers. Places for answers are written with TIDEGATE_OK; with TIDEGATE_NONE a value that was asked for becomes
 * none. With any other code they hold nothing to look at.
 */
enum tidegate_code {
    /* It is done. */
    TIDEGATE_OK = 0,
    /* There is no such value, or another version stands there. */
    TIDEGATE_NONE = 1,
    /* Not granted. */
    TIDEGATE_DENIED = 2,
    /* Larger than the service takes. */
    TIDEGATE_TOO_LARGE = 3,
    /* The store gives no answer. */
    TIDEGATE_UNAVAILABLE = 4,
    /* No answer in time. */
    TIDEGATE_TIMEOUT = 5,
    /* The notes of a request have no more room. */
    TIDEGATE_FULL = 6,
    /* Anything else; a later version may know more codes, which count as this one. */
    TIDEGATE_FAILURE = 7
};

/* How serious a line of the log is. */
enum tidegate_level { TIDEGATE_DEBUG = 0, TIDEGATE_INFO = 1, TIDEGATE_WARN = 2, TIDEGATE_ERROR = 3 };

/* What stands in a tidegate_body. */
enum tidegate_body_kind {
    /* Nothing was asked for, or there is none. */
    TIDEGATE_BODY_ABSENT = 0,
    /* What was asked for and is there, in `fields`. */
    TIDEGATE_BODY_FIELDS = 1,
    /* All of it as JSON, in `text`. */
    TIDEGATE_BODY_WHOLE = 2,
    /* A body that is no JSON; its media type in `text`. */
    TIDEGATE_BODY_OPAQUE = 3
};

/*
 * What `want` and `want_field` are about: the body of the request or of the answer, or the header fields of both, also of the
 * head in `authenticate`.
 */
enum tidegate_side { TIDEGATE_REQUEST = 0, TIDEGATE_RESPONSE = 1, TIDEGATE_HEADERS = 2 };

/* How much of it. */
enum tidegate_need { TIDEGATE_NEED_NOTHING = 0, TIDEGATE_NEED_WHOLE = 1 };

/* values: what goes into a call */

/* Some bytes; text where nothing else is said. A null pointer, where there may be nothing, stands for none. */
typedef struct tidegate_bytes {
    const uint8_t *data;
    size_t len;
} tidegate_bytes;

/* A name and its value: a field of a message, an attribute, a label, a place of a body with its JSON. */
typedef struct tidegate_field {
    tidegate_bytes name;
    /* Bytes in fields of messages, else text. */
    tidegate_bytes value;
} tidegate_field;

/* Lists. One without values may have a null pointer. */
typedef struct tidegate_fields {
    const tidegate_field *data;
    size_t len;
} tidegate_fields;

typedef struct tidegate_names {
    const tidegate_bytes *data;
    size_t len;
} tidegate_names;

/* Who calls. */
typedef struct tidegate_principal {
    tidegate_bytes id;
    /* Or none. */
    tidegate_bytes tenant;
    /* What else is known of it. */
    tidegate_fields attributes;
} tidegate_principal;

/* What every hook knows of its request. */
typedef struct tidegate_context {
    /* The id in `x-request-id`. */
    tidegate_bytes request_id;
    /* Empty before one is picked. */
    tidegate_bytes route;
    /* Such as `openai`. */
    tidegate_bytes dialect;
    /* `chat`, `completion`, `embeddings`, `models` or `other`. */
    tidegate_bytes operation;
    /* Or none. */
    tidegate_bytes model;
    /* Or null. */
    const tidegate_principal *principal;
    /* What is left for this call, in milliseconds. */
    uint32_t deadline_ms;
    /* Tries upstream, from 1; 0 before the first. */
    uint32_t attempt;
    /* 1 where the answer is a stream. */
    uint8_t streaming;
} tidegate_context;

/* The other end of the client's connection. */
typedef struct tidegate_peer {
    /* An IP address, as text. */
    tidegate_bytes address;
    /* 32 bytes, or none where the client showed no certificate. */
    tidegate_bytes certificate_sha256;
    /* The names in that certificate. */
    tidegate_names names;
} tidegate_peer;

/* The head of a request. */
typedef struct tidegate_head {
    /* Such as `POST`. */
    tidegate_bytes method;
    /* `http` or `https`. */
    tidegate_bytes scheme;
    /* Host and, where given, port. */
    tidegate_bytes authority;
    /* Normalised: the path that is routed. */
    tidegate_bytes path;
    /* Without its `?`; empty where there is none. */
    tidegate_bytes query;
    /* Names in lower case, repeated fields repeated. */
    tidegate_fields headers;
    /* Who connected. */
    tidegate_peer client;
    /* 32 bytes where `configure` asked for them (want_digest), else none. */
    tidegate_bytes body_sha256;
} tidegate_head;

/* Tokens; `input` includes `cached_input` and `cache_write`, `output` includes `reasoning`. */
typedef struct tidegate_usage {
    uint64_t input;
    uint64_t output;
    uint64_t cached_input;
    uint64_t cache_write;
    uint64_t reasoning;
    /* Millionths of a dollar, where `has_cost` is 1. */
    uint64_t cost_micro_usd;
    uint8_t has_cost;
    /* 1 where the counts are a guess from sizes. */
    uint8_t estimated;
} tidegate_usage;

/* A body, or what was asked for of it. */
typedef struct tidegate_body {
    /* A tidegate_body_kind. */
    uint32_t kind;
    /* JSON, or a media type. */
    tidegate_bytes text;
    /* Pointers (RFC 6901) with the JSON that stands there, in the order in which they were asked for. */
    tidegate_fields fields;
} tidegate_body;

/* An event of a stream. */
typedef struct tidegate_event {
    /* Or none. */
    tidegate_bytes name;
    tidegate_bytes data;
} tidegate_event;

typedef struct tidegate_events {
    const tidegate_event *data;
    size_t len;
} tidegate_events;

/* A piece of text that a model reads or wrote. */
typedef struct tidegate_text {
    /* `system`, `user`, `assistant` or `tool`. */
    tidegate_bytes role;
    /* `text`, `reasoning`, `refusal`, `tool-arguments`, `tool-result`, `transcript` or `media`. */
    tidegate_bytes kind;
    /* The text, or what has arrived of it. */
    tidegate_bytes content;
    /* Where `content` begins in the whole text. */
    uint64_t start;
    /* Stable through a request. */
    uint32_t id;
    /* How many bytes of `content` have left already: context, not to be edited. */
    uint32_t released;
    /* 1 where nothing more will come. */
    uint8_t complete;
    /* 1 where it was in no earlier request of the conversation. */
    uint8_t new_turn;
} tidegate_text;

typedef struct tidegate_texts {
    const tidegate_text *data;
    size_t len;
} tidegate_texts;

/* Something found, for logs and metrics. */
typedef struct tidegate_finding {
    /* A short fixed word. */
    tidegate_bytes category;
    /* For people; never what was found itself. */
    tidegate_bytes detail;
    /* 0 to 1, where `has_score` is 1. */
    float score;
    /* The id of a text, where `has_text` is 1. */
    uint32_t text;
    uint8_t has_score;
    uint8_t has_text;
} tidegate_finding;

typedef struct tidegate_findings {
    const tidegate_finding *data;
    size_t len;
} tidegate_findings;

/* A finished exchange. */
typedef struct tidegate_outcome {
    /* Why it failed, or none. */
    tidegate_bytes error;
    /* Which was tried last, or none. */
    tidegate_bytes cluster;
    /* Of all moderation filters. */
    tidegate_findings findings;
    /* What was used. */
    tidegate_usage usage;
    /* Tries in all. */
    uint32_t attempts;
    /* To the last byte of the answer. */
    uint32_t duration_ms;
    /* To the first part of a stream, where `has_first_token` is 1. */
    uint32_t first_token_ms;
    /* What the client got. */
    uint16_t status;
    uint8_t has_first_token;
    /* 1 where the client left before the end. */
    uint8_t cancelled;
} tidegate_outcome;

/* How a stream is cut for `moderate_output`; sizes in bytes. */
typedef struct tidegate_windows {
    /* `carry`, `window`, `full` or `watch`. */
    tidegate_bytes mode;
    /* The smallest window. */
    uint32_t min;
    /* The largest window. */
    uint32_t max;
    /* What the next window repeats. */
    uint32_t overlap;
    /* The longest match that is looked for. */
    uint32_t max_match;
    /* The longest that text is kept back. */
    uint32_t max_hold_ms;
} tidegate_windows;

/* the gateway's side */

/* A call under way; only the gateway knows what is in it. */
typedef struct tidegate_call tidegate_call;

/* A request of a plugin. */
typedef struct tidegate_http_request {
    /* Upper case. */
    tidegate_bytes method;
    /* Absolute, `https` or `http`. */
    tidegate_bytes url;
    /* Besides host and framing; values are bytes. */
    tidegate_fields headers;
    /* Bytes. */
    tidegate_bytes body;
    /* 0: as long as the call may take. */
    uint32_t timeout_ms;
} tidegate_http_request;

typedef struct tidegate_http_requests {
    const tidegate_http_request *data;
    size_t len;
} tidegate_http_requests;

/* The answer to a request of a plugin; what it points to is good until the hook returns. */
typedef struct tidegate_http_answer {
    /* A tidegate_code; all but `body` is only there with TIDEGATE_OK. */
    int32_t code;
    uint16_t status;
    tidegate_fields headers;
    /* Bytes; with another code than TIDEGATE_OK one sentence that says why there is no answer. */
    tidegate_bytes body;
} tidegate_http_answer;

/*
 * The gateway's functions. The table stays for as long as the process lives: keep the pointer in the instance. With a gateway
 * of a later minor version it is larger than here, with one of an earlier minor version smaller: see TIDEGATE_HAS.
 */
typedef struct tidegate_host {
    /* Bytes of this table. */
    size_t size;

    /* Why the hook has no verdict, or `configure` refuses: one sentence. Counts where TIDEGATE_DONE is not what is returned. */
    void (*fail)(tidegate_call *call, tidegate_bytes reason);

    /* -- in `configure`: what this configuration needs -- */

    /*
     * This hook is wanted, by its name, such as "moderate_input". Without a word, all are that the table has and plugin.toml
     * lists; an empty name is a word that names none. A hook that either of them lacks is an error.
     */
    void (*subscribe)(tidegate_call *call, tidegate_bytes hook);
    /*
     * How much of a side (tidegate_side) is given (tidegate_need). Without a word all of it, which is
     * the dearest. The last word counts.
     */
    void (*want)(tidegate_call *call, uint32_t side, uint32_t need);
    /*
     * What stands at this pointer (RFC 6901) is given, and at the others that are named so. Of TIDEGATE_HEADERS: the fields of
     * this name, in lower case.
     */
    void (*want_field)(tidegate_call *call, uint32_t side, tidegate_bytes pointer);
    /* `authenticate` is given the SHA-256 of the body, which is read before the caller is known. */
    void (*want_digest)(tidegate_call *call);
    /* How streams are cut for `moderate_output`, in place of the manifest's [stream]. */
    void (*want_windows)(tidegate_call *call, const tidegate_windows *windows);
    /* A dialect that transforms understand; without any, `openai`. */
    void (*dialect)(tidegate_call *call, tidegate_bytes name);

    /* -- `authenticate`, `admit` -- */

    /* `authenticate`: the credential is good. The tenant may be none. */
    void (*grant)(tidegate_call *call, tidegate_bytes id, tidegate_bytes tenant);
    /* `authenticate`, after `grant`: what else is known of the principal. */
    void (*attribute)(tidegate_call *call, tidegate_bytes name, tidegate_bytes value);
    /*
     * `authenticate`, `admit`: no. The status is 400 to 599, the code a short word for programs, the message one sentence for
     * people. The client is told them: no secret belongs there.
     */
    void (*refuse)(tidegate_call *call, uint16_t status, tidegate_bytes code, tidegate_bytes message);
    /* `admit`: yes, and `settle` is told this ticket exactly once. */
    void (*ticket)(tidegate_call *call, tidegate_bytes ticket);

    /* -- edits of headers, in order: with a grant, or in transforms. Names as HTTP allows them, values bytes -- */

    /* Replaces all fields of this name. */
    void (*set_header)(tidegate_call *call, tidegate_bytes name, tidegate_bytes value);
    /* Appends a field. */
    void (*add_header)(tidegate_call *call, tidegate_bytes name, tidegate_bytes value);
    /* Removes all fields of this name. */
    void (*remove_header)(tidegate_call *call, tidegate_bytes name);
    /* After `refuse` or `reply`: a field of that answer. */
    void (*header)(tidegate_call *call, tidegate_bytes name, tidegate_bytes value);

    /* -- transforms: edits of the body, in order, at pointers; values are JSON text -- */

    /* Replaces or creates the value at a pointer, objects on its way included. */
    void (*set)(tidegate_call *call, tidegate_bytes pointer, tidegate_bytes json);
    /* Puts an element into an array, before the one at its place; `-` as the last part appends. */
    void (*insert)(tidegate_call *call, tidegate_bytes pointer, tidegate_bytes json);
    /* Takes the value at a pointer away; where there is none, nothing. */
    void (*remove)(tidegate_call *call, tidegate_bytes pointer);
    /* Another body, in place of edits. */
    void (*replace_body)(tidegate_call *call, tidegate_bytes json);
    /* `transform_request`: sends the request to this cluster. */
    void (*cluster)(tidegate_call *call, tidegate_bytes cluster);
    /* `transform_request`: picks the route anew with what was changed, once a request. */
    void (*reroute)(tidegate_call *call);
    /* Ends the exchange with this answer, in place of all changes; the status is 200 to 599, the body bytes. */
    void (*reply)(tidegate_call *call, uint16_t status, tidegate_bytes body);

    /* -- `transform_event`: one word an event, in their order; those without a word are kept -- */

    /* The next event passes as it came. */
    void (*keep_event)(tidegate_call *call);
    /* These pass in place of the next event. */
    void (*replace_event)(tidegate_call *call, tidegate_events events);
    /* The next event does not pass. */
    void (*drop_event)(tidegate_call *call);

    /* -- moderation -- */

    /* Ends the exchange; the client is told the reason. */
    void (*block)(tidegate_call *call, tidegate_bytes reason);
    /* Replaces bytes [start, end) of the content of a text: on borders of characters, in order, without overlap. */
    void (*edit)(tidegate_call *call, uint32_t id, uint32_t start, uint32_t end, tidegate_bytes replacement);
    /* For logs and metrics, whatever the judgement. */
    void (*finding)(tidegate_call *call, const tidegate_finding *finding);
    /* In a stream: how many bytes at the end of a text to keep back until more is known. */
    void (*hold)(tidegate_call *call, uint32_t id, uint32_t bytes);

    /* -- services: they return a tidegate_code. Places for answers may be null where nobody looks -- */

    /* An attribute of the request: `service`, `listener`, `method`, `path`, `client.address`. TIDEGATE_NONE where it is unknown. */
    int32_t (*info)(tidegate_call *call, tidegate_bytes name, tidegate_bytes *value);
    /* A note, bytes, of an earlier hook of this filter on this request. */
    int32_t (*note)(tidegate_call *call, tidegate_bytes key, tidegate_bytes *value);
    /* Keeps a note; 16 KiB a request with their keys, then TIDEGATE_FULL. */
    int32_t (*set_note)(tidegate_call *call, tidegate_bytes key, tidegate_bytes value);
    /* A line of the gateway's log, at a tidegate_level; 64 a request, the rest is counted. */
    void (*log)(tidegate_call *call, uint32_t level, tidegate_bytes message, tidegate_fields fields);
    /* Adds to a counter `tidegate_plugin_custom_*`; nothing where `metrics` is not granted. */
    void (*count)(tidegate_call *call, tidegate_bytes name, double by, tidegate_fields labels);
    /* Observes a value in a histogram, likewise. */
    void (*observe)(tidegate_call *call, tidegate_bytes name, double value, tidegate_fields labels);
    /* A secret by its name. */
    int32_t (*secret)(tidegate_call *call, tidegate_bytes name, tidegate_bytes *value);
    /* A value, bytes, that outlives the request, and its version. Keys have up to 512 bytes, values 64 KiB. */
    int32_t (*kv_get)(tidegate_call *call, tidegate_bytes key, tidegate_bytes *value, uint64_t *version);
    /*
     * Stores a value. `ttl_ms` null: for good. `if_version` null: always; 0: only where there is none. `version` gets the new
     * one. TIDEGATE_NONE: another version stands there, and nothing was stored.
     */
    int32_t (*kv_set)(tidegate_call *call, tidegate_bytes key, tidegate_bytes value, const uint64_t *ttl_ms,
                      const uint64_t *if_version, uint64_t *version);
    /* Takes a value away; TIDEGATE_NONE: there was none. */
    int32_t (*kv_delete)(tidegate_call *call, tidegate_bytes key);
    /* Adds to a decimal number, from 0 where there is none; `ttl_ms`, which may be null, counts from the first. */
    int32_t (*kv_increment)(tidegate_call *call, tidegate_bytes key, int64_t by, const uint64_t *ttl_ms, int64_t *value);
    /* Sends up to 16 requests, all at once, to granted hosts, and waits. `answers` has room for as many, in their order. */
    void (*http)(tidegate_call *call, tidegate_http_requests requests, tidegate_http_answer *answers);
    /* Asks a model through a route; the body is JSON. Not served yet: every call is a TIDEGATE_FAILURE. */
    int32_t (*model)(tidegate_call *call, tidegate_bytes route, tidegate_bytes body, tidegate_bytes *answer);
    /* The sentence of the last service of this call whose code was neither TIDEGATE_OK nor TIDEGATE_NONE. */
    tidegate_bytes (*why)(tidegate_call *call);
} tidegate_host;

/* the plugin's side */

/*
 * A plugin's functions; it must live as long as the process, and not change. Hooks that the plugin does not have are null.
 * `instance` is what `configure` gave. All but `destroy` return a tidegate_returned.
 */
typedef struct tidegate_plugin {
    /* TIDEGATE_MAGIC. */
    uint32_t magic;
    /* TIDEGATE_MAJOR and TIDEGATE_MINOR. */
    uint16_t major;
    uint16_t minor;
    /* sizeof(tidegate_plugin). */
    size_t size;
    /* TIDEGATE_UNWINDS or 0; all other bits are 0. */
    uint32_t flags;
    /* TIDEGATE_CONTRACT. */
    tidegate_bytes contract;

    /*
     * Makes an instance of a configuration: JSON text that holds to the package's schema. Once an instance, at any time, on
     * a thread that carries no requests; the same configuration must ask for the same. Ends within `limits.configure` (5 s).
     * No request exists yet, and so no attributes and no notes; the other services are there. Writes what it likes to
     * `*instance`, null at first. Where it does not return TIDEGATE_DONE, `*instance` is not looked at, so what was made has
     * to be freed before.
     */
    int32_t (*configure)(const tidegate_host *host, tidegate_call *call, tidegate_bytes config, void **instance);
    /* Ends an instance, on any thread; nothing is called with it afterwards. */
    void (*destroy)(void *instance);

    /* Who calls: `grant`, `refuse`, or nothing for a credential of another kind. */
    int32_t (*authenticate)(void *instance, tidegate_call *call, const tidegate_context *context,
                            const tidegate_head *head);
    /* May it be spent; the estimate is made from the size of the request: `refuse`, `ticket`, or nothing. */
    int32_t (*admit)(void *instance, tidegate_call *call, const tidegate_context *context,
                     const tidegate_usage *estimate);
    /* What was spent, exactly once a ticket. */
    int32_t (*settle)(void *instance, tidegate_call *call, const tidegate_context *context, tidegate_bytes ticket,
                      const tidegate_usage *actual);
    /* The request, in the client's dialect. Names of fields are in lower case. */
    int32_t (*transform_request)(void *instance, tidegate_call *call, const tidegate_context *context,
                                 tidegate_fields headers, const tidegate_body *body);
    /* The request of one attempt, in the provider's dialect. */
    int32_t (*transform_upstream)(void *instance, tidegate_call *call, const tidegate_context *context,
                                  tidegate_fields headers, const tidegate_body *body);
    /* The answer; of a stream before its first byte, without a body. */
    int32_t (*transform_response)(void *instance, tidegate_call *call, const tidegate_context *context, uint16_t status,
                                  tidegate_fields headers, const tidegate_body *body);
    /* Events of a stream, as they arrive. */
    int32_t (*transform_event)(void *instance, tidegate_call *call, const tidegate_context *context,
                               tidegate_events events);
    /* All texts of the request. */
    int32_t (*moderate_input)(void *instance, tidegate_call *call, const tidegate_context *context,
                              tidegate_texts texts);
    /* The texts of the answer; `last` is 1 in the last call. */
    int32_t (*moderate_output)(void *instance, tidegate_call *call, const tidegate_context *context,
                               tidegate_texts texts, uint8_t last);
    /* The finished exchange, off its path. */
    int32_t (*completed)(void *instance, tidegate_call *call, const tidegate_context *context,
                         const tidegate_outcome *outcome);
} tidegate_plugin;

/* What stands before the one exported function, so that -fvisibility=hidden may hide everything else. */
#if defined(__GNUC__)
#define TIDEGATE_EXPORT __attribute__((visibility("default")))
#else
#define TIDEGATE_EXPORT
#endif

/* The function that every plugin has: its table, always the same one. Called before `configure`, on any thread. */
TIDEGATE_EXPORT const tidegate_plugin *tidegate_plugin_abi(void);

/* helpers: nothing of the border, code of the plugin's own */

/* Of a literal, as an initialiser: `static const tidegate_bytes word = TIDEGATE_INIT("tide");` */
#define TIDEGATE_INIT(literal) { (const uint8_t *)("" literal), sizeof(literal) - 1 }

/* Of a literal, as a value. */
#define TIDEGATE_TEXT(literal) tidegate_bytes_of("" literal, sizeof(literal) - 1)

/* The fields before `configure`: `static const tidegate_plugin table = {TIDEGATE_FIRST_FIELDS, .configure = …};` */
#define TIDEGATE_FIRST_FIELDS                                                                                            \
    TIDEGATE_MAGIC, TIDEGATE_MAJOR, TIDEGATE_MINOR, sizeof(tidegate_plugin), TIDEGATE_UNWINDS,                           \
        TIDEGATE_INIT(TIDEGATE_CONTRACT)

/* Whether a table of the gateway has a function: `TIDEGATE_HAS(host, why)`. All that stand here, every gateway has. */
#define TIDEGATE_HAS(host, function)                                                                                     \
    ((host)->size >= offsetof(tidegate_host, function) + sizeof((host)->function))

static inline tidegate_bytes tidegate_bytes_of(const void *data, size_t len) {
    tidegate_bytes bytes;
    bytes.data = (const uint8_t *)data;
    bytes.len = len;
    return bytes;
}

/* Of a text that ends with a zero; none for a null pointer. */
static inline tidegate_bytes tidegate_string(const char *text) {
    return tidegate_bytes_of(text, text == NULL ? 0 : strlen(text));
}

/* No value, which is not the same as an empty one. */
static inline tidegate_bytes tidegate_none(void) { return tidegate_bytes_of(NULL, 0); }

static inline int tidegate_is_none(tidegate_bytes bytes) { return bytes.data == NULL; }

/* Whether both have the same bytes; none has those of an empty one. */
static inline int tidegate_equal(tidegate_bytes a, tidegate_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline int tidegate_starts_with(tidegate_bytes bytes, tidegate_bytes start) {
    return bytes.len >= start.len && tidegate_equal(tidegate_bytes_of(bytes.data, start.len), start);
}

/* What is not found. */
#define TIDEGATE_NOWHERE SIZE_MAX

/* Where `sought`, which is not empty, stands first in `bytes`, from the offset `from` on; else TIDEGATE_NOWHERE. */
static inline size_t tidegate_find(tidegate_bytes bytes, tidegate_bytes sought, size_t from) {
    size_t at = from;
    if (sought.len == 0) return TIDEGATE_NOWHERE;
    while (at < bytes.len && bytes.len - at >= sought.len) {
        /* The last place where it would still fit bounds the search. */
        const void *first = memchr(bytes.data + at, sought.data[0], bytes.len - at - sought.len + 1);
        if (first == NULL) return TIDEGATE_NOWHERE;
        at = (size_t)((const uint8_t *)first - bytes.data);
        if (memcmp(bytes.data + at, sought.data, sought.len) == 0) return at;
        at += 1;
    }
    return TIDEGATE_NOWHERE;
}

/*
 * The value of the first field of a name, or none: a header (in lower case), an attribute, a label. Repeated fields of
 * messages stand behind it: walk through `fields` where all of them count.
 */
static inline tidegate_bytes tidegate_value(tidegate_fields fields, tidegate_bytes name) {
    size_t at;
    for (at = 0; at < fields.len; at++) {
        if (tidegate_equal(fields.data[at].name, name)) return fields.data[at].value;
    }
    return tidegate_none();
}

/* The JSON at a pointer that `configure` asked for with `want_field`, or none. */
static inline tidegate_bytes tidegate_body_field(const tidegate_body *body, tidegate_bytes pointer) {
    return body->kind == TIDEGATE_BODY_FIELDS ? tidegate_value(body->fields, pointer) : tidegate_none();
}

/* An attribute of who calls, or none: also where nobody is known. */
static inline tidegate_bytes tidegate_principal_attribute(const tidegate_context *context, tidegate_bytes name) {
    return context->principal == NULL ? tidegate_none() : tidegate_value(context->principal->attributes, name);
}

/* Says why, for `return tidegate_fail(host, call, TIDEGATE_TEXT("…"));` */
static inline int32_t tidegate_fail(const tidegate_host *host, tidegate_call *call, tidegate_bytes reason) {
    host->fail(call, reason);
    return TIDEGATE_FAILED;
}

/* A finding about a text, without a score. */
static inline void tidegate_found(const tidegate_host *host, tidegate_call *call, tidegate_bytes category,
                                  const tidegate_text *text, tidegate_bytes detail) {
    tidegate_finding finding;
    memset(&finding, 0, sizeof finding);
    finding.category = category;
    finding.detail = detail;
    finding.text = text->id;
    finding.has_text = 1;
    host->finding(call, &finding);
}

#ifdef __cplusplus
}
#endif

#endif
