#include "infra/openai/call_gate.hpp"

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

/// Callers on one loop that only runs when the test says so.
class CallGateTest : public ::testing::Test {
 protected:
  struct Caller {
    std::string end;
    CallGate::Permit permit;
    asio::cancellation_signal signal;
  };

  static base::Task<> enter(CallGate& gate, Caller& caller) {
    auto entered = co_await gate.enter();
    if (entered) {
      caller.permit = std::move(*entered);
      caller.end = "in";
    } else {
      caller.end = entered.error().code == base::ErrorCode::overloaded ? "overloaded" : "?";
    }
  }
  void start(CallGate& gate, Caller& caller) {
    auto on_end = [&caller](const std::exception_ptr& failure) {
      if (failure) caller.end = "cancelled";
    };
    asio::co_spawn(loop_, enter(gate, caller), asio::bind_cancellation_slot(caller.signal.slot(), on_end));
    settle();
  }
  /// Runs everything that is ready, and waits for timers only until `done`.
  void settle() {
    loop_.restart();
    loop_.poll();
  }
  void run_until(const std::function<bool()>& done) {
    const auto watchdog = std::chrono::steady_clock::now() + 20s;
    loop_.restart();
    while (!done() && std::chrono::steady_clock::now() < watchdog) loop_.run_one_for(1s);
  }

  asio::io_context loop_{1};
  std::vector<Caller> callers_ = std::vector<Caller>(4);
};

TEST_F(CallGateTest, TheBoundHoldsAndPlacesPassOnInOrder) {
  CallGate gate({.max_in_flight = 1, .max_waiting = 5});
  for (Caller& caller : callers_) start(gate, caller);
  EXPECT_EQ(gate.in_flight(), 1U);
  EXPECT_EQ(gate.waiting(), 3U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(callers_[i].end, "in");
    if (i < 3) EXPECT_EQ(callers_[i + 1].end, "");
    callers_[i].permit = {};
    settle();
  }
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(CallGateTest, AFullLineRefusesAtOnce) {
  CallGate gate({.max_in_flight = 1, .max_waiting = 1});
  for (Caller& caller : callers_) start(gate, caller);
  EXPECT_EQ(callers_[1].end, "");
  EXPECT_EQ(callers_[2].end, "overloaded");
  EXPECT_EQ(callers_[3].end, "overloaded");
}

TEST_F(CallGateTest, ALongWaitIsRefused) {
  CallGate gate({.max_in_flight = 1, .max_waiting = 5, .max_wait = 20ms});
  start(gate, callers_[0]);
  start(gate, callers_[1]);
  run_until([&] { return !callers_[1].end.empty(); });
  EXPECT_EQ(callers_[1].end, "overloaded");
  EXPECT_EQ(gate.waiting(), 0U);
}

TEST_F(CallGateTest, ACancelledWaitLeavesTheLine) {
  CallGate gate({.max_in_flight = 1, .max_waiting = 5});
  for (Caller& caller : callers_) start(gate, caller);
  callers_[1].signal.emit(asio::cancellation_type::terminal);
  settle();
  EXPECT_EQ(callers_[1].end, "cancelled");
  EXPECT_EQ(gate.waiting(), 2U);
  callers_[0].permit = {};
  settle();
  EXPECT_EQ(callers_[2].end, "in");
}

TEST_F(CallGateTest, APlaceGivenToACancelledWaiterIsNotLost) {
  CallGate gate({.max_in_flight = 1, .max_waiting = 5});
  start(gate, callers_[0]);
  start(gate, callers_[1]);
  callers_[0].permit = {};
  callers_[1].signal.emit(asio::cancellation_type::terminal);
  settle();
  callers_[1].permit = {};
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(CallGateTest, CallersThatAreDestroyedGiveTheirPlacesBack) {
  CallGate gate({.max_in_flight = 1, .max_waiting = 5});
  Caller holder;
  start(gate, holder);
  {
    asio::io_context other(1);
    for (Caller& caller : callers_) {
      asio::co_spawn(other, enter(gate, caller), [](const std::exception_ptr&) {});
      other.poll();
    }
    EXPECT_EQ(gate.waiting(), 4U);
    // The first of them is admitted but never runs again.
    holder.permit = {};
  }
  EXPECT_EQ(gate.waiting(), 0U);
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(CallGateTest, APermitMayOutliveItsGate) {
  Caller holder;
  {
    CallGate gate({.max_in_flight = 1});
    start(gate, holder);
  }
  EXPECT_EQ(holder.end, "in");
  holder.permit = {};
}

}  // namespace
}  // namespace codelab::infra::openai
