#include "core/orchestration/id_list.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

#include "base/store_error.hpp"

namespace codelab::core::orchestration {

std::string to_json(const std::vector<std::string>& ids) {
  return boost::json::serialize(boost::json::value_from(ids));
}

std::vector<std::string> ids_from_json(std::string_view json) {
  boost::system::error_code error;
  const auto parsed = boost::json::parse({json.data(), json.size()}, error);
  const auto ids = error ? boost::json::result<std::vector<std::string>>(error)
                         : boost::json::try_value_to<std::vector<std::string>>(parsed);
  if (!ids) throw base::StoreError("a stored list of a plan's nodes is not valid");
  return *ids;
}

}  // namespace codelab::core::orchestration
