#pragma once

#include <optional>
#include <string>

#include "replay/demo/answer_script.hpp"
#include "replay/demo/chat_request.hpp"
#include "replay/demo/connection.hpp"
#include "replay/demo/site.hpp"

namespace ipw::replay::demo {

// A chat completion: finds the recorded answer, then plays its script to the client.
class ChatExchange final : public Exchange {
 public:
  explicit ChatExchange(Site& site) : site_(site), counted_(site.meter) {}
  ~ChatExchange() override;

  void begin(Connection& client, const Request& request) override;
  void resume(Connection& client) override;

 private:
  void start(Connection& client, const Request& request);
  bool set_behaviour(Connection& client, const Request& request);
  void answer(Connection& client, const Request& request);
  Answer answer_of(const DemoModel& model, const ChatRequest& chat, MonoTime from) const;
  void resume_whole(Connection& client);
  void resume_stream(Connection& client);
  std::optional<MonoTime> write_due(Connection& client, MonoTime now);
  void send_chunks(Connection& client, std::size_t data_at, bool more);
  void end(Connection& client) const;

  Site& site_;
  LoadMeter::Request counted_;
  std::optional<Request> held_;  // until the standstill is over
  Behaviour behaviour_;
  std::int64_t* running_{nullptr};  // the model's count, of which this is one
  std::optional<AnswerScript> script_;
  bool stream_{false};
  bool opened_{false};  // the response's headers are sent
};

}  // namespace ipw::replay::demo
