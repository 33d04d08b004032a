// Verdicts, subscriptions and values, as an author makes them.
#include <cmath>
#include <limits>
#include <tidegate/json.hpp>
#include <tidegate/plugin.hpp>

#include "check.hpp"

using namespace tidegate;

static void edits_stay_in_order() {
    const auto verdict =
        changed().set("/a", 1).remove("/b").insert("/c/-", "x\"\n").set_header("x", "1").cluster("c").reroute();
    const auto& change = std::get<Transform::Change>(verdict.form());
    CHECK(change.edits.size() == 3 && change.edits[0].json == "1" && change.edits[1].pointer == "/b");
    CHECK(change.edits[2].json == "\"x\\\"\\u000a\"");
    CHECK(change.headers.size() == 1 && change.cluster == "c" && change.reroute && !change.body);
}

static void a_verdict_may_be_built_in_steps() {
    Transform verdict = changed();
    for (const char* name : {"a", "b"}) verdict.remove_header(name);
    CHECK(std::get<Transform::Change>(verdict.form()).headers.size() == 2);
}

static void what_belongs_to_another_verdict_has_no_effect() {
    CHECK(std::get<Transform::Reply>(reply(200, "x").set("/a", 1).set_header("a", "b").form()).headers.empty());
    CHECK(std::get<Refusal>(deny(401, "c", "m").tenant("t").header("www-authenticate", "x").form()).headers.size() ==
          1);
    CHECK(std::holds_alternative<std::monostate>(pass().attribute("a", "b").form()));
    CHECK(std::get<0>(admit().header("a", "b").ticket("t").form()) == "t");
    CHECK(std::get<Refusal>(refuse(429, "c", "m").ticket("t").form()).status == 429);
    const auto granted = grant("ann").tenant("acme").attribute("k", "v").remove_header("authorization");
    CHECK(std::get<Auth::Grant>(granted.form()).tenant == "acme");
}

static void moderation() {
    CHECK(std::holds_alternative<std::monostate>(redact({}).form()));
    const auto judged = block("no").findings({{.category = "x", .score = 0.5F}}).hold(3, 7);
    CHECK(std::get<std::string>(judged.form()) == "no" && judged.findings().size() == 1);
    CHECK((judged.holds() == std::vector<Moderation::Hold>{{3, 7}}));
    CHECK(flag({{.category = "y"}}).findings()[0].category == "y");
    const Text text{.id = 7, .content = "ä🌲ü"};
    const auto edit = text.edit(text.content.find("🌲"), text.content.find("ü"), "x");
    CHECK(edit.id == 7 && edit.start == 2 && edit.end == 6);
    CHECK(text.edit(0, std::numeric_limits<std::size_t>::max(), "").end == UINT32_MAX);
}

static void a_subscription_is_narrowed() {
    Subscription wants({Hook::admit, Hook::transform_upstream, Hook::transform_response});
    using Kind = Subscription::Need::Kind;
    CHECK(wants.request_need().kind == Kind::whole && wants.response_need().kind == Kind::whole);
    wants.without(Hook::admit).request_fields({"/model"}).response_nothing().body_digest();
    CHECK(!wants.has(Hook::admit) && wants.request_need().names.size() == 1);
    CHECK(wants.response_need().kind == Kind::nothing && wants.wants_body_digest());
    CHECK(wants.headers_need().kind == Kind::whole && wants.no_headers().headers_need().kind == Kind::nothing);
    CHECK(wants.headers({"x-a", "x-b"}).headers_need().names.size() == 2);
    CHECK(Subscription({Hook::moderate_input}).request_need().kind == Kind::nothing);
    CHECK(name(Hook::transform_event) == "transform_event" && name(Hook::completed) == "completed");
}

static void headers_are_found_by_name() {
    const Headers headers{{"a", "1"}, {"b", "2"}, {"a", "3"}};
    CHECK(headers.get("a") == "1" && !headers.get("c") && headers.all("a").size() == 2 && headers.size() == 3);
}

