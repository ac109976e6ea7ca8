#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace ipw {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { text, json };

// One named value of a log line: `target=local` in text, `"target":"local"` in JSON.
struct LogField {
  std::string_view name;
  std::string value;
};

// The program's log, on standard error. Thread-safe. Call configure_log() before threads start; without it the level is
// info and the format text. Never pass secrets or answers of models.
void configure_log(LogLevel level, LogFormat format);
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void log_debug(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::debug, m, f);
}
inline void log_info(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::info, m, f);
}
inline void log_warn(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::warn, m, f);
}
inline void log_error(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::error, m, f);
}

}  // namespace ipw
