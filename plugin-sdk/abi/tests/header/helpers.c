/* The helpers of the header, and a table made with them; the same file in C and C++. */
#undef NDEBUG
#include <assert.h>

#include "tidegate_plugin.h"

static int32_t configure(const tidegate_host *host, tidegate_call *call, tidegate_bytes config, void **instance) {
    (void)config, (void)instance;
    return tidegate_fail(host, call, TIDEGATE_TEXT("not today"));
}

static void destroy(void *instance) { (void)instance; }

#ifdef __cplusplus
static const tidegate_plugin table = {TIDEGATE_FIRST_FIELDS, configure, destroy, NULL, NULL, NULL, NULL,
                                      NULL,                  NULL,      NULL,    NULL, NULL, NULL};
#else
static const tidegate_plugin table = {TIDEGATE_FIRST_FIELDS, .configure = configure, .destroy = destroy};
#endif

const tidegate_plugin *tidegate_plugin_abi(void) { return &table; }

static tidegate_bytes told;
static tidegate_finding found;

static void fail(tidegate_call *call, tidegate_bytes reason) {
    (void)call;
    told = reason;
}

static void finding(tidegate_call *call, const tidegate_finding *given) {
    (void)call;
    found = *given;
}

static void a_table_has_what_stands_in_it(void) {
    const tidegate_plugin *plugin = tidegate_plugin_abi();
    tidegate_host host;
    void *instance = NULL;
    memset(&host, 0, sizeof host);
    host.size = offsetof(tidegate_host, why);
    host.fail = fail;
    assert(plugin->magic == TIDEGATE_MAGIC && plugin->size == sizeof *plugin && plugin->flags == TIDEGATE_UNWINDS);
    assert(tidegate_equal(plugin->contract, TIDEGATE_TEXT(TIDEGATE_CONTRACT)));
    assert(plugin->moderate_input == NULL && plugin->completed == NULL);
    assert(plugin->configure(&host, NULL, tidegate_none(), &instance) == TIDEGATE_FAILED);
    assert(tidegate_equal(told, TIDEGATE_TEXT("not today")));
    assert(TIDEGATE_HAS(&host, model) && !TIDEGATE_HAS(&host, why));
    plugin->destroy(instance);
}

static void texts_are_compared_and_found(void) {
    static const tidegate_bytes tide = TIDEGATE_INIT("tide");
    tidegate_bytes text = TIDEGATE_TEXT("ti tidegate tide");
    assert(tide.len == 4 && tidegate_equal(tide, tidegate_string("tide")));
    assert(!tidegate_equal(tide, TIDEGATE_TEXT("tid")) && !tidegate_equal(tide, TIDEGATE_TEXT("Tide")));
    assert(tidegate_is_none(tidegate_none()) && tidegate_is_none(tidegate_string(NULL)));
    assert(!tidegate_is_none(TIDEGATE_TEXT("")) && tidegate_equal(TIDEGATE_TEXT(""), tidegate_none()));
    assert(tidegate_starts_with(text, TIDEGATE_TEXT("ti ")) && !tidegate_starts_with(tide, text));
    assert(tidegate_starts_with(tide, tidegate_none()));
    assert(tidegate_find(text, tide, 0) == 3 && tidegate_find(text, tide, 3) == 3);
    assert(tidegate_find(text, tide, 4) == 12 && tidegate_find(text, tide, 13) == TIDEGATE_NOWHERE);
    assert(tidegate_find(text, tide, 99) == TIDEGATE_NOWHERE && tidegate_find(tide, text, 0) == TIDEGATE_NOWHERE);
    assert(tidegate_find(tide, tidegate_none(), 0) == TIDEGATE_NOWHERE);
    assert(tidegate_find(tidegate_none(), tide, 0) == TIDEGATE_NOWHERE);
}

static void values_are_found_by_their_names(void) {
    static const tidegate_field pairs[] = {
        {TIDEGATE_INIT("x-a"), TIDEGATE_INIT("1")},
        {TIDEGATE_INIT("x-b"), TIDEGATE_INIT("")},
        {TIDEGATE_INIT("x-a"), TIDEGATE_INIT("2")},
    };
    tidegate_fields fields;
    tidegate_principal principal;
    tidegate_context context;
    tidegate_body body;
    fields.data = pairs;
    fields.len = 3;
    memset(&principal, 0, sizeof principal);
    memset(&context, 0, sizeof context);
    memset(&body, 0, sizeof body);
    assert(tidegate_equal(tidegate_value(fields, TIDEGATE_TEXT("x-a")), TIDEGATE_TEXT("1")));
    assert(!tidegate_is_none(tidegate_value(fields, TIDEGATE_TEXT("x-b"))));
    assert(tidegate_is_none(tidegate_value(fields, TIDEGATE_TEXT("x-c"))));
    assert(tidegate_is_none(tidegate_principal_attribute(&context, TIDEGATE_TEXT("x-a"))));
    principal.attributes = fields;
    context.principal = &principal;
    assert(tidegate_equal(tidegate_principal_attribute(&context, TIDEGATE_TEXT("x-a")), TIDEGATE_TEXT("1")));
    body.fields = fields;
    assert(tidegate_is_none(tidegate_body_field(&body, TIDEGATE_TEXT("x-a"))));
    body.kind = TIDEGATE_BODY_FIELDS;
    assert(tidegate_equal(tidegate_body_field(&body, TIDEGATE_TEXT("x-a")), TIDEGATE_TEXT("1")));
}

static void a_finding_names_its_text(void) {
    tidegate_host host;
    tidegate_text text;
    memset(&host, 0, sizeof host);
    memset(&text, 0, sizeof text);
    host.finding = finding;
    text.id = 7;
    tidegate_found(&host, NULL, TIDEGATE_TEXT("word"), &text, TIDEGATE_TEXT("one"));
    assert(found.text == 7 && found.has_text == 1 && found.has_score == 0);
    assert(tidegate_equal(found.category, TIDEGATE_TEXT("word")) && tidegate_equal(found.detail, TIDEGATE_TEXT("one")));
}

int main(void) {
    a_table_has_what_stands_in_it();
    texts_are_compared_and_found();
    values_are_found_by_their_names();
    a_finding_names_its_text();
    return 0;
}
