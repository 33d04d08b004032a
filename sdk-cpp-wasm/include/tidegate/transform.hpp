// Verdicts of the transform hooks.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "fields.hpp"
#include "types.hpp"
#include "value.hpp"

namespace tidegate {

/// A change of one place of a body; made by the methods of `Transform`.
struct JsonEdit {
    enum class Kind { set, insert, remove };
    Kind kind;
    std::string pointer;
    std::string json;
};

/// The answer of the transform hooks, made by `unchanged`, `changed` or `reply`. What does not belong to the verdict
/// has no effect on it.
class Transform {
public:
    /// What changes. A new body stands for all edits.
    struct Change {
        std::vector<HeaderEdit> headers;
        std::vector<JsonEdit> edits;
        std::optional<std::string> body;
        std::optional<std::string> cluster;
        bool reroute = false;
    };
    /// An answer of the plugin's own.
    struct Reply {
        std::uint16_t status;
        std::vector<Field> headers;
        std::string body;
    };
    /// Which of the three it is: unchanged, a change, a reply.
    using Form = std::variant<std::monostate, Change, Reply>;

    /// `unchanged()`.
    Transform() = default;
    explicit Transform(Form form) : form_(std::move(form)) {}

    /// Of a change: replaces or creates the value at a pointer (RFC 6901), with missing objects on its way.
    template <class T>
    Transform& set(std::string pointer, const T& value) & {
        return edit({JsonEdit::Kind::set, std::move(pointer), json_text(value)});
    }
    template <class T>
    Transform&& set(std::string pointer, const T& value) && {
        return std::move(set(std::move(pointer), value));
    }

    /// Of a change: puts an element into an array before the one at its place; `-` appends.
    template <class T>
    Transform& insert(std::string pointer, const T& value) & {
        return edit({JsonEdit::Kind::insert, std::move(pointer), json_text(value)});
    }
    template <class T>
    Transform&& insert(std::string pointer, const T& value) && {
        return std::move(insert(std::move(pointer), value));
    }

    /// Of a change: takes the value at a pointer away; what is not there needs no removal.
    Transform& remove(std::string pointer) & { return edit({JsonEdit::Kind::remove, std::move(pointer), {}}); }
    Transform&& remove(std::string pointer) && { return std::move(remove(std::move(pointer))); }

    /// Of a change: another body, as JSON text. Edits before and after it are forgotten.
    Transform& replace_body(std::string json) & {
        if (auto* change = std::get_if<Change>(&form_)) change->body = std::move(json);
        return *this;
    }
    Transform&& replace_body(std::string json) && { return std::move(replace_body(std::move(json))); }

    /// Of a change: replaces all fields of this name.
    Transform& set_header(std::string name, std::string value) & {
        return edit(HeaderEdit{HeaderEdit::Kind::set, {std::move(name), std::move(value)}});
    }
    Transform&& set_header(std::string name, std::string value) && {
        return std::move(set_header(std::move(name), std::move(value)));
    }

    /// Of a change: appends a field.
    Transform& add_header(std::string name, std::string value) & {
        return edit(HeaderEdit{HeaderEdit::Kind::add, {std::move(name), std::move(value)}});
    }
    Transform&& add_header(std::string name, std::string value) && {
        return std::move(add_header(std::move(name), std::move(value)));
    }

    /// Of a change: removes all fields of this name.
    Transform& remove_header(std::string name) & {
        return edit(HeaderEdit{HeaderEdit::Kind::remove, {std::move(name), {}}});
    }
    Transform&& remove_header(std::string name) && { return std::move(remove_header(std::move(name))); }

    /// Of a change of the request: sends it to this cluster in place of the route's own.
    Transform& cluster(std::string cluster) & {
        if (auto* change = std::get_if<Change>(&form_)) change->cluster = std::move(cluster);
        return *this;
    }
    Transform&& cluster(std::string cluster) && { return std::move(this->cluster(std::move(cluster))); }

    /// Of a change of the request: picks the route anew; once a request.
    Transform& reroute() & {
        if (auto* change = std::get_if<Change>(&form_)) change->reroute = true;
        return *this;
    }
    Transform&& reroute() && { return std::move(reroute()); }

    /// Of a reply: a field of it.
    Transform& header(std::string name, std::string value) & {
        if (auto* reply = std::get_if<Reply>(&form_)) reply->headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
    Transform&& header(std::string name, std::string value) && {
        return std::move(header(std::move(name), std::move(value)));
    }

    /// What it is, for tests of a plugin.
    const Form& form() const { return form_; }

private:
    Transform& edit(JsonEdit edit) {
        if (auto* change = std::get_if<Change>(&form_)) change->edits.push_back(std::move(edit));
        return *this;
    }

    Transform& edit(HeaderEdit edit) {
        if (auto* change = std::get_if<Change>(&form_)) change->headers.push_back(std::move(edit));
        return *this;
    }

    Form form_;
};

/// Nothing changes.
inline Transform unchanged() { return {}; }

/// What is named on it changes: `changed().set("/temperature", 0).set_header("x-team", "a")`.
inline Transform changed() { return Transform(Transform::Change{}); }

/// The exchange ends with this answer of the plugin's own. The status is 200 to 599.
inline Transform reply(std::uint16_t status, std::string body) {
    return Transform(Transform::Reply{status, {}, std::move(body)});
}

/// The answer of `transform_event`, made by `keep`, `replace` or `drop`.
class Events {
public:
    /// The event goes.
    struct Drop {};
    /// Which of the three it is: it is kept, others stand in its place, it goes.
    using Form = std::variant<std::monostate, std::vector<Event>, Drop>;

    /// `keep()`.
    Events() = default;
    explicit Events(Form form) : form_(std::move(form)) {}

    /// What it is, for tests of a plugin.
    const Form& form() const { return form_; }

private:
    Form form_;
};

/// The event passes as it came.
inline Events keep() { return {}; }

/// These pass in its place.
inline Events replace(std::vector<Event> events) { return Events(std::move(events)); }

/// It does not pass.
inline Events drop() { return Events(Events::Drop{}); }

}  // namespace tidegate
