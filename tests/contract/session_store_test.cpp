#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

class SessionStoreContract : public StoreContract {};

CODELAB_OVER_EVERY_STORE(SessionStoreContract);

TEST_P(SessionStoreContract, KeepsASessionAndBeginsItsStreamEmpty) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto found = run_task(stores->sessions().find(user, session.id));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->title, "title");
  EXPECT_EQ(found->created_at, session.created_at);
  EXPECT_EQ(found->message_count, 0);
  EXPECT_TRUE(events_of(user, core::events::stream_of(session.id)).empty());
}

TEST_P(SessionStoreContract, ListsNewestFirstPageByPage) {
  const auto user = new_user();
  const auto first = new_session(user);
  const auto second = new_session(user);
  const auto third = new_session(user);
  const auto page = run_task(stores->sessions().list(user, {.limit = 2}));
  ASSERT_EQ(page.items.size(), 2);
  EXPECT_EQ(page.items[0].id, third.id);
  EXPECT_EQ(page.items[1].id, second.id);
  EXPECT_EQ(page.total, 3);
  const auto rest = run_task(stores->sessions().list(user, {.limit = 2, .cursor = page.next_cursor}));
  ASSERT_EQ(rest.items.size(), 1);
  EXPECT_EQ(rest.items[0].id, first.id);
  EXPECT_FALSE(rest.next_cursor);
}

TEST_P(SessionStoreContract, Renames) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto now = clock.now();
  const auto renamed = run_task(stores->sessions().rename(user, session.id, "new title", now));
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->title, "new title");
  EXPECT_EQ(run_task(stores->sessions().find(user, session.id))->updated_at, now);
}

TEST_P(SessionStoreContract, ErasesOnceWithMessagesTasksAndEvents) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  EXPECT_TRUE(run_task(stores->sessions().erase(user, session.id, clock.now())));
  EXPECT_FALSE(run_task(stores->sessions().erase(user, session.id, clock.now())));
  EXPECT_FALSE(run_task(stores->sessions().find(user, session.id)));
  EXPECT_FALSE(run_task(stores->messages().list(user, session.id, {})));
  EXPECT_FALSE(run_task(stores->tasks().find(user, task.id)));
  EXPECT_TRUE(events_of(user, core::events::stream_of(session.id)).empty());
}

TEST_P(SessionStoreContract, TellsEveryChangeInTheUsersOwnStream) {
  const auto user = new_user();
  const auto session = new_session(user);
  run_task(stores->sessions().rename(user, session.id, "new", clock.now())).value();
  run_task(stores->sessions().erase(user, session.id, clock.now()));
  EXPECT_EQ(own_event_types(user),
            (std::vector<std::string>{"USER_REGISTERED", "SESSION_CREATED", "SESSION_UPDATED", "SESSION_DELETED"}));
}

TEST_P(SessionStoreContract, AnotherUsersSessionIsNotThere) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto session = new_session(ann);
  EXPECT_FALSE(run_task(stores->sessions().find(bob, session.id)));
  const auto renamed = run_task(stores->sessions().rename(bob, session.id, "mine", clock.now()));
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().code, base::ErrorCode::session_not_found);
  EXPECT_FALSE(run_task(stores->sessions().erase(bob, session.id, clock.now())));
  EXPECT_EQ(run_task(stores->sessions().list(bob, {})).total, 0);
  EXPECT_EQ(run_task(stores->sessions().find(ann, session.id))->title, "title");
}

}  // namespace
}  // namespace codelab::tests
