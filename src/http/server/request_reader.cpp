#include "http/server/request_reader.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "base/ids.hpp"

namespace codelab::http::server {
namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::iequals;
using boost::beast::string_view;

namespace {

/// `0 CR LF CR LF`. Beast's parser asserts that it is never shown less of a body whose first chunk is the last.
constexpr std::size_t kShortestChunkedBody = 5;
/// What Content-Length alone, which costs the client nothing, may make the server set aside.
constexpr std::uint64_t kBodyReserve = 65'536;

Method to_method(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get:
      return Method::get;
    case beast_http::verb::head:
      return Method::head;
    case beast_http::verb::post:
      return Method::post;
    case beast_http::verb::put:
      return Method::put;
    case beast_http::verb::patch:
      return Method::patch;
    case beast_http::verb::delete_:
      return Method::del;
    case beast_http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_good_request_id(std::string_view id) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, allowed);
}

/// `HTTP/` digit `.` digit at the end of the first line: a version, be it one that we do not speak.
bool names_a_version(std::string_view header) {
  const std::string_view line = header.substr(0, header.find('\r'));
  constexpr std::string_view kName = " HTTP/";
  const auto name = line.rfind(kName);
  if (name == std::string_view::npos) return false;
  const std::string_view number = line.substr(name + kName.size());
  return number.size() == 3 && is_digit(number[0]) && number[1] == '.' && is_digit(number[2]);
}

bool is_decimal(string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

}  // namespace

class RequestReader::Parser final : public beast_http::basic_parser<true> {
 public:
  Request request;
  bool is_http_1_0 = false;
  bool expects_continue = false;
  bool body_started = false;
  bool unknown_coding = false;

 private:
  void on_request_impl(beast_http::verb verb, string_view, string_view target, int version, error_code&) override {
    request.method = to_method(verb);
    request.target.assign(target.data(), target.size());
    is_http_1_0 = version < 11;
  }

  void on_response_impl(int, string_view, int, error_code&) override {}

  void on_field_impl(beast_http::field field, string_view name, string_view value, error_code& error) override {
    if (body_started) return;  // a trailer: never merged into the header that was already acted upon
    error = check(field, value);
    if (error) return;
    if (field == beast_http::field::unknown) look_for_request_id(name, value);
    request.headers.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }

  error_code check(beast_http::field field, string_view value) {
    switch (field) {
      case beast_http::field::host:
        if (std::exchange(has_host_, true)) return beast_http::error::bad_field;
        break;
      case beast_http::field::content_length:
        if (std::exchange(has_length_, true) || !is_decimal(value)) return beast_http::error::bad_content_length;
        break;
      case beast_http::field::transfer_encoding:
        return check_coding(value);
      case beast_http::field::expect:
        expects_continue = iequals(value, "100-continue");
        break;
      default:
        break;
    }
    return {};
  }

  error_code check_coding(string_view value) {
    if (is_http_1_0 || value.empty()) return beast_http::error::bad_transfer_encoding;
    if (iequals(value, "chunked")) return {};
    unknown_coding = true;
    return beast_http::error::bad_transfer_encoding;
  }

  void look_for_request_id(string_view name, string_view value) {
    if (!iequals(name, "X-Request-Id") || !is_good_request_id({value.data(), value.size()})) return;
    request.request_id.assign(value.data(), value.size());
  }

  void on_header_impl(error_code& error) override {
    if (!is_http_1_0 && !has_host_) error = beast_http::error::bad_field;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request.body.reserve(static_cast<std::size_t>(std::min(*length, kBodyReserve)));
  }

  std::size_t on_body_impl(string_view part, error_code&) override {
    request.body.append(part.data(), part.size());
    return part.size();
  }

  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, string_view part, error_code&) override {
    request.body.append(part.data(), part.size());
    return part.size();
  }

  void on_finish_impl(error_code&) override {}

  bool has_host_ = false;
  bool has_length_ = false;
};

