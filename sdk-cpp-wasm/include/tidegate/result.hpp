// What a hook answers: a value, or why there is none.
#pragma once

#include <concepts>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace tidegate {

/// Why a hook has no verdict, or why a configuration is refused: one sentence for the operator, without secrets. It is
/// a failure of the plugin and never a verdict; the filter's `on_error` decides.
class Error {
public:
    explicit Error(std::string text) : text_(std::move(text)) {}

    /// The sentence.
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

/// Something that can say in one sentence what went wrong: `Error`, `kv::Error`, `http::Error`.
template <class E>
concept Failure = requires(const E& error) {
    { error.text() } -> std::convertible_to<std::string>;
};

/// `return fail("the key \"words\" is missing");`
inline Error fail(std::string text) { return Error(std::move(text)); }

/// A value of type `T`, or an error. There are no exceptions: looking at what is not there ends the instance.
template <class T, class E = Error>
class [[nodiscard]] Result {
public:
    /// The value, made of whatever makes a `T`.
    template <class U = T>
        requires(std::convertible_to<U &&, T> && !Failure<std::remove_cvref_t<U>> &&
                 !std::same_as<std::remove_cvref_t<U>, Result>)
    Result(U&& value) : held_(std::in_place_index<0>, std::forward<U>(value)) {}

    /// The error.
    Result(E error) : held_(std::in_place_index<1>, std::move(error)) {}

    /// The error of a service, as a sentence.
    template <Failure F>
        requires(std::same_as<E, Error> && !std::same_as<F, Error>)
    Result(const F& error) : held_(std::in_place_index<1>, Error(error.text())) {}

    /// Whether there is a value.
    bool has_value() const { return held_.index() == 0; }
    /// Whether there is a value.
    explicit operator bool() const { return has_value(); }

    /// The value, where there is one.
    T& operator*() & { return value(); }
    /// The value, where there is one.
    const T& operator*() const& { return const_cast<Result*>(this)->value(); }
    /// The value, where there is one.
    T&& operator*() && { return std::move(value()); }
    /// The value, where there is one.
    T* operator->() { return &value(); }
    /// The value, where there is one.
    const T* operator->() const { return &const_cast<Result*>(this)->value(); }

    /// The value, or this one.
    T value_or(T other) const { return has_value() ? **this : std::move(other); }

    /// The error, where there is one.
    const E& error() const {
        const E* error = std::get_if<1>(&held_);
        if (error == nullptr) std::abort();
        return *error;
    }

private:
    T& value() {
        T* value = std::get_if<0>(&held_);
        if (value == nullptr) std::abort();
        return *value;
    }

    std::variant<T, E> held_;
};

/// Nothing, or an error: `return {};` where all is well.
template <class E>
class [[nodiscard]] Result<void, E> {
public:
    /// All is well.
    Result() = default;

    /// The error.
    Result(E error) : held_(std::move(error)) {}

    /// The error of a service, as a sentence.
    template <Failure F>
        requires(std::same_as<E, Error> && !std::same_as<F, Error>)
    Result(const F& error) : held_(Error(error.text())) {}

    /// Whether all is well.
    bool has_value() const { return held_.index() == 0; }
    /// Whether all is well.
    explicit operator bool() const { return has_value(); }

    /// The error, where there is one.
    const E& error() const {
        const E* error = std::get_if<1>(&held_);
        if (error == nullptr) std::abort();
        return *error;
    }

private:
    std::variant<std::monostate, E> held_;
};

}  // namespace tidegate
