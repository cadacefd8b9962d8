#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/describe/decode.hpp"
#include "base/describe/schema.hpp"
#include "core/page.hpp"
#include "http/api_request.hpp"
#include "http/message.hpp"
#include "http/parameters.hpp"
#include "http/problem.hpp"

namespace codelab::http {

/// A body that a handler merges into what is there: it gets the JSON, the document describes it as T.
template <class T>
struct Changes {
  boost::json::value json;
};

/// Writes a schema into the named ones and says how to refer to it.
using SchemaOf = boost::json::object (*)(base::Schemas&);

/// An answer beside the usual one: another status, or another form that Accept asks for.
struct AnswerDoc {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  SchemaOf schema = nullptr;
};

/// What the API document says of a route beyond its path.
struct RouteDoc {
  std::string_view summary;
  /// What the summary leaves out; may be empty.
  std::string_view description = {};
  unsigned status = 200;
  std::string_view content_type = "application/json";
  SchemaOf answer = nullptr;
  std::vector<Parameter> query = {};
  std::vector<Parameter> headers = {};
  std::vector<AnswerDoc> also = {};
  /// Statuses of problems beside those that every route of its kind can answer.
  std::vector<unsigned> problems = {};

  RouteDoc may_fail(std::initializer_list<unsigned> statuses) && {
    problems = statuses;
    return std::move(*this);
  }
};

/// One line of the API: who may call what, and how it is documented. Made by open() and mine() alone.
class Route {
 public:
  enum class Access : std::uint8_t { open, user };

  Method method() const { return method_; }
  std::string_view path() const { return path_; }
  Access access() const { return access_; }
  const RouteDoc& doc() const { return doc_; }
  /// Null: it takes none.
  SchemaOf body() const { return body_; }
  bool body_required() const { return body_required_; }

  /// For open routes.
  base::Task<Response> handle(ApiRequest request) const { return open_(std::move(request)); }
  /// For user routes.
  base::Task<Response> handle(UserRequest request) const { return user_(std::move(request)); }

 private:
  template <auto Handler, class Object>
  friend Route open(Method method, std::string_view path, Object& object, RouteDoc doc);
  template <auto Handler, class Object>
  friend Route mine(Method method, std::string_view path, Object& object, RouteDoc doc);

  Route(Method method, std::string_view path, Access access, RouteDoc doc)
      : method_(method), path_(path), access_(access), doc_(std::move(doc)) {}

