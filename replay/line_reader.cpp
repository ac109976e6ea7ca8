#include "replay/line_reader.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ipw::replay {
namespace {

constexpr std::size_t kChunk = 256u << 10;

// Bytes of the well-formed character that `text` begins with; 0 when there is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !continues(1)) return 0;
  if (lead < 0xE0) return 2;
  if (!continues(2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0, surrogate = lead == 0xED && byte(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = lead == 0xF0 && byte(1) < 0x90, beyond = lead == 0xF4 && byte(1) >= 0x90;
  return overlong || beyond || !continues(3) ? 0 : 4;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::uint64_t eight = 0;
    if (text.size() >= sizeof eight) {
      std::memcpy(&eight, text.data(), sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        text.remove_prefix(sizeof eight);
        continue;
      }
    }
    const auto length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void LineReader::Close::operator()(gzFile_s* file) const {
  gzclose(file);
}

Result<LineReader> LineReader::open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return Error{Errc::invalid, path + ": is a folder, expected a file"};
  LineReader reader;
  reader.name_ = path;
  errno = 0;
  reader.file_.reset(gzopen(path.c_str(), "rb"));
  if (!reader.file_) return Error{Errc::invalid, path + ": cannot be opened: " + std::strerror(errno)};
  gzbuffer(reader.file_.get(), kChunk);
  reader.buffer_.resize(kChunk);
  return reader;
}

LineReader LineReader::from_text(std::string name, std::string_view text) {
  LineReader reader;
  reader.name_ = std::move(name);
  reader.chunk_ = text;
  return reader;
}

Error LineReader::unreadable() const {
  int code = Z_OK;
  const std::string message = gzerror(file_.get(), &code);
  const std::string cause = code == Z_ERRNO       ? std::strerror(errno)
                            : code == Z_BUF_ERROR ? "the gzip data end too early: the file was cut"
                                                  : "the gzip data are damaged: " + message;
  return {Errc::invalid, name_ + ":" + std::to_string(number_ + 1) + ": cannot be read on: " + cause};
}

Result<bool> LineReader::fill() {
  if (!file_) return false;
  const int got = gzread(file_.get(), buffer_.data(), static_cast<unsigned>(buffer_.size()));
  int code = Z_OK;
  gzerror(file_.get(), &code);
  // A cut file gives its last bytes before the error; they hold no whole line that could be trusted to be the last.
  if (got < 0 || (got == 0 && code != Z_OK && code != Z_STREAM_END)) return unreadable();
  chunk_ = {buffer_.data(), static_cast<std::size_t>(got)};
  return got > 0;
}

bool LineReader::take_from_chunk() {
  const auto feed = chunk_.find('\n');
  const bool complete = feed != std::string_view::npos;
  const auto part = chunk_.substr(0, feed);
  chunk_.remove_prefix(complete ? feed + 1 : chunk_.size());
  overlong_ |= long_line_.size() + part.size() > kLongestLine;
  if (complete && long_line_.empty()) {
    line_ = overlong_ ? std::string_view{} : part;
    return true;
  }
  if (overlong_)
    long_line_.clear();
  else
    long_line_.append(part);
  line_ = long_line_;
  return complete;
}

Result<bool> LineReader::next() {
  long_line_.clear();
  line_ = {};
  overlong_ = false;
  bool begun = false;
  for (bool complete = false; !complete && !ended_;) {
    if (chunk_.empty()) {
      const auto more = fill();
      ended_ = !more || !*more;
      if (!more) return more.error();
      if (ended_) break;
    }
    begun = true;
    complete = take_from_chunk();
  }
  if (!begun) return false;

  ++number_;
  if (overlong_)
    return Error{Errc::invalid, place() + ": the line is longer than " + std::to_string(kLongestLine >> 20) + " MiB"};
  if (number_ == 1 && line_.starts_with("\xEF\xBB\xBF")) line_.remove_prefix(3);
  if (line_.ends_with('\r')) line_.remove_suffix(1);
  if (!is_utf8(line_)) return Error{Errc::invalid, place() + ": the line is not UTF-8"};
  return true;
}

}  // namespace ipw::replay
