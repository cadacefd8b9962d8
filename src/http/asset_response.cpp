#include "http/asset_response.hpp"

#include "http/assets/asset_table.hpp"
#include "http/assets/conditional.hpp"
#include "http/assets/negotiation.hpp"
#include "http/assets/page_fallback.hpp"

namespace codelab::http {
namespace {

const assets::Asset* find(const Request& request, const Target& target) {
  const std::string path = target.path();
  if (const auto* asset = assets::find_asset(path)) return asset;
  if (assets::is_page_path(path) && assets::accepts_html(request.headers.get("Accept")))
    return &assets::page_fallback();
  return nullptr;
}

}  // namespace

std::optional<Response> asset_response(const Request& request, const Target& target) {
  if (request.method != Method::get && request.method != Method::head) return std::nullopt;
  const auto* asset = find(request, target);
  if (asset == nullptr) return std::nullopt;
  Response response;
  response.headers.add("ETag", std::string(asset->etag));
  response.headers.add("Cache-Control", std::string(asset->cache_control));
  response.headers.add("Vary", "Accept-Encoding");
  response.headers.add("Content-Security-Policy", std::string(asset->content_security_policy));
  if (assets::matches_if_none_match(asset->etag, request.headers.get("If-None-Match"))) {
    response.status = 304;
    return response;
  }
  const auto chosen = assets::negotiate(*asset, request.headers.get("Accept-Encoding"));
  response.headers.add("Content-Type", std::string(asset->content_type));
  if (!chosen.content_encoding.empty()) response.headers.add("Content-Encoding", std::string(chosen.content_encoding));
  response.body.assign(reinterpret_cast<const char*>(chosen.bytes.data()), chosen.bytes.size());
  return response;
}

}  // namespace codelab::http
