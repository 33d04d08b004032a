// The least that a test needs.
#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the test with the line of what is not so.
#define CHECK(so)                                                         \
    do {                                                                  \
        if (!(so)) {                                                      \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #so); \
            std::exit(1);                                                 \
        }                                                                 \
    } while (false)
