#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "base/cores.hpp"
#include "infra/postgres/connection.hpp"
#include "infra/postgres/database.hpp"
#include "infra/redis/clients.hpp"
#include "load/options.hpp"

/// What the clients of PostgreSQL and of Redis do in a second with many callers: for a comparison with pgbench and
/// redis-benchmark, which ask the same servers for the same.
namespace codelab {
namespace {

using load::Options;

constexpr std::chrono::milliseconds kWarmup{500};

/// One kind of call, made by each caller again and again on the caller's core. Throws when it was not answered well.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual base::Task<> call(std::size_t caller, std::minstd_rand& random) = 0;
};

/// A caller's calls so far, alone on its cache line.
struct alignas(64) Count {
  std::atomic<std::int64_t> calls{0};
};

base::Task<> call_again(Subject& subject, std::size_t caller, Count& count, const std::atomic<bool>& over) {
  std::minstd_rand random(static_cast<unsigned>(caller + 1));
  while (!over) {
    co_await subject.call(caller, random);
    count.calls.fetch_add(1, std::memory_order_relaxed);
  }
}

std::int64_t sum_of(const std::deque<Count>& counts) {
  std::int64_t sum = 0;
  for (const Count& each : counts) sum += each.calls.load(std::memory_order_relaxed);
  return sum;
}

/// Prints calls a second, with so many callers at the same time, and the calls made altogether.
void measure(base::Cores& cores, Subject& subject, const Options& options) {
  const auto callers = static_cast<std::size_t>(options.number("callers"));
  std::deque<Count> counts(callers);
  std::atomic<bool> over = false;
  std::vector<std::future<void>> ends;
  for (std::size_t i = 0; i < callers; ++i) {
    auto task = call_again(subject, i, counts[i], over);
    ends.push_back(boost::asio::co_spawn(cores.executor(i % cores.size()), std::move(task), boost::asio::use_future));
  }
  std::this_thread::sleep_for(kWarmup);
  const auto begin = std::chrono::steady_clock::now();
  const std::int64_t before = sum_of(counts);
  std::this_thread::sleep_for(std::chrono::duration<double>(options.number("seconds")));
  const std::int64_t calls = sum_of(counts) - before;
  const std::chrono::duration<double> length = std::chrono::steady_clock::now() - begin;
  over = true;
  for (auto& end : ends) end.wait();
  for (auto& end : ends) end.get();
  std::printf("{\"per_second\": %.1f, \"calls\": %lld}\n", static_cast<double>(calls) / length.count(),
              static_cast<long long>(sum_of(counts)));
}

namespace postgres = infra::postgres;

/// What pgbench -S asks: one of `rows` accounts, by its key.
postgres::Batch account(std::int64_t rows, std::minstd_rand& random) {
  postgres::Batch batch;
  batch.add("SELECT abalance FROM pgbench_accounts WHERE aid = $1",
            std::uniform_int_distribution<std::int64_t>(1, rows)(random));
  return batch;
}

void require_one(const postgres::Answer& answer) {
  if (answer.size() != 1 || answer.front().affected() != 1) throw std::runtime_error("the account was not found");
}

/// As the server reads: in a transaction that takes the serving role and names the user.
class EnteringReads final : public Subject {
 public:
  EnteringReads(const Options& options, base::Cores& cores)
      : rows_(static_cast<std::int64_t>(options.number("rows"))),
        database_({.address = options.text("address"),
                   .migration_address = options.text("owner"),
                   .connections = static_cast<std::size_t>(options.number("connections"))},
                  cores, clock_, relay_, observer_) {
    const auto callers = static_cast<std::size_t>(options.number("callers"));
    for (std::size_t i = 0; i < callers; ++i) {
      users_.push_back(core::identity::ScopeIssuer::open(base::UserId::generate()));
    }
  }

  base::Task<> call(std::size_t caller, std::minstd_rand& random) override {
    const auto answer = co_await database_.read("account", users_[caller], account(rows_, random));
    require_one(answer);
  }

 private:
  class SilentRelay final : public core::events::EventRelay {
   public:
    void committed(const core::events::Event&) noexcept override {}
  };

  const std::int64_t rows_;
  base::SystemClock clock_;
  SilentRelay relay_;
  postgres::StoreObserver observer_;
  std::vector<core::identity::UserScope> users_;
  postgres::Database database_;
};

/// The statement alone, over connections that the callers of a core share.
class BareReads final : public Subject {
 public:
  BareReads(const Options& options, base::Cores& cores)
      : rows_(static_cast<std::int64_t>(options.number("rows"))),
        connections_(static_cast<std::size_t>(options.number("connections"))) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      auto opening = postgres::Connection::open(postgres::Address(options.text("address")), {});
      connections_[i] =
          boost::asio::co_spawn(cores.executor(i % cores.size()), std::move(opening), boost::asio::use_future).get();
    }
  }

  base::Task<> call(std::size_t caller, std::minstd_rand& random) override {
    const auto answer = co_await connections_[caller % connections_.size()]->run(account(rows_, random));
    require_one(answer);
  }

 private:
  const std::int64_t rows_;
  std::vector<std::shared_ptr<postgres::Connection>> connections_;
};

namespace redis = infra::redis;

/// One connection a core. GET, or SET of as many bytes.
class RedisCalls final : public Subject {
 public:
  RedisCalls(const Options& options, base::Cores& cores) : clients_(cores, settings(options)) {
    const std::string value(static_cast<std::size_t>(options.number("bytes")), 'x');
    const redis::Command set{.words = {"SET", kKey, value}, .key = kKey};
    auto written = clients_.call(set, std::chrono::seconds(5));
    if (!boost::asio::co_spawn(cores.executor(0), std::move(written), boost::asio::use_future).get()) {
      load::fail("Redis does not answer");
    }
    command_ = options.text("command") == "get" ? redis::Command{.words = {"GET", kKey}, .key = kKey} : set;
  }
  ~RedisCalls() override { clients_.stop(std::chrono::seconds(5)); }

  base::Task<> call(std::size_t, std::minstd_rand&) override {
    const auto outcome = co_await clients_.call(command_);
    if (!outcome || outcome->is_nil()) throw std::runtime_error("Redis refused a command");
  }

 private:
  static constexpr const char* kKey = "bench:{key}";

  static redis::Options settings(const Options& options) {
    redis::Options settings;
    const auto address = redis::parse_address(options.text("address"));
    if (!address) load::fail(address.error());
    settings.address = *address;
    return settings;
  }

  redis::Clients clients_;
  redis::Command command_;
};

template <class Kind>
void run(const Options& options) {
  base::Cores cores(0);
  cores.start();
  {
    Kind subject(options, cores);
    measure(cores, subject, options);
  }
  cores.stop();
}

}  // namespace
}  // namespace codelab

/// store_clients entering|bare|redis [--name value]...
int main(int argc, char** argv) {
  using namespace codelab;
  const std::string kind = argc > 1 ? argv[1] : "";
  try {
    const Options options(argc - 2, argv + 2);
    if (kind == "entering") {
      run<EnteringReads>(options);
    } else if (kind == "bare") {
      run<BareReads>(options);
    } else if (kind == "redis") {
      run<RedisCalls>(options);
    } else {
      load::fail("the first argument is entering, bare or redis");
    }
  } catch (const std::exception& failure) {
    load::fail(kind + ": " + failure.what());
  }
}
