#pragma once

#include "load/options.hpp"

/// What the driver can do; each runs to its end on the calling thread and prints its result as one JSON line.
namespace codelab::load {

/// `--connections` callers, each with one direct call in flight at a time: posts a message and waits for the answer.
/// Caller i speaks for the i-th user of `--tokens` (one a line, used in turn). The first calls are spread evenly over
/// `--spread` seconds: 0 lets all begin at once. Calls are counted for `--seconds`, after
/// `--warmup` seconds of the same. A call's time is from the first byte sent to the last byte received. The server is
/// the process `--pid`.
void run_calls(const Options& options);

/// Opens a stream for each line `TOKEN SESSION` of `--streams`, prints `open` when all are, then posts `--posts`
/// messages to the first line's session, one after the other, and times how the first event of each (the user's
/// message, just committed) reaches the readers: from the post's first byte sent to that event read from the
/// reader's socket. Keeps the streams open until its standard input ends.
void run_streams(const Options& options);

/// An OpenAI-compatible model that answers every chat request `--delay-ms` after it arrived, all at once; one that asks
/// for JSON with a plan of `--plan-nodes` nodes. Prints its port and serves until it is killed.
void run_model(const Options& options);

}  // namespace codelab::load
