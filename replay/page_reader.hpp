#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "replay/transport.hpp"

namespace ipw::replay {

// What a server answered to a GET. `status` is 0 where no answer came; `end` says why.
struct Page {
  int status{0};
  std::string body;  // a larger one than 8 MiB is cut off
  StreamEnd end;
};

// Reads small pages over a transport, one after the other. One thread.
class PageReader {
 public:
  explicit PageReader(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}

  // Blocks until the page has come, or until the transport gives up or `stop` is requested.
  Page get(const std::string& path, const std::stop_token& stop);

 private:
  std::unique_ptr<Transport> transport_;
};

}  // namespace ipw::replay
