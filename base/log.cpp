#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>

#include "base/text.hpp"
#include "base/time.hpp"

namespace ipw {
namespace {

std::atomic<LogFormat> format{LogFormat::text};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("ipw", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

constexpr const char* name(LogLevel level) {
  constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
  return kNames[static_cast<int>(level)];
}

constexpr spdlog::level::level_enum engine_level(LogLevel level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                   spdlog::level::err};
  return kLevels[static_cast<int>(level)];
}

// Escapes what would end the line or the string, so that a hostile text stays one value of one line.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_plain(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:+%@[]";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string as_text(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = rfc3339(std::chrono::system_clock::now());
  line += std::string(" ") + name(level) + "  ";
  for (const char c : message) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  for (const auto& field : fields) {
    line += "  " + std::string(field.name) + "=";
    if (is_plain(field.value))
      line += field.value;
    else
      append_quoted(line, field.value);
  }
  return line;
}

std::string as_json(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line =
      "{\"time\":\"" + rfc3339(std::chrono::system_clock::now()) + "\",\"level\":\"" + name(level) + "\",\"message\":";
  append_quoted(line, message);
  for (const auto& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    append_quoted(line, field.value);
  }
  return line + "}";
}

}  // namespace

void configure_log(LogLevel level, LogFormat chosen) {
  format = chosen;
  logger().set_level(engine_level(level));
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!logger().should_log(engine_level(level))) return;
  const auto line =
      valid_utf8(format == LogFormat::json ? as_json(level, message, fields) : as_text(level, message, fields));
  logger().log(engine_level(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace ipw
