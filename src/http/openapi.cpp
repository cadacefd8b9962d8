#include "http/openapi.hpp"

#include <cctype>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace codelab::http {
namespace {

namespace json = boost::json;

/// RFC 9457 as this server sends it.
json::object problem_schema() {
  const json::object text{{"type", "string"}};
  const json::object fault{
      {"type", "object"},
      {"properties", json::object{{"loc", json::object{{"type", "array"}, {"items", text}}}, {"msg", text}}}};
  return {{"type", "object"},
          {"required", json::array{"type", "title", "status", "detail", "code", "trace_id"}},
          {"properties", json::object{{"type", text},
                                      {"title", text},
                                      {"status", json::object{{"type", "integer"}}},
                                      {"detail", text},
                                      {"code", text},
                                      {"errors", json::object{{"type", "array"}, {"items", fault}}},
                                      {"trace_id", text}}}};
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return out;
}

/// The route's group: what stands after /my, or first.
std::string tag_of(std::string_view path) {
  if (path.starts_with("/my/")) path.remove_prefix(3);
  path.remove_prefix(1);
  std::string tag(path.substr(0, path.find('/')));
  return tag.empty() ? "service" : tag;
}

std::string operation_id(const Route& route) {
  std::string id = lower(to_string(route.method()));
  for (const char c : route.path()) id.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_');
  return id;
}

json::object schema_of(const Parameter& parameter) {
  json::object schema{{"type", parameter.bounds ? "integer" : "string"}};
  if (parameter.bounds) {
    schema["minimum"] = parameter.bounds->minimum;
    schema["maximum"] = parameter.bounds->maximum;
    schema["default"] = parameter.bounds->start;
  }
  if (parameter.max_bytes > 0) schema["maxLength"] = parameter.max_bytes;
  if (!parameter.format.empty()) schema["format"] = json::string(parameter.format);
  if (!parameter.choices.empty()) {
    auto& choices = schema["enum"].emplace_array();
    for (const std::string_view choice : parameter.choices) choices.push_back(json::string(choice));
  }
  return schema;
}

json::object described(const Parameter& parameter, std::string_view place) {
  return {{"name", json::string(parameter.name)},
          {"in", json::string(place)},
          {"description", json::string(parameter.doc)},
          {"required", parameter.required},
          {"schema", schema_of(parameter)}};
}

json::array parameters_of(const Route& route) {
  json::array parameters;
  std::string_view rest = route.path();
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const auto close = rest.find('}');
    parameters.push_back(json::object{{"name", json::string(rest.substr(open + 1, close - open - 1))},
                                      {"in", "path"},
                                      {"required", true},
                                      {"schema", json::object{{"type", "string"}}}});
    rest.remove_prefix(close + 1);
  }
  for (const Parameter& parameter : route.doc().query) parameters.push_back(described(parameter, "query"));
  for (const Parameter& parameter : route.doc().headers) parameters.push_back(described(parameter, "header"));
  return parameters;
}

json::object content(std::string_view type, json::object schema) {
  return {{type, json::object{{"schema", std::move(schema)}}}};
}

json::object answer_of(const Route& route, base::Schemas& schemas) {
  json::object answer{{"description", json::string(route.doc().summary)}};
  if (route.doc().answer != nullptr) {
    answer["content"] = content(route.doc().content_type, route.doc().answer(schemas));
  } else if (route.doc().status != 204) {
    answer["content"] = content(route.doc().content_type, {});
  }
  return answer;
}

/// The statuses that every route of its kind can answer and those of its own, in order, each a problem document.
std::set<unsigned> problem_statuses(const Route& route) {
  std::set<unsigned> statuses{429, 500, 503};
  statuses.insert(route.doc().problems.begin(), route.doc().problems.end());
  if (route.access() == Route::Access::user) statuses.insert(401);
  if (route.path().contains('{')) statuses.insert(404);
  if (!route.doc().query.empty()) statuses.insert(422);
  if (route.body() != nullptr) statuses.insert({400, 413, 415, 422});
  return statuses;
}

json::object responses_of(const Route& route, base::Schemas& schemas) {
  json::object responses{{std::to_string(route.doc().status), answer_of(route, schemas)}};
  for (const AnswerDoc& also : route.doc().also) {
    auto& answer = responses[std::to_string(also.status)];
    if (answer.is_null()) answer = json::object{{"description", json::string(route.doc().summary)}};
    auto& forms = answer.as_object()["content"];
    if (forms.is_null()) forms = json::object{};
    forms.as_object()[also.content_type] = json::object{{"schema", also.schema(schemas)}};
  }
  const json::object problem{
      {"description", "What went wrong"},
      {"content", content("application/problem+json", {{"$ref", "#/components/schemas/Problem"}})}};
  for (const unsigned status : problem_statuses(route)) responses[std::to_string(status)] = problem;
  responses["default"] = problem;
  return responses;
}

json::object operation_of(const Route& route, base::Schemas& schemas) {
  json::object operation{{"operationId", operation_id(route)},
                         {"summary", json::string(route.doc().summary)},
                         {"tags", json::array{json::string(tag_of(route.path()))}}};
  if (!route.doc().description.empty()) operation["description"] = json::string(route.doc().description);
  auto parameters = parameters_of(route);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (route.body() != nullptr) {
    operation["requestBody"] = json::object{{"required", route.body_required()},
                                            {"content", content("application/json", route.body()(schemas))}};
  }
  operation["responses"] = responses_of(route, schemas);
  if (route.access() == Route::Access::user) {
    operation["security"] = json::array{json::object{{"bearer", json::array{}}}};
  }
  return operation;
}

}  // namespace

std::string openapi_document(const std::vector<Route>& routes, std::string_view version) {
  base::Schemas schemas{{"Problem", problem_schema()}};
  json::object paths;
  for (const Route& route : routes) {
    auto& path = paths[route.path()];
    if (path.is_null()) path = json::object{};
    path.as_object()[lower(to_string(route.method()))] = operation_of(route, schemas);
  }
  const json::object bearer{{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}};
  const json::object document{
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", "CodeLab Core"},
                            {"version", json::string(version)},
                            {"description",
                             "A personal multi-agent AI platform: every user has an isolated team of "
                             "agents with memory, followed live over NDJSON streams."},
                            {"license", json::object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"paths", std::move(paths)},
      {"components",
       json::object{{"schemas", std::move(schemas)}, {"securitySchemes", json::object{{"bearer", bearer}}}}}};
  std::string text;
  base::encode_value(text, document);
  return text;
}

}  // namespace codelab::http
