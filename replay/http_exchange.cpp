#include "replay/http_exchange.hpp"

#include <event2/event.h>
#include <netdb.h>

#include <algorithm>

#include "replay/excerpt.hpp"
#include "replay/header_text.hpp"

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;
using End = Transfer::End;

constexpr std::size_t kReadSize = 16U << 10U;
constexpr std::size_t kInflowLimit = 1U << 20U;

std::string host_header(const Url& url) {
  const auto origin = url.origin();
  const auto host = origin.substr(origin.find("//") + 2);
  return url.port == (url.tls ? 443 : 80) ? host.substr(0, host.rfind(':')) : host;
}

}  // namespace

bool Inflow::read(HttpExchange& reader, HttpSocket& socket) {
  if (bytes_.size() < used_ + kReadSize) bytes_.resize(2 * (used_ + kReadSize));
  auto transfer = socket.read(bytes_.data() + used_, kReadSize);
  if (transfer.end == End::wants_read || transfer.end == End::wants_write) return false;
  const auto at = used_;
  used_ += transfer.count;
  pieces_.push_back({&reader, std::move(transfer), socket.arrival(), at});
  return pieces_.size() == 1;
}

void Inflow::deliver() {
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto piece = std::move(pieces_[i]);
    if (piece.reader != nullptr)
      piece.reader->take(piece.transfer, piece.arrival, {bytes_.data() + piece.at, piece.transfer.count});
  }
  pieces_.clear();
  used_ = 0;
}

bool Inflow::full() const {
  return used_ >= kInflowLimit;
}

void Inflow::forget(const HttpExchange& reader) {
  for (auto& piece : pieces_)
    if (piece.reader == &reader) piece.reader = nullptr;
}

HttpExchange::HttpExchange(std::uint64_t id, const HttpSite& site, HttpRequest request, StreamSink& sink)
    : id_(id),
      site_(site),
      sink_(sink),
      deadline_(site.loop->make_event(
          -1, 0, [](int, short, void* self) { static_cast<HttpExchange*>(self)->on_deadline(); }, this)) {
  for (const auto& header : site.headers)
    if (!has_header(request.headers, header.first)) request.headers.push_back(header);
  // Written as it is, a line break would smuggle in headers of whoever wrote the value.
  for (const auto& [name, value] : request.headers)
    if (!is_header(name, value)) refused_ = "header `" + excerpt(name) + "` holds a line break: not sent";
  out_ = request_text(request);
}

HttpExchange::~HttpExchange() {
  site_.inflow->forget(*this);
}

