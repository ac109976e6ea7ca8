#include "probes/http_endpoint.hpp"

#include <httplib.h>
#include <strings.h>

#include <algorithm>
#include <cstdio>

#include "probes/http_connection.hpp"
#include "probes/http_exchange.hpp"
#include "probes/http_login.hpp"

namespace ipw::probes {
namespace {

constexpr std::size_t kMaxBody = 4U << 20U;
constexpr Range<double> kTimeouts{0.001, 600};

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string shown_path(std::string_view path) {
  return std::string(path.substr(0, path.find('?')));
}

std::string in_seconds(Seconds timeout) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", timeout.value);
  return text;
}

// What the library reads from and writes to.
class ExchangeStream final : public httplib::Stream {
 public:
  explicit ExchangeStream(HttpExchange& exchange) : exchange_(exchange) {}

  ssize_t read(char* to, std::size_t size) override { return exchange_.read(to, size); }
  ssize_t write(const char* from, std::size_t size) override {
    exchange_.write({from, size});
    return static_cast<ssize_t>(size);
  }
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  HttpExchange& exchange_;
};

// The library's client without its sockets: only the part that speaks the protocol is used.
class Codec final : private httplib::ClientImpl {
 public:
  explicit Codec(const HttpUrl& url) : ClientImpl(url.host, url.port) {
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

// Whether the server says that more requests may follow. The library knows the word `close` in lower case only.
bool stays_open(const httplib::Response& response) {
  return response.version == "HTTP/1.1" && !same_name(response.get_header_value("Connection"), "close");
}

std::vector<std::string> challenges_of(const HttpEndpoint::Answer& answer) {
  std::vector<std::string> all;
  for (const auto& header : answer.headers)
    if (same_name(header.name, "WWW-Authenticate")) all.push_back(header.value);
  return all;
}

bool holds_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

}  // namespace

class HttpEndpoint::State {
 public:
  State(HttpUrl where, std::unique_ptr<TlsTrust> trust, HttpLogin who, Seconds limit)
      : url(std::move(where)),
        shown(url.shown()),
        login(std::move(who)),
        timeout(limit),
        trust_(std::move(trust)),
        codec_(url) {}

  Result<Answer> request(const Request& request) {
    const auto until = std::chrono::steady_clock::now() + to_chrono(timeout);
    auto answer = exchange(request, until);
    if (!answer || answer->status != 401 || request.anonymous) return answer;
    if (!login.learn(challenges_of(*answer))) return answer;
    answer = exchange(request, until);
    if (answer && answer->status == 401) {
      login.forget();
      connection_.reset();  // the secret's file may have changed
    }
    return answer;
  }

  Error failed(std::string_view path, std::string_view why) const {
    return {Errc::unavailable, shown + shown_path(path) + ": " + std::string(why)};
  }

  const HttpUrl url;
  const std::string shown;
  HttpLogin login;
  const Seconds timeout;

 private:
  Result<Answer> exchange(const Request& request, MonoTime until) {
    const bool reused = connection_ != nullptr && connection_->alive();
    if (!reused) connection_.reset();
    for (bool again = reused;; again = false) {
      if (connection_ == nullptr)
        if (auto ok = connect(until); !ok) return failed("", ok.error().message);
      bool idle_closed = false;
      auto answer = converse(request, until, idle_closed);
      // The server closed the idle connection just when we used it: that is no failure of this request.
      if (!again || !idle_closed) return answer;
    }
  }
  Result<void> connect(MonoTime until) {
    if (auto ok = login.refresh(); !ok) return ok;
    auto opened = HttpConnection::open(url, trust_.get(), until);
    if (!opened) return opened.error();
    connection_ = std::move(*opened);
    return {};
  }
  Result<httplib::Request> written(const Request& request) {
    httplib::Request made;
    made.method = request.method;
    made.path = url.target(request.path);
    made.body = request.body;
    for (const auto& [name, value] : request.headers) {
      // The library would write a line break as it is, and with it headers of whoever wrote the value.
      if (holds_line_break(name) || holds_line_break(value))
        return failed(request.path, "a header to send holds a line break");
      made.headers.emplace(name, value);
    }
    if (holds_line_break(made.path) || made.path.find(' ') != std::string::npos)
      return failed("", "a path to ask for holds a space or a line break");
    if (const auto authorization = request.anonymous ? "" : login.authorization(request.method, made.path);
        !authorization.empty())
      made.headers.emplace("Authorization", authorization);
    made.headers.emplace("Host", url.host_header());
    made.headers.emplace("User-Agent", "ipw-sidecar");
    made.headers.emplace("Accept-Encoding", "identity");
    return made;
  }
  Result<Answer> converse(const Request& request, MonoTime until, bool& idle_closed);

