#include "infra/redis/stream_bus.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <ranges>
#include <unordered_map>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/elsewhere.hpp"
#include "base/log.hpp"

namespace codelab::infra::redis {
namespace asio = boost::asio;

using core::events::Event;
using core::events::StreamId;
using core::events::TextPiece;
using core::identity::UserScope;

namespace {

/// KEYS: events, cuts. ARGV: the events' age in milliseconds, what the names of texts begin with. Returns events, cuts,
/// and the texts, each behind the id of its message. The names of texts follow from those of the stream, and are in its
/// slot.
const Script kRecent(R"(
local time = redis.call('TIME')
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
local events = {}
for _, event in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local at, message = string.match(event, '^%d+ (%d+) (.*)$')
  if tonumber(at) >= oldest then events[#events + 1] = message end
end
local cuts = redis.call('LRANGE', KEYS[2], 0, -1)
local texts, seen = {}, {}
for _, cut in ipairs(cuts) do
  local id = string.match(cut, '^%S+ %S+ %S+ (%S+)')
  if not seen[id] then
    seen[id] = true
    texts[#texts + 1] = id
    texts[#texts + 1] = redis.call('GET', ARGV[2] .. id) or ''
  end
end
return {events, cuts, texts}
)");

/// KEYS: a key that is the name of a channel too. Writes and publishes, as the streams do.
const Script kProbe(R"(
redis.call('SET', KEYS[1], '', 'PX', 10000)
redis.call('PUBLISH', KEYS[1], '')
return 1
)");
constexpr std::chrono::milliseconds kProbeEvery{1'000};
constexpr std::chrono::milliseconds kProbeAgainAfter{250};

std::vector<Event> decode_events(const StreamNames& names, const Reply& messages) {
  std::vector<Event> events;
  for (const Reply& each : messages.elements) {
    StreamMessage message = decode_message(names, each.text);
    auto* event = std::get_if<Event>(&message.content);
    // Only what comes behind the last hole is consecutive; what this version cannot read leaves one too.
    const bool goes_on = event != nullptr && !events.empty() && event->seq == events.back().seq + 1;
    if (!goes_on) events.clear();
    if (event != nullptr) events.push_back(std::move(*event));
  }
  return events;
}

/// Each piece with the part of its text up to the next piece of the same text; those of a text that is gone are left
/// out.
std::vector<TextPiece> decode_texts(const Reply& cuts, const Reply& texts) {
  struct Text {
    std::string_view content;
    /// Where the piece behind begins.
    std::size_t end;
  };
  std::unordered_map<base::MessageId, Text> contents;
  for (std::size_t i = 0; i + 1 < texts.elements.size(); i += 2) {
    const std::string_view content = texts.elements[i + 1].text;
    const auto message = base::MessageId::parse(texts.elements[i].text);
    if (message) contents.emplace(*message, Text{.content = content, .end = content.size()});
  }
  std::vector<TextPiece> pieces;
  for (const Reply& cut : cuts.elements | std::views::reverse) {
    auto piece = decode_placed_cut(cut.text);
    if (!piece) continue;
    const auto found = contents.find(piece->message);
    const auto begin = static_cast<std::size_t>(piece->offset);
    if (found == contents.end() || begin >= found->second.end) continue;
    piece->text = found->second.content.substr(begin, std::exchange(found->second.end, begin) - begin);
    pieces.push_back(std::move(*piece));
  }
  std::ranges::reverse(pieces);
  return pieces;
}

}  // namespace

/// What of the bus lives on one core.
struct RedisStreamBus::Core final : ChannelListener {
  Core(Clients& clients, std::size_t index, const std::string& process, core::events::BusListener& heard_by,
       StreamBufferLimits limits)
      : executor(clients.cores().executor(index)),
        origin(process),
        listener(heard_by),
        publisher(clients, index, process, heard_by, limits),
        number(index),
        pause(executor) {}

  void message(std::string_view channel, std::string_view payload) noexcept override {
    try {
      if (channel == kEverybody) return subscriber->resume_all();
      const auto names = StreamNames::of_channel(channel);
      if (names) tell(*names, decode_message(*names, payload));
    } catch (const std::exception& failure) {
      base::log::error("stream_message_dropped", {{"reason", failure.what()}});
    }
  }

  void resumed(const std::string& channel) noexcept override {
    const auto names = StreamNames::of_channel(channel);
    if (!names) return;
    listener.events_missed(names->user, names->stream, {});
    if (names->stream == core::events::own_stream(names->user)) listener.access_changed(names->user);
  }

  void tell(const StreamNames& names, const StreamMessage& message) {
    const bool own = message.origin == origin;
    if (const auto* event = std::get_if<Event>(&message.content)) {
      listener.event_arrived(*event);
    } else if (const auto* piece = std::get_if<TextPiece>(&message.content)) {
      listener.text_arrived(names.user, names.stream, *piece);
    } else if (const auto* tip = std::get_if<Tip>(&message.content)) {
      if (!own) listener.events_missed(names.user, names.stream, tip->seq);
    } else if (std::holds_alternative<AccessChange>(message.content)) {
      if (!own) listener.access_changed(names.user);
    } else {
      listener.events_missed(names.user, names.stream, {});
    }
  }

  base::Executor executor;
  const std::string origin;
  core::events::BusListener& listener;
  StreamPublisher publisher;
  const std::size_t number;
  std::shared_ptr<Subscriber> subscriber;
  boost::asio::steady_timer pause;
  bool stopped = false;
  /// Redis took what was published lately.
  std::atomic<bool> takes{true};
};

namespace {

/// Undoes one follow(), on the subscriber's thread.
class ChannelFollow final : public core::events::Follow {
 public:
  ChannelFollow(base::Executor executor, std::shared_ptr<Subscriber> subscriber, std::string channel)
      : executor_(std::move(executor)), subscriber_(std::move(subscriber)), channel_(std::move(channel)) {}
  ~ChannelFollow() override {
    asio::post(executor_,
               [subscriber = std::move(subscriber_), channel = std::move(channel_)] { subscriber->unfollow(channel); });
  }

 private:
  base::Executor executor_;
  std::shared_ptr<Subscriber> subscriber_;
  std::string channel_;
};

base::Task<core::events::StreamBus::Following> follow_there(base::Executor executor,
                                                            std::shared_ptr<Subscriber> subscriber, std::string channel,
                                                            SteadyTime deadline) {
  core::events::StreamBus::Following following;
  subscriber->follow(channel);
  following.hold = std::make_unique<ChannelFollow>(executor, subscriber, channel);
  following.live = co_await subscriber->subscribed(std::move(channel), deadline);
  co_return following;
}

}  // namespace

RedisStreamBus::RedisStreamBus(Clients& clients, core::events::BusListener& listener, StreamBufferLimits limits)
    : clients_(clients), limits_(limits) {
  const std::string origin = base::format_uuid(base::generate_uuid_v7());
  for (std::size_t i = 0; i < clients.cores().size(); ++i) {
    auto core = std::make_shared<Core>(clients, i, origin, listener, limits);
    auto source = make_endpoint_source(core->executor, clients.options().address, clients.tls(),
                                       [&client = clients.on(i)] { return client.nodes(); });
    auto dialer =
        std::make_unique<Dialer>(core->executor, clients.options(), clients.tls(), std::move(source), "subscriptions");
    core->subscriber = Subscriber::start(std::move(dialer), clients.group(), *core);
    clients.group().spawn(core->executor, probe(core, clients));
    cores_.push_back(std::move(core));
  }
}

RedisStreamBus::~RedisStreamBus() = default;

void RedisStreamBus::stop() {
  for (const CorePtr& core : cores_) {
    asio::post(core->executor, [core] {
      core->subscriber->stop();
      core->stopped = true;
      core->pause.cancel();
    });
  }
}

base::Task<> RedisStreamBus::probe(CorePtr core, Clients& clients) {
  const std::string key = "codelab:{alive-" + core->origin + "-" + std::to_string(core->number) + "}";
  core->subscriber->follow(std::string(kEverybody));
  while (!core->stopped) {
    const SteadyTime deadline = std::chrono::steady_clock::now() + clients.options().call_timeout;
    std::vector<std::string> keys{key};
    std::vector<std::string> none;
    const auto taken = co_await clients.on(core->number).eval(kProbe, std::move(keys), std::move(none), deadline);
    if (core->takes.exchange(taken.has_value()) != taken.has_value() && !core->stopped) {
      if (taken) {
        base::log::info("redis_takes_streams_again", {});
      } else {
        base::log::warning("redis_takes_no_streams", {{"reason", taken.error().detail}});
      }
    }
    core->pause.expires_after(core->takes ? kProbeEvery : kProbeAgainAfter);
    co_await core->pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

bool RedisStreamBus::takes_everything() const noexcept {
  return std::ranges::all_of(cores_, [](const CorePtr& core) { return core->takes.load(); });
}

void RedisStreamBus::post(const StreamNames& names, StreamPublisher::Content content, bool live) noexcept {
  try {
    const CorePtr& core = cores_[clients_.cores().home_of(names.user)];
    asio::post(core->executor, [core, names, live, content = std::move(content)]() mutable {
      core->publisher.publish(names, std::move(content), live);
    });
  } catch (const std::exception& failure) {
    base::log::error("stream_publish_failed", {{"reason", failure.what()}});
  }
}

void RedisStreamBus::publish(const Event& event) noexcept {
  post({event.user, event.stream}, event, is_live(event.user));
}

void RedisStreamBus::publish_text(const base::UserId& user, StreamId stream, TextPiece piece) noexcept {
  // Nobody else would get it, and a text with a hole is given up.
  if (is_live(user)) post({user, stream}, std::move(piece), true);
}

void RedisStreamBus::publish_access_change(const base::UserId& user) noexcept {
  post({user, core::events::own_stream(user)}, AccessChange{}, true);
}

base::Task<core::events::StreamBus::Following> RedisStreamBus::follow(UserScope scope, StreamId stream) {
  const Core& core = core_of(scope.user());
  const SteadyTime deadline = std::chrono::steady_clock::now() + clients_.options().call_timeout;
  std::string channel = StreamNames{scope.user(), stream}.channel();
  auto following = follow_there(core.executor, core.subscriber, std::move(channel), deadline);
  return base::elsewhere(core.executor, std::move(following));
}

base::Task<core::events::StreamBus::Recent> RedisStreamBus::recent(UserScope scope, StreamId stream) {
  const StreamNames names{scope.user(), stream};
  Recent recent;
  std::vector<std::string> keys{names.events(), names.cuts()};
  std::vector<std::string> arguments{age_argument(limits_), names.texts()};
  const auto kept = co_await clients_.eval(kRecent, std::move(keys), std::move(arguments));
  if (!kept || kept->elements.size() != 3) co_return recent;
  recent.events = decode_events(names, kept->elements[0]);
  recent.texts = decode_texts(kept->elements[1], kept->elements[2]);
  co_return recent;
}

bool RedisStreamBus::is_live(const base::UserId& user) const noexcept {
  const Core& core = core_of(user);
  return core.takes && core.subscriber->is_live();
}

}  // namespace codelab::infra::redis
