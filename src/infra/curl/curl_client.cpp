#include "infra/curl/curl_client.hpp"

#include <stdexcept>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "infra/curl/multi_loop.hpp"
#include "infra/curl/transfer.hpp"

namespace codelab::infra::curl {
namespace asio = boost::asio;

namespace {

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

CurlClient::CurlClient(const base::Executor& executor, CurlOptions options)
    : options_(std::move(options)), loop_(std::make_shared<MultiLoop>(executor)) {}

CurlClient::~CurlClient() = default;

base::Task<HttpOutcome> CurlClient::perform(HttpRequest request, ChunkSink* sink) {
  Transfer transfer(loop_, std::move(request), sink, options_);
  transfer.start();
  while (!transfer.finished()) {
    transfer.set_alarm();
    // A cancellation ends this wait; the next one then throws, and the transfer goes with the frame.
    co_await transfer.alarm().async_wait(kAwaitTuple);
    transfer.check_timeouts(Transfer::Clock::now());
  }
  co_return transfer.take_outcome();
}

CurlClients::CurlClients(base::Cores& cores, CurlOptions options)
    : cores_(cores), options_(std::move(options)), clients_(cores.size()) {}

CurlClients::~CurlClients() = default;

CurlClient& CurlClients::local() {
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    if (!cores_.context(i).get_executor().running_in_this_thread()) continue;
    if (!clients_[i]) clients_[i] = std::make_unique<CurlClient>(cores_.executor(i), options_);
    return *clients_[i];
  }
  throw std::logic_error("outbound HTTP was asked for outside of every core");
}

}  // namespace codelab::infra::curl
