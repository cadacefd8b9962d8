#include <gtest/gtest.h>

#include "base/describe/encode.hpp"
#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::chat::Message;

class MessageStoreContract : public StoreContract {
 protected:
  /// Posts "0", "1", ... and returns the messages.
  std::vector<Message> post(const core::identity::UserScope& user, const core::chat::Session& session, int count) {
    std::vector<Message> posted;
    for (int i = 0; i < count; ++i) {
      const auto call = new_call(session, std::to_string(i));
      run_task(stores->tasks().begin(user, call)).value();
      posted.push_back(call.message);
    }
    return posted;
  }
};

CODELAB_OVER_EVERY_STORE(MessageStoreContract);

std::string contents(const std::vector<Message>& messages) {
  std::string all;
  for (const auto& message : messages) all += message.content;
  return all;
}

TEST_P(MessageStoreContract, KeepsEveryFieldOfAMessage) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  const auto answer = answer_to(task, "строка \"x\"");
  ASSERT_TRUE(run_task(stores->tasks().complete(user, completed(task, answer), answer, {})));
  const auto page = run_task(stores->messages().list(user, session.id, {}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 2);
  EXPECT_FALSE(page->items[0].usage);
  EXPECT_FALSE(page->items[0].agent_id);
  EXPECT_EQ(base::encode(page->items[1]), base::encode(answer));
}

TEST_P(MessageStoreContract, ALateAnswerStandsWhereItCame) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  const auto answer = answer_to(task, "late");
  const auto later = post(user, session, 1);
  ASSERT_LT(answer.id, later[0].id);
  ASSERT_TRUE(run_task(stores->tasks().complete(user, completed(task, answer), answer, {})));
  const auto page = run_task(stores->messages().list(user, session.id, {.after = later[0].id}));
  EXPECT_EQ(contents(page->items), "late");
  EXPECT_EQ(page->next_cursor, std::nullopt);
  EXPECT_EQ(run_task(stores->messages().history(user, session.id, later[0].id, 10)).size(), 1);
}

TEST_P(MessageStoreContract, ListsTheFirstOnesOldestFirst) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto posted = post(user, session, 5);
  const auto page = run_task(stores->messages().list(user, session.id, {.limit = 3}));
  EXPECT_EQ(contents(page->items), "012");
  EXPECT_EQ(page->total, 5);
  EXPECT_EQ(page->next_cursor, posted[2].id.str());
}

TEST_P(MessageStoreContract, ListsThoseAfterAMessage) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto posted = post(user, session, 5);
  const auto page = run_task(stores->messages().list(user, session.id, {.limit = 3, .after = posted[2].id}));
  EXPECT_EQ(contents(page->items), "34");
  EXPECT_FALSE(page->next_cursor);
}

TEST_P(MessageStoreContract, ListsTheLastOnesBeforeAMessage) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto posted = post(user, session, 5);
  const auto page = run_task(stores->messages().list(user, session.id, {.limit = 2, .before = posted[4].id}));
  EXPECT_EQ(contents(page->items), "23");
  EXPECT_FALSE(page->next_cursor);
}

TEST_P(MessageStoreContract, ListsBetweenTwoMessages) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto posted = post(user, session, 5);
  const auto page =
      run_task(stores->messages().list(user, session.id, {.limit = 9, .before = posted[3].id, .after = posted[0].id}));
  EXPECT_EQ(contents(page->items), "12");
}

class LongMessages : public MessageStoreContract {
 protected:
  static constexpr std::size_t kHalf = core::chat::MessageStore::kMaxPageBytes / 2;

  void post_texts(const core::identity::UserScope& user, const core::chat::Session& session,
                  std::initializer_list<std::size_t> sizes) {
    char letter = 'a';
    for (const std::size_t size : sizes) {
      run_task(stores->tasks().begin(user, new_call(session, std::string(size, letter++)))).value();
    }
  }
  static std::string letters(const std::vector<Message>& messages) {
    std::string all;
    for (const auto& message : messages) all += message.content.front();
    return all;
  }
};

CODELAB_OVER_EVERY_STORE(LongMessages);

TEST_P(LongMessages, EndAPageBeforeItsLimitAndTheCursorGoesOn) {
  const auto user = new_user();
  const auto session = new_session(user);
  post_texts(user, session, {kHalf, kHalf, 1, kHalf * 2 + 1, 1});
  std::vector<std::string> pages;
  core::chat::MessageRange range{.limit = 200};
  for (bool more = true; more; more = range.after.has_value()) {
    const auto page = run_task(stores->messages().list(user, session.id, range)).value();
    pages.push_back(letters(page.items));
    EXPECT_EQ(page.total, 5);
    range.after = page.next_cursor ? base::MessageId::parse(*page.next_cursor) : std::nullopt;
  }
  EXPECT_EQ(pages, (std::vector<std::string>{"ab", "c", "d", "e"}));
}

TEST_P(LongMessages, EndAPageThatIsReadBackwardsToo) {
  const auto user = new_user();
  const auto session = new_session(user);
  post_texts(user, session, {kHalf, kHalf, 1, kHalf * 2 + 1, 1});
  std::vector<std::string> pages;
  core::chat::MessageRange range{.limit = 200, .before = base::MessageId::generate()};
  for (;;) {
    const auto page = run_task(stores->messages().list(user, session.id, range)).value();
    if (page.items.empty()) break;
    pages.push_back(letters(page.items));
    range.before = page.items.front().id;
  }
  EXPECT_EQ(pages, (std::vector<std::string>{"e", "d", "bc", "a"}));
}

TEST_P(MessageStoreContract, HistoryIsTheNewestBeforeAMessageOldestFirst) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto posted = post(user, session, 5);
  EXPECT_EQ(contents(run_task(stores->messages().history(user, session.id, posted[4].id, 3))), "123");
}

TEST_P(MessageStoreContract, HistoryLeavesOutWhatIsOlderThanItsBytes) {
  const auto user = new_user();
  const auto session = new_session(user);
  post(user, session, 1);
  const std::string large(core::chat::MessageStore::kMaxHistoryBytes, 'x');
  run_task(stores->tasks().begin(user, new_call(session, large))).value();
  const auto last = post(user, session, 1);
  const auto history = run_task(stores->messages().history(user, session.id, last[0].id, 10));
  ASSERT_EQ(history.size(), 1);
  EXPECT_EQ(history[0].content, large);
}

TEST_P(MessageStoreContract, AnotherUsersMessagesAreNotThere) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto session = new_session(ann);
  const auto posted = post(ann, session, 2);
  const auto page = run_task(stores->messages().list(bob, session.id, {}));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, base::ErrorCode::session_not_found);
  EXPECT_TRUE(run_task(stores->messages().history(bob, session.id, posted[1].id, 9)).empty());
}

TEST_P(MessageStoreContract, AnotherSessionsMessagesAreNotListed) {
  const auto user = new_user();
  const auto session = new_session(user);
  post(user, session, 2);
  const auto other = new_session(user);
  EXPECT_EQ(run_task(stores->messages().list(user, other.id, {}))->total, 0);
}

}  // namespace
}  // namespace codelab::tests
