/* The frame of the programs that header.rs writes: what they check, and what they print. */
#include <stdio.h>

#include "tidegate_plugin.h"

#ifdef __cplusplus
#include <type_traits>
#define same(type, field, ...) static_assert(std::is_same<decltype(type::field), __VA_ARGS__>::value, #type "." #field)
#else
#include <stdalign.h>
#define same(type, field, ...)                                                                                           \
    _Static_assert(_Generic(((type *)0)->field, __VA_ARGS__ : 1, default : 0), #type "." #field)
#endif

#define whole(type) printf(#type ": %zu bytes, aligned to %zu\n", sizeof(type), alignof(type))
#define part(type, field)                                                                                                \
    printf(#type "." #field ": %zu bytes at %zu\n", sizeof(((type *)0)->field), offsetof(type, field))
#define constant(name) printf(#name ": %lld\n", (long long)name)

/* Warned of as one without a prototype, but for the name that the header has. */
const tidegate_plugin *SYMBOL(void) { return NULL; }

/* CHECKS */
int main(void) {
/* PRINTS */
    return 0;
}
