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

}  // namespace ipw::replay
