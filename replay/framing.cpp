#include "replay/framing.hpp"

#include <algorithm>

namespace ipw::replay {

bool SseFramer::next_line(std::string_view& bytes, std::string_view& line) {
  if (skip_lf_ && !bytes.empty()) {
    if (bytes.front() == '\n') bytes.remove_prefix(1);
    skip_lf_ = false;
  }
  // Two searches for one character each are far faster than one for either.
  const auto line_feed = bytes.find('\n');
  const auto end = std::min(line_feed, bytes.substr(0, line_feed).find('\r'));
  if (end == std::string_view::npos) {
    line_ += bytes;
    bytes = {};
    return false;
  }
  skip_lf_ = bytes[end] == '\r';
  if (line_.empty()) {
    line = bytes.substr(0, end);
  } else {
    complete_.swap(line_);
    complete_ += bytes.substr(0, end);
    line_.clear();
    line = complete_;
  }
  bytes.remove_prefix(end + 1);
  if (skip_lf_ && !bytes.empty()) {
    if (bytes.front() == '\n') bytes.remove_prefix(1);
    skip_lf_ = false;
  }
  return true;
}

std::optional<std::string_view> SseFramer::whole_event(std::string_view line, std::string_view& bytes) {
  constexpr std::string_view kData = "data: ";
  if (has_data_ || !started_ || skip_lf_ || !bytes.starts_with('\n') || !line.starts_with(kData)) return std::nullopt;
  bytes.remove_prefix(1);
  return line.substr(kData.size());
}

bool SseFramer::digest(std::string_view line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (!started_) {
    started_ = true;
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) return has_data_;
  if (!line.starts_with("data")) return false;
  line.remove_prefix(4);
  if (!line.empty()) {
    if (line.front() != ':') return false;
    line.remove_prefix(line.starts_with(": ") ? 2 : 1);
  }
  if (has_data_) data_ += '\n';
  has_data_ = true;
  data_ += line;
  return false;
}

Result<void> SseFramer::too_large() const {
  return Error{Errc::invalid, "one event of the stream is larger than " + std::to_string(max_event_) + " bytes"};
}

bool JsonFramer::next(std::string_view& bytes, std::string_view& object) {
  if (held_.empty()) bytes.remove_prefix(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size()));
  std::size_t size = 0;
  bool complete = false;
  while (size < bytes.size() && !complete) complete = ends_with(bytes[size++]);
  if (!complete) {
    held_ += bytes;
    bytes = {};
    return false;
  }
  depth_ = 0;
  in_string_ = escaped_ = false;
  object = bytes.substr(0, size);
  if (!held_.empty()) {
    complete_.swap(held_);
    complete_ += object;
    held_.clear();
    object = complete_;
  }
  bytes.remove_prefix(size);
  return true;
}

bool JsonFramer::ends_with(char c) {
  if (c == '\n' && (layout_ == Layout::lines || depth_ == 0)) return true;
  if (in_string_) {
    in_string_ = escaped_ || c != '"';
    escaped_ = !escaped_ && c == '\\';
  } else if (c == '"') {
    in_string_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if ((c == '}' || c == ']') && depth_ > 0) {
    return --depth_ == 0;
  }
  return false;
}

Result<void> JsonFramer::too_large() const {
  return Error{Errc::invalid, "one JSON object of the answer is larger than " + std::to_string(max_object_) + " bytes"};
}

}  // namespace ipw::replay
