// Verdicts of `admit`.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "fields.hpp"

namespace tidegate {

/// The answer of the hook `admit`, made by `admit()` or `refuse`. What does not belong to the verdict has no effect on
/// it.
class Admission {
public:
    /// Either the ticket of an admission, where it has one, or a refusal.
    using Form = std::variant<std::optional<std::string>, Refusal>;

    /// `admit()`.
    Admission() = default;
    explicit Admission(Form form) : form_(std::move(form)) {}

    /// Of an admission: what `settle` is told together with what was used, exactly once.
    Admission& ticket(std::string ticket) & {
        if (auto* place = std::get_if<0>(&form_)) *place = std::move(ticket);
        return *this;
    }
    Admission&& ticket(std::string ticket) && { return std::move(this->ticket(std::move(ticket))); }

    /// Of a refusal: a further field of the answer, such as `retry-after`.
    Admission& header(std::string name, std::string value) & {
        if (auto* refusal = std::get_if<Refusal>(&form_))
            refusal->headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
    Admission&& header(std::string name, std::string value) && {
        return std::move(header(std::move(name), std::move(value)));
    }

    /// What it is, for tests of a plugin.
    const Form& form() const { return form_; }

private:
    Form form_;
};

/// It may be spent. Without a ticket nothing is settled.
inline Admission admit() { return {}; }

/// It may not. The status is 400 to 599, the code a short word for programs such as `quota_exceeded`, the message a
/// sentence for people; none may hold a secret.
inline Admission refuse(std::uint16_t status, std::string code, std::string message) {
    return Admission(Refusal{status, std::move(code), std::move(message), {}});
}

}  // namespace tidegate
