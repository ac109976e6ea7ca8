#include "replay/http_client.hpp"

#include <httplib.h>
#include <strings.h>

#include <algorithm>

#include "replay/excerpt.hpp"
#include "replay/header_text.hpp"
#include "replay/response_reader.hpp"

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;

// What the library reads from and writes to.
class ReaderStream final : public httplib::Stream {
 public:
  explicit ReaderStream(ResponseReader& reader) : reader_(reader) {}

  ssize_t read(char* to, std::size_t size) override { return reader_.read(to, size); }
  ssize_t write(const char* from, std::size_t size) override {
    reader_.write({from, size});
    return static_cast<ssize_t>(size);
  }
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  ResponseReader& reader_;
};

// Whether the server says that more requests may follow. The library knows the word `close` in lower case only.
bool stays_open(const httplib::Response& response) {
  const auto connection = response.get_header_value("Connection");
  return response.version == "HTTP/1.1" && ::strcasecmp(connection.c_str(), "close") != 0;
}

std::string host_header(const Url& url) {
  const auto origin = url.origin();
  const auto host = origin.substr(origin.find("//") + 2);
  return url.port == (url.tls ? 443 : 80) ? host.substr(0, host.rfind(':')) : host;
}

}  // namespace

// The library's client without its sockets: only the part that speaks the protocol is used.
class HttpClient::Codec final : private httplib::ClientImpl {
 public:
  explicit Codec(const Url& url) : ClientImpl(url.host, url.port) {
    set_keep_alive(true);
    set_decompress(false);
    set_url_encode(false);
    set_follow_location(false);
  }
  bool converse(httplib::Stream& stream, httplib::Request& request, httplib::Response& response) {
    auto error = httplib::Error::Success;
    return process_request(stream, request, response, false, error);
  }
};

struct HttpClient::Exchange {
  httplib::Request request;
  StreamSink& sink;
  Deadlines deadlines;
};

HttpClient::HttpClient(const HttpServer& server, const Wakeup& wakeup)
    : server_(server), wakeup_(wakeup), codec_(std::make_unique<Codec>(server.url)) {}
HttpClient::~HttpClient() = default;

StreamEnd HttpClient::run(HttpRequest request, StreamSink& sink) {
  Exchange exchange{{}, sink, {}};
  exchange.request.method = std::move(request.method);
  exchange.request.path = server_.url.path + request.path;
  exchange.request.body = std::move(request.body);
  for (const auto& header : server_.headers)
    if (!has_header(request.headers, header.first)) request.headers.push_back(header);
  for (const auto& [name, value] : request.headers) {
    // The library would write a line break as it is, and with it headers of whoever wrote the value.
    if (!is_header(name, value))
      return {Cause::protocol, "header `" + excerpt(name) + "` holds a line break: not sent"};
    exchange.request.headers.emplace(name, value);
  }
  exchange.request.headers.emplace("Host", host_header(server_.url));
  exchange.request.headers.emplace("User-Agent", "ipw-sidecar");

  const bool reused = connection_ != nullptr && connection_->alive();
  if (!reused) connection_.reset();
  const auto began = std::chrono::steady_clock::now();
  exchange.deadlines.first_token = began + to_chrono(server_.timeouts.first_token);
  exchange.deadlines.total = began + to_chrono(server_.timeouts.total);
  sink.sent(began);
  for (bool again = reused;; again = false) {
    if (connection_ == nullptr)
      if (auto end = connect(exchange); end.cause != Cause::complete) return end;
    bool heard = false;
    auto end = converse(exchange, heard);
    // The server closed the idle connection just when we used it: that is no failure of this request.
    const bool idle_closed = again && !heard && end.cause == Cause::cut;
    if (!idle_closed) return end;
  }
}

StreamEnd HttpClient::connect(const Exchange& exchange) {
  const auto now = std::chrono::steady_clock::now();
  const auto until = std::min(now + to_chrono(server_.timeouts.connect), exchange.deadlines.next());
  auto opened = ServerConnection::open(server_.url, server_.tls.get(), {until, &wakeup_});
  if (auto* failure = std::get_if<StreamEnd>(&opened)) return std::move(*failure);
  connection_ = std::move(std::get<std::unique_ptr<ServerConnection>>(opened));
  return {};
}

StreamEnd HttpClient::converse(Exchange& exchange, bool& heard) {
  ResponseReader reader(*connection_, exchange.deadlines, wakeup_);
  ReaderStream stream(reader);
  bool responded = false;
  const auto respond = [&](const httplib::Response& response) {
    responded = true;
    reader.head_ended();
    if (response.status < 200) {
      reader.fail(
          {Cause::protocol, "the server sends HTTP " + std::to_string(response.status) + ", which nobody asked for"});
      return false;
    }
    exchange.sink.response(reader.read_at(), response.status,
                           [&](std::string_view name) { return response.get_header_value(std::string(name)); });
    return true;
  };
  exchange.request.response_handler = respond;
  exchange.request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    reader.content_taken();
    if (exchange.sink.bytes(reader.read_at(), {data, size})) exchange.deadlines.first_token_seen = true;
    return true;
  };
  httplib::Response response;
  bool parsed = false;
  try {
    parsed = codec_->converse(stream, exchange.request, response);
  } catch (const std::exception& error) {
    reader.fail({Cause::protocol, std::string("the server's answer cannot be read: ") + error.what()});
  }
  if (parsed && !responded) respond(response);  // 204: the library sees no body to announce
  heard = reader.heard();
  const bool chunked = ::strcasecmp(response.get_header_value("Transfer-Encoding").c_str(), "chunked") == 0;
  auto end = reader.end(parsed, chunked);
  if (end.cause != Cause::complete || !reader.reusable() || !stays_open(response)) connection_.reset();
  return end;
}

}  // namespace ipw::replay
