#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ipw::replay {

// Cuts a byte stream into the data of server-sent events: LF, CRLF or CR line ends, several `data` lines joined by LF,
// comments and other fields ignored, a byte order mark skipped. The same events however the bytes are split.
// Source: HTML Living Standard, "Server-sent events". One stream, one thread; memory is bounded by `max_event`.
class SseFramer {
 public:
  explicit SseFramer(std::size_t max_event = 16U << 20U) : max_event_(max_event) {}

  // Calls `event(std::string_view data)` -> Result<void> for each event that `bytes` completes; stops at its first
  // error. Errors: invalid, when one event grows beyond the limit.
  template <class F>
  Result<void> feed(std::string_view bytes, F&& event);
  // Whether bytes of an unfinished event are held: at the end of a stream, a cut.
  bool pending() const { return !line_.empty() || has_data_; }

 private:
  // Takes the next complete line out of `bytes`; false when there is none yet.
  bool next_line(std::string_view& bytes, std::string_view& line);
  // Digests one line; true when it ends an event whose data is in data_.
  bool digest(std::string_view line);
  // The value of a `data` line that is a whole event, because an empty line follows at once: nearly every event is. It
  // is not copied; takes the empty line off `bytes`.
  std::optional<std::string_view> whole_event(std::string_view line, std::string_view& bytes);
  Result<void> too_large() const;

  std::size_t max_event_;
  std::string line_;      // the beginning of a line whose end has not come
  std::string complete_;  // backing store of a line that was split
  std::string data_;
  bool has_data_{false};
  bool skip_lf_{false};  // the last line ended in CR: a LF right after belongs to it
  bool started_{false};
};

// Cuts a byte stream into its top-level JSON objects, whatever white space stands between them: NDJSON, or one object
// for the whole answer. The same objects however the bytes are split. An object is handed on with its last bracket, so
// that a missing line end costs nothing; what is no object is handed on up to its line end, for its reader to refuse.
// One stream, one thread; memory is bounded by `max_object`.
class JsonFramer {
 public:
  enum class Layout {
    lines,  // NDJSON: a line end inside an object means that it is broken, and ends it
    free,   // an object may stand on many lines
  };
  explicit JsonFramer(Layout layout, std::size_t max_object = 64U << 20U) : layout_(layout), max_object_(max_object) {}

  // Calls `object(std::string_view json)` -> Result<void> for each object that `bytes` completes; stops at its first
  // error. Errors: invalid, when one object grows beyond the limit.
  template <class F>
  Result<void> feed(std::string_view bytes, F&& object);
  // Whether bytes of an unfinished object are held: at the end of a stream, a cut.
  bool pending() const { return !held_.empty(); }

 private:
  // Takes the next complete object out of `bytes`; false when there is none yet.
  bool next(std::string_view& bytes, std::string_view& object);
  // Digests one byte; true when it is the object's last.
  bool ends_with(char c);
  Result<void> too_large() const;

  Layout layout_;
  std::size_t max_object_;
  std::string held_;      // the beginning of an object whose end has not come
  std::string complete_;  // backing store of an object that was split
  std::size_t depth_{0};  // of brackets open
  bool in_string_{false}, escaped_{false};
};

template <class F>
Result<void> JsonFramer::feed(std::string_view bytes, F&& object) {
  std::string_view json;
  while (next(bytes, json))
    if (auto ok = object(json); !ok) return ok;
  if (held_.size() > max_object_) return too_large();
  return {};
}

template <class F>
Result<void> SseFramer::feed(std::string_view bytes, F&& event) {
  std::string_view line;
  while (next_line(bytes, line)) {
    if (data_.size() + line.size() > max_event_) return too_large();
    if (const auto data = whole_event(line, bytes)) {
      if (auto ok = event(*data); !ok) return ok;
      continue;
    }
    if (!digest(line)) continue;
    if (auto ok = event(std::string_view(data_)); !ok) return ok;
    data_.clear();
    has_data_ = false;
  }
  if (line_.size() > max_event_) return too_large();
  return {};
}

}  // namespace ipw::replay
