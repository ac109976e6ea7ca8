#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "exporter/config_parts.hpp"

namespace ipw {
namespace {

Range<double> timeout_range() {
  return {0.001, 86400};
}

replay::Url read_url(Options& options) {
  const auto text = options.required_text("url");
  if (text.empty()) return {};
  auto url = replay::Url::parse(text);
  if (url) return std::move(*url);
  options.fail("url", url.error().message);
  return {};
}

std::string key_from_file(Options& options, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    options.fail("api_key_file", "cannot read `" + path + "`: " + (errno != 0 ? std::strerror(errno) : "it is empty"));
    return {};
  }
  return std::string(trim(content.str()));
}

std::string key_from_environment(Options& options, const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value != nullptr && *value != '\0') return value;
  options.fail("api_key_env", "environment variable `" + name + "` is " + (value == nullptr ? "not set" : "empty"));
  return {};
}

std::string read_api_key(Options& options) {
  const auto variable = options.text("api_key_env", ""), path = options.file("api_key_file", "");
  if (!variable.empty() && !path.empty()) {
    options.fail("api_key_file", "give either api_key_env or api_key_file, not both");
    return {};
  }
  if (variable.empty() && path.empty()) return {};
  const auto* source = variable.empty() ? "api_key_file" : "api_key_env";
  auto key = variable.empty() ? key_from_file(options, path) : key_from_environment(options, variable);
  // It becomes a header's value; it is never shown, not even here.
  const bool usable = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
  if (!usable) options.fail(source, "the key contains spaces or characters that a header cannot carry");
  return usable ? key : std::string{};
}

std::optional<Pricing> read_pricing(Options& options) {
  if (!options.has("pricing")) return std::nullopt;
  auto pricing = options.child("pricing");
  // Both are needed: a price that is not given is unknown, not 0.
  pricing.require("input_per_million");
  pricing.require("output_per_million");
  return Pricing{pricing.number("input_per_million", 0, {0, 1e6}), pricing.number("output_per_million", 0, {0, 1e6})};
}

replay::StreamTimeouts read_timeouts(Options options) {
  const replay::StreamTimeouts standard;
  return {options.duration("connect", standard.connect, timeout_range()),
          options.duration("first_token", standard.first_token, timeout_range()),
          options.duration("total", standard.total, timeout_range())};
}

}  // namespace

void read_server(Options& options, ServerConfig& server) {
  server.url = read_url(options);
  server.url_place = options.place("url");
  server.dialect = options.text("dialect", server.dialect);
  if (const auto known = replay::dialects().find(server.dialect); !known)
    options.fail("dialect", known.error().message);
  server.model = options.required_text("model");
  check_label(options, "model", server.model);
  server.api_key = read_api_key(options);
  server.request = options.child("request");
  server.timeouts = read_timeouts(options.child("timeouts"));
  server.pricing = read_pricing(options);
}

std::optional<JudgeModelConfig> read_judge_model(Options judges) {
  auto options = judges.child("llm");
  JudgeModelConfig judge;
  judge.place = judges.place("llm");
  if (!options.has("url")) {
    if (options.has("model")) options.require("url");
    if (judges.has("audit"))
      judges.fail("audit", "there is no model to audit: configure `judges.llm` with its url and model");
    return std::nullopt;
  }
  read_server(options, judge);
  judge.shares = options.text("shares", "");
  judge.concurrency = static_cast<int>(options.integer("concurrency", judge.concurrency, {1, 256}));
  judge.give_up = options.duration("give_up", judge.give_up, {1, 30 * 86400});
  return judge;
}

}  // namespace ipw
