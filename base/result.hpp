#pragma once

#include <string>
#include <utility>
#include <variant>

namespace ipw {

// What the loop that handles an error should do about it.
enum class Errc {
  retry,        // transient: the same call may succeed later
  unavailable,  // not there, or not known: go on without it
  invalid,      // the input is wrong: only its author can mend it
  cancelled,    // somebody asked us to stop
  internal,     // ours: report it
};

// Who returns an error does not log it; the loop that handles it does, once. `message` is one clear sentence that says
// where and what to do.
struct Error {
  Errc code;
  std::string message;
};

template <class T>
class Result;
template <class U, class T>
concept ValueFor =
    std::is_convertible_v<U, T> && !std::is_same_v<U, T> && !std::is_same_v<U, Error> && !std::is_same_v<U, Result<T>>;

// A value or an Error. REQUIRES: `*r` and `r->` only when `r` is true, `r.error()` only when it is false.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  // From anything that T is made of, such as unique_ptr<Derived> for unique_ptr<Base>.
  template <ValueFor<T> U>
  Result(U value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace ipw
