// What a configured plugin asks to be told.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegate {

/// A point at which a plugin is asked.
enum class Hook {
    authenticate,
    admit,
    settle,
    transform_request,
    transform_upstream,
    transform_response,
    transform_event,
    moderate_input,
    moderate_output,
    completed,
};

/// The name in manifests, such as `moderate_input`.
constexpr std::string_view name(Hook hook) {
    constexpr std::array<std::string_view, 10> names = {
        "authenticate",       "admit",           "settle",         "transform_request", "transform_upstream",
        "transform_response", "transform_event", "moderate_input", "moderate_output",   "completed",
    };
    return names[static_cast<std::size_t>(hook)];
}

/// How a stream is cut for `moderate_output`: the mode is `carry`, `window`, `full` or `watch`, sizes are bytes.
struct Windows {
    std::string mode;
    std::uint32_t min = 0;
    std::uint32_t max = 0;
    std::uint32_t overlap = 0;
    std::uint32_t max_match = 0;
    std::uint32_t max_hold_ms = 0;
};

/// Hooks, and what of the bodies. The plugin's `subscribe` gets it with the hooks that were written and, for
/// transforms, whole bodies; it narrows it and gives it back.
class Subscription {
public:
    /// What is handed over of a JSON body, by pointers, or of header fields, by names.
    struct Need {
        enum class Kind { nothing, fields, whole };
        Kind kind = Kind::nothing;
        std::vector<std::string> names = {};
    };

    /// These hooks, all header fields, and the whole bodies that transforms among them are about.
    explicit Subscription(std::vector<Hook> hooks) : hooks_(std::move(hooks)) {
        if (has(Hook::transform_request) || has(Hook::transform_upstream)) request_whole();
        if (has(Hook::transform_response)) response_whole();
    }

    /// Leaves out a hook that this configuration does not need; it costs nothing then.
    Subscription& without(Hook hook) {
        std::erase(hooks_, hook);
        return *this;
    }

    /// The header fields of these names, in lower case and in this order, for `authenticate` and the transforms.
    Subscription& headers(std::vector<std::string> names) {
        headers_ = {Need::Kind::fields, std::move(names)};
        return *this;
    }
    /// None of the header fields.
    Subscription& no_headers() {
        headers_ = {};
        return *this;
    }

    /// What stands at these pointers (RFC 6901) of the request, for `transform_request` and `transform_upstream`.
    Subscription& request_fields(std::vector<std::string> pointers) {
        request_body_ = {Need::Kind::fields, std::move(pointers)};
        return *this;
    }
    /// Nothing of the request's body.
    Subscription& request_nothing() {
        request_body_ = {};
        return *this;
    }
    /// All of the request's body.
    Subscription& request_whole() {
        request_body_ = {Need::Kind::whole};
        return *this;
    }

    /// What stands at these pointers (RFC 6901) of the answer, for `transform_response`.
    Subscription& response_fields(std::vector<std::string> pointers) {
        response_body_ = {Need::Kind::fields, std::move(pointers)};
        return *this;
    }
    /// Nothing of the answer's body.
    Subscription& response_nothing() {
        response_body_ = {};
        return *this;
    }
    /// All of the answer's body.
    Subscription& response_whole() {
        response_body_ = {Need::Kind::whole};
        return *this;
    }

    /// The SHA-256 of the request's body in `authenticate`; the body is read first then.
    Subscription& body_digest() {
        body_digest_ = true;
        return *this;
    }

    /// How a stream is cut for `moderate_output`, in place of what the manifest says.
    Subscription& windows(Windows windows) {
        windows_ = std::move(windows);
        return *this;
    }

    /// The dialects that the transforms understand; none stands for `openai`.
    Subscription& dialects(std::vector<std::string> dialects) {
        dialects_ = std::move(dialects);
        return *this;
    }

    /// Whether this hook is among them.
    bool has(Hook hook) const { return std::find(hooks_.begin(), hooks_.end(), hook) != hooks_.end(); }
    /// The hooks.
    const std::vector<Hook>& hooks() const { return hooks_; }
    const Need& headers_need() const { return headers_; }
    const Need& request_need() const { return request_body_; }
    const Need& response_need() const { return response_body_; }
    bool wants_body_digest() const { return body_digest_; }
    const std::optional<Windows>& asked_windows() const { return windows_; }
    const std::vector<std::string>& asked_dialects() const { return dialects_; }

private:
    std::vector<Hook> hooks_;
    Need headers_ = {Need::Kind::whole};
    Need request_body_;
    Need response_body_;
    bool body_digest_ = false;
    std::optional<Windows> windows_;
    std::vector<std::string> dialects_;
};

}  // namespace tidegate
