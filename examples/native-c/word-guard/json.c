#include "json.h"

static void skip_space(struct json *json) {
    while (json->at < json->end && memchr(" \t\r\n", *json->at, 4) != NULL) json->at++;
}

static size_t left(const struct json *json) { return (size_t)(json->end - json->at); }

bool json_takes(struct json *json, char mark) {
    skip_space(json);
    if (json->at == json->end || *json->at != (uint8_t)mark) return false;
    json->at++;
    return true;
}

static bool takes_word(struct json *json, tidegate_bytes word) {
    skip_space(json);
    if (!tidegate_starts_with(tidegate_bytes_of(json->at, left(json)), word)) return false;
    json->at += word.len;
    return true;
}

bool json_boolean(struct json *json, bool *value) {
    *value = takes_word(json, TIDEGATE_TEXT("true"));
    return *value || takes_word(json, TIDEGATE_TEXT("false"));
}

bool json_ended(struct json *json) {
    skip_space(json);
    return json->at == json->end;
}

/* The four hexadecimal digits of an escape. */
static bool takes_unit(struct json *json, uint32_t *unit) {
    *unit = 0;
    if (left(json) < 4) return false;
    for (int digit = 0; digit < 4; digit++) {
        uint8_t byte = *json->at++;
        uint8_t small = byte | 0x20;
        if (byte >= '0' && byte <= '9') {
            *unit = *unit * 16 + (uint32_t)(byte - '0');
        } else if (small >= 'a' && small <= 'f') {
            *unit = *unit * 16 + (uint32_t)(small - 'a' + 10);
        } else {
            return false;
        }
    }
    return true;
}

/* What stands behind `\u`: a character, or two halves of one. */
static bool takes_character(struct json *json, uint32_t *character) {
    uint32_t second;
    if (!takes_unit(json, character)) return false;
    if (*character < 0xD800 || *character > 0xDFFF) return true;
    if (*character > 0xDBFF || left(json) < 2 || json->at[0] != '\\' || json->at[1] != 'u') return false;
    json->at += 2;
    if (!takes_unit(json, &second) || second < 0xDC00 || second > 0xDFFF) return false;
    *character = 0x10000 + ((*character - 0xD800) << 10) + (second - 0xDC00);
    return true;
}

static uint8_t *put_utf8(uint8_t *to, uint32_t character) {
    if (character < 0x80) {
        *to++ = (uint8_t)character;
        return to;
    }
    if (character < 0x800) {
        *to++ = (uint8_t)(0xC0 | character >> 6);
    } else {
        if (character < 0x10000) {
            *to++ = (uint8_t)(0xE0 | character >> 12);
        } else {
            *to++ = (uint8_t)(0xF0 | character >> 18);
            *to++ = (uint8_t)(0x80 | (character >> 12 & 0x3F));
        }
        *to++ = (uint8_t)(0x80 | (character >> 6 & 0x3F));
    }
    *to++ = (uint8_t)(0x80 | (character & 0x3F));
    return to;
}

/* What stands behind a backslash. */
static bool takes_escape(struct json *json, uint8_t **to) {
    static const char marks[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t character;
    uint8_t mark;
    if (json->at == json->end) return false;
    mark = *json->at++;
    if (mark == 'u') {
        if (!takes_character(json, &character)) return false;
        *to = put_utf8(*to, character);
        return true;
    }
    found = (const char *)memchr(marks, mark, sizeof marks - 1);
    if (found == NULL) return false;
    *(*to)++ = (uint8_t)meant[found - marks];
    return true;
}

bool json_string(struct json *json, uint8_t **room, tidegate_bytes *value) {
    uint8_t *to = *room;
    if (!json_takes(json, '"')) return false;
    while (json->at < json->end) {
        uint8_t byte = *json->at++;
        if (byte == '"') {
            *value = tidegate_bytes_of(*room, (size_t)(to - *room));
            *room = to;
            return true;
        }
        if (byte < 0x20) return false;
        if (byte != '\\') {
            *to++ = byte;
        } else if (!takes_escape(json, &to)) {
            return false;
        }
    }
    return false;
}
