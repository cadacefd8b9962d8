#include "infra/qdrant/schema.hpp"

#include <initializer_list>

#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace codelab::infra::qdrant {
namespace {

namespace json = boost::json;

/// Edges of a point in the graph: Qdrant's own default.
constexpr std::int64_t kEdges = 16;

/// Null when there is nothing.
const json::value& at(const json::value& value, std::initializer_list<std::string_view> path) {
  static const json::value kNothing;
  const json::value* here = &value;
  for (const auto step : path) {
    here = here->is_object() ? here->get_object().if_contains(step) : nullptr;
    if (here == nullptr) return kNothing;
  }
  return *here;
}

bool is(const json::value& value, std::string_view text) { return value.is_string() && value.get_string() == text; }

/// Whether points have edges.
bool makes_graph(const json::value& edges) { return edges.is_int64() && edges.get_int64() > 0; }

}  // namespace

/// Only a tenant's points get a graph of their own. A server that does not know `enable_hnsw` ignores it.
std::vector<PayloadIndex> payload_indexes(bool shared) {
  std::vector<PayloadIndex> indexes{
      {"kind", "keyword", R"({"type":"keyword","enable_hnsw":false})"},
      {"facts", "keyword", R"({"type":"keyword","enable_hnsw":false})"},
      {"words", "integer", R"({"type":"integer","lookup":true,"range":false,"enable_hnsw":false})"},
      {"text_bytes", "integer", R"({"type":"integer","lookup":true,"range":false,"enable_hnsw":false})"},
      {"created_at", "integer", R"({"type":"integer","lookup":false,"range":true,"enable_hnsw":false})"},
  };
  if (shared) {
    indexes.push_back({"tenant", "keyword", R"({"type":"keyword","is_tenant":true})"});
    indexes.push_back({"user", "keyword", R"({"type":"keyword","enable_hnsw":false})"});
  }
  return indexes;
}

std::string creation_body(std::int64_t dimension, bool shared) {
  const auto hnsw = shared ? fmt::format(R"({{"m":0,"payload_m":{}}})", kEdges) : fmt::format(R"({{"m":{}}})", kEdges);
  return fmt::format(R"({{"vectors":{{"dense":{{"size":{},"distance":"Cosine"}}}},"sparse_vectors":{{"words":{{}}}},)"
                     R"("hnsw_config":{}}})",
                     dimension, hnsw);
}

std::optional<std::string> fault_of(const json::value& info, std::int64_t dimension, bool shared) {
  const auto& params = at(info, {"config", "params"});
  const auto& size = at(params, {"vectors", "dense", "size"});
  if (!size.is_int64()) return "it has no vectors named 'dense'";
  if (size.get_int64() != dimension) {
    return fmt::format("its vectors have {} dimensions, not {}", size.get_int64(), dimension);
  }
  if (!is(at(params, {"vectors", "dense", "distance"}), "Cosine")) return "its distance is not Cosine";
  const auto& words = at(params, {"sparse_vectors", "words"});
  if (!words.is_object()) return "it has no sparse vectors named 'words'";
  if (is(at(words, {"modifier"}), "idf")) return "its sparse vectors have the modifier idf";
  const auto& hnsw = at(info, {"config", "hnsw_config"});
  if (makes_graph(at(hnsw, {"m"})) == shared) {
    return shared ? "it has a graph over all tenants' points (hnsw_config.m is not 0)"
                  : "it has no graph (hnsw_config.m is 0)";
  }
  if (shared && !makes_graph(at(hnsw, {"payload_m"})))
    return "it has no graph for each tenant (hnsw_config.payload_m is 0)";
  for (const auto& index : payload_indexes(shared)) {
    const auto& type = at(info, {"payload_schema", index.key, "data_type"});
    if (type.is_string() && !is(type, index.type))
      return fmt::format("its index of '{}' is no {}", index.key, index.type);
  }
  return std::nullopt;
}

std::vector<PayloadIndex> missing_indexes(const json::value& info, bool shared) {
  auto indexes = payload_indexes(shared);
  std::erase_if(indexes,
                [&](const PayloadIndex& index) { return at(info, {"payload_schema", index.key}).is_object(); });
  return indexes;
}

}  // namespace codelab::infra::qdrant
