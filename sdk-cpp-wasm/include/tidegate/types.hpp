// What a hook is told. Views point into memory of the call: what has to outlive the hook is copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegate {

/// A name and its value.
using Pair = std::pair<std::string_view, std::string_view>;

/// A verified identity.
struct Principal {
    std::string_view id;
    std::optional<std::string_view> tenant;
    std::vector<Pair> attributes;

    /// What is known of it under this name.
    std::optional<std::string_view> attribute(std::string_view name) const {
        for (const auto& [key, value] : attributes)
            if (key == name) return value;
        return std::nullopt;
    }
};

/// What every hook knows of its request. `route` is empty before a route is picked, `attempt` counts tries upstream
/// from 1 and is 0 before the first, `model` is the client's name until a filter changes it, `deadline_ms` is what is
/// left for this call. Dialects: `openai`, `anthropic`. Operations: `chat`, `completion`, `embeddings`, `responses`,
/// `responses_input_tokens`, `messages`, `count_tokens`, `models`, `other`.
struct Context {
    std::string_view request_id;
    std::string_view route;
    std::string_view dialect;
    std::string_view operation;
    std::optional<std::string_view> model;
    std::optional<Principal> principal;
    bool streaming = false;
    std::uint32_t attempt = 0;
    std::uint32_t deadline_ms = 0;
};

/// A field as it came: the name in lower case, the value's bytes.
struct Header {
    std::string_view name;
    std::string_view value;
};

/// The fields of a message: repeated ones are repeated, in order.
class Headers {
public:
    Headers() = default;
    /// These fields.
    explicit Headers(std::vector<Header> fields) : fields_(std::move(fields)) {}
    /// These fields; for tests of a plugin.
    Headers(std::initializer_list<Header> fields) : fields_(fields) {}

    /// The value of the first field of that name. Names are lower case.
    std::optional<std::string_view> get(std::string_view name) const {
        for (const auto& field : fields_)
            if (field.name == name) return field.value;
        return std::nullopt;
    }

    /// The values of all fields of that name.
    std::vector<std::string_view> all(std::string_view name) const {
        std::vector<std::string_view> values;
        for (const auto& field : fields_)
            if (field.name == name) values.push_back(field.value);
        return values;
    }

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }
    std::size_t size() const { return fields_.size(); }

private:
    std::vector<Header> fields_;
};

/// Who called. `address` is an IP address; certificate (32 bytes) and names are those of a client that showed one.
struct Peer {
    std::string_view address;
    std::optional<std::string_view> certificate_sha256;
    std::vector<std::string_view> names;
};

/// The head of a request, normalised: the path that is routed is this path. `body_sha256` (32 bytes) only where it was
/// subscribed to.
struct Head {
    std::string_view method;
    std::string_view scheme;
    std::string_view authority;
    std::string_view path;
    std::string_view query;
    Headers headers;
    Peer client;
    std::optional<std::string_view> body_sha256;

    /// The value of the first field of that name. Names are lower case.
    std::optional<std::string_view> header(std::string_view name) const { return headers.get(name); }
};

/// Tokens; `input` includes `cached_input` and `cache_write`, `output` includes `reasoning`.
struct Usage {
    std::uint64_t input = 0;
    std::uint64_t output = 0;
    std::uint64_t cached_input = 0;
    std::uint64_t cache_write = 0;
    std::uint64_t reasoning = 0;
    std::optional<std::uint64_t> cost_micro_usd;
    bool estimated = false;
};

/// A body, or the part of it that the subscription asked for.
class Body {
public:
    /// What there is of it.
    enum class Kind { absent, fields, whole, opaque };

    /// A place (RFC 6901) and the JSON text that stands there.
    struct Field {
        std::string_view pointer;
        std::string_view json;
    };

    /// Nothing was asked for, or there is none.
    Body() = default;
    /// All of a JSON body.
    static Body whole(std::string_view text) { return Body(Kind::whole, text, {}); }
    /// Some places of a JSON body.
    static Body fields(std::vector<Field> fields) { return Body(Kind::fields, {}, std::move(fields)); }
    /// A body that is no JSON, by its media type.
    static Body opaque(std::string_view media_type) { return Body(Kind::opaque, media_type, {}); }

    /// What there is of it.
    Kind kind() const { return kind_; }
    /// Whether there is nothing to look at.
    bool is_absent() const { return kind_ == Kind::absent; }

    /// All of it as JSON text, where all was asked for.
    std::optional<std::string_view> text() const { return only(Kind::whole); }
    /// The media type of a body that is no JSON.
    std::optional<std::string_view> media_type() const { return only(Kind::opaque); }
    /// The places that were asked for and are there, in the order of the subscription.
    const std::vector<Field>& places() const { return fields_; }

    /// The JSON text at one of the places that were asked for.
    std::optional<std::string_view> json(std::string_view pointer) const {
        for (const auto& field : fields_)
            if (field.pointer == pointer) return field.json;
        return std::nullopt;
    }

private:
    Body(Kind kind, std::string_view text, std::vector<Field> fields)
        : kind_(kind), text_(text), fields_(std::move(fields)) {}

    std::optional<std::string_view> only(Kind kind) const {
        return kind_ == kind ? std::optional(text_) : std::nullopt;
    }

    Kind kind_ = Kind::absent;
    std::string_view text_;
    std::vector<Field> fields_;
};

/// One event of a stream: its name where it has one, its data as JSON text.
struct Event {
    std::optional<std::string> name;
    std::string data;
};

/// An edit of a text, made by `Text::edit`: bytes from `start` to before `end` give way to the replacement.
struct TextEdit {
    std::uint32_t id = 0;
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    std::string replacement;
};

/// A piece of text that a model reads or wrote. Roles: `system`, `user`, `assistant`, `tool`. Kinds: `text`,
/// `reasoning`, `refusal`, `tool-arguments`, `tool-result`, `transcript`, `media` (content type and source, never
/// bytes). In a stream `content` starts at byte `start` of the whole text and its first `released` bytes have left
/// already: context, not to be edited. `new_turn` marks what was not in an earlier request of the same conversation.
struct Text {
    std::uint32_t id = 0;
    std::string_view role = "user";
    std::string_view kind = "text";
    std::string_view content;
    std::uint64_t start = 0;
    std::uint32_t released = 0;
    bool complete = true;
    bool new_turn = true;

    /// Replaces bytes of the content; both ends stand on borders of characters, as those of anything found do.
    TextEdit edit(std::size_t from, std::size_t to, std::string replacement) const {
        return {id, offset(from), offset(to), std::move(replacement)};
    }

private:
    /// Texts are at most a body's limit long; what lies beyond is clamped, and refused by the gateway.
    static std::uint32_t offset(std::size_t at) {
        return at > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(at);
    }
};

/// What was found, for logs and metrics. `category` is a short fixed word such as `email`, `score` is 0 to 1, `text`
/// the id of a text; `detail` must not repeat what was found.
struct Finding {
    std::string category;
    std::optional<float> score = std::nullopt;
    std::optional<std::uint32_t> text = std::nullopt;
    std::string detail = {};
};

/// The finished exchange. Times are milliseconds.
struct Outcome {
    std::uint16_t status = 200;
    std::optional<std::string_view> error;
    std::optional<std::string_view> cluster;
    std::uint32_t attempts = 1;
    std::uint32_t duration_ms = 0;
    std::optional<std::uint32_t> first_token_ms;
    Usage usage;
    std::vector<Finding> findings;
    bool cancelled = false;
};

}  // namespace tidegate
