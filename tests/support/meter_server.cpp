#include "tests/support/meter_server.hpp"

#include <httplib.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace ipw::testing {
namespace {

constexpr const char* kNonce = "60dc2ff3";

std::string hash(const EVP_MD* with, const std::string& text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), bytes, &size, with, nullptr);
  std::string hex;
  char two[3];
  for (unsigned i = 0; i < size; ++i) {
    std::snprintf(two, sizeof two, "%02x", bytes[i]);
    hex += two;
  }
  return hex;
}

// The value of one parameter of an Authorization header.
std::string parameter(const std::string& header, const std::string& name) {
  const auto at = header.find(" " + name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  if (header[begin] == '"') return header.substr(begin + 1, header.find('"', begin + 1) - begin - 1);
  return header.substr(begin, header.find(',', begin) - begin);
}

bool digest_fits(const EVP_MD* with, const MeterServer::Asked& asked, const std::string& user,
                 const std::string& password) {
  const auto given = asked.header("Authorization");
  if (!given.starts_with("Digest ") || parameter(given, "uri") != asked.target) return false;
  const auto secret = hash(with, user + ":shelly:" + password), what = hash(with, asked.method + ":" + asked.target);
  const auto expected = hash(
      with, secret + ":" + kNonce + ":" + parameter(given, "nc") + ":" + parameter(given, "cnonce") + ":auth:" + what);
  return parameter(given, "username") == user && parameter(given, "response") == expected;
}

}  // namespace

std::string MeterServer::Asked::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

MeterServer::MeterServer(const std::optional<Certificate>& tls) : tls_(tls) {
  server_ = made();
  port_ = server_->bind_to_any_port("127.0.0.1");
  if (port_ <= 0) std::abort();
  listen();
}

MeterServer::~MeterServer() {
  away();
}

std::unique_ptr<httplib::Server> MeterServer::made() {
  std::unique_ptr<httplib::Server> server;
  if (tls_)
    server = std::make_unique<httplib::SSLServer>(tls_->certificate.get(), tls_->key.get());
  else
    server = std::make_unique<httplib::Server>();
  server->new_task_queue = [] { return new httplib::ThreadPool(4); };  // NOLINT: the server deletes it
  server->set_keep_alive_max_count(1);
  const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
    const auto reply =
        reply_to({request.method, request.target, request.body, {request.headers.begin(), request.headers.end()}});
    response.status = reply.status;
    for (const auto& [name, value] : reply.headers) response.set_header(name, value);
    response.set_content(reply.body, "application/json");
  };
  server->Get(".*", serve);
  server->Post(".*", serve);
  server->Delete(".*", serve);
  return server;
}

void MeterServer::listen() {
  listener_ = std::jthread([server = server_.get()] { server->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();  // stop() before would be lost
}

void MeterServer::away() {
  if (server_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  server_->stop();
  listener_.join();
  server_.reset();
}

void MeterServer::back() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = false;
  }
  server_ = made();
  if (!server_->bind_to_port("127.0.0.1", port_)) std::abort();
  listen();
}

void MeterServer::page(const std::string& target, Reply reply) {
  const std::lock_guard lock(mutex_);
  pages_[target] = std::move(reply);
}

void MeterServer::answer(Answerer answerer) {
  const std::lock_guard lock(mutex_);
  answerer_ = std::move(answerer);
}

void MeterServer::require(Scheme scheme, const std::string& user, const std::string& password,
                          const std::string& open) {
  const std::lock_guard lock(mutex_);
  scheme_ = scheme;
  user_ = user;
  password_ = password;
  open_ = open;
}

void MeterServer::hang(bool hangs) {
  {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
  }
  changed_.notify_all();
}

std::string MeterServer::url() const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

std::vector<std::string> MeterServer::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

MeterServer::Reply MeterServer::reply_to(const Asked& asked) {
  std::unique_lock lock(mutex_);
  asked_.push_back(asked.method + " " + asked.target);
  changed_.wait(lock, [&] { return !hangs_ || closing_; });
  if (!may_ask(asked)) {
    const std::string algorithm = scheme_ == Scheme::digest_sha256 ? "SHA-256" : "MD5";
    if (scheme_ == Scheme::basic) return {"", 401, {{"WWW-Authenticate", "Basic realm=\"shelly\""}}};
    return {"",
            401,
            {{"WWW-Authenticate",
              "Digest qop=\"auth\", realm=\"shelly\", nonce=\"" + std::string(kNonce) + "\", algorithm=" + algorithm}}};
  }
  if (answerer_)
    if (auto reply = answerer_(asked)) return *reply;
  const auto page = pages_.find(asked.target);
  if (asked.method != "GET" || page == pages_.end()) return {"Not Found", 404};
  return page->second;
}

bool MeterServer::may_ask(const Asked& asked) const {
  if (scheme_ == Scheme::none || asked.target.starts_with(open_)) return true;
  if (scheme_ == Scheme::basic) {
    std::string expected((user_.size() + password_.size() + 1) * 2 + 4, '\0');
    const auto login = user_ + ":" + password_;
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(expected.data()),
                        reinterpret_cast<const unsigned char*>(login.data()), static_cast<int>(login.size()));
    return asked.header("Authorization") == "Basic " + expected.substr(0, static_cast<std::size_t>(size));
  }
  return digest_fits(scheme_ == Scheme::digest_sha256 ? EVP_sha256() : EVP_md5(), asked, user_, password_);
}

}  // namespace ipw::testing
