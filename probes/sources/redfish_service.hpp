#pragma once

#include <string>

#include "probes/http_endpoint.hpp"
#include "probes/meter_answer.hpp"

namespace ipw::probes::sources {

// A BMC's Redfish service, with the session that it gives to whom its options name: opened with the first request,
// again when it has run out, ended with the service. Where it offers no sessions, every request carries the login.
// Not thread-safe.
class RedfishService {
 public:
  explicit RedfishService(HttpEndpoint endpoint) : endpoint_(std::move(endpoint)) {}
  // Ends the session; a BMC has few of them.
  ~RedfishService();
  RedfishService(const RedfishService&) = delete;
  RedfishService& operator=(const RedfishService&) = delete;

  // Errors: as HttpEndpoint::get, and invalid, when the answer is not JSON.
  Result<MeterAnswer> get(const std::string& path);
  // Whether it did answer the latest request, whatever it said.
  bool answers() const { return answers_; }
  const std::string& url() const { return endpoint_.url(); }

 private:
  enum class Way { unknown, open, session, every_request };
  Result<void> log_in();
  Result<HttpEndpoint::Answer> ask(const std::string& method, const std::string& path);

  HttpEndpoint endpoint_;
  Way way_{Way::unknown};
  std::string token_, session_;  // and the session's path
  bool answers_{false};
};

// What a link of Redfish (`@odata.id`) points at: a path below /redfish/ of the same service, or "".
std::string redfish_path(std::string_view link);

}  // namespace ipw::probes::sources