std::string HttpExchange::request_text(const HttpRequest& request) const {
  std::string text = request.method + ' ' + site_.url.path + request.path +
                     " HTTP/1.1\r\nHost: " + host_header(site_.url) + "\r\nUser-Agent: ipw-sidecar\r\n";
  for (const auto& [name, value] : request.headers) text.append(name).append(": ").append(value).append("\r\n");
  if (!has_header(request.headers, "Accept")) text += "Accept: */*\r\n";
  if (!request.body.empty() || request.method != "GET")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

void HttpExchange::begin(std::optional<HttpSocket> kept) {
  if (!refused_.empty()) return end(Cause::protocol, refused_);
  began_ = std::chrono::steady_clock::now();
  connect_until_ = began_ + to_chrono(site_.timeouts.connect);
  first_token_until_ = began_ + to_chrono(site_.timeouts.first_token);
  total_until_ = began_ + to_chrono(site_.timeouts.total);
  sink_.sent(began_);
  kept_ = kept.has_value();
  socket_ = std::move(kept);
  return kept_ ? talk() : connect();
}

void HttpExchange::connect() {
  socket_.reset();
  parser_ = ResponseParser();
  written_ = 0;
  state_ = State::resolving;
  set_deadline();
  site_.resolve(*this);
}

void HttpExchange::resolved(const Resolved& addresses) {
  if (state_ != State::resolving) return;
  if (const auto* why = std::get_if<std::string>(&addresses))
    return end(Cause::connect, "cannot connect to " + site_.url.origin() + ": " + *why);
  addresses_ = std::get<Addresses>(addresses);
  address_ = nullptr;
  try_next("no address");
}

// Goes on to the next address; `why` the last one failed.
void HttpExchange::try_next(std::string why) {
  for (;;) {
    address_ = address_ == nullptr ? addresses_.get() : address_->ai_next;
    if (address_ == nullptr) return end(Cause::connect, "cannot connect to " + site_.url.origin() + ": " + why);
    auto connecting = HttpSocket::connect(*address_);
    if (auto* failure = std::get_if<std::string>(&connecting)) {
      why = std::move(*failure);
      continue;
    }
    readable_.reset();
    writable_.reset();
    socket_ = std::move(std::get<HttpSocket>(connecting));
    state_ = State::connecting;
    set_deadline();
    return watch(EV_WRITE);
  }
}

// The socket is ready for what connecting or shaking hands waits for.
void HttpExchange::advance() {
  if (state_ == State::connecting) {
    if (auto why = socket_->connect_error(); !why.empty()) return try_next(std::move(why));
    if (site_.tls == nullptr) return talk();
    if (!socket_->begin_tls(*site_.tls, site_.url.host))
      return end(Cause::tls, "cannot set up TLS for `" + site_.url.host + "`");
    state_ = State::shaking;
  }
  const auto done = socket_->shake_hands();
  if (done.end == End::done) return talk();
  if (done.end == End::wants_read) return watch(EV_READ);
  if (done.end == End::wants_write) return watch(EV_WRITE);
  end(Cause::tls, "cannot connect to " + site_.url.origin() + ": " +
                      (done.why.empty() ? "the server closed the connection during the TLS handshake" : done.why));
}

void HttpExchange::talk() {
  state_ = State::talking;
  set_deadline();
  watch(EV_READ);
  write();
}

void HttpExchange::write() {
  while (written_ < out_.size()) {
    const auto sent = socket_->write(out_.data() + written_, out_.size() - written_);
    if (sent.end == End::wants_write) return watch(EV_WRITE);
    // A server may refuse a large request with an answer while we still write: that answer is worth reading.
    if (sent.end != End::done) break;
    written_ += sent.count;
  }
  written_ = out_.size();
}

void HttpExchange::watch(short what) {
  auto& waiting = what == EV_READ ? readable_ : writable_;
  if (waiting == nullptr && what == EV_READ)
    waiting = site_.loop->make_event(
        socket_->fd(), EV_READ | EV_PERSIST,
        [](int, short, void* self) { static_cast<HttpExchange*>(self)->on_readable(); }, this);
  if (waiting == nullptr)
    waiting = site_.loop->make_event(
        socket_->fd(), EV_WRITE,
        [](int, short, void* self) {
          auto& exchange = *static_cast<HttpExchange*>(self);
          exchange.state_ == State::talking ? exchange.write() : exchange.advance();
        },
        this);
  event_add(waiting.get(), nullptr);
}

void HttpExchange::on_readable() {
  if (state_ == State::shaking) return advance();
  if (state_ != State::talking) return;
  if (site_.inflow->full()) site_.inflow->deliver();
  if (state_ == State::talking && site_.inflow->read(*this, *socket_)) event_active(site_.deliver, 0, 0);
}

void HttpExchange::take(const Transfer& transfer, Arrival arrival, std::string_view bytes) {
  if (state_ != State::talking) return;
  if (transfer.end != End::done) return connection_ended(transfer.why);
  digest(arrival, bytes);
  if (state_ == State::talking && socket_->pending()) receive_rest();
}

// The system does not announce again what TLS has already taken from it.
void HttpExchange::receive_rest() {
  std::vector<char> rest(kReadSize);
  while (state_ == State::talking && socket_->pending()) {
    const auto got = socket_->read(rest.data(), rest.size());
    if (got.end == End::wants_read || got.end == End::wants_write) return;
    if (got.end != End::done) return connection_ended(got.why);
    digest(socket_->arrival(), {rest.data(), got.count});
    if (std::chrono::steady_clock::now() >= total_until_) return on_deadline();
  }
}

void HttpExchange::digest(Arrival arrival, std::string_view bytes) {
  const auto at = std::max(arrival.at, began_);
  waited_ = std::max(waited_, arrival.waited);
  for (;;) {
    switch (parser_.next(bytes)) {
      case ResponseParser::Step::more:
        return;
      case ResponseParser::Step::head:
        sink_.response(at, parser_.status(), [this](std::string_view name) { return parser_.header(name); });
        break;
      case ResponseParser::Step::content:
        if (sink_.bytes(at, parser_.content()) && !token_seen_) {
          token_seen_ = true;
          set_deadline();
        }
        break;
      case ResponseParser::Step::whole:
        // Behind a balancer, a new connection may lead to a server that is well.
        reusable_ = bytes.empty() && written_ == out_.size() && parser_.stays_open() && parser_.status() < 500 &&
                    !socket_->pending();
        return end(Cause::complete, {});
      case ResponseParser::Step::broken:
        return end(Cause::protocol, parser_.failure());
    }
  }
}

// `why` it broke; "" when the server closed it.
void HttpExchange::connection_ended(const std::string& why) {
  // Whether an early close comes as an end or as a reset depends on what the server had read: one name for both.
  if (!parser_.heard()) {
    // The server closed the idle connection just when we used it: that is no failure of this request.
    if (std::exchange(kept_, false)) {
      readable_.reset();
      writable_.reset();
      return connect();
    }
    return end(Cause::cut, "the server closed the connection without an answer");
  }
  if (!why.empty()) return end(Cause::cut, "the connection broke: " + why);
  if (parser_.ends_with_connection()) return end(Cause::complete, {});
  end(Cause::cut, parser_.in_head() ? "the server closed the connection in the middle of the headers"
                                    : "the server closed the connection in the middle of the answer");
}

void HttpExchange::cancel() {
  end(Cause::cancelled, state_ == State::talking ? "cancelled" : "cancelled while connecting");
}

void HttpExchange::set_deadline() {
  auto until = token_seen_ ? total_until_ : std::min(first_token_until_, total_until_);
  if (state_ != State::talking) until = std::min(until, connect_until_);
  wait_until(*deadline_, until);
}

void HttpExchange::on_deadline() {
  const auto origin = "cannot connect to " + site_.url.origin() + ": ";
  switch (state_) {
    case State::resolving:
      return end(Cause::connect, origin + "`" + site_.url.host + "` was not resolved in time");
    case State::connecting:
      return end(Cause::connect, origin + "no answer in time");
    case State::shaking:
      return end(Cause::connect, origin + "the TLS handshake did not end in time");
    default:
      break;
  }
  if (token_seen_ || total_until_ <= first_token_until_)
    return end(Cause::timeout_total, "no complete answer in the total time");
  end(Cause::timeout_first_token, "no first token in time");
}

void HttpExchange::end(Cause cause, std::string reason) {
  if (state_ == State::over) return;
  state_ = State::over;
  readable_.reset();
  writable_.reset();
  deadline_.reset();
  sink_.end(std::chrono::steady_clock::now(), {cause, std::move(reason), waited_});
  site_.over(*this);
}

std::optional<HttpSocket> HttpExchange::release() {
  return reusable_ ? std::move(socket_) : std::nullopt;
}

}  // namespace ipw::replay
