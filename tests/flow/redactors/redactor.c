/* Replaces keys such as ship-123456, and holds as much as one could still need. */
#include <stddef.h>

#include "tidegate_plugin.h"

enum { DIGITS = 6, LONGEST = 5 + DIGITS };

static const tidegate_host *gateway;

static int is_key(tidegate_bytes content, size_t at) {
    if (content.len - at < LONGEST) return 0;
    for (size_t digit = at + LONGEST - DIGITS; digit < at + LONGEST; digit++) {
        if (content.data[digit] < '0' || content.data[digit] > '9') return 0;
    }
    return 1;
}

static int32_t moderate_output(void *instance, tidegate_call *call, const tidegate_context *context, tidegate_texts texts,
                               uint8_t last) {
    (void)instance, (void)context, (void)last;
    for (size_t index = 0; index < texts.len; index++) {
        const tidegate_text *text = &texts.data[index];
        size_t at = 0;
        while ((at = tidegate_find(text->content, TIDEGATE_TEXT("ship-"), at)) != TIDEGATE_NOWHERE) {
            if (at >= text->released && is_key(text->content, at))
                gateway->edit(call, text->id, (uint32_t)at, (uint32_t)(at + LONGEST), TIDEGATE_TEXT("<*>"));
            at++;
        }
        gateway->hold(call, text->id, LONGEST - 1);
    }
    return TIDEGATE_DONE;
}

static int32_t configure(const tidegate_host *host, tidegate_call *call, tidegate_bytes config, void **instance) {
    (void)call, (void)config, (void)instance;
    gateway = host;
    return TIDEGATE_DONE;
}

static void destroy(void *instance) { (void)instance; }

static const tidegate_plugin TABLE = {
    TIDEGATE_FIRST_FIELDS, .configure = configure, .destroy = destroy, .moderate_output = moderate_output,
};

const tidegate_plugin *tidegate_plugin_abi(void) { return &TABLE; }
