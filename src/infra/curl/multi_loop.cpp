#include "infra/curl/multi_loop.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include <curl/curl.h>

#include "base/log.hpp"
#include "infra/curl/transfer.hpp"

namespace codelab::infra::curl {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Idle connections kept for reuse; the ones in use are bounded by the callers.
constexpr long kIdleConnections = 64;

CURLM* make_multi() {
  static std::once_flag initialised;
  std::call_once(initialised, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
  });
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) throw std::bad_alloc();
  return multi;
}

}  // namespace

/// A socket of curl's, watched but never owned: curl opens and closes it. `owner` is empty once it is let go, and the
/// waits that are still queued then do nothing.
struct MultiLoop::Watch {
  Watch(const base::Executor& executor, int socket, MultiLoop* loop) : descriptor(executor, socket), owner(loop) {}
  ~Watch() { let_go(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void let_go() {
    owner = nullptr;
    if (descriptor.is_open()) descriptor.release();
  }

  asio::posix::stream_descriptor descriptor;
  MultiLoop* owner;
  int interest = CURL_POLL_NONE;
  bool waits_to_read = false;
  bool waits_to_write = false;
};

MultiLoop::MultiLoop(const base::Executor& executor) : executor_(executor), timer_(executor), multi_(make_multi()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &MultiLoop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &MultiLoop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
}

MultiLoop::~MultiLoop() {
  for (const auto& [socket, watch] : watches_) watch->let_go();
  watches_.clear();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
  curl_multi_cleanup(multi_);
}

void MultiLoop::add(Transfer& transfer) {
  if (inside_) {
    deferred_.push_back(&transfer);
  } else {
    start(transfer);
  }
}

void MultiLoop::start(Transfer& transfer) {
  const CURLMcode added = curl_multi_add_handle(multi_, transfer.easy());
  if (added != CURLM_OK) transfer.fail_to_start(curl_multi_strerror(added));
}

void MultiLoop::remove(Transfer& transfer) {
  std::erase(deferred_, &transfer);
  // A handle that was never added, or has ended and is out already, is no error to curl.
  curl_multi_remove_handle(multi_, transfer.easy());
}

int MultiLoop::on_socket(void* /*easy*/, int socket, int interest, void* self, void* /*unused*/) {
  auto* loop = static_cast<MultiLoop*>(self);
  try {
    interest == CURL_POLL_REMOVE ? loop->unwatch(socket) : loop->watch(socket, interest);
    return 0;
  } catch (const std::exception& failure) {
    base::log::error("outbound_socket_not_watched", {{"reason", failure.what()}});
    return -1;
  }
}

int MultiLoop::on_timer(void* /*multi*/, long delay_ms, void* self) {
  auto* loop = static_cast<MultiLoop*>(self);
  if (delay_ms < 0) {
    loop->timer_.cancel();
    return 0;
  }
  loop->timer_.expires_after(std::chrono::milliseconds(delay_ms));
  loop->timer_.async_wait([weak = loop->weak_from_this()](const error_code& failure) {
    const auto alive = weak.lock();
    if (alive && !failure) alive->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void MultiLoop::watch(int socket, int interest) {
  WatchPtr& watch = watches_[socket];
  if (!watch) watch = std::make_shared<Watch>(executor_, socket, this);
  watch->interest = interest;
  arm(watch);
}

void MultiLoop::unwatch(int socket) {
  const auto found = watches_.find(socket);
  if (found == watches_.end()) return;
  found->second->let_go();
  watches_.erase(found);
}

void MultiLoop::arm(const WatchPtr& watch) {
  if ((watch->interest & CURL_POLL_IN) != 0 && !watch->waits_to_read) wait(watch, true);
  if ((watch->interest & CURL_POLL_OUT) != 0 && !watch->waits_to_write) wait(watch, false);
}

void MultiLoop::wait(const WatchPtr& watch, bool for_read) {
  (for_read ? watch->waits_to_read : watch->waits_to_write) = true;
  const auto kind = for_read ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write;
  watch->descriptor.async_wait(kind, [watch, for_read, weak = weak_from_this()](const error_code& failure) {
    const auto alive = weak.lock();
    if (alive) alive->ready(watch, for_read, failure);
  });
}

void MultiLoop::ready(const WatchPtr& watch, bool for_read, const error_code& failure) {
  (for_read ? watch->waits_to_read : watch->waits_to_write) = false;
  if (watch->owner == nullptr || failure == asio::error::operation_aborted) return;
  if ((watch->interest & (for_read ? CURL_POLL_IN : CURL_POLL_OUT)) != 0) {
    const int events = failure ? CURL_CSELECT_ERR : (for_read ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
    act(watch->descriptor.native_handle(), events);
  }
  if (watch->owner != nullptr) arm(watch);
}

void MultiLoop::act(int socket, int events) {
  int running = 0;
  inside_ = true;
  curl_multi_socket_action(multi_, socket, events, &running);
  inside_ = false;
  collect_finished();
  start_deferred();
}

void MultiLoop::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // The message dies with the removal of its handle.
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    char* owner = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    curl_multi_remove_handle(multi_, easy);
    reinterpret_cast<Transfer*>(owner)->finish(static_cast<int>(code));
  }
}

void MultiLoop::start_deferred() {
  for (Transfer* transfer : std::exchange(deferred_, {})) start(*transfer);
}

}  // namespace codelab::infra::curl
