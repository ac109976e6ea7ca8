#include "replay/demo_server.hpp"

#include "replay/demo/chat_exchange.hpp"
#include "replay/demo/loop.hpp"
#include "replay/demo/page_exchange.hpp"
#include "replay/demo/site.hpp"

namespace ipw::replay {

struct DemoServer::Impl {
  std::string origin;
  demo::Site site;
  std::unique_ptr<demo::Loop> loop;  // last: its thread uses the site
};

Result<std::unique_ptr<DemoServer>> DemoServer::start(std::vector<DemoModel> models, const std::string& host, int port,
                                                      demo::Misbehaviours misbehaviours) {
  auto impl = std::unique_ptr<Impl>(new Impl{{}, {std::move(models), std::move(misbehaviours)}, {}});
  auto accept = [&site = impl->site](const demo::Request& head) -> std::unique_ptr<demo::Exchange> {
    if (head.method == "POST" && head.path == "/v1/chat/completions") return std::make_unique<demo::ChatExchange>(site);
    return std::make_unique<demo::PageExchange>(site);
  };
  auto loop = demo::Loop::start(host, port, std::move(accept));
  if (!loop) return loop.error();
  impl->loop = std::move(*loop);
  const bool ipv6 = host.find(':') != std::string::npos;
  impl->origin = "http://" + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(impl->loop->port());
  return std::unique_ptr<DemoServer>(new DemoServer(std::move(impl)));
}

DemoServer::DemoServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DemoServer::~DemoServer() = default;
int DemoServer::port() const {
  return impl_->loop->port();
}
std::string DemoServer::url() const {
  return impl_->origin + "/v1";
}
std::string DemoServer::load_url() const {
  return impl_->origin + "/load";
}
void DemoServer::worsen(int load_percent) {
  impl_->site.worsen(load_percent);
}

}  // namespace ipw::replay
