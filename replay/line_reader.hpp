#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

struct gzFile_s;

namespace ipw::replay {

// The lines of a text file, plain or gzip, or of a text in memory, one after another. A byte order mark and the CR of
// CRLF are left out. Memory: one chunk and one line. One thread.
class LineReader {
 public:
  static constexpr std::size_t kLongestLine = 16u << 20;

  // Errors: invalid, `FILE: message`.
  static Result<LineReader> open(const std::string& path);
  // `text` outlives the reader; `name` stands for the file in messages.
  static LineReader from_text(std::string name, std::string_view text);

  // Moves to the next line; false at the end. Errors: invalid, `FILE:LINE: message`, for a line that is too long or not
  // UTF-8 (the next call goes on with the line after it) and for a file that cannot be read on (the next call is at
  // the end).
  Result<bool> next();

  // Of the line that next() moved to, or of the one that it complained about. Valid until the next call.
  std::string_view line() const { return line_; }
  std::uint64_t number() const { return number_; }
  std::string place() const { return name_ + ":" + std::to_string(number_); }

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };

  Result<bool> fill();
  Error unreadable() const;
  // Takes bytes up to the next line feed from the chunk; true when the line is complete.
  bool take_from_chunk();

  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;  // null for a text in memory
  std::vector<char> buffer_;
  std::string_view chunk_;  // what is left of the buffer or the text
  std::string long_line_;   // a line that spans chunks
  std::string_view line_;
  std::uint64_t number_{0};
  bool ended_{false}, overlong_{false};
};

// Whether `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace ipw::replay
