// From the C bindings to the types of the toolkit. What is told to a hook stays where it is and is looked at; what a
// service gives is copied and freed.
#pragma once

#include "../../../c/plugin.h"
#include "../types.hpp"

namespace tidegate::detail {

/// Frees a value of the C bindings at the end of its scope.
template <class T, void (*Free)(T*)>
class Owned {
public:
    explicit Owned(T& value) : value_(value) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { Free(&value_); }

private:
    T& value_;
};

/// Text and bytes alike.
template <class T>
std::string_view view(const T& bytes) {
    return {reinterpret_cast<const char*>(bytes.ptr), bytes.len};
}

template <class T>
std::optional<std::string_view> view_some(const T& option) {
    return option.is_some ? std::optional(view(option.val)) : std::nullopt;
}

template <class To, class List, class Each>
std::vector<To> each(const List& list, Each make) {
    std::vector<To> made;
    made.reserve(list.len);
    for (std::size_t at = 0; at < list.len; ++at) made.push_back(make(list.ptr[at]));
    return made;
}

inline Principal view(const tidegate_plugin_types_principal_t& from) {
    const auto pair = [](const plugin_tuple2_string_string_t& pair) { return Pair(view(pair.f0), view(pair.f1)); };
    return {view(from.id), view_some(from.tenant), each<Pair>(from.attributes, pair)};
}

inline Context view(const tidegate_plugin_types_context_t& from) {
    Context ctx{view(from.request_id), view(from.route),      view(from.dialect),
                view(from.operation),  view_some(from.model), {},
                from.streaming,        from.attempt,          from.deadline_ms};
    if (from.principal.is_some) ctx.principal = view(from.principal.val);
    return ctx;
}

template <class List>
Headers view_headers(const List& list) {
    const auto header = [](const auto& field) { return Header{view(field.name), view(field.value)}; };
    return Headers(each<Header>(list, header));
}

inline Head view(const exports_tidegate_plugin_auth_head_t& from) {
    const auto name = [](const plugin_string_t& name) { return view(name); };
    Peer client{view(from.client.address), view_some(from.client.certificate_sha256),
                each<std::string_view>(from.client.names, name)};
    return {view(from.method), view(from.scheme),          view(from.authority), view(from.path),
            view(from.query),  view_headers(from.headers), std::move(client),    view_some(from.body_sha256)};
}

inline Usage view(const tidegate_plugin_types_usage_t& from) {
    Usage usage{from.input, from.output, from.cached_input, from.cache_write, from.reasoning, {}, from.estimated};
    if (from.cost_micro_usd.is_some) usage.cost_micro_usd = from.cost_micro_usd.val;
    return usage;
}

inline Body view(const tidegate_plugin_types_payload_t& from) {
    const auto field = [](const tidegate_plugin_types_json_set_t& set) {
        return Body::Field{view(set.pointer), view(set.value)};
    };
    switch (from.tag) {
        case TIDEGATE_PLUGIN_TYPES_PAYLOAD_FIELDS: return Body::fields(each<Body::Field>(from.val.fields, field));
        case TIDEGATE_PLUGIN_TYPES_PAYLOAD_WHOLE: return Body::whole(view(from.val.whole));
        case TIDEGATE_PLUGIN_TYPES_PAYLOAD_OPAQUE: return Body::opaque(view(from.val.opaque));
        default: return {};
    }
}

inline Event view(const exports_tidegate_plugin_transform_event_t& from) {
    Event event{{}, std::string(view(from.data))};
    if (from.name.is_some) event.name = view(from.name.val);
    return event;
}

inline Text view(const tidegate_plugin_types_text_t& from) {
    return {from.id,    view(from.role), view(from.kind), view(from.content),
            from.start, from.released,   from.complete,   from.new_turn};
}

inline Finding view(const tidegate_plugin_types_finding_t& from) {
    Finding finding{std::string(view(from.category)), {}, {}, std::string(view(from.detail))};
    if (from.score.is_some) finding.score = from.score.val;
    if (from.text.is_some) finding.text = from.text.val;
    return finding;
}

inline Outcome view(const exports_tidegate_plugin_observe_outcome_t& from) {
    const auto finding = [](const tidegate_plugin_types_finding_t& finding) { return view(finding); };
    Outcome outcome{from.status,
                    view_some(from.error),
                    view_some(from.cluster),
                    from.attempts,
                    from.duration_ms,
                    {},
                    view(from.usage),
                    each<Finding>(from.findings, finding),
                    from.cancelled};
    if (from.first_token_ms.is_some) outcome.first_token_ms = from.first_token_ms.val;
    return outcome;
}

/// The bytes of a string or list that a service gave; they are freed.
template <class T>
std::string take(T& given) {
    std::string bytes(view(given));
    if (given.len > 0) std::free(given.ptr);
    return bytes;
}

}  // namespace tidegate::detail