RequestReader::RequestReader(const ServerLimits& limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;

void RequestReader::begin() {
  parser_.reset();
  line_start_ = scanned_ = 0;
  bytes_ = 0;
  started_ = taken_ = keep_alive_ = is_http_1_0_ = false;
}

RequestReader::State RequestReader::advance(ReadBuffer& input) {
  if (taken_) begin();
  if (!parser_) {
    const State state = read_header(input);
    if (state != State::complete || parser_->is_done()) return state;
    if (parser_->expects_continue && !is_http_1_0_ && input.empty()) return State::wants_continue;
  }
  return read_body(input);
}

/// Finds the end of the header and hands all of it to the parser at once.
RequestReader::State RequestReader::read_header(ReadBuffer& input) {
  if (!started_) skip_empty_lines(input);
  if (!started_ && (input.empty() || input.data() == "\r")) return State::need_more;
  started_ = true;
  const std::string_view data = input.data();
  if (!is_alphanumeric(data.front())) return fail(400);  // no method begins so: TLS, say
  for (;;) {
    const std::size_t feed = data.find('\n', scanned_);
    if (std::min(feed, data.size()) >= limits_.header_bytes) return fail(line_start_ == 0 ? 414 : 431);
    if (feed == std::string_view::npos) break;
    if (feed == 0 || data[feed - 1] != '\r') return fail(400);
    if (feed - line_start_ == 1) return parse_header(input, feed + 1);
    if (line_start_ > 0 && (data[line_start_] == ' ' || data[line_start_] == '\t')) return fail(400);
    line_start_ = scanned_ = feed + 1;
  }
  scanned_ = data.size();
  return State::need_more;
}

/// Old clients end a body with an extra line break (RFC 9112, 2.2).
void RequestReader::skip_empty_lines(ReadBuffer& input) {
  while (input.data().starts_with("\r\n")) input.consume(2);
}

RequestReader::State RequestReader::parse_header(ReadBuffer& input, std::size_t size) {
  parser_ = std::make_unique<Parser>();
  parser_->header_limit(static_cast<std::uint32_t>(size));
  parser_->body_limit(limits_.body_bytes);
  error_code error;
  const std::size_t used = parser_->put(boost::asio::const_buffer(input.data().data(), size), error);
  is_http_1_0_ = parser_->is_http_1_0;
  if (error == beast_http::error::body_limit) return fail(413);
  if (parser_->unknown_coding) return fail(501);
  if (error == beast_http::error::bad_version && names_a_version(input.data())) return fail(505);
  if (error || used != size || !parser_->is_header_done()) return fail(400);
  keep_alive_ = parser_->keep_alive();
  input.consume(size);
  bytes_ += size;
  parser_->eager(true);
  return State::complete;
}

RequestReader::State RequestReader::read_body(ReadBuffer& input) {
  const std::size_t least = parser_->chunked() && !parser_->body_started ? kShortestChunkedBody : 1;
  if (input.size() < least) return State::need_more;
  parser_->body_started = true;
  error_code error;
  const std::size_t used = parser_->put(boost::asio::const_buffer(input.data().data(), input.size()), error);
  input.consume(used);
  bytes_ += used;
  if (error == beast_http::error::need_more) error = {};
  if (error == beast_http::error::body_limit) return fail(413);
  if (error) return fail(400);
  if (parser_->is_done()) return State::complete;
  return input.size() < limits_.header_bytes ? State::need_more : fail(400);
}

Request RequestReader::take() {
  Request request = std::move(parser_->request);
  if (request.request_id.empty()) request.request_id = base::format_uuid(base::generate_uuid_v7());
  parser_.reset();
  taken_ = true;
  started_ = false;
  return request;
}

std::uint64_t RequestReader::body_remaining() const {
  if (!parser_ || !parser_->is_header_done()) return 0;
  return parser_->content_length_remaining().value_or(0);
}

Method RequestReader::method() const { return parser_ ? parser_->request.method : Method::other; }

std::string RequestReader::request_id() const {
  if (parser_ && !parser_->request.request_id.empty()) return parser_->request.request_id;
  return base::format_uuid(base::generate_uuid_v7());
}

RequestReader::State RequestReader::fail(unsigned status) {
  error_status_ = status;
  keep_alive_ = false;
  return State::failed;
}

}  // namespace codelab::http::server
