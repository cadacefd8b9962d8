#include "tests/servers/qdrant_server.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <curl/curl.h>

#include "tests/servers/process.hpp"

namespace codelab::tests {
namespace {

constexpr const char* kPython = "/usr/bin/python3";

std::string script() { return std::filesystem::path(__FILE__).parent_path() / "qdrant_double.py"; }

/// Its first line.
std::string line_from(int descriptor) {
  std::string said;
  char c = 0;
  while (::read(descriptor, &c, 1) == 1 && c != '\n') said += c;
  return said;
}

std::size_t keep(char* bytes, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

std::string ask(const std::string& method, const std::string& url, const std::string& body = {}) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
  std::string answer;
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle.get(), CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  if (!body.empty()) curl_easy_setopt(handle.get(), CURLOPT_COPYPOSTFIELDS, body.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer);
  if (curl_easy_perform(handle.get()) != CURLE_OK) throw std::runtime_error("the Qdrant double does not answer");
  return answer;
}

}  // namespace

QdrantServer::QdrantServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) { start(); }

QdrantServer::~QdrantServer() { stop(); }

void QdrantServer::start() {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<std::string> arguments{"-B", script(), "--port", std::to_string(port_)};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  process_ = start_server(kPython, std::move(arguments), pipe[1]);
  ::close(pipe[1]);
  output_ = pipe[0];
  const auto said = line_from(output_);
  boost::system::error_code failure;
  const auto greeting = boost::json::parse(said, failure);
  if (failure) throw std::runtime_error("the Qdrant double does not start (apt-get install python3-aiohttp): " + said);
  port_ = greeting.at("port").to_number<std::uint16_t>();
}

void QdrantServer::stop() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::close(output_);
  process_ = -1;
}

std::string QdrantServer::url(std::string_view scheme) const {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_);
}

void QdrantServer::set_fault(std::string_view json) const { ask("PUT", url() + "/_double/faults", std::string(json)); }

boost::json::array QdrantServer::requests() const {
  return boost::json::parse(ask("GET", url() + "/_double/requests")).as_array();
}

boost::json::array QdrantServer::take_requests() const {
  auto taken = requests();
  ask("DELETE", url() + "/_double/requests");
  return taken;
}

std::string shared_qdrant_url() {
  if (const char* url = std::getenv("CODELAB_TEST_QDRANT_URL"); url != nullptr && *url != '\0') return url;
  static const QdrantServer server;
  return server.url();
}

std::string shared_qdrant_api_key() {
  const char* key = std::getenv("CODELAB_TEST_QDRANT_API_KEY");
  return key != nullptr ? key : "";
}

}  // namespace codelab::tests
