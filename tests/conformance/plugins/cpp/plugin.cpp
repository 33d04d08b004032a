// The conformance plugin: it does what its configuration says, and tells what it was given.
//
// tests/conformance/README.md describes the configuration; ../rust is the same plugin in Rust. `calls` asks the
// services, `seen` shows what a call was given, `answers` makes verdicts.
#include "answers.hpp"
#include "calls.hpp"
#include "seen.hpp"

using namespace tidegate;

/// What the configuration wants of a call, and what the call was given, as JSON text.
struct Turn {
    const json& plan;
    std::string told;

    /// For hooks that answer nothing.
    Result<void> store_echo() const {
        if (str(member(plan, "answer")) != "echo") return {};
        if (const auto stored = kv::set("echo", told); !stored) return stored.error();
        return {};
    }
};

struct Conformance {
    json config;

    Result<void> configure(const json& given) {
        if (const auto refusal = tidegate::text(given, "/refuse")) return fail(*refusal);
        config = given;
        return {};
    }

    Subscription subscribe(Subscription wants) const {
        const json& plans = member(config, "hooks");
        if (!plans.is_object()) return wants;
        for (const Hook hook : std::vector(wants.hooks()))
            if (!plans.contains(name(hook))) wants.without(hook);
        return answers::subscription(std::move(wants), member(config, "subscribe"));
    }

    Result<Turn> turn(const char* hook, const Context& ctx, json told) const {
        const json& plan = member(member(config, "hooks"), hook);
        auto results = call_all(member(plan, "calls"));
        if (!results) return results.error();
        if (const auto failure = tidegate::text(plan, "/fail")) return fail(*failure);
        for (volatile bool spins = boolean(plan, "/spin").value_or(false); spins;) {
        }
        const json echo = {{"ctx", seen::context(ctx)}, {"in", std::move(told)}, {"calls", *std::move(results)}};
        return Turn{plan, dump(echo)};
    }

    Result<Transform> transform(const char* hook, const Context& ctx, json told) const {
        const auto turn = this->turn(hook, ctx, std::move(told));
        if (!turn) return turn.error();
        return answers::transform(turn->plan, turn->told);
    }

    Result<Moderation> moderate(const char* hook, const Context& ctx, std::span<const Text> texts, json told) const {
        const auto turn = this->turn(hook, ctx, std::move(told));
        if (!turn) return turn.error();
        return answers::moderation(turn->plan, texts, turn->told);
    }

    Result<void> note(const char* hook, const Context& ctx, json told) const {
        const auto turn = this->turn(hook, ctx, std::move(told));
        if (!turn) return turn.error();
        return turn->store_echo();
    }

    Result<Auth> authenticate(const Context& ctx, const Head& head) const {
        const auto turn = this->turn("authenticate", ctx, seen::head(head));
        if (!turn) return turn.error();
        return answers::auth(turn->plan, turn->told);
    }

    Result<Admission> admit(const Context& ctx, const Usage& estimate) const {
        const auto turn = this->turn("admit", ctx, {{"estimate", seen::usage(estimate)}});
        if (!turn) return turn.error();
        return answers::admission(turn->plan, turn->told);
    }

    Result<void> settle(const Context& ctx, std::string_view ticket, const Usage& actual) const {
        return note("settle", ctx, {{"ticket", ticket}, {"actual", seen::usage(actual)}});
    }

    Result<Transform> transform_request(const Context& ctx, const Headers& headers, const Body& body) const {
        return transform("transform_request", ctx, seen::message(headers, body));
    }

    Result<Transform> transform_upstream(const Context& ctx, const Headers& headers, const Body& body) const {
        return transform("transform_upstream", ctx, seen::message(headers, body));
    }

    Result<Transform> transform_response(const Context& ctx, std::uint16_t status, const Headers& headers,
                                         const Body& body) const {
        json told = seen::message(headers, body);
        told["status"] = status;
        return transform("transform_response", ctx, std::move(told));
    }

    Result<Events> transform_event(const Context& ctx, const Event& event) const {
        const auto turn = this->turn("transform_event", ctx, seen::event(event));
        if (!turn) return turn.error();
        return answers::event(turn->plan, event, turn->told);
    }

    Result<Moderation> moderate_input(const Context& ctx, std::span<const Text> texts) const {
        return moderate("moderate_input", ctx, texts, {{"texts", seen::texts(texts)}});
    }

    Result<Moderation> moderate_output(const Context& ctx, std::span<const Text> texts, bool last) const {
        return moderate("moderate_output", ctx, texts, {{"texts", seen::texts(texts)}, {"last", last}});
    }

    Result<void> completed(const Context& ctx, const Outcome& outcome) const {
        return note("completed", ctx, seen::outcome(outcome));
    }
};

TIDEGATE_PLUGIN(Conformance);
