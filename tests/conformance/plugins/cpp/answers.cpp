#include "answers.hpp"

using namespace tidegate;

namespace answers {

static Error unknown(const std::string& name) {
    return fail("the conformance plugin has no answer \"" + name + "\" for this hook");
}

static std::uint16_t status(const json& value) {
    return static_cast<std::uint16_t>(natural(member(value, "status")).value_or(200));
}

static std::optional<Windows> windows(const json& value) {
    const auto mode = tidegate::text(value, "/mode");
    if (!mode) return std::nullopt;
    const auto size = [&](const char* name) { return small(member(value, name)); };
    return Windows{*mode, size("min"), size("max"), size("overlap"), size("max_match"), size("max_hold_ms")};
}

Subscription subscription(Subscription wants, const json& asked) {
    wants.request_nothing().response_nothing();
    if (str(member(asked, "headers")) == "nothing") wants.no_headers();
    if (auto names = texts(asked, "/headers")) wants.headers(*std::move(names));
    if (str(member(asked, "request_body")) == "whole") wants.request_whole();
    if (str(member(asked, "response_body")) == "whole") wants.response_whole();
    if (auto pointers = texts(asked, "/request_body")) wants.request_fields(*std::move(pointers));
    if (auto pointers = texts(asked, "/response_body")) wants.response_fields(*std::move(pointers));
    if (boolean(asked, "/body_digest").value_or(false)) wants.body_digest();
    if (auto asked_windows = windows(member(asked, "windows"))) wants.windows(*std::move(asked_windows));
    if (auto dialects = texts(asked, "/dialects")) wants.dialects(*std::move(dialects));
    return wants;
}

/// What `Auth` and `Transform` have in common.
template <class Verdict>
static void edit_headers(Verdict& to, const json& edits) {
    for (const json& edit : edits) {
        const auto [kind, value] = verdict(edit);
        if (kind == "remove") {
            to.remove_header(str(value));
            continue;
        }
        const auto name = str(member(value, "name"));
        if (kind == "set")
            to.set_header(name, bytes(member(value, "value")));
        else
            to.add_header(name, bytes(member(value, "value")));
    }
}

template <class Verdict>
static Verdict with_fields(Verdict verdict, const json& value) {
    for (auto& field : fields(member(value, "headers"))) verdict.header(field.name, field.value);
    return verdict;
}

static Auth granted(const json& value) {
    const json& principal = member(value, "principal");
    Auth verdict = grant(str(member(principal, "id")));
    if (const auto tenant = tidegate::text(principal, "/tenant")) verdict.tenant(*tenant);
    for (auto& attribute : fields(member(principal, "attributes"))) verdict.attribute(attribute.name, attribute.value);
    edit_headers(verdict, member(value, "headers"));
    return verdict;
}

Result<Auth> auth(const json& plan, const std::string& told) {
    const auto [name, value] = verdict(member(plan, "answer"));
    if (name.empty() || name == "pass") return pass();
    if (name == "echo") return grant("echo").attribute("echo", told);
    if (name == "allow") return granted(value);
    if (name != "deny") return unknown(name);
    return with_fields(deny(status(value), str(member(value, "code")), str(member(value, "message"))), value);
}

Result<Admission> admission(const json& plan, const std::string& told) {
    const auto [name, value] = verdict(member(plan, "answer"));
    if (name.empty()) return admit();
    if (name == "echo") return admit().ticket(told);
    if (name == "admitted") return value.is_string() ? admit().ticket(str(value)) : admit();
    if (name != "refused") return unknown(name);
    return with_fields(refuse(status(value), str(member(value, "code")), str(member(value, "message"))), value);
}

static Transform change(const json& value) {
    Transform verdict = changed();
    edit_headers(verdict, member(value, "headers"));
    for (const json& edit : member(value, "edits")) {
        const auto [kind, place] = ::verdict(edit);
        if (kind == "remove")
            verdict.remove(str(place));
        else if (kind == "set")
            verdict.set(str(member(place, "pointer")), member(place, "value"));
        else
            verdict.insert(str(member(place, "pointer")), member(place, "value"));
    }
    if (const json* body = find(value, "/replace")) verdict.replace_body(dump(*body));
    if (const auto cluster = tidegate::text(value, "/cluster")) verdict.cluster(*cluster);
    if (boolean(value, "/reroute").value_or(false)) verdict.reroute();
    return verdict;
}

Result<Transform> transform(const json& plan, const std::string& told) {
    const auto [name, value] = verdict(member(plan, "answer"));
    if (name.empty() || name == "unchanged") return unchanged();
    if (name == "echo") return reply(200, told);
    if (name == "changed") return change(value);
    if (name != "reply") return unknown(name);
    return with_fields(reply(status(value), bytes(member(value, "body"))), value);
}

static std::vector<Event> events(const json& value) {
    std::vector<Event> all;
    for (const json& one : value) all.push_back({tidegate::text(one, "/name"), dump(member(one, "data"))});
    return all;
}

Result<Events> event(const json& plan, const Event& event, const std::string& told) {
    const json& own = member(member(plan, "by_name"), event.name.value_or("").c_str());
    const auto [kind, value] = verdict(own.is_null() ? member(plan, "answer") : own);
    if (kind.empty() || kind == "keep") return keep();
    if (kind == "drop") return drop();
    if (kind == "echo") return replace({{event.name, told}});
    if (kind == "replace") return replace(events(value));
    return unknown(kind);
}

/// One edit for each place where the word stands.
static std::vector<TextEdit> masked(std::span<const Text> texts, const std::string& word, const std::string& mask) {
    std::vector<TextEdit> edits;
    for (const auto& text : texts)
        for (auto at = text.content.find(word); at != text.content.npos; at = text.content.find(word, at + word.size()))
            edits.push_back(text.edit(at, at + word.size(), mask));
    return edits;
}

static std::vector<TextEdit> text_edits(const json& edits) {
    std::vector<TextEdit> all;
    for (const json& edit : edits)
        all.push_back({small(member(edit, "id")), small(member(edit, "start")), small(member(edit, "end")),
                       str(member(edit, "replacement"))});
    return all;
}

static Moderation judged(const json& plan, std::span<const Text> texts) {
    const json& answer = member(plan, "answer");
    if (const auto word = tidegate::text(plan, "/redact"))
        return redact(masked(texts, *word, str(member(plan, "with"))));
    if (const auto reason = tidegate::text(answer, "/block")) return block(*reason);
    return redact(text_edits(member(answer, "edit")));
}

static Finding finding(const json& value) {
    Finding found{.category = str(member(value, "category")), .detail = str(member(value, "detail"))};
    if (const auto score = number(value, "/score")) found.score = static_cast<float>(*score);
    if (const auto id = natural(member(value, "text"))) found.text = *id;
    return found;
}

Moderation moderation(const json& plan, std::span<const Text> texts, const std::string& told) {
    const json& answer = member(plan, "answer");
    if (answer == "echo") return flag({{.category = "echo", .detail = told}});
    Moderation verdict = judged(plan, texts);
    std::vector<Finding> findings;
    for (const json& one : member(answer, "findings")) findings.push_back(finding(one));
    verdict.findings(std::move(findings));
    for (const auto& [id, size] : member(answer, "hold").items())
        verdict.hold(static_cast<std::uint32_t>(std::strtoul(id.c_str(), nullptr, 10)), small(size));
    return verdict;
}

}  // namespace answers
