#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/core/events/stream_fixture.hpp"

namespace codelab::tests {

class CountedFollow final : public core::events::Follow {
 public:
  explicit CountedFollow(std::size_t& count) : count_(count) { ++count_; }
  ~CountedFollow() override { --count_; }

 private:
  std::size_t& count_;
};

/// A bus that carries what it is given when the test says so, and keeps what it has carried.
class HandBus final : public core::events::StreamBus {
 public:
  explicit HandBus(core::events::BusListener& listener) : listener_(listener) {}

  /// The stream's order is the order of these calls, as it is on a real bus.
  void bring(const core::events::Event& event) {
    top_ = std::max(top_, event.seq);
    kept.events.push_back(event);
    if (event.body.task && core::events::ends_text(event.body.type)) {
      std::erase_if(kept.texts, [&](const core::events::TextPiece& each) { return each.task == *event.body.task; });
    }
    listener_.event_arrived(event);
  }
  void bring(const base::UserId& user, core::events::StreamId stream, core::events::TextPiece piece) {
    piece.place = {.seq = top_, .delta = delta_};
    delta_ += std::ssize(piece.text);
    kept.texts.push_back(piece);
    listener_.text_arrived(user, stream, piece);
  }

  void publish(const core::events::Event& event) noexcept override { events.push_back(event); }
  void publish_text(const base::UserId&, core::events::StreamId, core::events::TextPiece piece) noexcept override {
    texts.push_back(piece);
  }
  void publish_access_change(const base::UserId&) noexcept override {}
  base::Task<Following> follow(core::identity::UserScope, core::events::StreamId) override {
    if (while_following) while_following();
    co_return Following{.hold = std::make_unique<CountedFollow>(follows), .live = live};
  }
  base::Task<Recent> recent(core::identity::UserScope, core::events::StreamId) override {
    co_return kept_before.value_or(kept);
  }
  bool is_live(const base::UserId&) const noexcept override { return live; }

  bool live = true;
  /// How many hold a stream.
  std::size_t follows = 0;
  std::vector<core::events::Event> events;
  std::vector<core::events::TextPiece> texts;
  Recent kept;
  /// What recent() says, when that is older.
  std::optional<Recent> kept_before;
  std::function<void()> while_following;

 private:
  core::events::BusListener& listener_;
  std::int64_t top_ = 0;
  std::int64_t delta_ = 0;
};

/// The same with a bus that the hub is connected to.
class OnBusTest : public StreamTest {
 protected:
  OnBusTest() { hub_.connect(bus_); }
  ~OnBusTest() override { hub_.disconnect(); }

  std::shared_ptr<Subscription> reader() {
    auto made = subscription();
    loop_.run(hub_.follow(user_, stream_, made));
    hub_.subscribe(user_, stream_, made);
    return made;
  }
  std::vector<LinePtr> texts_for(core::events::Position since) {
    return hub_.join(user_, stream_, subscription(), since).texts;
  }
  core::events::TextPiece foreign(std::int64_t offset, std::string text) const {
    return {
        .task = task_, .agent = "asker", .message = theirs_, .place = {}, .offset = offset, .text = std::move(text)};
  }
  void commit(core::events::EventType type) { log_.append(user_, stream_, {.type = type, .task = task_}); }

  HandBus bus_{hub_};
  const base::TaskId task_ = base::TaskId::generate();
  const base::MessageId ours_ = base::MessageId::generate();
  const base::MessageId theirs_ = base::MessageId::generate();
};

}  // namespace codelab::tests