static void values_become_json() {
    CHECK(json_text(true) == "true" && json_text(nullptr) == "null" && json_text(1.5) == "1.5");
    CHECK(json_text(std::nan("")) == "null" && json_text(UINT64_MAX) == "18446744073709551615");
    CHECK(json_text(std::string("ä\x01")) == "\"ä\\u0001\"" && json_text(Json{"[1]"}) == "[1]");
    CHECK(json_text(json{{"a", 1}}) == "{\"a\":1}");
}

static void json_is_safe_against_bad_input() {
    CHECK(!parse("{") && !parse("") && !parse("\xff") && !parse(std::string(200, '[')) && parse("[\"[[[[\\\"\"]"));
    CHECK(!parse(std::string(129, '[') + std::string(129, ']')) &&
          parse(std::string(128, '[') + std::string(128, ']')));
    const json tree = *parse(R"({"a": [1, {"b/c": "x"}], "n": 18446744073709551615, "t": ["u"], "m": ["u", 1]})");
    CHECK(text(tree, "/a/1/b~1c") == "x" && integer(tree, "/a/0") == 1 && !integer(tree, "/n") && number(tree, "/n"));
    CHECK(!find(tree, "/a/01") && !find(tree, "/a/-") && !find(tree, "/a/9") && !find(tree, "/a/0/x") &&
          !find(tree, "x"));
    CHECK(find(tree, "") == &tree && !text(tree, "/a/0") && !find(tree, "/"));
    CHECK(texts(tree, "/t")->size() == 1 && !texts(tree, "/m") && !texts(tree, "/a/0") && !boolean(tree, "/t"));
    CHECK(dump(json("\xff")) == "\"\xef\xbf\xbd\"");
}

static void bodies_are_looked_into() {
    const Body whole = Body::whole(R"({"model": "m"})");
    CHECK(*get(whole, "/model") == "m" && !get(whole, "/x") && !whole.json("/model") && whole.text());
    const Body fields = Body::fields({{"/model", "\"m\""}});
    CHECK(*get(fields, "/model") == "m" && !get(fields, "/x") && fields.json("/model") == "\"m\"" && !fields.text());
    CHECK(Body().is_absent() && !get(Body(), "") && Body::opaque("image/png").media_type() == "image/png");
}

static void services_grant_nothing() {
    CHECK(!info::attribute("method") && !state::get("k"));
    CHECK(state::set("k", std::string_view("\0v", 2)) && state::get("k") == std::string("\0v", 2));
    CHECK(kv::get("k").error().kind == kv::Error::Kind::denied && !kv::set("k", "v", {.ttl_ms = 1}));
    CHECK(!kv::remove("k") && !kv::increment("k") && !secrets::get("token") && !models::ask("r", "{}"));
    CHECK(secrets::get("token").error().text() == "secret \"token\" is not granted outside of a gateway");
    CHECK(models::ask("r", "{}").error().kind == models::Error::Kind::denied);
    const auto answers =
        http::send_all({{.url = "https://a"}, {.method = "POST", .url = "https://b", .headers = {{"a", "b"}}}});
    CHECK(answers.size() == 2 && answers[1].error().text().find("not granted") != std::string::npos);
    CHECK(!http::send({.url = "https://a"}) && http::send_all({}).empty());
    metrics::count("n", 1, {{"a", "b"}});
    log::info("line", {{"key", "value"}});
    const Result<int> failed = kv::get("k").error();
    CHECK(failed.error().text() == "the store is not granted");
}

int main() {
    edits_stay_in_order();
    a_verdict_may_be_built_in_steps();
    what_belongs_to_another_verdict_has_no_effect();
    moderation();
    a_subscription_is_narrowed();
    headers_are_found_by_name();
    values_become_json();
    json_is_safe_against_bad_input();
    bodies_are_looked_into();
    services_grant_nothing();
}
