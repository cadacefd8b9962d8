#include "infra/redis/resp.hpp"

#include <hiredis/hiredis.h>
#include <new>

namespace codelab::infra::redis {
namespace {

Reply::Type type_of(int hiredis_type) {
  switch (hiredis_type) {
    case REDIS_REPLY_STATUS:
      return Reply::Type::status;
    case REDIS_REPLY_ERROR:
      return Reply::Type::error;
    default:
      return Reply::Type::string;
  }
}

/// hiredis builds a reply through these: the outermost one stands alone, each other in its place in its array.
Reply* place_of(const redisReadTask* task) {
  if (task->parent == nullptr) return new Reply;
  return &static_cast<Reply*>(task->parent->obj)->elements[static_cast<std::size_t>(task->idx)];
}

/// Exceptions must not cross C; a null pointer is what hiredis takes for "out of memory".
template <class Fill>
void* placed(const redisReadTask* task, Fill fill) {
  Reply* reply = nullptr;
  try {
    reply = place_of(task);
    fill(*reply);
    return reply;
  } catch (const std::bad_alloc&) {
    if (task->parent == nullptr) delete reply;
    return nullptr;
  }
}

void* create_string(const redisReadTask* task, char* text, std::size_t size) {
  return placed(task, [&](Reply& reply) {
    reply.type = type_of(task->type);
    reply.text.assign(text, size);
  });
}

void* create_array(const redisReadTask* task, int size) {
  return placed(task, [&](Reply& reply) {
    reply.type = Reply::Type::array;
    reply.elements.resize(static_cast<std::size_t>(size));
  });
}

void* create_integer(const redisReadTask* task, long long value) {
  return placed(task, [&](Reply& reply) {
    reply.type = Reply::Type::integer;
    reply.integer = value;
  });
}

void* create_nil(const redisReadTask* task) {
  return placed(task, [](Reply&) {});
}

void free_reply(void* reply) { delete static_cast<Reply*>(reply); }

redisReplyObjectFunctions reply_functions{create_string, create_array, create_integer, create_nil, free_reply};

}  // namespace

void append_command(std::string& out, std::span<const std::string> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  texts.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, decltype(&redisFreeCommand)> owner(formatted, redisFreeCommand);
  out.append(formatted, static_cast<std::size_t>(size));
}

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&reply_functions)) {
  if (!reader_) throw std::bad_alloc();
}

void ReplyReader::feed(std::string_view bytes) { redisReaderFeed(reader_.get(), bytes.data(), bytes.size()); }

std::expected<std::optional<Reply>, std::string> ReplyReader::next() {
  void* object = nullptr;
  if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) return std::unexpected(std::string(reader_->errstr));
  if (object == nullptr) return std::nullopt;
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(object));
  return std::move(*reply);
}

}  // namespace codelab::infra::redis
