#include "exporter/web/http_server.hpp"

#include <httplib.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "exporter/web/connection_loop.hpp"
#include "exporter/web/give_way.hpp"
#include "exporter/web/reply.hpp"
#include "exporter/web/request_head.hpp"
#include "exporter/web/worker_pool.hpp"

namespace ipw::web {
namespace {

constexpr int kBacklog = 4096;  // the library's own is 5
constexpr std::size_t kWorthCompressing = 1024;
constexpr const char* kGzipMark = "X-Ipw-Gzip";  // set by us on the request, for the handler: compress the answer

// A request and its answer in memory: the library reads and writes here, and never waits for a socket.
class MemoryStream final : public httplib::Stream {
 public:
  MemoryStream(std::string_view in, std::string& out) : in_(in), out_(out) {}
  bool is_readable() const override { return !in_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    const auto n = in_.copy(to, size);
    in_.remove_prefix(n);
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view in_;
  std::string& out_;
};

// The accept loop hands every connection over at once, so its tasks need no queue and no thread.
class InlineTasks final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> task) override { task(); }
  void shutdown() override {}
};

bool matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return path == pattern;
  pattern.remove_suffix(1);
  return path.starts_with(pattern) && path.size() > pattern.size();
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/openmetrics-text");
}

void compress(bool accepted, Response& response) {
  if (response.body.size() <= kWorthCompressing || !is_text(response.content_type)) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepted) return;
  auto packed = gzipped(response.body);
  if (!packed) return;
  response.body = std::move(*packed);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

void fill(httplib::Response& to, Response from) {
  to.status = from.status;
  to.body = std::move(from.body);
  to.set_header("Content-Type", from.content_type);
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
}

void add_common_headers(httplib::Response& response) {
  response.headers.erase("Accept-Ranges");  // the library promises ranges on HEAD
  if (response.headers.erase("Keep-Alive") > 0) response.set_header("Connection", "keep-alive");
  const auto add = [&](const char* name, const char* value) {
    if (!response.has_header(name)) response.set_header(name, value);
  };
  add("Cache-Control", "no-store");
  add("X-Content-Type-Options", "nosniff");
  add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add("Referrer-Policy", "no-referrer");
}

std::string reason_of(int error) {
  const std::string text = std::generic_category().message(error);
  if (error == EADDRINUSE) return text + ": another program has it, perhaps another ipw-sidecar; `listen` sets ours";
  if (error == EACCES) return text + ": ports below 1024 are for root; `listen` sets ours";
  if (error == EADDRNOTAVAIL) return text + ": this machine does not have this address; `listen` sets ours";
  return (error == 0 ? "the host name is not known" : text) + "; `listen` sets it";
}

// cpp-httplib accepts connections, understands requests and writes responses; waiting is not left to it, because it
// keeps a thread per connection. answer() is thread-safe.
class Library final : public httplib::Server {
 public:
  Library(std::vector<Route> routes, ConnectionLoop& loop) : routes_(std::move(routes)), loop_(loop) {
    new_task_queue = [] { return new InlineTasks; };
    set_tcp_nodelay(true);
    // SO_REUSEADDR lets us restart while old connections linger. The default, SO_REUSEPORT, would let two sidecars
    // share one port without any error.
    set_socket_options([](socket_t socket) {
      const int on = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      fill(response, respond(request));
      return HandlerResponse::Handled;
    });
    set_post_routing_handler(
        [](const httplib::Request&, httplib::Response& response) { add_common_headers(response); });
    set_exception_handler([](const httplib::Request& request, httplib::Response& response, std::exception_ptr thrown) {
      fill(response, failure(request.path, thrown));
    });
  }
  ~Library() override { stop_accepting(); }

