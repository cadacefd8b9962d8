#include "infra/curl/transfer.hpp"

#include <algorithm>
#include <cctype>
#include <new>
#include <utility>

#include <curl/curl.h>

#include "infra/curl/curl_client.hpp"
#include "infra/curl/multi_loop.hpp"

namespace codelab::infra::curl {
namespace {

static_assert(CURL_ERROR_SIZE <= 256);

constexpr std::size_t kMaxHeaderBytes = 64UL << 10;
/// What is kept of the body of a failure.
constexpr std::size_t kMaxFailureBytes = 256UL << 10;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

long milliseconds_or_never(std::chrono::milliseconds timeout) {
  // curl reads 0 as its own default of 300 s.
  constexpr long kNever = 1'000'000'000;
  return timeout.count() > 0 ? static_cast<long>(timeout.count()) : kNever;
}

}  // namespace

Transfer::Transfer(std::shared_ptr<MultiLoop> loop, HttpRequest request, ChunkSink* sink, const CurlOptions& options)
    : loop_(std::move(loop)),
      request_(std::move(request)),
      sink_(sink),
      easy_(curl_easy_init()),
      alarm_(loop_->executor()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  configure(options);
  configure_request();
}

Transfer::~Transfer() {
  loop_->remove(*this);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(header_list_);
}

void Transfer::configure(const CurlOptions& options) {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, curl_words_.data());
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // Without it a cancelled name look-up would block the loop until the resolver thread has ended.
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, milliseconds_or_never(request_.connect_timeout));
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

void Transfer::configure_request() {
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, "codelab-core");
  // Waiting for an HTTP/2 connection that others are opening beats opening one more.
  if (request_.url.starts_with("https:")) curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, 1L);
  if (!request_.body.empty() || request_.method == "POST") {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  if (request_.method == "HEAD") curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  // No "Expect: 100-continue": it costs a round trip or a second with servers that do not know it.
  header_list_ = curl_slist_append(header_list_, "Expect:");
  for (const HttpHeader& header : request_.headers) {
    const std::string line = header.name + ": " + header.value;
    header_list_ = curl_slist_append(header_list_, line.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
}

void Transfer::start() {
  started_ = Clock::now();
  last_bytes_ = started_;
  loop_->add(*this);
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->take_header({data, size * count}) ? size * count : 0;
}

bool Transfer::take_header(std::string_view line) {
  answered_ = true;
  last_bytes_ = Clock::now();
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    broken_off_ = Ending::too_large;
    return false;
  }
  if (line.starts_with("HTTP/")) {
    outcome_.headers.clear();
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    outcome_.status = static_cast<int>(status);
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  outcome_.headers.push_back(
      {lower_case(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
  return true;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->take_body({data, size * count}) ? size * count : 0;
}

bool Transfer::take_body(std::string_view bytes) {
  last_bytes_ = Clock::now();
  body_bytes_ += bytes.size();
  if (body_bytes_ > request_.max_response_bytes) {
    broken_off_ = Ending::too_large;
    return false;
  }
  const bool success = outcome_.status >= 200 && outcome_.status < 300;
  if (success && sink_ != nullptr) return deliver(bytes);
  begin_to_flow();
  const std::size_t room = success ? bytes.size() : kMaxFailureBytes - outcome_.body.size();
  outcome_.body.append(bytes.substr(0, room));
  return true;
}

bool Transfer::deliver(std::string_view bytes) {
  Flow flow = Flow::stop;
  try {
    flow = sink_->on_chunk(bytes);
  } catch (...) {
    sink_failure_ = std::current_exception();
  }
  if (flow == Flow::flowing) begin_to_flow();
  if (flow == Flow::stop) broken_off_ = Ending::stopped;
  return flow != Flow::stop;
}

void Transfer::begin_to_flow() {
  if (std::exchange(flowing_, true)) return;
  // The idle timeout may be due before the one that the alarm is set to: the waiting owner sets it anew.
  if (next_timeout() < alarm_.expiry()) alarm_.cancel();
}

Ending Transfer::classify(int code) const {
  if (broken_off_) return *broken_off_;
  switch (code) {
    case CURLE_OK:
      return Ending::complete;
    case CURLE_OPERATION_TIMEDOUT:
      return Ending::connect_timeout;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return Ending::rejected;
    default:
      return answered_ ? Ending::cut : Ending::connect_failed;
  }
}

void Transfer::finish(int code) {
  const char* words =
      curl_words_.front() != '\0' ? curl_words_.data() : curl_easy_strerror(static_cast<CURLcode>(code));
  end(classify(code), code == CURLE_OK ? "" : words);
}

void Transfer::fail_to_start(std::string_view reason) { end(Ending::rejected, reason); }

void Transfer::end(Ending ending, std::string_view detail) {
  finished_ = true;
  outcome_.ending = ending;
  outcome_.detail = detail;
  // In the past: a wait that begins only now ends at once too.
  alarm_.expires_at(started_);
}

Transfer::Clock::time_point Transfer::next_timeout() const {
  auto next = Clock::time_point::max();
  if (request_.total_timeout.count() > 0) next = started_ + request_.total_timeout;
  if (!flowing_ && request_.first_byte_timeout.count() > 0) {
    next = std::min(next, started_ + request_.first_byte_timeout);
  }
  if (flowing_ && request_.idle_timeout.count() > 0) next = std::min(next, last_bytes_ + request_.idle_timeout);
  return next;
}

void Transfer::check_timeouts(Clock::time_point now) {
  if (finished_ || now < next_timeout()) return;
  loop_->remove(*this);
  if (request_.total_timeout.count() > 0 && now >= started_ + request_.total_timeout) {
    end(Ending::total_timeout, "the whole exchange took too long");
  } else if (flowing_) {
    end(Ending::idle_timeout, "the answer stopped flowing");
  } else {
    end(Ending::first_byte_timeout, "the answer did not begin");
  }
}

void Transfer::set_alarm() {
  if (!finished_) alarm_.expires_at(next_timeout());
}

HttpOutcome Transfer::take_outcome() {
  if (sink_failure_) std::rethrow_exception(sink_failure_);
  return std::move(outcome_);
}

}  // namespace codelab::infra::curl
