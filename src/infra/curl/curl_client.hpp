#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/cores.hpp"
#include "base/task.hpp"
#include "infra/curl/http_exchange.hpp"

namespace codelab::infra::curl {

class MultiLoop;

struct CurlOptions {
  /// A PEM file of certificates to trust instead of the system's; empty: the system's.
  std::string ca_file;
};

/// Outbound HTTP on one event loop: HTTP/1.1, HTTP/2 over TLS, reused connections, the proxies of the standard
/// environment variables (http_proxy, https_proxy, no_proxy, ...). Certificates are verified, redirects are answers
/// like any other. Belongs to one single-threaded executor: made, used and destroyed on its thread or while it does
/// not run. It may be destroyed while calls are suspended, and must be before its io_context is.
class CurlClient {
 public:
  explicit CurlClient(const base::Executor& executor, CurlOptions options = {});
  ~CurlClient();
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  /// Runs one exchange; awaited on this client's executor. Failures of the outside are endings, not exceptions.
  /// Cancelling the awaiting task, or destroying it, breaks the exchange off. `sink` may be null: then the body is
  /// collected; it always is when the status is not 2xx. A pooled connection that turns out to be dead is replaced
  /// once, silently.
  base::Task<HttpOutcome> perform(HttpRequest request, ChunkSink* sink);

 private:
  CurlOptions options_;
  std::shared_ptr<MultiLoop> loop_;
};

/// One client for each core, made when a core first needs it. Destroyed after the cores have stopped, before they are
/// destroyed.
class CurlClients {
 public:
  explicit CurlClients(base::Cores& cores, CurlOptions options = {});
  ~CurlClients();

  /// The client of the core on whose thread this is called; std::logic_error on any other thread.
  CurlClient& local();

 private:
  base::Cores& cores_;
  CurlOptions options_;
  /// Each place is touched by its own core's thread only.
  std::vector<std::unique_ptr<CurlClient>> clients_;
};

}  // namespace codelab::infra::curl
