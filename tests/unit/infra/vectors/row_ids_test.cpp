#include "infra/vectors/row_ids.hpp"

#include <unordered_map>

#include <gtest/gtest.h>

#include "clustered_vectors.hpp"

namespace codelab::infra::vectors {
namespace {

void append(RowIds& ids, std::int64_t id) {
  ids.make_room();
  ids.append(id);
}

TEST(RowIds, FindNothingWhenEmpty) {
  RowIds ids;
  EXPECT_FALSE(ids.slot_of(1));
  append(ids, 1);
  ids.swap_remove(0);
  EXPECT_FALSE(ids.slot_of(1));
  EXPECT_EQ(ids.size(), 0U);
}

TEST(RowIds, MoveTheLastIdIntoTheSlotThatIsFreed) {
  RowIds ids;
  for (const std::int64_t id : {10, 20, 30}) append(ids, id);
  ids.swap_remove(0);
  EXPECT_EQ(ids.slot_of(30), 0U);
  EXPECT_EQ(ids.slot_of(20), 1U);
  EXPECT_FALSE(ids.slot_of(10));
}

TEST(RowIds, AgreeWithAMapThroughRandomChanges) {
  testing::Random random(3);
  RowIds ids;
  std::unordered_map<std::int64_t, bool> model;
  for (int step = 0; step < 50'000; ++step) {
    const auto id = static_cast<std::int64_t>(random.below(700)) * (step % 2 == 0 ? 1 : -1'000'003);
    if (const auto slot = ids.slot_of(id)) {
      ASSERT_TRUE(model.contains(id));
      ASSERT_EQ(ids.id_of(*slot), id);
      ids.swap_remove(*slot);
      model.erase(id);
    } else {
      ASSERT_FALSE(model.contains(id));
      append(ids, id);
      model.emplace(id, true);
    }
    ASSERT_EQ(ids.size(), model.size());
  }
  for (const auto& [id, present] : model) ASSERT_TRUE(ids.slot_of(id));
}

}  // namespace
}  // namespace codelab::infra::vectors
