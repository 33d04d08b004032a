// Every hook through the bindings in C, 20,000 times each, with all memory given back: the test runs under a sanitizer
// that counts.
#include <functional>
#include <string_view>
#include <tidegate/detail/give.hpp>
#include <tidegate/detail/take.hpp>

#include "check.hpp"

using tidegate::detail::allocate;
using tidegate::detail::give_bytes;
using tidegate::detail::view;

static plugin_string_t text(std::string_view from) {
    plugin_string_t to;
    give_bytes(from, to);
    return to;
}

static plugin_list_u8_t bytes(std::string_view from) {
    plugin_list_u8_t to;
    give_bytes(from, to);
    return to;
}

static tidegate_plugin_types_context_t context() {
    tidegate_plugin_types_context_t ctx{};
    ctx.request_id = text("request-1");
    ctx.model = {true, text("m")};
    ctx.principal.is_some = true;
    ctx.principal.val.id = text("ann");
    ctx.principal.val.tenant = {true, text("acme")};
    ctx.principal.val.attributes = {allocate<plugin_tuple2_string_string_t>(1), 1};
    ctx.principal.val.attributes.ptr[0] = {text("k"), text("v")};
    return ctx;
}

template <class List>
static List headers() {
    List list{allocate<tidegate_plugin_types_header_t>(1), 1};
    list.ptr[0] = {text("user"), bytes("bob")};
    return list;
}

static exports_tidegate_plugin_moderation_list_text_t texts() {
    exports_tidegate_plugin_moderation_list_text_t list{allocate<tidegate_plugin_types_text_t>(2), 2};
    for (std::uint32_t id = 0; id < 2; ++id) {
        list.ptr[id].id = id;
        list.ptr[id].role = text("user");
        list.ptr[id].kind = text("text");
        list.ptr[id].content = text("some content");
    }
    return list;
}

static std::string taken(plugin_string_t& error) { return tidegate::detail::take(error); }

static void configure() {
    plugin_string_t config = text("{}"), error;
    exports_tidegate_plugin_lifecycle_subscription_t wants;
    CHECK(exports_tidegate_plugin_lifecycle_configure(&config, &wants, &error));
    CHECK(wants.hooks.len == 9 && view(wants.hooks.ptr[1]) == "settle" && wants.dialects.len == 2);
    CHECK(wants.request_body.tag == TIDEGATE_PLUGIN_TYPES_NEED_FIELDS &&
          wants.response_body.tag == TIDEGATE_PLUGIN_TYPES_NEED_WHOLE);
    CHECK(wants.windows.is_some && wants.windows.val.max_match == 9);
    exports_tidegate_plugin_lifecycle_subscription_free(&wants);
    config = text("{}");
    CHECK(!exports_tidegate_plugin_lifecycle_configure(&config, &wants, &error));
    CHECK(taken(error) == "an instance is configured only once");
}

static void authenticate() {
    for (const char* path : {"/", "/deny", "/fail"}) {
        auto ctx = context();
        exports_tidegate_plugin_auth_head_t head{};
        head.path = text(path);
        head.headers = headers<exports_tidegate_plugin_auth_list_header_t>();
        head.client.address = text("::1");
        head.client.names = {allocate<plugin_string_t>(1), 1};
        head.client.names.ptr[0] = text("name");
        head.client.certificate_sha256 = {true, bytes("certificate")};
        head.body_sha256 = {true, bytes("digest")};
        exports_tidegate_plugin_auth_verdict_t verdict;
        plugin_string_t error;
        if (!exports_tidegate_plugin_auth_authenticate(&ctx, &head, &verdict, &error)) {
            CHECK(taken(error) == "the path fails");
            continue;
        }
        CHECK(verdict.tag == EXPORTS_TIDEGATE_PLUGIN_AUTH_VERDICT_DENY ||
              view(verdict.val.allow.principal.id) == "bob");
        exports_tidegate_plugin_auth_verdict_free(&verdict);
    }
}

static void admission() {
    for (std::uint64_t input : {1, 11}) {
        auto ctx = context();
        tidegate_plugin_types_usage_t usage{};
        usage.input = input;
        exports_tidegate_plugin_admission_verdict_t verdict;
        plugin_string_t error;
        CHECK(exports_tidegate_plugin_admission_admit(&ctx, &usage, &verdict, &error));
        CHECK(verdict.tag == (input > 10 ? EXPORTS_TIDEGATE_PLUGIN_ADMISSION_VERDICT_REFUSED : 0));
        exports_tidegate_plugin_admission_verdict_free(&verdict);
        ctx = context();
        plugin_string_t ticket = text("t1");
        CHECK(exports_tidegate_plugin_admission_settle(&ctx, &ticket, &usage, &error));
    }
}

