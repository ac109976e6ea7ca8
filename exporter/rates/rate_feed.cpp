#include "exporter/rates/rate_feed.hpp"

#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/log.hpp"

namespace ipw {
namespace {

using Json = nlohmann::json;

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      out += c;
      continue;
    }
    char code[4];
    std::snprintf(code, sizeof code, "%%%02X", byte);
    out += code;
  }
  return out;
}

Result<double> number_of(const Json& sample, double least) {
  const bool pair = sample.is_array() && sample.size() == 2 && sample[1].is_string();
  if (!pair) return Error{Errc::invalid, "the answer is not that of a Prometheus"};
  const auto text = sample[1].get<std::string>();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !std::isfinite(value))
    return Error{Errc::invalid, "`" + text + "` is no number"};
  if (value < least) return Error{Errc::invalid, text + " is too small"};
  return value;
}

}  // namespace

Result<double> instant_value(const std::string& answer, double least) {
  const Error wrong{Errc::invalid, "the answer is not that of a Prometheus"};
  const auto json = Json::parse(answer, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_object()) return wrong;
  const auto& data = json["data"];
  const auto type = data.find("resultType"), result = data.find("result");
  if (type == data.end() || result == data.end() || !result->is_array()) return wrong;
  if (*type == "scalar") return number_of(*result, least);
  if (*type != "vector") return Error{Errc::invalid, "the query gives no instant value"};
  if (result->empty()) return Error{Errc::unavailable, "the query gives no sample"};
  if (result->size() > 1)
    return Error{Errc::invalid, "the query gives " + std::to_string(result->size()) + " samples, not one"};
  const auto& sample = result->front();
  if (!sample.is_object() || !sample.contains("value")) return wrong;
  return number_of(sample["value"], least);
}

RateFeed::RateFeed(Options options, std::shared_ptr<EnergyRate> rate, const Clock& clock)
    : options_(std::move(options)),
      rate_(std::move(rate)),
      clock_(clock),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Result<double> RateFeed::ask() {
  const auto answer = options_.endpoint->get("/api/v1/query?query=" + percent_encoded(options_.query));
  if (!answer) return answer.error();
  return instant_value(*answer, 0);
}

void RateFeed::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto value = ask();
    if (value) {
      rate_->tell(*value, clock_.now());
      if (!error_.empty()) log_info("can be had again", {{"rate", options_.name}});
      error_.clear();
    } else if (error_ != value.error().message) {
      error_ = value.error().message;
      log_warn("cannot be had; the last value is used as long as it may be",
               {{"rate", options_.name}, {"reason", error_}});
    }
    if (!clock_.sleep_until(clock_.now() + to_chrono(options_.every), stop)) return;
  }
}

}  // namespace ipw
