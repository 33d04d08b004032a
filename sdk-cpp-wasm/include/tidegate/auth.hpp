// Verdicts of `authenticate`.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "fields.hpp"

namespace tidegate {

/// The answer of `authenticate`, made by `pass`, `grant` or `deny`. What does not belong to the verdict has no effect
/// on it.
class Auth {
public:
    /// Who calls, and what becomes of the request's fields.
    struct Grant {
        std::string id;
        std::optional<std::string> tenant;
        std::vector<Field> attributes;
        std::vector<HeaderEdit> headers;
    };
    /// Which of the three it is: pass, a grant, a denial.
    using Form = std::variant<std::monostate, Grant, Refusal>;

    /// `pass()`.
    Auth() = default;
    explicit Auth(Form form) : form_(std::move(form)) {}

    /// Of a grant: the tenant that the principal belongs to.
    Auth& tenant(std::string tenant) & {
        if (auto* grant = std::get_if<Grant>(&form_)) grant->tenant = std::move(tenant);
        return *this;
    }
    Auth&& tenant(std::string tenant) && { return std::move(this->tenant(std::move(tenant))); }

    /// Of a grant: something else that is known of the principal.
    Auth& attribute(std::string name, std::string value) & {
        if (auto* grant = std::get_if<Grant>(&form_)) grant->attributes.push_back({std::move(name), std::move(value)});
        return *this;
    }
    Auth&& attribute(std::string name, std::string value) && {
        return std::move(attribute(std::move(name), std::move(value)));
    }

    /// Of a grant: replaces all fields of this name in the request.
    Auth& set_header(std::string name, std::string value) & {
        return edit(HeaderEdit::Kind::set, {std::move(name), std::move(value)});
    }
    Auth&& set_header(std::string name, std::string value) && {
        return std::move(set_header(std::move(name), std::move(value)));
    }

    /// Of a grant: appends a field to the request.
    Auth& add_header(std::string name, std::string value) & {
        return edit(HeaderEdit::Kind::add, {std::move(name), std::move(value)});
    }
    Auth&& add_header(std::string name, std::string value) && {
        return std::move(add_header(std::move(name), std::move(value)));
    }

    /// Of a grant: removes all fields of this name from the request.
    Auth& remove_header(std::string name) & { return edit(HeaderEdit::Kind::remove, {std::move(name), {}}); }
    Auth&& remove_header(std::string name) && { return std::move(remove_header(std::move(name))); }

    /// Of a denial: a further field of the answer, such as `www-authenticate`.
    Auth& header(std::string name, std::string value) & {
        if (auto* refusal = std::get_if<Refusal>(&form_))
            refusal->headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
    Auth&& header(std::string name, std::string value) && {
        return std::move(header(std::move(name), std::move(value)));
    }

    /// What it is, for tests of a plugin.
    const Form& form() const { return form_; }

private:
    Auth& edit(HeaderEdit::Kind kind, Field field) {
        if (auto* grant = std::get_if<Grant>(&form_)) grant->headers.push_back({kind, std::move(field)});
        return *this;
    }

    Form form_;
};

/// No credential of this plugin's kind is here: the next filter is asked. A request that nobody grants is a 401.
inline Auth pass() { return {}; }

/// The credential is good, and this is who calls.
inline Auth grant(std::string id) { return Auth(Auth::Grant{std::move(id), {}, {}, {}}); }

/// The credential is of this plugin's kind, and wrong. The status is 400 to 599, the code a short word for programs,
/// the message a sentence for people; none may hold a secret.
inline Auth deny(std::uint16_t status, std::string code, std::string message) {
    return Auth(Refusal{status, std::move(code), std::move(message), {}});
}

}  // namespace tidegate