  std::unique_ptr<TlsTrust> trust_;  // null for http
  Codec codec_;
  std::unique_ptr<HttpConnection> connection_;
};

Result<HttpEndpoint::Answer> HttpEndpoint::State::converse(const Request& request, MonoTime until, bool& idle_closed) {
  auto sent = written(request);
  if (!sent) return sent.error();
  HttpExchange transfer(*connection_, until);
  ExchangeStream stream(transfer);
  Answer answer;
  bool too_long = false;
  sent->response_handler = [&](const httplib::Response& response) {
    transfer.head_ended();
    if (response.status < 200)
      transfer.fail("it answers HTTP " + std::to_string(response.status) + ", which is no end");
    return response.status >= 200;
  };
  sent->content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    transfer.content_taken();
    too_long = answer.body.size() + size > kMaxBody;
    if (!too_long) answer.body.append(data, size);
    return !too_long;
  };
  httplib::Response response;
  bool parsed = false;
  try {
    parsed = codec_.converse(stream, *sent, response);
  } catch (const std::exception&) {
    transfer.fail("its answer cannot be read");
  }
  const bool chunked = same_name(response.get_header_value("Transfer-Encoding"), "chunked");
  const auto why = transfer.end(parsed, chunked);
  idle_closed = !transfer.heard() && !transfer.timed_out();
  if (too_long || !why.empty() || !transfer.reusable() || !stays_open(response)) connection_.reset();
  if (too_long) return Error{Errc::invalid, shown + shown_path(request.path) + ": it answers with more than 4 MiB"};
  if (!why.empty())
    return failed(request.path, transfer.timed_out() ? "no whole answer within " + in_seconds(timeout) : why);
  answer.status = response.status;
  for (const auto& [name, value] : response.headers) answer.headers.push_back({name, value});
  return answer;
}

std::string_view HttpEndpoint::Answer::header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const Header& h) { return same_name(h.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

Result<HttpEndpoint> HttpEndpoint::open(Options& options, std::string_view usual_user) {
  const auto text = options.required_text("url");
  auto login = HttpLogin::from(options, usual_user);
  const auto ca_file = options.file("ca_file", "");
  const bool verify = options.flag("verify_tls", true);
  const auto timeout = options.duration("timeout", Seconds{5}, kTimeouts);
  const auto wrong = [&](std::string_view key, const std::string& message) {
    options.fail(key, message);
    return Error{Errc::invalid, options.place(key) + ": " + message};
  };
  if (text.empty()) return Error{Errc::invalid, options.place() + ": `url` is missing"};
  auto url = HttpUrl::parse(text);
  if (!url) return wrong("url", url.error().message);
  if (!ca_file.empty() && !url->tls) return wrong("ca_file", "an http URL has no certificate: use https");
  if (!ca_file.empty() && !verify) return wrong("ca_file", "it is of no use with `verify_tls: false`");
  std::unique_ptr<TlsTrust> trust;
  if (url->tls) {
    auto opened = TlsTrust::open(ca_file, verify);
    if (!opened) return wrong("ca_file", opened.error().message);
    trust = std::move(*opened);
  }
  return HttpEndpoint(std::make_unique<State>(std::move(*url), std::move(trust), std::move(login), timeout));
}

HttpEndpoint::HttpEndpoint(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpEndpoint::HttpEndpoint(HttpEndpoint&&) noexcept = default;
HttpEndpoint& HttpEndpoint::operator=(HttpEndpoint&&) noexcept = default;
HttpEndpoint::~HttpEndpoint() = default;

Result<HttpEndpoint::Answer> HttpEndpoint::request(const Request& request) {
  return state_->request(request);
}

Result<std::string> HttpEndpoint::get(const std::string& path) {
  auto answer = request({.path = path});
  if (!answer) return answer.error();
  if (answer->status != 200) return refusal(path, *answer);
  return std::move(answer->body);
}

Error HttpEndpoint::refusal(const std::string& path, const Answer& answer) const {
  const auto status = " (HTTP " + std::to_string(answer.status) + ")";
  const auto failed = [&](Errc code, std::string_view why) {
    return Error{code, state_->shown + shown_path(path) + ": " + std::string(why) + status};
  };
  if (answer.status == 401 && !state_->login.configured())
    return failed(Errc::unavailable, "it asks for a login: set `user` and `password_file` or `password_env`");
  if (answer.status == 401) return failed(Errc::unavailable, "wrong user or password");
  if (answer.status == 403) return failed(Errc::unavailable, "this user may not read it");
  if (answer.status == 429 || answer.status >= 500) return failed(Errc::retry, "it cannot answer now");
  if (answer.status / 100 == 3) return failed(Errc::invalid, "it redirects elsewhere: give the URL itself");
  if (answer.status == 404) return failed(Errc::invalid, "there is no such page");
  return failed(Errc::invalid, "it refuses the request");
}

Result<HttpEndpoint::Login> HttpEndpoint::login() {
  if (auto ok = state_->login.refresh(); !ok) return state_->failed("", ok.error().message);
  if (state_->login.user().empty()) return Login{};
  return Login{state_->login.user(), state_->login.password()};
}

const std::string& HttpEndpoint::url() const {
  return state_->shown;
}

}  // namespace ipw::probes
