#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ipw::replay {

// Reads one HTTP/1.1 response (RFC 9112) as its bytes come, in any chunking, without copying its content. Informational
// responses (1xx) are passed over. What a hostile server may send is bounded: 8 KiB a header line, 64 KiB of headers,
// 64 KiB of chunk framing since the last content. Pure: no socket, no clock. One thread.
class ResponseParser {
 public:
  enum class Step {
    more,     // all bytes are taken, and the response goes on
    head,     // status and headers are there
    content,  // `content()` is the next piece of the body
    whole,    // the response is complete; what follows is not part of it
    broken,   // `failure()` says why
  };
  // Takes the bytes of the next step off the front of `bytes`.
  Step next(std::string_view& bytes);

  // REQUIRES: content was the last step; valid as long as the bytes given to it.
  std::string_view content() const { return content_; }
  const std::string& failure() const { return failure_; }

  // REQUIRES, of these three: head was a step.
  int status() const { return status_; }
  // The value of a header, in any case of its name; "" when there is none.
  std::string header(std::string_view name) const;
  // Whether the server is ready for another request on this connection once the response is whole.
  bool stays_open() const;

  bool heard() const { return heard_; }      // any byte of the response has come
  bool in_head() const { return in_head_; }  // headers are still missing
  // Whether the response is whole when the connection ends here: nothing else tells where its body ends.
  bool ends_with_connection() const { return part_ == Part::until_close; }
  std::string not_http() const;

 private:
  enum class Part { status_line, header, counted, until_close, chunk_size, chunk, chunk_end, trailer, whole };

  std::optional<std::string_view> take_line(std::string_view& bytes);
  void take_content(std::string_view& bytes);
  bool frame(std::size_t bytes);
  Step read_status(std::string_view line);
  Step read_header(std::string_view line);
  Step end_head();
  Step read_chunk_size(std::string_view line);
  Step fail(std::string why);

  Part part_{Part::status_line};
  std::string beginning_;             // of the response, for messages
  std::string line_, complete_line_;  // the beginning of a line that is split over reads, and its whole
  std::string_view content_;
  std::string failure_;
  int status_{0};
  bool http11_{false}, heard_{false}, in_head_{true};
  std::vector<std::pair<std::string, std::string>> headers_;
  std::uint64_t left_{0};    // of the counted body or the chunk
  std::size_t unframed_{0};  // bytes of head or framing since the last content
};

}  // namespace ipw::replay
