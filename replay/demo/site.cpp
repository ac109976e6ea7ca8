#include "replay/demo/site.hpp"

#include <algorithm>
#include <cstdio>

#include "replay/demo/tokens.hpp"

namespace ipw::replay::demo {
namespace {

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

struct Gauge {
  std::string_view name, help;
};

}  // namespace

Site::Site(std::vector<DemoModel> models, Misbehaviours misbehaviours)
    : models_(std::move(models)),
      misbehaviours_(std::move(misbehaviours)),
      behaviour_(misbehaviours_.of_server()),
      started_at_(unix_seconds()),
      loaded_at_(std::chrono::steady_clock::now() + to_chrono(behaviour_.loading)) {}

const DemoModel* Site::find(std::string_view name) const {
  const auto model = std::ranges::find(models_, name, &DemoModel::name);
  return model == models_.end() ? nullptr : &*model;
}

std::uint64_t Site::enter(MonoTime now) {
  if (requests_ == 0 && behaviour_.standstill > Seconds{0}) {
    const auto begin = now + to_chrono(behaviour_.standstill_after);
    standstill_ = Standstill{begin, begin + to_chrono(behaviour_.standstill)};
  }
  return ++requests_;
}

void Site::note(const Behaviour& behaviour) {
  for (const auto* what : behaviour.fell) ++fell_[what->name];
}

std::string Site::load() {
  const int worse_load = worse_load_;
  meter.weigh(worse_load > 0 ? worse_load : 100);
  const auto integral = meter.integral().count();
  char text[96];
  std::snprintf(text, sizeof text, "running %lld\nquery_seconds %lld.%09lld\n", static_cast<long long>(meter.running()),
                static_cast<long long>(integral / 1'000'000'000), static_cast<long long>(integral % 1'000'000'000));
  return text;
}

std::string Site::metrics() {
  const Gauge gauges[] = {
      {"vllm:num_requests_running", "Number of requests in model execution batches."},
      {"vllm:num_requests_waiting", "Number of requests waiting to be processed."},
  };
  std::string text;
  for (const auto& gauge : gauges) {
    text.append("# HELP ").append(gauge.name).append(" ").append(gauge.help).append("\n# TYPE ");
    text.append(gauge.name).append(" gauge\n");
    for (const auto& model : models_) {
      const bool is_running = &gauge == &gauges[0];
      const auto count = is_running ? running[model.name] + behaviour_.foreign_running : behaviour_.waiting;
      text.append(gauge.name).append("{engine=\"0\",model_name=\"");
      append_json_escaped(model.name, text);
      text.append("\"} ").append(std::to_string(count)).append(".0\n");
    }
  }
  return text;
}

std::string Site::told() const {
  std::string text =
      "requests " + std::to_string(requests_) + "\ntoo_early " + std::to_string(waits.too_early()) + '\n';
  for (const auto& [name, count] : fell_) text.append(name).append(" ").append(std::to_string(count)) += '\n';
  return text;
}

}  // namespace ipw::replay::demo
