#pragma once

#include "replay/demo/connection.hpp"
#include "replay/demo/site.hpp"

namespace ipw::replay::demo {

// Everything but chat completions: pages that are there at once.
class PageExchange final : public Exchange {
 public:
  explicit PageExchange(Site& site) : site_(site) {}

  void begin(Connection& client, const Request& request) override;
  void resume(Connection& client) override;

 private:
  bool tell_of_us(Connection& client) const;
  void answer(Connection& client) const;
  std::string models() const;

  Site& site_;
  std::string method_, path_;
};

// The reply of a server that has its model still to load.
void reply_loading(Connection& client);

}  // namespace ipw::replay::demo
