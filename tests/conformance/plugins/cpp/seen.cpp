#include "seen.hpp"

namespace seen {

template <class T>
static json some(const std::optional<T>& value) {
    return value ? json(*value) : json();
}

static json digest(const std::optional<std::string_view>& bytes) { return bytes ? json(hex(*bytes)) : json(); }

static json principal(const std::optional<tidegate::Principal>& known) {
    if (!known) return nullptr;
    json attributes = json::object();
    for (const auto& [name, value] : known->attributes) attributes[std::string(name)] = value;
    return {{"id", known->id}, {"tenant", some(known->tenant)}, {"attributes", attributes}};
}

json context(const tidegate::Context& ctx) {
    return {{"request_id", ctx.request_id}, {"route", ctx.route},       {"dialect", ctx.dialect},
            {"operation", ctx.operation},   {"model", some(ctx.model)}, {"principal", principal(ctx.principal)},
            {"streaming", ctx.streaming},   {"attempt", ctx.attempt},   {"in_time", ctx.deadline_ms > 0}};
}

static json fields(const tidegate::Headers& headers) {
    json all = json::array();
    for (const auto& header : headers) all.push_back(json::array({header.name, show(header.value)}));
    return all;
}

json head(const tidegate::Head& head) {
    const json client = {{"address", head.client.address},
                         {"certificate_sha256", digest(head.client.certificate_sha256)},
                         {"names", head.client.names}};
    return {{"method", head.method},
            {"scheme", head.scheme},
            {"authority", head.authority},
            {"path", head.path},
            {"query", head.query},
            {"headers", fields(head.headers)},
            {"client", client},
            {"body_sha256", digest(head.body_sha256)}};
}

json usage(const tidegate::Usage& usage) {
    return {{"input", usage.input},
            {"output", usage.output},
            {"cached_input", usage.cached_input},
            {"cache_write", usage.cache_write},
            {"reasoning", usage.reasoning},
            {"cost_micro_usd", some(usage.cost_micro_usd)},
            {"estimated", usage.estimated}};
}

static json body(const tidegate::Body& body) {
    switch (body.kind()) {
        case tidegate::Body::Kind::absent: return "absent";
        case tidegate::Body::Kind::opaque: return {{"opaque", *body.media_type()}};
        case tidegate::Body::Kind::whole: return {{"whole", some(tidegate::parse(*body.text()))}};
        case tidegate::Body::Kind::fields: break;
    }
    json there = json::object();
    for (const auto& place : body.places()) there[std::string(place.pointer)] = some(tidegate::parse(place.json));
    return {{"fields", there}};
}

json message(const tidegate::Headers& headers, const tidegate::Body& told) {
    return {{"headers", fields(headers)}, {"body", body(told)}};
}

json event(const tidegate::Event& event) {
    return {{"name", some(event.name)}, {"data", some(tidegate::parse(event.data))}};
}

json texts(std::span<const tidegate::Text> texts) {
    json all = json::array();
    for (const auto& text : texts)
        all.push_back({{"id", text.id},
                       {"role", text.role},
                       {"kind", text.kind},
                       {"content", text.content},
                       {"start", text.start},
                       {"released", text.released},
                       {"complete", text.complete},
                       {"new_turn", text.new_turn},
                       {"bytes", text.content.size()}});
    return all;
}

json outcome(const tidegate::Outcome& outcome) {
    json findings = json::array();
    for (const auto& found : outcome.findings)
        findings.push_back({{"category", found.category},
                            {"score", some(found.score)},
                            {"text", some(found.text)},
                            {"detail", found.detail}});
    return {{"status", outcome.status},           {"error", some(outcome.error)},
            {"cluster", some(outcome.cluster)},   {"attempts", outcome.attempts},
            {"duration_ms", outcome.duration_ms}, {"first_token_ms", some(outcome.first_token_ms)},
            {"usage", usage(outcome.usage)},      {"findings", findings},
            {"cancelled", outcome.cancelled}};
}

}  // namespace seen
