#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <boost/json/array.hpp>

namespace codelab::tests {

/// A Qdrant double (qdrant_double.py) of the test's own, on a free loopback port. It dies with the test process,
/// whatever happens to that. Throws std::runtime_error when it cannot be had: no test is skipped.
class QdrantServer {
 public:
  /// `arguments` as qdrant_double.py takes them. Returns when it serves.
  explicit QdrantServer(std::vector<std::string> arguments = {});
  ~QdrantServer();
  QdrantServer(const QdrantServer&) = delete;
  QdrantServer& operator=(const QdrantServer&) = delete;

  /// At once, without a farewell.
  void stop();
  /// Again, empty, on the same port.
  void start();

  std::string url(std::string_view scheme = "http") const;
  /// What the next requests meet, as qdrant_double.py describes it.
  void set_fault(std::string_view json) const;
  /// What was asked since the last take_requests().
  boost::json::array requests() const;
  /// The same, forgotten with this: for when nothing is asked meanwhile.
  boost::json::array take_requests() const;

 private:
  std::vector<std::string> arguments_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
  int output_ = -1;
};

/// Where the tests that need nothing special find their Qdrant: the server that CODELAB_TEST_QDRANT_URL names, else a
/// double that this process starts once.
std::string shared_qdrant_url();
/// The key in CODELAB_TEST_QDRANT_API_KEY; empty without.
std::string shared_qdrant_api_key();

}  // namespace codelab::tests
