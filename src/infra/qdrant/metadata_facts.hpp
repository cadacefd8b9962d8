#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace codelab::infra::qdrant {

/// One text for each key of `metadata` with its value, equal exactly when key and value are: 32 hex digits of their
/// SHA-256. Numbers are equal by value, objects whatever the order of their keys. Qdrant looks for these instead of
/// into the metadata, whose keys may be anything, so none can be taken for the syntax of a path.
std::vector<std::string> facts_of(const boost::json::object& metadata);

/// Conditions that all facts of `filter` are there.
boost::json::array holds_facts(const boost::json::object& filter);

}  // namespace codelab::infra::qdrant
