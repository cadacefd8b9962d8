#include "core/events/stream_reader.hpp"
#include "tests/unit/core/events/on_bus_fixture.hpp"

namespace codelab::core::events {
namespace {

/// Several processes write into one stream, and what they tell overtakes what others tell.
class StreamOrder : public codelab::tests::OnBusTest {
 protected:
  void bring(std::int64_t seq) { bus_.bring(log_.events(user_, stream_).at(static_cast<std::size_t>(seq) - 1)); }
  void bring(TextPiece piece) { bus_.bring(user_.user(), stream_, std::move(piece)); }
  static std::vector<Position> positions(const std::vector<LinePtr>& lines) {
    std::vector<Position> found;
    for (const LinePtr& line : lines) found.push_back(line->position);
    return found;
  }
};

TEST_F(StreamOrder, who_joins_a_followed_stream_brings_nobody_what_its_channel_still_has_to_bring) {
  const auto reading = reader();
  commit_up_to(4);
  // The event that was overtaken has emptied the buffer: who joins asks the bus.
  for (const std::int64_t seq : {1, 3, 2}) bring(seq);
  bus_.kept_before = StreamBus::Recent{.events = log_.events(user_, stream_), .texts = {}};
  const auto joining = subscription();
  loop_.run(hub_.follow(user_, stream_, joining));
  const auto joined = hub_.join(user_, stream_, joining, {});
  EXPECT_EQ(joined.last_seq, 3);
  EXPECT_EQ(joined.buffered.size(), 3);
  bring(foreign(0, "abc"));
  bring(4);
  const std::vector<Position> shown{{.seq = 1}, {.seq = 3}, {.seq = 2}, {.seq = 3, .delta = 3}, {.seq = 4}};
  EXPECT_EQ(positions(taken(*reading).lines), shown);
}

}  // namespace
}  // namespace codelab::core::events
