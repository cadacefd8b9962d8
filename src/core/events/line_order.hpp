#pragma once

#include <deque>

#include "core/events/subscription.hpp"

namespace codelab::core::events {

/// What one reader may still be told: its ids only grow, and no text grows that has ended for it. The log may have told
/// it of events before the pieces of texts came that stand before them. Such a text is given up: the reader gets no
/// more of it, and all of it with its message. The cost of a line does not depend on how many came before.
class LineOrder {
 public:
  /// The reader had stopped there: what stands up to there was passed on before.
  void begin(Position at) { began_ = last_ = at; }
  /// Of the last line that was passed on.
  Position last() const { return last_; }
  /// False: the reader does not get this line. Otherwise it is passed on now.
  bool pass(const StreamLine& line);
  /// An event that this reader knows already, in the order of the log.
  void note(EventType type, const std::optional<base::TaskId>& task);

 private:
  bool pass_delta(const StreamLine& delta);

  Position began_;
  Position last_;
  std::deque<base::MessageId> given_up_;
  /// What their texts still bring is late.
  std::deque<base::TaskId> ended_;
};

}  // namespace codelab::core::events
