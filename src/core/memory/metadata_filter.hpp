#pragma once

#include <string>

#include <boost/json/object.hpp>

namespace codelab::core::memory {

/// Whether `metadata` holds every key of `filter` with an equal value. Numbers are equal by value, objects whatever the
/// order of their keys.
bool holds(const boost::json::object& metadata, const boost::json::object& filter);

/// A piece of text that stands in the stored form of every metadata that holds `filter`: spares reading most of the
/// others. `filter` is not empty.
std::string needle_of(const boost::json::object& filter);

}  // namespace codelab::core::memory