  Method method_;
  std::string_view path_;
  Access access_;
  RouteDoc doc_;
  SchemaOf body_ = nullptr;
  bool body_required_ = true;
  std::function<base::Task<Response>(ApiRequest)> open_;
  std::function<base::Task<Response>(UserRequest)> user_;
};

/// The body's JSON, if it says that it is JSON. Errors: unsupported_media_type, malformed_json.
base::Result<boost::json::value> json_body(const Request& request);

namespace detail {

template <class>
struct HandlerTraits;
template <class Object, class Taken>
struct HandlerTraits<base::Task<Response> (Object::*)(Taken)> {
  using Request = Taken;
  using Body = void;
};
template <class Object, class Taken, class BodyType>
struct HandlerTraits<base::Task<Response> (Object::*)(Taken, BodyType)> {
  using Request = Taken;
  using Body = BodyType;
};

template <class T>
struct BodyReader {
  using Schema = T;
  static base::Result<T> read(const boost::json::value& json) { return base::decode<T>(json); }
};
template <class T>
struct BodyReader<Changes<T>> {
  using Schema = T;
  static base::Result<Changes<T>> read(boost::json::value json) { return Changes<T>{std::move(json)}; }
};

template <class T>
struct BodyReader<std::optional<T>> {
  using Schema = T;
  static base::Result<std::optional<T>> read(const boost::json::value& json) {
    auto body = base::decode<T>(json);
    if (!body) return body.error();
    return std::optional<T>(std::move(*body));
  }
};

template <auto Handler, class Object, class Taken, class Body>
base::Task<Response> call_with_body(Object& object, Taken request) {
  if constexpr (base::is_optional<Body>) {
    Body absent;
    if (request.raw.body.empty()) co_return co_await (object.*Handler)(std::move(request), std::move(absent));
  }
  auto parsed = json_body(request.raw);
  if (!parsed) co_return problem(parsed.error(), request.trace_id);
  auto body = BodyReader<Body>::read(std::move(*parsed));
  if (!body) co_return problem(body.error(), request.trace_id);
  co_return co_await (object.*Handler)(std::move(request), std::move(*body));
}

template <auto Handler, class Object>
auto bind(Object& object) {
  using Traits = HandlerTraits<decltype(Handler)>;
  return [&object](typename Traits::Request request) {
    if constexpr (std::is_void_v<typename Traits::Body>) {
      return (object.*Handler)(std::move(request));
    } else {
      return call_with_body<Handler, Object, typename Traits::Request, typename Traits::Body>(object,
                                                                                              std::move(request));
    }
  };
}

/// A body that is an optional may be absent.
template <auto Handler>
inline constexpr bool needs_body = !base::is_optional<typename HandlerTraits<decltype(Handler)>::Body>;

template <auto Handler>
SchemaOf body_schema() {
  using Body = typename HandlerTraits<decltype(Handler)>::Body;
  if constexpr (std::is_void_v<Body>) {
    return nullptr;
  } else {
    return &base::schema_reference<typename BodyReader<Body>::Schema>;
  }
}

}  // namespace detail

/// A route that anybody may call; its handler takes an ApiRequest. Nothing under /my can be open.
template <auto Handler, class Object>
Route open(Method method, std::string_view path, Object& object, RouteDoc doc) {
  static_assert(std::is_same_v<typename detail::HandlerTraits<decltype(Handler)>::Request, ApiRequest>);
  if (path.starts_with("/my")) throw std::logic_error("a route under /my must know its user");
  Route route(method, path, Route::Access::open, std::move(doc));
  route.body_ = detail::body_schema<Handler>();
  route.body_required_ = detail::needs_body<Handler>;
  route.open_ = detail::bind<Handler>(object);
  return route;
}

/// A route of the sender's own things; its handler takes a UserRequest, so it cannot be called without one.
template <auto Handler, class Object>
Route mine(Method method, std::string_view path, Object& object, RouteDoc doc) {
  static_assert(std::is_same_v<typename detail::HandlerTraits<decltype(Handler)>::Request, UserRequest>);
  if (!path.starts_with("/my/")) throw std::logic_error("a user's route stands under /my");
  Route route(method, path, Route::Access::user, std::move(doc));
  route.body_ = detail::body_schema<Handler>();
  route.body_required_ = detail::needs_body<Handler>;
  route.user_ = detail::bind<Handler>(object);
  return route;
}

/// Schemas of answers.
template <class T>
boost::json::object schema_of_list(base::Schemas& named) {
  return {{"type", "object"},
          {"required", boost::json::array{"items", "total", "next_cursor"}},
          {"properties", boost::json::object{{"items", base::schema_of<std::vector<T>>(named)},
                                             {"total", base::schema_of<std::int64_t>(named)},
                                             {"next_cursor", base::schema_of<std::optional<std::string>>(named)}}}};
}

template <class T>
RouteDoc returns(unsigned status, std::string_view summary) {
  return {.summary = summary, .status = status, .answer = &base::schema_reference<T>};
}
template <class T>
RouteDoc returns_list(std::string_view summary,
                      std::initializer_list<Parameter> query = {parameters::kLimit, parameters::kCursor}) {
  return {.summary = summary, .answer = &schema_of_list<T>, .query = query};
}
inline RouteDoc returns_nothing(std::string_view summary) { return {.summary = summary, .status = 204}; }

}  // namespace codelab::http
