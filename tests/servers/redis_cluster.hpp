#pragma once

#include <array>
#include <memory>
#include <string>

#include "infra/redis/slot_map.hpp"
#include "tests/servers/redis_server.hpp"

namespace codelab::tests {

/// Three masters on loopback ports that share the slots.
class RedisCluster {
 public:
  static constexpr std::size_t kNodes = 3;

  RedisCluster() {
    std::string nodes;
    for (auto& node : nodes_) {
      const std::string bus_port = std::to_string(free_port());
      node = std::make_unique<RedisServer>(
          std::vector<std::string>{"cluster-enabled yes", "cluster-node-timeout 2000", "cluster-port " + bus_port});
      nodes += " 127.0.0.1:" + std::to_string(node->port()) + "@" + bus_port;
    }
    output_of("redis-cli --cluster create" + nodes + " --cluster-yes");
    wait_until_ok();
  }

  /// As every node sees it; all of them run.
  void wait_until_ok() const {
    for (const auto& node : nodes_) {
      while (!node->cli("cluster info").contains("cluster_state:ok")) {
      }
    }
  }

  RedisServer& node(std::size_t index) { return *nodes_[index]; }
  std::string url() const { return "redis+cluster://127.0.0.1:" + std::to_string(nodes_[0]->port()); }
  /// Which of the nodes serves that key.
  std::size_t owner_of(const std::string& key) const {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (!nodes_[i]->cli("get '" + key + "'").starts_with("MOVED")) return i;
    }
    throw std::runtime_error("nobody serves " + key);
  }

 private:
  std::array<std::unique_ptr<RedisServer>, kNodes> nodes_;
};

}  // namespace codelab::tests
