/* Reads JSON text from front to back: as much of it as the plugin's schema allows. */
#ifndef WORD_GUARD_JSON_H
#define WORD_GUARD_JSON_H

#include <stdbool.h>

#include "tidegate_plugin.h"

/* A text that is read. Whatever it holds, nothing beyond `end` is looked at. */
struct json {
    const uint8_t *at;
    const uint8_t *end;
};

/* Goes beyond white space and the byte `mark`, where that is what comes next. */
bool json_takes(struct json *json, char mark);

/* Reads `true` or `false`. */
bool json_boolean(struct json *json, bool *value);

/*
 * Reads a string into the memory at `*room`, which is moved on beyond it. A string is never longer than the text that it was
 * written as, so memory of the size of the whole text has room for all of its strings.
 */
bool json_string(struct json *json, uint8_t **room, tidegate_bytes *value);

/* Whether nothing but white space is left. */
bool json_ended(struct json *json);

#endif
