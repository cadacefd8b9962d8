#include "http/server/response_head.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

#include "base/log.hpp"

namespace codelab::http::server {
namespace {

std::string_view reason_of(unsigned status) {
  struct Reason {
    unsigned status;
    std::string_view text;
  };
  static constexpr std::array kReasons = std::to_array<Reason>({
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  });
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.text;
  }
  return "Unknown";
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool breaks_out(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

void append_fields(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (breaks_out(name) || breaks_out(value)) {
      base::log::error("response_header_dropped", {{"reason", "line break inside"}});
      continue;
    }
    append_field(out, name, value);
  }
}

}  // namespace

Framing framing_of(const Response& response, bool is_http_1_0) {
  if (response.status < 200 || response.status == 204 || response.status == 304) return Framing::none;
  if (!response.stream) return Framing::length;
  return is_http_1_0 ? Framing::until_close : Framing::chunked;
}

void append_head(std::string& out, const Response& response, const HeadContext& context) {
  out.append("HTTP/1.1 ");
  append_number(out, response.status);
  out.append(" ").append(reason_of(response.status)).append("\r\nServer: codelab\r\nDate: ");
  out.append(context.date).append("\r\n");
  append_fields(out, response.headers);
  switch (framing_of(response, context.is_http_1_0)) {
    case Framing::length:
      out.append("Content-Length: ");
      append_number(out, response.body.size());
      out.append("\r\n");
      break;
    case Framing::chunked:
      append_field(out, "Transfer-Encoding", "chunked");
      break;
    case Framing::none:
    case Framing::until_close:
      break;
  }
  if (!context.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (context.is_http_1_0) {
    append_field(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
}

std::string format_http_date(std::int64_t unix_seconds) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm time{};
  gmtime_r(&seconds, &time);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[time.tm_wday], time.tm_mday, kMonths[time.tm_mon],
                     time.tm_year + 1900, time.tm_hour, time.tm_min, time.tm_sec);
}

}  // namespace codelab::http::server
