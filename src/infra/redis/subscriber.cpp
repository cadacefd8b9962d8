#include "infra/redis/subscriber.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::infra::redis {
namespace asio = boost::asio;

namespace {

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
/// Channels of one SUBSCRIBE.
constexpr std::size_t kChannelsAtOnce = 500;

}  // namespace

Subscriber::Subscriber(std::unique_ptr<Dialer> dialer, base::TaskGroup& group, ChannelListener& listener)
    : dialer_(std::move(dialer)),
      group_(group),
      listener_(listener),
      output_ready_(dialer_->executor()),
      ping_(dialer_->executor()) {}

std::shared_ptr<Subscriber> Subscriber::start(std::unique_ptr<Dialer> dialer, base::TaskGroup& group,
                                              ChannelListener& listener) {
  auto subscriber = std::make_shared<Subscriber>(std::move(dialer), group, listener);
  group.spawn(subscriber->dialer_->executor(), run(subscriber));
  return subscriber;
}

void Subscriber::follow(const std::string& channel) {
  Channel& each = channels_[channel];
  if (++each.followers > 1 || !link_) return;
  ++each.unconfirmed;
  send({"SUBSCRIBE", channel});
}

void Subscriber::unfollow(const std::string& channel) {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || --found->second.followers > 0) return;
  Channel& each = found->second;
  each.subscribed = false;
  each.interrupted = false;
  if (!link_) {
    channels_.erase(found);
    return;
  }
  ++each.unconfirmed;
  send({"UNSUBSCRIBE", channel});
}

void Subscriber::resume_all() {
  for (const auto& [name, channel] : channels_) {
    if (channel.subscribed) listener_.resumed(name);
  }
}

base::Task<bool> Subscriber::subscribed(std::string channel, SteadyTime deadline) {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || stopped_) co_return false;
  if (found->second.subscribed) co_return true;
  auto pending = std::make_shared<PendingCall>(dialer_->executor());
  if (!away_) {
    found->second.waiting.push_back(pending);
    co_await pending->wait_until(deadline);
  }
  const auto still = channels_.find(channel);
  if (still == channels_.end()) co_return false;
  std::erase(still->second.waiting, pending);
  if (still->second.subscribed) co_return true;
  still->second.interrupted = true;
  co_return false;
}

void Subscriber::stop() {
  stopped_ = true;
  if (link_) link_->close();
  dialer_->stop();
  output_ready_.cancel();
  ping_.cancel();
}

base::Task<> Subscriber::run(Self self) {
  while (!self->stopped_) {
    auto link = co_await self->dialer_->dial();
    if (link && !self->stopped_) {
      co_await self->serve(std::move(*link));
      continue;
    }
    self->away_ = true;
    self->connection_lost();
    if (!self->stopped_) co_await self->dialer_->pause();
  }
}

/// Reads until the connection breaks.
base::Task<> Subscriber::serve(std::shared_ptr<Link> link) {
  link_ = link;
  away_ = false;
  live_ = true;
  subscribe_all();
  group_.spawn(dialer_->executor(), write(shared_from_this(), link));
  group_.spawn(dialer_->executor(), keep_alive(shared_from_this(), link));
  bool answered = false;
  for (;;) {
    const auto reply = co_await link->read();
    if (!reply) {
      if (!stopped_) dialer_->broke(reply.error());
      break;
    }
    heard_ = true;
    answered = hear(*reply);
    if (!answered) break;
  }
  link_ = nullptr;
  link->close();
  output_ready_.cancel();
  ping_.cancel();
  connection_lost();
  if (answered) dialer_->worked();
  if (!answered && !stopped_) co_await dialer_->pause();
}

void Subscriber::subscribe_all() {
  std::vector<std::string> words{"SUBSCRIBE"};
  for (auto& [name, channel] : channels_) {
    ++channel.unconfirmed;
    words.push_back(name);
    if (words.size() <= kChannelsAtOnce) continue;
    send(std::exchange(words, {"SUBSCRIBE"}));
  }
  if (words.size() > 1) send(std::move(words));
}

/// Who waits is told that it does not come now, and hears of it later.
void Subscriber::connection_lost() {
  live_ = false;
  output_.clear();
  std::erase_if(channels_, [](const auto& each) { return each.second.followers == 0; });
  for (auto& [name, channel] : channels_) {
    channel.unconfirmed = 0;
    channel.subscribed = false;
    channel.interrupted = true;
    for (const PendingCallPtr& each : std::exchange(channel.waiting, {})) each->finish(Reply{});
  }
}

void Subscriber::send(std::vector<std::string> words) {
  append_command(output_, words);
  output_ready_.cancel();
}

/// A message, a confirmation, or the answer to a PING.
bool Subscriber::hear(const Reply& reply) {
  if (reply.type == Reply::Type::error) {
    dialer_->broke(reply.text);
    return false;
  }
  if (reply.elements.size() != 3) return true;
  const std::string& kind = reply.elements[0].text;
  if (kind == "message") {
    listener_.message(reply.elements[1].text, reply.elements[2].text);
  } else if (kind == "subscribe" || kind == "unsubscribe") {
    confirm(reply.elements[1].text, kind == "subscribe");
  }
  return true;
}

/// Only the confirmation of the last command about a channel tells its state.
void Subscriber::confirm(const std::string& name, bool subscription) {
  const auto found = channels_.find(name);
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  if (channel.unconfirmed > 0) --channel.unconfirmed;
  if (channel.unconfirmed > 0) return;
  if (channel.followers == 0) {
    channels_.erase(found);
    return;
  }
  channel.subscribed = subscription;
  if (!subscription) return;
  for (const PendingCallPtr& each : std::exchange(channel.waiting, {})) each->finish(Reply{});
  if (std::exchange(channel.interrupted, false)) listener_.resumed(name);
}

base::Task<> Subscriber::write(Self self, std::shared_ptr<Link> link) {
  while (link->is_open()) {
    if (self->output_.empty()) {
      self->output_ready_.expires_at(SteadyTime::max());
      co_await self->output_ready_.async_wait(kAwaitTuple);
      continue;
    }
    std::string output = std::exchange(self->output_, {});
    const bool sent = co_await link->write(std::move(output));
    if (!sent) link->close();
  }
}

base::Task<> Subscriber::keep_alive(Self self, std::shared_ptr<Link> link) {
  const Options& options = self->dialer_->options();
  while (link->is_open()) {
    self->ping_.expires_after(options.ping_interval);
    co_await self->ping_.async_wait(kAwaitTuple);
    if (!link->is_open()) break;
    self->heard_ = false;
    self->send({"PING"});
    self->ping_.expires_after(options.ping_timeout);
    co_await self->ping_.async_wait(kAwaitTuple);
    if (!self->heard_) link->close();
  }
}

}  // namespace codelab::infra::redis
