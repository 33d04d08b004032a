#include "calls.hpp"

using namespace tidegate;

static json failed(const kv::Error& error) {
    switch (error.kind) {
        case kv::Error::Kind::denied: return {{"error", "denied"}};
        case kv::Error::Kind::too_large: return {{"error", "too_large"}};
        default: return {{"error", "unavailable: " + error.detail}};
    }
}

static json answered(const http::Answer& answer) {
    if (answer) {
        json headers = json::array();
        for (const auto& field : answer->headers) headers.push_back(json::array({field.name, show(field.value)}));
        return {{"status", answer->status}, {"headers", headers}, {"body", show(answer->body)}};
    }
    switch (answer.error().kind) {
        case http::Error::Kind::denied: return {{"error", "denied"}};
        case http::Error::Kind::timeout: return {{"error", "timeout"}};
        case http::Error::Kind::too_large: return {{"error", "too_large"}};
        default: return {{"error", "failed: " + answer.error().detail}};
    }
}

static json http_call(const json& wanted) {
    std::vector<http::Request> requests;
    for (const json& one : wanted) {
        http::Request request{.url = str(member(one, "url")),
                              .headers = fields(member(one, "headers")),
                              .body = bytes(member(one, "body"))};
        if (const auto method = tidegate::text(one, "/method")) request.method = *method;
        if (const auto timeout = natural(member(one, "timeout_ms"))) request.timeout_ms = *timeout;
        requests.push_back(std::move(request));
    }
    json answers = json::array();
    if (requests.size() == 1) {
        answers.push_back(answered(http::send(requests.front())));
        return answers;
    }
    for (const auto& answer : http::send_all(requests)) answers.push_back(answered(answer));
    return answers;
}

static json get(const json& key) {
    const auto found = kv::get(str(key));
    if (!found) return failed(found.error());
    return *found ? json{{"value", show((*found)->value)}, {"version", (*found)->version}} : json();
}

static json set(const json& value) {
    const kv::SetOptions options{.ttl_ms = natural(member(value, "ttl_ms")),
                                 .if_version = natural(member(value, "if_version"))};
    const auto version = kv::set(str(member(value, "key")), bytes(member(value, "value")), options);
    if (!version) return failed(version.error());
    return *version ? json(**version) : json();
}

static json remove(const json& key) {
    const auto there = kv::remove(str(key));
    return there ? json(*there) : failed(there.error());
}

static json increment(const json& value) {
    const auto by = integer(value, "/by").value_or(1);
    const auto sum = kv::increment(str(member(value, "key")), by, natural(member(value, "ttl_ms")));
    return sum ? json(*sum) : failed(sum.error());
}

static json note(const json& key) {
    const auto found = state::get(str(key));
    return found ? show(*found) : json();
}

static json set_note(const json& pair) {
    const auto kept = state::set(str(*find(pair, "/0")), bytes(*find(pair, "/1")));
    return kept ? json() : json{{"error", "full"}};
}

static json secret(const json& name) {
    const auto found = secrets::get(str(name));
    return found ? json(*found) : json{{"error", "denied"}};
}

static json model(const json& pair) {
    const auto answer = models::ask(str(*find(pair, "/0")), find(pair, "/1")->dump());
    if (answer) return json::parse(*answer);
    using Kind = models::Error::Kind;
    switch (answer.error().kind) {
        case Kind::denied: return {{"error", "denied"}};
        case Kind::timeout: return {{"error", "timeout"}};
        case Kind::too_large: return {{"error", "too_large"}};
        default: return {{"error", "failed: " + answer.error().detail}};
    }
}

/// The texts of an object, and the pairs that look at them.
struct Named {
    std::vector<Field> fields;
    std::vector<Pair> pairs;

    explicit Named(const json& value) : fields(::fields(value)) {
        for (const auto& field : fields) pairs.emplace_back(field.name, field.value);
    }
};

static json log_call(const json& value) {
    const Named named(member(value, "fields"));
    const auto level = str(member(value, "level"));
    const auto write = level == "debug"   ? log::debug
                       : level == "warn"  ? log::warn
                       : level == "error" ? log::error
                                          : log::info;
    write(str(member(value, "message")), named.pairs);
    return nullptr;
}

static json metric(const json& value, bool counts) {
    const Named labels(member(value, "labels"));
    const auto name = str(member(value, "name"));
    if (counts)
        metrics::count(name, number(value, "/by").value_or(1), labels.pairs);
    else
        metrics::observe(name, number(value, "/value").value_or(0), labels.pairs);
    return nullptr;
}

static Result<json> call(const json& wanted) {
    const auto [name, value] = verdict(wanted);
    if (name == "attribute") {
        const auto found = info::attribute(str(value));
        return found ? json(*found) : json();
    }
    if (name == "note") return note(value);
    if (name == "set_note") return set_note(value);
    if (name == "secret") return secret(value);
    if (name == "model") return model(value);
    if (name == "get") return get(value);
    if (name == "set") return set(value);
    if (name == "delete") return remove(value);
    if (name == "increment") return increment(value);
    if (name == "http") return http_call(value);
    if (name == "count") return metric(value, true);
    if (name == "observe") return metric(value, false);
    if (name == "log") return log_call(value);
    return fail("the conformance plugin has no call \"" + name + "\"");
}

Result<json> call_all(const json& calls) {
    json results = json::array();
    for (const json& wanted : calls) {
        auto result = call(wanted);
        if (!result) return result;
        results.push_back(*std::move(result));
    }
    return results;
}
