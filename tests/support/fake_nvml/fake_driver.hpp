#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/fake_nvml/fake_script.hpp"

namespace ipw::testing::fake_nvml {

enum Code {
  kOk = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNotFound = 6,
  kInsufficientSize = 7,
  kDriverNotLoaded = 9,
};

// What an nvmlDevice_t points to.
struct Handle {
  int gpu;
  int session;
  double got_at;
  int instance{-1};  // of MIG
};

// The scripted driver behind the C functions: time, sessions, handles and faults. Thread-safe; an answer that is passed
// to ask() or measure() runs under its lock and may call only what says so.
class Driver {
 public:
  // Empty, or what is wrong with the script.
  std::string load(const std::string& text);
  void set_time(std::int64_t ns);
  void on_sleep(void (*sleep)(void*, std::int64_t), void* context);
  std::int64_t wall_start() const;
  std::int64_t calls(std::string_view function) const;
  double of_power(int gpu, const std::function<double(const Waveform&)>& ask) const;

  int init();
  int shutdown();

  // answer(script, t), if the session is alive.
  template <class Answer>
  int ask(std::string_view function, Answer answer) {
    std::lock_guard lock(mutex_);
    count(function);
    return session_is_alive() ? answer(script_, now()) : int{kUninitialized};
  }
  // answer(board, t, handle), if session, handle and board are alive.
  template <class Answer>
  int ask(std::string_view function, void* device, Answer answer) {
    std::lock_guard lock(mutex_);
    count(function);
    Handle* handle = nullptr;
    if (const int code = check(device, handle); code != kOk) return code;
    return answer(script_.boards[static_cast<std::size_t>(handle->gpu)], now(), *handle);
  }
  // As ask(), for calls that a `slow` fault makes slow: half before the answer, half after.
  template <class Answer>
  int measure(std::string_view function, void* device, Answer answer) {
    const auto half = half_of_slow_call(device);
    wait(half);
    const int code = ask(function, device, answer);
    wait(half);
    return code;
  }

  // Within an answer.
  int give_handle(int gpu, int instance, void** device);
  double counter_joules(Board& board, double t) const;
  long long stamp_us(const Board& board, const Rhythm& rhythm, double t) const;

 private:
  double now() const;
  std::int64_t wall_start_locked() const;
  bool session_is_alive() const;
  int check(void* device, Handle*& handle) const;
  void count(std::string_view function);
  void load_from_environment();
  std::int64_t half_of_slow_call(void* device) const;
  void wait(std::int64_t ns);

  mutable std::mutex mutex_;
  Script script_;
  bool loaded_{false};
  std::optional<std::int64_t> virtual_ns_;
  std::int64_t start_ns_{0};
  void (*sleep_)(void*, std::int64_t){nullptr};
  void* context_{nullptr};
  int users_{0};
  int session_{0};
  double session_begin_{0};
  std::deque<Handle> handles_;  // all that were given since load(): stale ones are still pointed to
  std::map<std::string, std::int64_t, std::less<>> calls_;
};

}  // namespace ipw::testing::fake_nvml