static void request(tidegate_plugin_types_payload_t body,
                    std::function<void(exports_tidegate_plugin_transform_verdict_t&)> check) {
    auto ctx = context();
    auto fields = headers<exports_tidegate_plugin_transform_list_header_t>();
    exports_tidegate_plugin_transform_verdict_t verdict;
    plugin_string_t error;
    CHECK(exports_tidegate_plugin_transform_request(&ctx, &fields, &body, &verdict, &error));
    check(verdict);
    exports_tidegate_plugin_transform_verdict_free(&verdict);
}

static void transform() {
    request({}, [](auto& verdict) { CHECK(view(verdict.val.reply.body) == "m"); });
    tidegate_plugin_types_payload_t whole{};
    whole.tag = TIDEGATE_PLUGIN_TYPES_PAYLOAD_WHOLE;
    whole.val.whole = text("{\"a\": 1}");
    request(whole, [](auto& verdict) {
        CHECK(view(verdict.val.changed.body.val.val.edits.ptr[0].val.set.value) == "\"{\\\"a\\\": 1}\"");
        CHECK(view(verdict.val.changed.headers.ptr[0].val.add.value) == "1" && verdict.val.changed.cluster.is_some);
    });
    auto ctx = context();
    auto fields = headers<exports_tidegate_plugin_transform_list_header_t>();
    tidegate_plugin_types_payload_t body{};
    body.tag = TIDEGATE_PLUGIN_TYPES_PAYLOAD_FIELDS;
    body.val.fields = {allocate<tidegate_plugin_types_json_set_t>(1), 1};
    body.val.fields.ptr[0] = {text("/a"), text("7")};
    exports_tidegate_plugin_transform_verdict_t verdict;
    plugin_string_t error;
    CHECK(exports_tidegate_plugin_transform_response(&ctx, 418, &fields, &body, &verdict, &error));
    CHECK(view(verdict.val.changed.body.val.val.replace) == "4187");
    exports_tidegate_plugin_transform_verdict_free(&verdict);
    ctx = context();
    fields = headers<exports_tidegate_plugin_transform_list_header_t>();
    body = {};
    CHECK(exports_tidegate_plugin_transform_upstream(&ctx, &fields, &body, &verdict, &error) && verdict.tag == 0);
}

static void events(const char* last) {
    auto ctx = context();
    exports_tidegate_plugin_transform_list_event_t list{allocate<exports_tidegate_plugin_transform_event_t>(3), 3};
    list.ptr[0] = {{true, text("n")}, text("1")};
    list.ptr[1] = {{false, {}}, text("keep")};
    list.ptr[2] = {{false, {}}, text(last)};
    exports_tidegate_plugin_transform_list_event_verdict_t verdicts;
    plugin_string_t error;
    if (!exports_tidegate_plugin_transform_events(&ctx, &list, &verdicts, &error)) {
        CHECK(taken(error) == "an event fails");
        return;
    }
    CHECK(verdicts.len == 3 && verdicts.ptr[0].val.replace.len == 2 && verdicts.ptr[1].tag == 0 &&
          verdicts.ptr[2].tag == 2);
    exports_tidegate_plugin_transform_list_event_verdict_free(&verdicts);
}

static void moderation() {
    auto ctx = context();
    auto list = texts();
    tidegate_plugin_types_judged_t judged;
    plugin_string_t error;
    CHECK(exports_tidegate_plugin_moderation_input(&ctx, &list, &judged, &error));
    CHECK(view(judged.judgement.val.edit.ptr[1].replacement) == "acme" && judged.hold.ptr[0].f1 == 2);
    tidegate_plugin_types_judged_free(&judged);
    for (bool last : {false, true}) {
        ctx = context();
        list = texts();
        CHECK(exports_tidegate_plugin_moderation_output(&ctx, &list, last, &judged, &error));
        CHECK(last ? view(judged.judgement.val.block) == "no" : judged.findings.ptr[0].score.val == 0.5F);
        tidegate_plugin_types_judged_free(&judged);
    }
}

static void completed() {
    auto ctx = context();
    exports_tidegate_plugin_observe_outcome_t outcome{};
    outcome.error = {true, text("lost")};
    outcome.findings = {allocate<tidegate_plugin_types_finding_t>(1), 1};
    outcome.findings.ptr[0].category = text("c");
    plugin_string_t error;
    CHECK(!exports_tidegate_plugin_observe_completed(&ctx, &outcome, &error) && taken(error) == "lost");
}

int main() {
    auto ctx = context();
    auto list = texts();
    tidegate_plugin_types_judged_t judged;
    plugin_string_t error;
    CHECK(!exports_tidegate_plugin_moderation_input(&ctx, &list, &judged, &error));
    CHECK(taken(error) == "a hook was called before \"configure\"");
    configure();
    for (int round = 0; round < 20'000; ++round) {
        authenticate();
        admission();
        transform();
        events("drop");
        events("fail");
        moderation();
        completed();
    }
}
