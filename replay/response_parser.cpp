#include "replay/response_parser.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "replay/excerpt.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kMaxLine = 8U << 10U;
constexpr std::size_t kMaxFraming = 64U << 10U;
constexpr std::size_t kBeginning = 100;
constexpr std::string_view kHttp = "HTTP/1.";

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

template <class Number>
bool read_whole(std::string_view text, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

ResponseParser::Step ResponseParser::next(std::string_view& bytes) {
  if (part_ == Part::status_line && beginning_.size() < kBeginning) {
    beginning_ += bytes.substr(0, kBeginning - beginning_.size());
    heard_ = !beginning_.empty();
    // At once: other protocols have no lines.
    const auto known = std::min(kHttp.size(), beginning_.size());
    if (status_ == 0 && beginning_.substr(0, known) != kHttp.substr(0, known)) return fail(not_http());
  }
  for (;;) {
    if (part_ == Part::whole) return Step::whole;
    if (bytes.empty()) return Step::more;
    if (part_ == Part::until_close || (left_ > 0 && (part_ == Part::counted || part_ == Part::chunk))) {
      take_content(bytes);
      return Step::content;
    }
    const auto line = take_line(bytes);
    if (!failure_.empty()) return Step::broken;
    if (!line) return Step::more;
    auto step = Step::more;
    switch (part_) {
      case Part::status_line:
        step = read_status(*line);
        break;
      case Part::header:
        step = line->empty() ? end_head() : read_header(*line);
        break;
      case Part::chunk_size:
        step = read_chunk_size(*line);
        break;
      case Part::chunk_end:
        if (!line->empty()) return fail("the server's chunked encoding is broken");
        part_ = Part::chunk_size;
        break;
      case Part::trailer:
        if (line->empty()) part_ = Part::whole;
        break;
      default:
        break;
    }
    if (step != Step::more) return step;
  }
}

std::string ResponseParser::header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers_, [&](const auto& header) { return same(header.first, name); });
  return found == headers_.end() ? std::string{} : found->second;
}

bool ResponseParser::stays_open() const {
  return http11_ && part_ == Part::whole && !same(header("Connection"), "close");
}

std::string ResponseParser::not_http() const {
  return "the server does not speak HTTP/1.1; its answer begins: " + excerpt(beginning_, kBeginning);
}

// The line without its end, once that is there. Most often it lies within `bytes` and is not copied.
std::optional<std::string_view> ResponseParser::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  const auto size = end == std::string_view::npos ? bytes.size() : end + 1;
  auto line = bytes.substr(0, size);
  bytes.remove_prefix(size);
  if (!frame(size)) return std::nullopt;
  if (in_head_ && line_.size() + size > kMaxLine) {
    fail("the server sends a header line of more than " + std::to_string(kMaxLine) + " bytes");
    return std::nullopt;
  }
  if (end == std::string_view::npos || !line_.empty()) line_ += line;
  if (end == std::string_view::npos) return std::nullopt;
  if (!line_.empty()) {
    complete_line_.swap(line_);
    line_.clear();
    line = complete_line_;
  }
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void ResponseParser::take_content(std::string_view& bytes) {
  unframed_ = 0;
  const auto size = part_ == Part::until_close ? bytes.size() : std::min<std::uint64_t>(left_, bytes.size());
  content_ = bytes.substr(0, size);
  bytes.remove_prefix(size);
  if (part_ == Part::until_close) return;
  left_ -= size;
  if (left_ == 0) part_ = part_ == Part::counted ? Part::whole : Part::chunk_end;
}

bool ResponseParser::frame(std::size_t bytes) {
  unframed_ += bytes;
  if (unframed_ > kMaxFraming)
    fail(std::string("the server sends more than 64 KiB of ") + (in_head_ ? "headers" : "chunk framing"));
  return failure_.empty();
}

// HTTP/1.1 200 OK
ResponseParser::Step ResponseParser::read_status(std::string_view line) {
  if (!line.starts_with(kHttp) || line.size() < 12 || line[8] != ' ' || !read_whole(line.substr(9, 3), status_) ||
      status_ < 100 || (line.size() > 12 && line[12] != ' '))
    return fail(not_http());
  http11_ = line[7] == '1';
  headers_.clear();
  part_ = Part::header;
  return Step::more;
}

ResponseParser::Step ResponseParser::read_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return fail("the server sends a header line without a name");
  headers_.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  return Step::more;
}

// RFC 9112, 6.3: where the body ends.
ResponseParser::Step ResponseParser::end_head() {
  if (status_ == 101) return fail("the server sends HTTP 101, which nobody asked for");
  if (status_ < 200) {
    part_ = Part::status_line;
    return Step::more;
  }
  in_head_ = false;
  unframed_ = 0;
  const auto coding = header("Transfer-Encoding"), length = header("Content-Length");
  if (status_ == 204 || status_ == 304) {
    part_ = Part::whole;
  } else if (!coding.empty()) {
    if (!same(coding, "chunked")) return fail("the server sends the transfer encoding `" + excerpt(coding) + "`");
    part_ = Part::chunk_size;
  } else if (!length.empty()) {
    if (!read_whole(length, left_)) return fail("the server's Content-Length is no number: " + excerpt(length));
    part_ = left_ == 0 ? Part::whole : Part::counted;
  } else {
    part_ = Part::until_close;
  }
  return Step::head;
}

ResponseParser::Step ResponseParser::read_chunk_size(std::string_view line) {
  if (!read_whole(trim(line.substr(0, line.find(';'))), left_, 16))
    return fail("the server's chunked encoding is broken");
  part_ = left_ == 0 ? Part::trailer : Part::chunk;
  return Step::more;
}

ResponseParser::Step ResponseParser::fail(std::string why) {
  failure_ = std::move(why);
  return Step::broken;
}

}  // namespace ipw::replay
