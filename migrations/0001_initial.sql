-- Every table of a user's own things has a primary key that begins with user_id, and so do its foreign keys: a row
-- cannot refer to another user's. Ids are 16 bytes, times are microseconds since 1970 in UTC.
--
-- What every call adds to (events, messages, tasks, memories) keeps its rows in the order of their coming, so that the
-- calls of one commit share pages, and has the key in an index of small entries. The rest is WITHOUT ROWID.

CREATE TABLE users (
  id            BLOB    NOT NULL PRIMARY KEY,
  email         TEXT    NOT NULL UNIQUE,
  password_hash TEXT    NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE auth_sessions (
  user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  id         BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  -- Of its newest refresh token.
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refresh_tokens (
  user_id    BLOB    NOT NULL,
  token_hash TEXT    NOT NULL,
  session_id BLOB    NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER,
  PRIMARY KEY (user_id, token_hash),
  FOREIGN KEY (user_id, session_id) REFERENCES auth_sessions (user_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (user_id, session_id);

CREATE TABLE user_agents (
  user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  id         BLOB    NOT NULL,
  name       TEXT    NOT NULL,
  status     TEXT    NOT NULL,
  config     TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, name)
) STRICT;

-- One a chat session, and one a user for what belongs to no session (its id is the user's). What changes with each
-- message stands here together: one page is written, not two.
CREATE TABLE event_streams (
  user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  id            BLOB    NOT NULL,
  last_seq      INTEGER NOT NULL DEFAULT 0,
  message_count INTEGER NOT NULL DEFAULT 0,
  updated_at    INTEGER NOT NULL,
  PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  user_id   BLOB    NOT NULL,
  stream_id BLOB    NOT NULL,
  -- From 1 in its stream, without gap.
  seq       INTEGER NOT NULL,
  type      TEXT    NOT NULL,
  task_id   BLOB,
  agent     TEXT    NOT NULL,
  payload   TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (user_id, stream_id, seq),
  FOREIGN KEY (user_id, stream_id) REFERENCES event_streams (user_id, id) ON DELETE CASCADE
) STRICT;

-- Goes with its event stream, which has the same id.
CREATE TABLE chat_sessions (
  user_id    BLOB    NOT NULL,
  id         BLOB    NOT NULL,
  title      TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, id) REFERENCES event_streams (user_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- agent_id and task_id refer to nothing: a message outlives its agent.
CREATE TABLE messages (
  user_id           BLOB    NOT NULL,
  session_id        BLOB    NOT NULL,
  id                BLOB    NOT NULL,
  -- 1, 2, ... in the session, in the order of the commits: an answer's id is older than its place.
  position          INTEGER NOT NULL,
  role              TEXT    NOT NULL,
  agent_id          BLOB,
  agent_name        TEXT,
  task_id           BLOB,
  model             TEXT,
  prompt_tokens     INTEGER,
  completion_tokens INTEGER,
  cost_usd          REAL,
  created_at        INTEGER NOT NULL,
  content           TEXT    NOT NULL,
  PRIMARY KEY (user_id, session_id, id),
  UNIQUE (user_id, session_id, position),
  FOREIGN KEY (user_id, session_id) REFERENCES chat_sessions (user_id, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE tasks (
  user_id            BLOB    NOT NULL,
  id                 BLOB    NOT NULL,
  session_id         BLOB    NOT NULL,
  agent_id           BLOB    NOT NULL,
  agent_name         TEXT    NOT NULL,
  status             TEXT    NOT NULL,
  error_code         TEXT,
  error_detail       TEXT,
  request_message_id BLOB    NOT NULL,
  message_id         BLOB,
  created_at         INTEGER NOT NULL,
  started_at         INTEGER,
  completed_at       INTEGER,
  -- The process that runs it or ran it last, and how often it was begun.
  runner             BLOB    NOT NULL,
  attempt            INTEGER NOT NULL DEFAULT 1,
  -- When its interaction is to be remembered, where that has failed so far.
  memory_due         INTEGER,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, session_id) REFERENCES chat_sessions (user_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX tasks_by_session ON tasks (user_id, session_id);
CREATE INDEX tasks_unfinished ON tasks (user_id, id) WHERE status IN ('queued', 'running');
CREATE INDEX tasks_memory_due ON tasks (memory_due) WHERE memory_due IS NOT NULL;

-- Kept for a day.
CREATE TABLE idempotency_keys (
  user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key          TEXT    NOT NULL,
  request_hash TEXT    NOT NULL,
  task_id      BLOB    NOT NULL,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (user_id, created_at);

-- What an agent remembers in one vector space, counted.
CREATE TABLE memory_collections (
  user_id         BLOB    NOT NULL,
  agent_id        BLOB    NOT NULL,
  embedding_model TEXT    NOT NULL,
  dimension       INTEGER NOT NULL,
  items           INTEGER NOT NULL,
  interactions    INTEGER NOT NULL,
  text_bytes      INTEGER NOT NULL,
  PRIMARY KEY (user_id, agent_id, embedding_model, dimension),
  FOREIGN KEY (user_id, agent_id) REFERENCES user_agents (user_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- row_id ties a memory to its vector and to its place in the text index. Memories are never changed. Whoever deletes
-- one takes it out of memories_fts, if it is there, and off the count of its collection in the same transaction.
CREATE TABLE memories (
  row_id          INTEGER NOT NULL PRIMARY KEY,
  user_id         BLOB    NOT NULL,
  agent_id        BLOB    NOT NULL,
  id              BLOB    NOT NULL,
  kind            TEXT    NOT NULL,
  embedding_model TEXT    NOT NULL,
  dimension       INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  text_bytes      INTEGER NOT NULL,
  metadata        TEXT    NOT NULL,
  text            TEXT    NOT NULL,
  UNIQUE (user_id, agent_id, id),
  FOREIGN KEY (user_id, agent_id, embedding_model, dimension)
    REFERENCES memory_collections (user_id, agent_id, embedding_model, dimension) ON DELETE CASCADE
) STRICT;

-- float32, little endian; apart from the memories so that listing those reads none.
CREATE TABLE memory_vectors (
  row_id INTEGER NOT NULL PRIMARY KEY REFERENCES memories (row_id) ON DELETE CASCADE,
  vector BLOB    NOT NULL
) STRICT;

-- The agents whose texts are in memories_fts. With few memories they are not: then their words are kept in memory.
CREATE TABLE text_indexed_agents (
  user_id  BLOB NOT NULL,
  agent_id BLOB NOT NULL,
  PRIMARY KEY (user_id, agent_id),
  FOREIGN KEY (user_id, agent_id) REFERENCES user_agents (user_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What the text index holds: the tokenizer puts the agent before each word, so that every agent has words of its own
-- and no search reads or counts another agent's.
CREATE VIEW memory_texts (row_id, text) AS
  SELECT m.row_id, lower(hex(m.agent_id)) || ' ' || m.text
  FROM text_indexed_agents t JOIN memories m ON m.user_id = t.user_id AND m.agent_id = t.agent_id;

CREATE VIRTUAL TABLE memories_fts USING fts5 (
  text,
  content = 'memory_texts',
  content_rowid = 'row_id',
  columnsize = 0,
  tokenize = 'agent_words'
);
