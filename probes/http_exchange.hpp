#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "probes/http_connection.hpp"

namespace ipw::probes {

// One request and its answer over a connection, as bytes: sends what was written with the first read, in one piece, and
// bounds how long the whole may take and how much of it may be headers or chunk framing. Whoever parses the answer
// tells where its head ends and what of it is content. One thread.
class HttpExchange {
 public:
  HttpExchange(HttpConnection& connection, MonoTime until) : connection_(connection), until_(until) {}

  void write(std::string_view bytes) { out_ += bytes; }
  // How many bytes were read; 0 at the connection's end; -1 after a failure.
  long read(char* to, std::size_t size);

  void head_ended();
  void content_taken() { unframed_ = 0; }
  void fail(std::string_view why);

  bool heard() const { return heard_ > 0; }
  bool timed_out() const { return timed_out_; }
  // Whether the connection can carry another exchange: open, and nothing left over.
  bool reusable() const { return failure_.empty() && !closed_ && next_ == end_; }
  // Why the answer is none; empty when it is whole. `parsed` is what the parser thinks.
  std::string end(bool parsed, bool chunked) const;

 private:
  bool fill();
  bool flush();
  bool took(const Transfer& transfer);
  bool within_limits(std::string_view bytes);

  HttpConnection& connection_;
  MonoTime until_;
  std::string out_, failure_;
  std::array<char, 16U << 10U> buffer_;
  std::size_t next_{0}, end_{0};
  std::size_t heard_{0};  // bytes at the beginning that are those of an HTTP answer
  bool closed_{false}, timed_out_{false}, in_head_{true}, first_line_{true};
  std::size_t line_{0};      // bytes of the head's current line
  std::size_t unframed_{0};  // bytes of head or framing since the last content
};

}  // namespace ipw::probes
