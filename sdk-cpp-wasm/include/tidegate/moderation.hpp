// Verdicts of the moderation hooks.
#pragma once

#include <iterator>
#include <utility>
#include <variant>

#include "types.hpp"

namespace tidegate {

/// The answer of the moderation hooks, made by `allow`, `flag`, `redact` or `block`.
class Moderation {
public:
    /// Which it is: all may pass, it passes with edits, or it is blocked for a reason.
    using Form = std::variant<std::monostate, std::vector<TextEdit>, std::string>;
    /// A text, and how many bytes at its end to keep back.
    using Hold = std::pair<std::uint32_t, std::uint32_t>;

    /// `allow()`.
    Moderation() = default;
    explicit Moderation(Form form) : form_(std::move(form)) {}

    /// For logs and metrics, whatever the judgement.
    Moderation& findings(std::vector<Finding> found) & {
        findings_.insert(findings_.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
        return *this;
    }
    Moderation&& findings(std::vector<Finding> found) && { return std::move(findings(std::move(found))); }

    /// Of a stream: how many bytes at the end of a text to keep back until more is known; without it the manifest's
    /// `max_match`.
    Moderation& hold(std::uint32_t text, std::uint32_t bytes) & {
        holds_.emplace_back(text, bytes);
        return *this;
    }
    Moderation&& hold(std::uint32_t text, std::uint32_t bytes) && { return std::move(hold(text, bytes)); }

    /// What it is, for tests of a plugin.
    const Form& form() const { return form_; }
    /// What was found, for tests of a plugin.
    const std::vector<Finding>& findings() const { return findings_; }
    /// What is kept back, for tests of a plugin.
    const std::vector<Hold>& holds() const { return holds_; }

private:
    Form form_;
    std::vector<Finding> findings_;
    std::vector<Hold> holds_;
};

/// The texts pass.
inline Moderation allow() { return {}; }

/// The texts pass, and what was found is counted and logged.
inline Moderation flag(std::vector<Finding> found) { return allow().findings(std::move(found)); }

/// The texts pass with these edits: for each text in order and without overlap. Without any it is `allow`.
inline Moderation redact(std::vector<TextEdit> edits) { return edits.empty() ? allow() : Moderation(std::move(edits)); }

/// The exchange ends; the reason is told to the client.
inline Moderation block(std::string reason) { return Moderation(std::move(reason)); }

}  // namespace tidegate
