#include "tests/support/scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

namespace ipw::testing {
namespace {

int listen_on_loopback(int& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket, 1024) != 0) std::abort();
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return socket;
}

std::size_t content_length(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 16, nullptr, 10);
}

}  // namespace

long Peer::receive(char* to, std::size_t size) {
  return tls_ == nullptr ? ::recv(socket_, to, size, 0) : SSL_read(tls_, to, static_cast<int>(size));
}

std::string Peer::read_request() {
  std::size_t whole = std::string::npos;
  for (;;) {
    const auto head = buffer_.find("\r\n\r\n");
    if (head != std::string::npos) whole = head + 4 + content_length(buffer_.substr(0, head + 2));
    if (buffer_.size() >= whole && whole != std::string::npos) break;
    char bytes[4096];
    const auto got = receive(bytes, sizeof bytes);
    if (got <= 0) return {};
    buffer_.append(bytes, static_cast<std::size_t>(got));
  }
  auto request = buffer_.substr(0, whole);
  buffer_.erase(0, whole);
  note_(request);
  return request;
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = tls_ == nullptr ? ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                      : SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Peer::wait_for_close() {
  char bytes[4096];
  while (receive(bytes, sizeof bytes) > 0) {
  }
}

void Peer::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, std::optional<Certificate> tls)
    : scripts_(std::move(scripts)), listener_(listen_on_loopback(port_)) {
  if (tls) {
    ::signal(SIGPIPE, SIG_IGN);
    tls_ = {SSL_CTX_new(TLS_server_method()), [](SSL_CTX* context) { SSL_CTX_free(context); }};
    SSL_CTX_use_certificate(tls_.get(), tls->certificate.get());
    SSL_CTX_use_PrivateKey(tls_.get(), tls->key.get());
  }
  acceptor_ = std::jthread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  connections_.clear();
  ::close(listener_);
}

void ScriptedServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    std::lock_guard lock(mutex_);
    open_.push_back(socket);
    if (closing_) ::shutdown(socket, SHUT_RDWR);
    const auto number = accepted_++;
    connections_.emplace_back([this, socket, number] { serve(socket, number); });
  }
}

void ScriptedServer::serve(int socket, std::size_t number) {
  SSL* tls = tls_ == nullptr ? nullptr : SSL_new(tls_.get());
  if (tls != nullptr) SSL_set_fd(tls, socket);
  if (tls == nullptr || SSL_accept(tls) == 1) {
    Peer peer(socket, tls, [this](std::string request) {
      std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
    });
    scripts_[std::min(number, scripts_.size() - 1)](peer);
    if (tls != nullptr) SSL_shutdown(tls);
  }
  SSL_free(tls);
  std::lock_guard lock(mutex_);
  std::erase(open_, socket);
  ::close(socket);
  ++finished_;
  changed_.notify_all();
}

std::size_t ScriptedServer::connections() const {
  std::lock_guard lock(mutex_);
  return accepted_;
}

std::vector<std::string> ScriptedServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::await_finished(std::size_t scripts) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return finished_ >= scripts; });
}

int closed_port() {
  int port = 0;
  ::close(listen_on_loopback(port));
  return port;
}

std::string http_response(std::string_view status, std::string_view headers, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chunked(std::string_view body) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  return size + std::string(body) + "\r\n";
}

std::string openai_response(std::string_view text) {
  std::string response(kStreamHead);
  response += chunked("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(text) + "\"}}]}\n\n");
  response += chunked("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
  response +=
      chunked("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n");
  return response + std::string(kLastChunk);
}

}  // namespace ipw::testing
