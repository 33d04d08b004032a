/* Refuses prompts with certain words, and tells upstreams about the request in headers. */
#include <stdlib.h>

#include "config.h"
#include "tidegate_plugin.h"

/* Findings of one call: what many texts have in common need not be told of each. */
enum { FINDINGS_MAX = 64 };

/* What `configure` makes. Nothing changes it afterwards, so that calls need no lock. */
struct guard {
    const tidegate_host *host;
    struct config config;
    /* The words that begin with a byte, one bit each: a text is gone through once, however many words there are. */
    uint64_t beginning_with[256];
};

static uint8_t lower(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte; }

static uint8_t upper(uint8_t byte) { return byte >= 'a' && byte <= 'z' ? (uint8_t)(byte & ~0x20) : byte; }

static void learn_words(struct guard *guard) {
    for (size_t word = 0; word < guard->config.word_count; word++) {
        uint8_t first = guard->config.words[word].data[0];
        uint64_t bit = UINT64_C(1) << word;
        guard->beginning_with[first] |= bit;
        if (!guard->config.ignore_case) continue;
        guard->beginning_with[lower(first)] |= bit;
        guard->beginning_with[upper(first)] |= bit;
    }
}

static bool stands_at(const struct guard *guard, tidegate_bytes word, tidegate_bytes rest) {
    if (!guard->config.ignore_case) return tidegate_starts_with(rest, word);
    if (rest.len < word.len) return false;
    for (size_t at = 0; at < word.len; at++) {
        if (lower(rest.data[at]) != lower(word.data[at])) return false;
    }
    return true;
}

static bool has_a_word(const struct guard *guard, tidegate_bytes text) {
    for (size_t at = 0; at < text.len; at++) {
        uint64_t candidates = guard->beginning_with[text.data[at]];
        for (size_t word = 0; candidates != 0; word++, candidates >>= 1) {
            tidegate_bytes rest = tidegate_bytes_of(text.data + at, text.len - at);
            if ((candidates & 1) != 0 && stands_at(guard, guard->config.words[word], rest)) return true;
        }
    }
    return false;
}

static int32_t moderate_input(void *instance, tidegate_call *call, const tidegate_context *context,
                              tidegate_texts texts) {
    const struct guard *guard = (const struct guard *)instance;
    size_t found = 0;
    (void)context;
    for (size_t at = 0; at < texts.len && found < FINDINGS_MAX; at++) {
        const tidegate_text *text = &texts.data[at];
        if (!has_a_word(guard, text->content)) continue;
        /* Findings go to logs: they say where, not what. */
        tidegate_found(guard->host, call, TIDEGATE_TEXT("word"), text, TIDEGATE_TEXT("a word of the list"));
        found++;
    }
    if (found > 0) guard->host->block(call, guard->config.reason);
    return TIDEGATE_DONE;
}

static int32_t transform_request(void *instance, tidegate_call *call, const tidegate_context *context,
                                 tidegate_fields headers, const tidegate_body *body) {
    const struct guard *guard = (const struct guard *)instance;
    (void)context, (void)headers, (void)body;
    for (size_t at = 0; at < guard->config.header_count; at++) {
        const struct header *header = &guard->config.headers[at];
        tidegate_bytes value;
        if (guard->host->info(call, header->attribute, &value) == TIDEGATE_OK) {
            guard->host->set_header(call, header->name, value);
        } else {
            /* What a client wrote there must not pass for what the gateway knows. */
            guard->host->remove_header(call, header->name);
        }
    }
    return TIDEGATE_DONE;
}

/* A hook without work is not asked for, and neither is the body. */
static void subscribe(const tidegate_host *host, tidegate_call *call, const struct config *config) {
    if (config->word_count > 0) host->subscribe(call, TIDEGATE_TEXT("moderate_input"));
    if (config->header_count > 0) host->subscribe(call, TIDEGATE_TEXT("transform_request"));
    host->want(call, TIDEGATE_REQUEST, TIDEGATE_NEED_NOTHING);
}

static void destroy(void *instance) {
    struct guard *guard = (struct guard *)instance;
    if (guard == NULL) return;
    config_free(&guard->config);
    free(guard);
}

static int32_t configure(const tidegate_host *host, tidegate_call *call, tidegate_bytes config, void **instance) {
    struct guard *guard = (struct guard *)calloc(1, sizeof *guard);
    const char *wrong;
    if (guard == NULL) return tidegate_fail(host, call, TIDEGATE_TEXT("no memory for an instance"));
    guard->host = host;
    wrong = config_read(&guard->config, config);
    if (wrong != NULL) {
        destroy(guard);
        return tidegate_fail(host, call, tidegate_string(wrong));
    }
    learn_words(guard);
    subscribe(host, call, &guard->config);
    *instance = guard;
    return TIDEGATE_DONE;
}

static const tidegate_plugin TABLE = {
    TIDEGATE_FIRST_FIELDS,
    .configure = configure,
    .destroy = destroy,
    .transform_request = transform_request,
    .moderate_input = moderate_input,
};

const tidegate_plugin *tidegate_plugin_abi(void) { return &TABLE; }
