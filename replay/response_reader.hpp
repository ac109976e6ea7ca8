#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "replay/server_connection.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// When the stream of one request must have got how far.
struct Deadlines {
  MonoTime first_token, total;
  bool first_token_seen{false};

  MonoTime next() const;
  StreamEnd passed() const;  // what it means that next() has passed
};

// One exchange over a connection, as bytes: sends what was written with the first read, in one piece, stamps what comes
// when it comes, and bounds how long that may take and how much of it may be headers or chunk framing. Whoever parses
// the response tells where its head ends and what of it is content. One thread.
class ResponseReader {
 public:
  // All outlive the reader. The deadlines may change between reads.
  ResponseReader(ServerConnection& connection, const Deadlines& deadlines, const Wakeup& wakeup)
      : connection_(connection), deadlines_(deadlines), wakeup_(wakeup) {}

  void write(std::string_view bytes) { out_ += bytes; }
  // How many bytes were read; 0 at the connection's end; -1 after a failure.
  long read(char* to, std::size_t size);

  void head_ended();
  void content_taken() { unframed_ = 0; }
  void fail(StreamEnd failure) { failure_ = std::move(failure); }

  MonoTime read_at() const { return read_at_; }  // when the latest bytes came
  bool heard() const { return !beginning_.empty(); }
  // Whether the connection can carry another exchange: open, and nothing left over.
  bool reusable() const { return !failure_ && !closed_ && next_ == end_; }
  // How the response ended. `parsed` is what the parser thinks: that it is whole.
  StreamEnd end(bool parsed, bool chunked) const;

 private:
  bool fill();
  bool flush();
  void fail(const Transfer& transfer);
  bool within_limits(std::string_view bytes);

  ServerConnection& connection_;
  const Deadlines& deadlines_;
  const Wakeup& wakeup_;
  std::string out_;
  std::array<char, 16U << 10U> buffer_;
  std::size_t next_{0}, end_{0};
  MonoTime read_at_{};
  std::string beginning_;  // of the response, for messages
  std::optional<StreamEnd> failure_;
  bool closed_{false}, in_head_{true}, first_line_{true};
  std::size_t line_{0};      // bytes of the head's current line
  std::size_t unframed_{0};  // bytes of head or framing since the last content
};

}  // namespace ipw::replay
