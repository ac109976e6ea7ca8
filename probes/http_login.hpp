#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"
#include "base/result.hpp"
#include "probes/http_digest.hpp"

namespace ipw::probes {

// Who logs in to a meter and with which secret, and how the meter wants to be told: what HttpEndpoint's options say.
// Knows nothing of connections. The secret stands in no message.
class HttpLogin {
 public:
  // Reads user, password_env, password_file, bearer_token_env and bearer_token_file; what is wrong is recorded in
  // `options`. `usual_user` stands for a `user` that is not given.
  static HttpLogin from(Options& options, std::string_view usual_user);

  bool configured() const { return !secret_.empty(); }
  const std::string& user() const { return user_; }
  const std::string& password() const { return secret_; }
  // Reads the secret's file anew, where it comes from one. Errors: unavailable.
  Result<void> refresh();

  // The value of the Authorization header; empty while the server has not asked for one that we can give. A bearer
  // token is given at once.
  std::string authorization(std::string_view method, std::string_view target);
  // Takes what the WWW-Authenticate headers of a 401 ask for. False when it cannot be answered.
  bool learn(const std::vector<std::string>& headers);
  // The server refused what we said: it is asked anew what it wants.
  void forget();

 private:
  std::string user_, secret_, file_;
  bool bearer_{false};
  std::optional<HttpChallenge> challenge_;  // what was asked for last
  unsigned count_{0};                       // of requests that answered it
};

}  // namespace ipw::probes
