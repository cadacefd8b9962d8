#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "tests/contract/temporary_folder.hpp"

namespace codelab::tests {

/// Stands between a client and a PostgreSQL server's socket and passes bytes on, until it is told to cut the line at
/// the next COMMIT: before the server gets it, or after the server has answered it and before the client knows. Or the
/// line stays and its client hears nothing any more.
class LineCutter {
 public:
  enum class Cut : std::uint8_t { nowhere, before_commit, after_commit, silent_after_commit };

  /// `server_folder` is where the server's socket is.
  explicit LineCutter(std::string server_folder);
  ~LineCutter();
  LineCutter(const LineCutter&) = delete;
  LineCutter& operator=(const LineCutter&) = delete;

  /// Where a client finds its socket.
  std::string folder() const { return folder_.path(); }
  /// Once: afterwards bytes are passed on again.
  void cut(Cut where) { cut_ = where; }

 private:
  void serve();
  void relay(int client);
  /// Passes on what there is to read; false when the line has ended or is cut. `silent`: of this line.
  bool pass_on(int from, int to, bool is_client, bool& silent);

  const std::string server_folder_;
  TemporaryFolder folder_;
  std::atomic<Cut> cut_{Cut::nowhere};
  std::atomic<bool> cut_at_answer_{false};
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace codelab::tests
