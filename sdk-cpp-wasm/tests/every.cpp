// A plugin that has every hook, for the tests of what lies between the contract and a class: each answers with what it
// was told.
#include <tidegate/plugin.hpp>

using namespace tidegate;

struct Every {
    Subscription subscribe(Subscription wants) const {
        return wants.without(Hook::admit)
            .windows({.mode = "carry", .max_match = 9})
            .dialects({"openai", "anthropic"})
            .request_fields({"/a"});
    }

    Result<Auth> authenticate(const Context& ctx, const Head& head) {
        if (head.path == "/fail") return fail("the path fails");
        if (head.path == "/deny") return deny(401, "bad", "no").header("a", "b");
        return grant(std::string(head.header("user").value_or(ctx.request_id)))
            .tenant("t")
            .attribute("k", "v")
            .set_header("x", "y");
    }

    Admission admit(const Context&, const Usage& estimate) {
        return estimate.input > 10 ? refuse(429, "much", "too much") : tidegate::admit().ticket("t1");
    }

    void settle(const Context&, std::string_view, const Usage&) {}

    Transform transform_request(const Context& ctx, const Headers& headers, const Body& body) {
        if (body.is_absent()) return reply(200, std::string(*ctx.model)).header("a", "b");
        return changed().set("/body", *body.text()).add_header("count", std::to_string(headers.size())).cluster("c");
    }

    Transform transform_upstream(const Context&, const Headers&, const Body&) { return unchanged(); }

    Result<Transform> transform_response(const Context&, std::uint16_t status, const Headers&, const Body& body) {
        return changed().replace_body(std::to_string(status) + std::string(body.json("/a").value_or("")));
    }

    Result<Events> transform_event(const Context&, const Event& event) {
        if (event.data == "drop") return drop();
        if (event.data == "fail") return fail("an event fails");
        return event.name ? replace({event, {{}, "2"}}) : keep();
    }

    Moderation moderate_input(const Context& ctx, std::span<const Text> texts) {
        std::vector<TextEdit> edits;
        for (const auto& text : texts)
            edits.push_back(text.edit(0, text.content.size(), std::string(ctx.principal->tenant.value_or("-"))));
        return redact(std::move(edits)).hold(1, 2);
    }

    Moderation moderate_output(const Context&, std::span<const Text> texts, bool last) {
        if (last) return block("no");
        return flag({{.category = "c", .score = 0.5F, .text = texts.front().id, .detail = "d"}});
    }

    Result<void> completed(const Context&, const Outcome& outcome) {
        if (outcome.error) return fail(std::string(*outcome.error));
        return {};
    }
};

TIDEGATE_PLUGIN(Every);
