/* The plugin's configuration, as config.schema.json describes it. */
#ifndef WORD_GUARD_CONFIG_H
#define WORD_GUARD_CONFIG_H

#include <stdbool.h>

#include "tidegate_plugin.h"

enum { WORDS_MAX = 64, HEADERS_MAX = 16 };

/* A field of the request to the upstream, and the attribute that becomes its value. */
struct header {
    tidegate_bytes name;
    tidegate_bytes attribute;
};

struct config {
    tidegate_bytes words[WORDS_MAX];
    size_t word_count;
    bool ignore_case;
    tidegate_bytes reason;
    struct header headers[HEADERS_MAX];
    size_t header_count;
    /* Where all texts of it stand. */
    uint8_t *memory;
};

/* Reads a configuration; it is to be freed whatever comes out. Returns why it cannot be used, or null. */
const char *config_read(struct config *config, tidegate_bytes json);

void config_free(struct config *config);

#endif
