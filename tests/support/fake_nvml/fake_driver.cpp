#include "tests/support/fake_nvml/fake_driver.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace ipw::testing::fake_nvml {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::string Driver::load(const std::string& text) {
  std::string wrong;
  auto script = parse_script(text, wrong);
  if (!script) return wrong;
  std::lock_guard lock(mutex_);
  script_ = std::move(*script);
  loaded_ = true;
  virtual_ns_.reset();
  start_ns_ = read_clock(CLOCK_MONOTONIC);
  if (const char* start = std::getenv("FAKE_NVML_START_NS")) start_ns_ = std::atoll(start);
  users_ = 0;
  handles_.clear();
  calls_.clear();
  return "";
}

void Driver::load_from_environment() {
  {
    std::lock_guard lock(mutex_);
    if (loaded_) return;
  }
  const char* path = std::getenv("FAKE_NVML_SCRIPT");
  std::ostringstream text;
  if (path != nullptr) text << std::ifstream(path).rdbuf();
  if (const auto wrong = load(text.str()); !wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
}

void Driver::set_time(std::int64_t ns) {
  std::lock_guard lock(mutex_);
  virtual_ns_ = std::max(ns, virtual_ns_.value_or(ns));
}

void Driver::on_sleep(void (*sleep)(void*, std::int64_t), void* context) {
  std::lock_guard lock(mutex_);
  sleep_ = sleep;
  context_ = context;
}

std::int64_t Driver::wall_start() const {
  std::lock_guard lock(mutex_);
  return wall_start_locked();
}

std::int64_t Driver::calls(std::string_view function) const {
  std::lock_guard lock(mutex_);
  const auto found = calls_.find(function);
  return found == calls_.end() ? 0 : found->second;
}

double Driver::of_power(int gpu, const std::function<double(const Waveform&)>& ask) const {
  std::lock_guard lock(mutex_);
  return ask(script_.boards.at(static_cast<std::size_t>(gpu)).power);
}

int Driver::init() {
  load_from_environment();
  std::lock_guard lock(mutex_);
  count("nvmlInit_v2");
  const double t = now();
  for (const auto& fault : script_.inits)
    if (fault.holds(t)) return fault.code;
  for (const auto& reload : script_.reloads)
    if (reload.holds(t)) return kDriverNotLoaded;
  if (users_++ == 0) {
    ++session_;
    session_begin_ = t;
  }
  return kOk;
}

int Driver::shutdown() {
  std::lock_guard lock(mutex_);
  count("nvmlShutdown");
  if (users_ == 0) return kUninitialized;
  --users_;
  return kOk;
}

int Driver::give_handle(int gpu, int instance, void** device) {
  const auto& board = script_.boards[static_cast<std::size_t>(gpu)];
  if (const auto* lost = board.fault("lost", now())) return lost->code;
  handles_.push_back({gpu, session_, now(), instance});
  *device = &handles_.back();
  return kOk;
}

double Driver::counter_joules(Board& board, double t) const {
  auto& counter = board.counter;
  auto k = counter.rhythm.last(t);
  for (const auto& fault : board.faults)
    if (fault.kind == "stuck" && fault.holds(counter.rhythm.move(k))) {
      k = counter.rhythm.last(fault.from);
      if (counter.rhythm.move(k) == fault.from) --k;
    }
  double begin = 0, start = counter.start;
  for (const auto& reload : script_.reloads)
    if (reload.to <= t) {
      begin = reload.to;
      start = 0;
    }
  return start + counter.joules(board.power, counter.rhythm.last(begin), k);
}

long long Driver::stamp_us(const Board& board, const Rhythm& rhythm, double t) const {
  if (board.stamps == "none") return 0;
  const double at = board.stamps == "update" ? rhythm.move(rhythm.last(t)) : t + board.stamps_off;
  return (wall_start_locked() + std::llround(at * 1e9)) / 1000;
}

double Driver::now() const {
  return static_cast<double>(virtual_ns_ ? *virtual_ns_ : read_clock(CLOCK_MONOTONIC) - start_ns_) * 1e-9;
}

std::int64_t Driver::wall_start_locked() const {
  if (script_.wall) return std::llround(*script_.wall * 1e6) * 1000;
  if (virtual_ns_) return 1'763'733'600'000'000'000;
  return read_clock(CLOCK_REALTIME) - (read_clock(CLOCK_MONOTONIC) - start_ns_);
}

bool Driver::session_is_alive() const {
  return users_ > 0 && std::ranges::none_of(script_.reloads, [&](const Fault& reload) {
           return session_begin_ < reload.to && now() >= reload.from;
         });
}

int Driver::check(void* device, Handle*& handle) const {
  if (!session_is_alive()) return kUninitialized;
  handle = static_cast<Handle*>(device);
  if (handle == nullptr || handle->session != session_) return kInvalidArgument;
  for (const auto& fault : script_.boards[static_cast<std::size_t>(handle->gpu)].faults)
    if (fault.kind == "lost" && now() >= fault.from && handle->got_at < fault.to) return fault.code;
  return kOk;
}

void Driver::count(std::string_view function) {
  if (const auto found = calls_.find(function); found != calls_.end())
    ++found->second;
  else
    calls_.emplace(function, 1);
}

std::int64_t Driver::half_of_slow_call(void* device) const {
  std::lock_guard lock(mutex_);
  const auto* handle = static_cast<const Handle*>(device);
  if (handle == nullptr || handle->session != session_) return 0;
  const auto* slow = script_.boards[static_cast<std::size_t>(handle->gpu)].fault("slow", now());
  return slow == nullptr ? 0 : std::llround(slow->ms * 1e6 / 2);
}

void Driver::wait(std::int64_t ns) {
  if (ns <= 0) return;
  std::unique_lock lock(mutex_);
  if (!virtual_ns_) {
    lock.unlock();
    const timespec time{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    ::nanosleep(&time, nullptr);
  } else if (sleep_ != nullptr) {
    auto* const sleep = sleep_;
    auto* const context = context_;
    lock.unlock();
    sleep(context, ns);
  } else {
    *virtual_ns_ += ns;
  }
}

}  // namespace ipw::testing::fake_nvml
