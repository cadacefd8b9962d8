#include "core/chat/interactions.hpp"

#include <boost/system/system_error.hpp>

#include "tests/unit/core/chat/chat_fixture.hpp"

namespace codelab::core::chat {
namespace {

class InteractionsTest : public codelab::tests::ChatTest {
 protected:
  base::Task<> remember(Interactions& interactions) {
    auto agent = loop_.run(registry_.find(user_, agents::AgentRef::parse("coder"))).value();
    Message request{.id = base::MessageId::generate(),
                    .session_id = session_.id,
                    .content = "what is 2+2?",
                    .task_id = base::TaskId::generate()};
    return interactions.remember(user_, std::move(agent), std::move(request), "4");
  }

  const Interactions::Ports ports_{.memory = memory_, .debts = debts_, .agents = registry_, .clock = clock_};
  Interactions patient_{ports_, std::chrono::milliseconds{1}, std::chrono::hours{1}};
  Interactions hasty_{ports_, std::chrono::milliseconds{1}, std::chrono::milliseconds{5}};
};

TEST_F(InteractionsTest, what_is_remembered_in_time_is_not_owed) {
  memories_.adding.close();
  const auto remembering = loop_.start(remember(patient_));
  EXPECT_FALSE(remembering->ended());
  memories_.adding.open();
  loop_.settle();
  EXPECT_TRUE(remembering->ended());
  ASSERT_EQ(memories_.items.size(), 1);
  EXPECT_EQ(memories_.items[0].text, "User: what is 2+2?\nAssistant: 4");
  EXPECT_TRUE(chat_.memories_due.empty());
}

TEST_F(InteractionsTest, a_memory_that_takes_long_is_broken_off_and_owed) {
  memories_.adding.close();
  loop_.run(remember(hasty_));
  EXPECT_EQ(chat_.memories_due.size(), 1);
  memories_.adding.open();
  loop_.settle();
  EXPECT_TRUE(memories_.items.empty());
}

TEST_F(InteractionsTest, one_that_is_cancelled_says_so_and_owes_nothing_by_itself) {
  memories_.adding.close();
  const auto remembering = loop_.start(remember(patient_));
  remembering->cancel();
  loop_.run_until([&] { return remembering->ended(); });
  EXPECT_THROW(remembering->take(), boost::system::system_error);
  EXPECT_TRUE(chat_.memories_due.empty());
}

}  // namespace
}  // namespace codelab::core::chat
