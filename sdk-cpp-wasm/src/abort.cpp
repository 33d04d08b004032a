// What the standard library does where it would throw: without this it brings a formatted output to a standard error
// that no component has.
#include <__verbose_abort>

#include <cstdarg>
#include <cstdio>

#include "../c/plugin.h"

namespace {

/// The reason goes to the gateway's log; a trap carries none.
[[noreturn]] void stop(const char* format, va_list arguments) {
    char text[256];
    const int length = std::vsnprintf(text, sizeof text, format, arguments);
    const std::size_t shown = length < 0 ? 0 : static_cast<std::size_t>(length);
    plugin_string_t message{reinterpret_cast<uint8_t*>(text), shown < sizeof text ? shown : sizeof text - 1};
    plugin_list_tuple2_string_string_t fields{};
    tidegate_plugin_log_write(TIDEGATE_PLUGIN_LOG_LEVEL_ERROR, &message, &fields);
    __builtin_trap();
}

}  // namespace

_LIBCPP_BEGIN_NAMESPACE_STD

void __libcpp_verbose_abort(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    stop(format, arguments);
}

_LIBCPP_END_NAMESPACE_STD

/// The same of the library below it, which has it from no header.
extern "C" [[noreturn]] void abort_message(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    stop(format, arguments);
}
