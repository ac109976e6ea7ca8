#include "probes/sources/apple_powermetrics_run.hpp"

#ifdef __APPLE__

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "probes/sources/apple_powermetrics.hpp"

namespace ipw::probes::sources {
namespace {

constexpr const char* kProgram = "/usr/bin/powermetrics";
constexpr std::chrono::seconds kFirstReport{5};

// The running program and the end of the pipe that it writes to. Stopped with this.
class Powermetrics {
 public:
  Powermetrics() = default;
  ~Powermetrics() {
    if (output_ >= 0) ::close(output_);
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Powermetrics(const Powermetrics&) = delete;
  Powermetrics& operator=(const Powermetrics&) = delete;

  bool start() {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    output_ = ends[0];
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    const char* const words[] = {kProgram, "--samplers", "cpu_power,gpu_power,ane_power", "-i",   "1000",
                                 "-f",     "plist",      "--hide-cpu-duty-cycle",         nullptr};
    char* const no_environment[] = {nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int error =
        ::posix_spawn(&process_, kProgram, &actions, nullptr, const_cast<char* const*>(words), no_environment);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) process_ = 0;
    return error == 0;
  }
  // What has been written since; nothing when the program has ended.
  std::optional<std::string> take() const {
    std::string all;
    for (char buffer[16384];;) {
      const auto count = ::read(output_, buffer, sizeof buffer);
      if (count > 0) all.append(buffer, static_cast<std::size_t>(count));
      if (count > 0 || (count < 0 && errno == EINTR)) continue;
      if (count < 0 && errno == EAGAIN) return all;
      return all.empty() ? std::nullopt : std::optional(all);
    }
  }
  void wait(std::chrono::milliseconds longest) const {
    pollfd readable{output_, POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(longest.count()));
  }

 private:
  pid_t process_{0};
  int output_{-1};
};

class PowermetricsSource final : public PowerSource {
 public:
  PowermetricsSource(std::unique_ptr<Powermetrics> program, const Clock& clock)
      : program_(std::move(program)), clock_(clock) {}

  Result<void> await_first(const std::string& model) {
    const auto until = std::chrono::steady_clock::now() + kFirstReport;
    while (std::chrono::steady_clock::now() < until) {
      program_->wait(std::chrono::milliseconds(100));
      if (auto ok = take(model); !ok) return Error{Errc::unavailable, ok.error().message};
      if (counters_) return {};
    }
    return Error{Errc::unavailable, std::string(kProgram) + " gave no report within 5 s"};
  }

  std::span<const Channel> channels() const override { return counters_->channels(); }

  std::vector<Result<StampedReading>> read() override {
    if (auto ok = take({}); !ok) return std::vector<Result<StampedReading>>(channels().size(), ok.error());
    return counters_->read();
  }

 private:
  Result<void> take(const std::string& model) {
    const auto text = program_->take();
    if (!text) return Error{Errc::unavailable, std::string(kProgram) + " has ended"};
    const auto now = clock_.now();
    for (const auto& report : stream_.feed(*text)) {
      if (!report) return report.error();
      if (counters_)
        counters_->add(*report, now);
      else
        counters_.emplace(*report, model, now);
    }
    return {};
  }

  std::unique_ptr<Powermetrics> program_;
  const Clock& clock_;
  PowermetricsStream stream_;
  std::optional<PowermetricsCounters> counters_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_powermetrics(const std::string& model, const Clock& clock) {
  if (::geteuid() != 0) return Error{Errc::unavailable, std::string(kProgram) + " needs root"};
  auto program = std::make_unique<Powermetrics>();
  if (!program->start()) return Error{Errc::unavailable, std::string(kProgram) + " cannot be started"};
  auto source = std::make_unique<PowermetricsSource>(std::move(program), clock);
  if (auto ok = source->await_first(model); !ok) return ok.error();
  return source;
}

}  // namespace ipw::probes::sources

#endif
