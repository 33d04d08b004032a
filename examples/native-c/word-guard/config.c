#include "config.h"

#include <stdlib.h>

#include "json.h"

/* The value of a key. The schema is checked before; what does not hold to it ends here all the same. */
static bool read_words(struct config *config, struct json *json, uint8_t **room) {
    config->word_count = 0;
    if (!json_takes(json, '[')) return false;
    do {
        tidegate_bytes *word = &config->words[config->word_count];
        if (config->word_count == WORDS_MAX || !json_string(json, room, word) || word->len == 0) return false;
        config->word_count++;
    } while (json_takes(json, ','));
    return json_takes(json, ']');
}

static bool read_headers(struct config *config, struct json *json, uint8_t **room) {
    config->header_count = 0;
    if (!json_takes(json, '{')) return false;
    do {
        struct header *header = &config->headers[config->header_count];
        if (config->header_count == HEADERS_MAX || !json_string(json, room, &header->name) ||
            !json_takes(json, ':') || !json_string(json, room, &header->attribute))
            return false;
        config->header_count++;
    } while (json_takes(json, ','));
    return json_takes(json, '}');
}

static bool read_key(struct config *config, struct json *json, uint8_t **room) {
    tidegate_bytes key;
    if (!json_string(json, room, &key) || !json_takes(json, ':')) return false;
    if (tidegate_equal(key, TIDEGATE_TEXT("words"))) return read_words(config, json, room);
    if (tidegate_equal(key, TIDEGATE_TEXT("headers"))) return read_headers(config, json, room);
    if (tidegate_equal(key, TIDEGATE_TEXT("ignore_case"))) return json_boolean(json, &config->ignore_case);
    if (tidegate_equal(key, TIDEGATE_TEXT("reason"))) return json_string(json, room, &config->reason);
    return false;
}

static bool read_object(struct config *config, struct json *json, uint8_t **room) {
    if (!json_takes(json, '{')) return false;
    do {
        if (!read_key(config, json, room)) return false;
    } while (json_takes(json, ','));
    return json_takes(json, '}') && json_ended(json);
}

const char *config_read(struct config *config, tidegate_bytes text) {
    struct json json = {text.data, text.data + text.len};
    uint8_t *room;
    memset(config, 0, sizeof *config);
    config->reason = TIDEGATE_TEXT("it has a word that is not allowed here");
    config->memory = (uint8_t *)malloc(text.len + 1);
    if (config->memory == NULL) return "no memory for the configuration";
    room = config->memory;
    return read_object(config, &json, &room) ? NULL : "the configuration does not hold to config.schema.json";
}

void config_free(struct config *config) {
    free(config->memory);
    config->memory = NULL;
}
