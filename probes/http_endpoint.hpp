#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"

namespace ipw::probes {

// A meter, BMC or exporter that is asked over HTTP, as the sources' options describe it:
//
//   url: https://bmc.example          required; its path is put before every path that is asked for, its query after it
//   user: admin                       with password_env: NAME or password_file: PATH; basic or digest, as it asks
//   bearer_token_env / _file          in their place
//   ca_file: PATH                     instead of the system's certificate authorities: an authority's or its own
//   verify_tls: true                  false only where the user says so
//   timeout: 5s                       of one request, connecting included
//
// One connection, kept alive and opened anew when it is lost. Redirects are not followed, no proxy is used, nothing is
// compressed, an answer over 4 MiB is refused. Credentials are given only when the server asks for them, the bearer
// token at once. Secrets are read from their file at every (re)connection and stand in no message; nor does what
// follows the `?` of a path. Owned by one source; not thread-safe.
class HttpEndpoint {
 public:
  struct Header {
    std::string name, value;
  };
  struct Request {
    std::string method{"GET"};  // or POST, DELETE
    std::string path;
    std::vector<Header> headers{};
    std::string body{};
    bool anonymous{false};  // without credentials, though the server asks for them
  };
  struct Answer {
    int status{0};
    std::vector<Header> headers;
    std::string body;
    // Of the first header of that name, whatever its case; empty when there is none.
    std::string_view header(std::string_view name) const;
  };
  struct Login {
    std::string user, password;
  };

  // Reads the keys above from `options`, and leaves finish() to the caller, who calls it before it looks at the result.
  // `usual_user` stands for a `user` that is not given. Errors: invalid, with its place.
  static Result<HttpEndpoint> open(Options& options, std::string_view usual_user = {});
  HttpEndpoint(HttpEndpoint&&) noexcept;
  HttpEndpoint& operator=(HttpEndpoint&&) noexcept;
  ~HttpEndpoint();

  // The body of a 200 answer. `path` may be empty: the URL's own. Errors: as request(), and those of refusal().
  Result<std::string> get(const std::string& path);
  // Any status is an answer here. Errors: unavailable (no answer in time, TLS not trusted: the message names the URL
  // and says which), invalid (too long).
  Result<Answer> request(const Request& request);
  // Why an answer that is not 2xx is one: unavailable (wrong password), retry (429 or 5xx), invalid (any other).
  Error refusal(const std::string& path, const Answer& answer) const;
  // The user and password as they are now, for meters that take them in other ways. Both empty when none is set.
  // Errors: unavailable (their file cannot be read).
  Result<Login> login();
  // What stands in messages: scheme, host, port, path; no secret.
  const std::string& url() const;

 private:
  class State;
  explicit HttpEndpoint(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ipw::probes
