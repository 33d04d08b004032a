// Requests to named hosts.
#pragma once

#include "services.hpp"

/// Requests to named hosts. Needs the capability `http` with the host. Redirects are not followed.
namespace tidegate::http {

/// Why there is no reply.
struct Error {
    enum class Kind { denied, timeout, too_large, failed };
    Kind kind;
    /// Of `denied` and `failed`: the reason.
    std::string detail;

    /// One sentence.
    std::string text() const {
        switch (kind) {
            case Kind::denied: return "the request is not granted: " + detail;
            case Kind::timeout: return "the host gave no answer in time";
            case Kind::too_large: return "the answer is too large";
            default: return "the request failed: " + detail;
        }
    }
};

/// What is sent: `http::send({.url = "https://api.example.com/check", .body = text})`.
struct Request {
    std::string method = "GET";
    std::string url;
    std::vector<Field> headers = {};
    std::string body = {};
    /// None: what is left of the call's time.
    std::optional<std::uint32_t> timeout_ms = std::nullopt;
};

/// What came back. Names of fields are lower case.
struct Reply {
    std::uint16_t status;
    std::vector<Field> headers;
    std::string body;

    /// The value of the first field of that name.
    std::optional<std::string_view> header(std::string_view name) const {
        for (const auto& field : headers)
            if (field.name == name) return field.value;
        return std::nullopt;
    }
};

/// Either.
using Answer = Result<Reply, Error>;

namespace detail {

using tidegate::detail::lend;
using tidegate::detail::take;

inline Answer taken(tidegate_plugin_http_result_reply_error_t& given) {
    auto& error = given.val.err;
    if (!given.is_err) {
        auto& reply = given.val.ok;
        const auto field = [](auto& field) {
            return Field{std::string(tidegate::detail::view(field.name)),
                         std::string(tidegate::detail::view(field.value))};
        };
        return Reply{reply.status, tidegate::detail::each<Field>(reply.headers, field),
                     std::string(tidegate::detail::view(reply.body))};
    }
    switch (error.tag) {
        case TIDEGATE_PLUGIN_HTTP_ERROR_DENIED:
            return Error{Error::Kind::denied, std::string(tidegate::detail::view(error.val.denied))};
        case TIDEGATE_PLUGIN_HTTP_ERROR_TIMEOUT: return Error{Error::Kind::timeout, {}};
        case TIDEGATE_PLUGIN_HTTP_ERROR_TOO_LARGE: return Error{Error::Kind::too_large, {}};
        default: return Error{Error::Kind::failed, std::string(tidegate::detail::view(error.val.failed))};
    }
}

inline tidegate_plugin_http_request_t lent(const Request& request,
                                           std::vector<tidegate_plugin_types_header_t>& fields) {
    for (const auto& field : request.headers) fields.push_back({lend(field.name), lend<plugin_list_u8_t>(field.value)});
    return {lend(request.method),
            lend(request.url),
            {fields.data(), fields.size()},
            lend<plugin_list_u8_t>(request.body),
            {request.timeout_ms.has_value(), request.timeout_ms.value_or(0)}};
}

}  // namespace detail

/// Sends several at once; the answers stand in the same order.
inline std::vector<Answer> send_all(const std::vector<Request>& requests) {
    std::vector<std::vector<tidegate_plugin_types_header_t>> fields(requests.size());
    std::vector<tidegate_plugin_http_request_t> lent;
    lent.reserve(requests.size());
    for (std::size_t at = 0; at < requests.size(); ++at) lent.push_back(detail::lent(requests[at], fields[at]));
    tidegate_plugin_http_list_request_t list{lent.data(), lent.size()};
    tidegate_plugin_http_list_result_reply_error_t given;
    tidegate_plugin_http_send(&list, &given);
    const tidegate::detail::Owned<decltype(given), tidegate_plugin_http_list_result_reply_error_free> owned(given);
    return tidegate::detail::each<Answer>(given, detail::taken);
}

/// Sends one request.
inline Answer send(Request request) {
    std::vector<Answer> answers = send_all({std::move(request)});
    if (answers.empty()) return Error{Error::Kind::failed, "the gateway gave no answer"};
    return std::move(answers.front());
}

}  // namespace tidegate::http