  // The port. Errors: unavailable.
  Result<int> listen_on(const std::string& host, int port) {
    errno = 0;
    const int bound = port == 0 ? bind_to_any_port(host) : (bind_to_port(host, port) ? port : -1);
    if (bound > 0 && ::listen(svr_sock_, kBacklog) == 0) return bound;
    const int error = errno;
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return Error{Errc::unavailable, "cannot listen on " + name + ":" + std::to_string(port) + ": " + reason_of(error)};
  }

  void start_accepting() {
    acceptor_ = std::jthread([this] {
      give_way();
      if (!listen_after_bind()) log_error("the web server cannot accept connections any more; restart the sidecar");
    });
  }

  // REQUIRES: `text` is the head of one request, with its empty line.
  Reply answer(std::string text) {
    const RequestHead head = examine(std::move(text));
    if (head.has_body && head.reads_only) return refusal(400, "a request with a body is not accepted here");
    // Where a body may follow, its end is not looked for: the connection ends instead.
    const bool close = !head.keep_alive || !head.reads_only;
    bool understood = false, ignored = false;
    Reply reply{{}, close};
    MemoryStream stream(head.text, reply.bytes);
    process_request(stream, close, ignored, [&](httplib::Request& request) {
      understood = true;
      request.headers.erase(kGzipMark);
      if (head.accepts_gzip) request.set_header(kGzipMark, "1");
    });
    if (!understood) return refusal(400, "not a request of HTTP/1.1 that this server understands");
    return reply;
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    loop_.adopt(Socket(socket));
    return true;
  }

  Response respond(const httplib::Request& request) const {
    if (request.method != "GET" && request.method != "HEAD") {
      Response refused = error_response(405, "only GET and HEAD are allowed here");
      refused.headers.emplace_back("Allow", "GET, HEAD");
      return refused;
    }
    const auto found = std::ranges::find_if(routes_, [&](const Route& r) { return matches(r.pattern, request.path); });
    if (found == routes_.end()) return error_response(404, "there is nothing at this path");
    Response response = found->handler(
        {request.path, request.params, [&request](const std::string& name) { return request.get_header_value(name); }});
    compress(request.has_header(kGzipMark), response);
    return response;
  }

  static Response failure(const std::string& path, const std::exception_ptr& thrown) {
    std::string reason = "not an exception of the standard library";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      reason = error.what();
    } catch (...) {  // NOLINT(bugprone-empty-catch): the reason stands above
    }
    log_error("a page failed", {{"path", path}, {"reason", reason}});
    return error_response(500, "this page failed; the log of the sidecar says why");
  }

  // Not Server::stop(), which does nothing while the accept loop is just about to begin.
  void stop_accepting() {
    const Socket listening(svr_sock_.exchange(INVALID_SOCKET));
    if (listening.fd() >= 0) ::shutdown(listening.fd(), SHUT_RDWR);
    if (acceptor_.joinable()) acceptor_.join();
  }

  const std::vector<Route> routes_;
  ConnectionLoop& loop_;
  std::jthread acceptor_;
};

}  // namespace

// In the order in which they depend on each other; running tasks still hand their replies to the loop.
struct HttpServer::Impl {
  Impl(ServerOptions server_options, std::vector<Route> routes)
      : options(std::move(server_options)),
        loop(options, [this](std::string head) { return library.answer(std::move(head)); }),
        library(std::move(routes), loop) {}

  Result<void> start() {
    const auto bound = library.listen_on(options.host, options.port);
    if (!bound) return bound.error();
    port = *bound;
    workers = std::make_unique<WorkerPool>(options.workers, options.max_waiting);
    waiting = std::jthread([this](std::stop_token stop) {
      give_way();
      loop.run(stop, *workers);
    });
    library.start_accepting();
    return {};
  }

  const ServerOptions options;
  ConnectionLoop loop;
  Library library;
  int port{0};
  std::unique_ptr<WorkerPool> workers;
  std::jthread waiting;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options, std::vector<Route> routes) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(routes));
  if (auto started = impl->start(); !started) return started.error();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const {
  return impl_->port;
}

}  // namespace ipw::web
