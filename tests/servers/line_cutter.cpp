#include "tests/servers/line_cutter.hpp"

#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace codelab::tests {
namespace {

sockaddr_un address_in(const std::string& folder) {
  const std::string path = folder + "/.s.PGSQL.5432";
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the socket's path is too long");
  path.copy(address.sun_path, path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace

LineCutter::LineCutter(std::string server_folder) : server_folder_(std::move(server_folder)) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_in(folder());
  if (::bind(listener_, generic(address), sizeof address) != 0 || ::listen(listener_, 16) != 0 || ::pipe(stop_) != 0) {
    throw std::runtime_error("cannot listen");
  }
  thread_ = std::thread([this] { serve(); });
}

LineCutter::~LineCutter() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

/// The pipe's end becomes readable, for every poll, when it is closed on the other side.
void LineCutter::serve() {
  std::vector<std::thread> lines;
  for (;;) {
    pollfd waits[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(waits, 2, -1);
    if (waits[1].revents != 0) break;
    lines.emplace_back([this, client = ::accept(listener_, nullptr, nullptr)] { relay(client); });
  }
  for (auto& line : lines) line.join();
}

void LineCutter::relay(int client) {
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_in(server_folder_);
  bool open = ::connect(server, generic(address), sizeof address) == 0;
  bool silent = false;
  while (open) {
    pollfd waits[3] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(waits, 3, -1);
    if (waits[2].revents != 0) break;
    if (waits[0].revents != 0) open = pass_on(client, server, true, silent);
    if (open && waits[1].revents != 0) open = pass_on(server, client, false, silent);
  }
  ::close(client);
  ::close(server);
}

bool LineCutter::pass_on(int from, int to, bool is_client, bool& silent) {
  char buffer[65'536];
  const auto count = ::read(from, buffer, sizeof buffer);
  if (count <= 0) return false;
  const std::string_view bytes(buffer, static_cast<std::size_t>(count));
  if (is_client && bytes.find("COMMIT") != std::string_view::npos) {
    const auto where = cut_.exchange(Cut::nowhere);
    if (where == Cut::before_commit) return false;
    cut_at_answer_ = where == Cut::after_commit;
    silent = silent || where == Cut::silent_after_commit;
  }
  if (!is_client && silent) return true;
  if (!is_client && cut_at_answer_.exchange(false)) return false;
  return ::write(to, buffer, bytes.size()) == count;
}

}  // namespace codelab::tests
