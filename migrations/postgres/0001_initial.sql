-- The tables of migrations/0001_initial.sql. Every table of a user's own things has a primary key that begins with
-- user_id, and so do its foreign keys: a row cannot refer to another user's. Times are microseconds since 1970 in UTC,
-- as in SQLite: what the clock gave comes back exactly, whatever time zone a session has. JSON is kept as json, not
-- jsonb: the order of keys, the spelling of numbers and \u0000 come back as they were.
--
-- The text index of SQLite is not here: it is one of that engine's own.

-- Roles belong to the whole server: another database may have made them.
DO $$
DECLARE
  wanted text;
  -- From 16 on a member may be one that may not take the role.
  may_take CONSTANT text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['codelab_serving', 'codelab_operator'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', wanted);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    -- An owner that serves too takes the roles in its transactions; one that does not needs no right to grant them.
    IF NOT pg_has_role(current_user, wanted, may_take) THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', wanted, current_user);
      EXCEPTION WHEN insufficient_privilege THEN NULL;
      END;
    END IF;
  END LOOP;
END $$;

CREATE TABLE users (
  id            uuid   NOT NULL PRIMARY KEY,
  email         text   NOT NULL UNIQUE,
  password_hash text   NOT NULL,
  created_at    bigint NOT NULL
);

CREATE TABLE auth_sessions (
  user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  id         uuid   NOT NULL,
  created_at bigint NOT NULL,
  -- Of its newest refresh token.
  expires_at bigint NOT NULL,
  revoked_at bigint,
  PRIMARY KEY (user_id, id)
);

CREATE TABLE refresh_tokens (
  user_id    uuid   NOT NULL,
  token_hash text   NOT NULL,
  session_id uuid   NOT NULL,
  expires_at bigint NOT NULL,
  used_at    bigint,
  PRIMARY KEY (user_id, token_hash),
  FOREIGN KEY (user_id, session_id) REFERENCES auth_sessions (user_id, id) ON DELETE CASCADE
);

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (user_id, session_id);

CREATE TABLE user_agents (
  user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  id         uuid   NOT NULL,
  name       text   NOT NULL,
  status     text   NOT NULL,
  config     json   NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, name)
);

-- One a chat session, and one a user for what belongs to no session (its id is the user's). Its row is the lock that
-- orders the writers to the stream. Changed with every event, so its pages keep room for the next version of a row.
CREATE TABLE event_streams (
  user_id       uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  id            uuid   NOT NULL,
  last_seq      bigint NOT NULL DEFAULT 0,
  -- No event is older than the one before it, whatever the clocks of several servers say.
  last_event_at bigint NOT NULL DEFAULT 0,
  message_count bigint NOT NULL DEFAULT 0,
  updated_at    bigint NOT NULL,
  PRIMARY KEY (user_id, id)
) WITH (fillfactor = 70);

CREATE TABLE events (
  user_id   uuid   NOT NULL,
  stream_id uuid   NOT NULL,
  -- From 1 in its stream, without gap.
  seq       bigint NOT NULL,
  type      text   NOT NULL,
  task_id   uuid,
  agent     text   NOT NULL,
  -- A JSON object. As text its length is known without reading it, which bounds what one read of the log sends.
  payload   text   NOT NULL,
  at        bigint NOT NULL,
  PRIMARY KEY (user_id, stream_id, seq),
  FOREIGN KEY (user_id, stream_id) REFERENCES event_streams (user_id, id) ON DELETE CASCADE
);

-- Goes with its event stream, which has the same id.
CREATE TABLE chat_sessions (
  user_id    uuid   NOT NULL,
  id         uuid   NOT NULL,
  title      text   NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, id) REFERENCES event_streams (user_id, id) ON DELETE CASCADE
);

-- agent_id and task_id refer to nothing: a message outlives its agent.
CREATE TABLE messages (
  user_id           uuid   NOT NULL,
  session_id        uuid   NOT NULL,
  id                uuid   NOT NULL,
  -- 1, 2, ... in the session, in the order of the commits: an answer's id is older than its place.
  position          bigint NOT NULL,
  role              text   NOT NULL,
  agent_id          uuid,
  agent_name        text,
  task_id           uuid,
  model             text,
  prompt_tokens     bigint,
  completion_tokens bigint,
  cost_usd          double precision,
  created_at        bigint NOT NULL,
  content           text   NOT NULL,
  PRIMARY KEY (user_id, session_id, id),
  UNIQUE (user_id, session_id, position),
  FOREIGN KEY (user_id, session_id) REFERENCES chat_sessions (user_id, id) ON DELETE CASCADE
);

CREATE TABLE tasks (
  user_id            uuid   NOT NULL,
  id                 uuid   NOT NULL,
  session_id         uuid   NOT NULL,
  agent_id           uuid   NOT NULL,
  agent_name         text   NOT NULL,
  status             text   NOT NULL,
  error_code         text,
  error_detail       text,
  request_message_id uuid   NOT NULL,
  message_id         uuid,
  created_at         bigint NOT NULL,
  started_at         bigint,
  completed_at       bigint,
  -- The process that runs it or ran it last, and how often it was begun.
  runner             uuid   NOT NULL,
  attempt            bigint NOT NULL DEFAULT 1,
  -- When its interaction is to be remembered, where that has failed so far.
  memory_due         bigint,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, session_id) REFERENCES chat_sessions (user_id, id) ON DELETE CASCADE
);

CREATE INDEX tasks_by_session ON tasks (user_id, session_id, id);
CREATE INDEX tasks_unfinished ON tasks (user_id, id) WHERE status IN ('queued', 'running');
CREATE INDEX tasks_memory_due ON tasks (memory_due) WHERE memory_due IS NOT NULL;

-- The processes that run tasks. One whose time is over, by this server's clock, is gone, and so is one that is not here.
-- No user owns these: they are reached through functions only.
CREATE TABLE runners (
  id          uuid   NOT NULL PRIMARY KEY,
  alive_until bigint NOT NULL
);

-- Users who are not here: they live on another server now, or are on the way (0002_shards.sql). No user owns these.
CREATE TABLE moved_users (
  user_id  uuid   NOT NULL PRIMARY KEY,
  moved_at bigint NOT NULL
);

-- Kept for a day.
CREATE TABLE idempotency_keys (
  user_id      uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key          text   NOT NULL,
  request_hash text   NOT NULL,
  task_id      uuid   NOT NULL,
  created_at   bigint NOT NULL,
  PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (user_id, created_at);

-- Of each agent that ever had a memory. Its row is the lock that orders the writers: numbers are given in the order of
-- the commits, so that a server knows by two of them what it has not seen yet.
CREATE TABLE memory_counters (
  user_id       uuid   NOT NULL,
  agent_id      uuid   NOT NULL,
  last_position bigint NOT NULL,
  removals      bigint NOT NULL,
  PRIMARY KEY (user_id, agent_id),
  FOREIGN KEY (user_id, agent_id) REFERENCES user_agents (user_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);

-- The newest removals of an agent's memories, numbered 1, 2, ...: what the indexes of other servers have to drop.
CREATE TABLE memory_removals (
  user_id  uuid   NOT NULL,
  agent_id uuid   NOT NULL,
  number   bigint NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (user_id, agent_id, number),
  FOREIGN KEY (user_id, agent_id) REFERENCES memory_counters (user_id, agent_id) ON DELETE CASCADE
);

-- What an agent remembers in one vector space, counted.
CREATE TABLE memory_collections (
  user_id         uuid   NOT NULL,
  agent_id        uuid   NOT NULL,
  embedding_model text   NOT NULL,
  dimension       bigint NOT NULL,
  items           bigint NOT NULL,
  interactions    bigint NOT NULL,
  text_bytes      bigint NOT NULL,
  PRIMARY KEY (user_id, agent_id, embedding_model, dimension),
  FOREIGN KEY (user_id, agent_id) REFERENCES user_agents (user_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);

-- Memories are never changed. Whoever deletes one takes it off the count of its collection, and notes the removal, in
-- the same transaction.
CREATE TABLE memories (
  user_id         uuid   NOT NULL,
  agent_id        uuid   NOT NULL,
  id              uuid   NOT NULL,
  -- 1, 2, ... of its agent, in the order of the commits. What an index in memory knows it by.
  position        bigint NOT NULL,
  kind            text   NOT NULL,
  embedding_model text   NOT NULL,
  dimension       bigint NOT NULL,
  created_at      bigint NOT NULL,
  text_bytes      bigint NOT NULL,
  metadata        json   NOT NULL,
  text            text   NOT NULL,
  PRIMARY KEY (user_id, agent_id, id),
  UNIQUE (user_id, agent_id, position),
  FOREIGN KEY (user_id, agent_id, embedding_model, dimension)
    REFERENCES memory_collections (user_id, agent_id, embedding_model, dimension) ON DELETE CASCADE
);

CREATE INDEX memories_by_collection ON memories (user_id, agent_id, embedding_model, dimension);

-- float32, little endian; apart from the memories so that listing those reads none.
CREATE TABLE memory_vectors (
  user_id   uuid  NOT NULL,
  agent_id  uuid  NOT NULL,
  memory_id uuid  NOT NULL,
  vector    bytea NOT NULL,
  PRIMARY KEY (user_id, agent_id, memory_id),
  FOREIGN KEY (user_id, agent_id, memory_id) REFERENCES memories (user_id, agent_id, id) ON DELETE CASCADE
);

-- To try to make float32 smaller is wasted.
ALTER TABLE memory_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;

-- The second wall: a transaction sees the rows of the user whom it entered for, and of nobody without one. The server
-- enforces it; the serving role owns no table and cannot turn it off.
CREATE FUNCTION codelab_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('codelab.user_id', true), '')::uuid;

DO $$ DECLARE owned record; BEGIN
  FOR owned IN
    SELECT * FROM (VALUES ('users', 'id'), ('auth_sessions', 'user_id'), ('refresh_tokens', 'user_id'),
      ('user_agents', 'user_id'), ('event_streams', 'user_id'), ('events', 'user_id'), ('chat_sessions', 'user_id'),
      ('messages', 'user_id'), ('tasks', 'user_id'), ('idempotency_keys', 'user_id'),
      ('memory_counters', 'user_id'), ('memory_removals', 'user_id'), ('memory_collections', 'user_id'),
      ('memories', 'user_id'), ('memory_vectors', 'user_id')) AS t (name, owner)
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned.name);
    -- In a subquery the user is looked up once a statement, not once a row.
    EXECUTE format('CREATE POLICY own_rows ON %I TO codelab_serving USING (%I = (SELECT codelab_user())) '
      'WITH CHECK (%I = (SELECT codelab_user()))', owned.name, owned.owner, owned.owner);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO codelab_serving', owned.name);
  END LOOP;
END $$;

GRANT SELECT ON schema_migrations TO codelab_serving;

-- The narrow way past that wall. These run as the owner of the tables, return what they say and nothing else, and only
-- codelab_operator may call them; that role may do nothing else.
CREATE FUNCTION codelab_credentials_by_email(wanted text)
  RETURNS TABLE (id uuid, email text, created_at bigint, password_hash text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT u.id, u.email, u.created_at, u.password_hash FROM users u WHERE u.email = wanted';

CREATE FUNCTION codelab_users() RETURNS TABLE (id uuid, email text, created_at bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT u.id, u.email, u.created_at FROM users u ORDER BY u.id';

CREATE FUNCTION codelab_now() RETURNS bigint LANGUAGE sql VOLATILE
  RETURN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

CREATE FUNCTION codelab_renew_runner(runner uuid, lease_us bigint) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'INSERT INTO runners VALUES (runner, codelab_now() + lease_us)
      ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until';

CREATE FUNCTION codelab_release_runner(runner uuid) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'DELETE FROM runners r WHERE r.id = runner';

-- Tasks of runners that are gone, and those of the caller that were begun long enough ago; never one that the caller works
-- on (`running`). What another process takes at this moment is left to it. Runners that have been gone for long are
-- forgotten.
CREATE FUNCTION codelab_take_over(new_runner uuid, most bigint, running uuid[], begun_before bigint)
  RETURNS TABLE (user_id uuid, task_id uuid, attempt bigint)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'DELETE FROM runners r WHERE r.alive_until < codelab_now() - 3600000000;
      WITH lost AS (
        SELECT t.user_id, t.id FROM tasks t
        WHERE t.status IN (''queued'', ''running'')
          AND t.id <> ALL (running)
          AND CASE WHEN t.runner = new_runner THEN t.created_at < begun_before
            ELSE t.runner <> ALL (ARRAY(SELECT r.id FROM runners r WHERE r.alive_until >= codelab_now())) END
          AND NOT EXISTS (SELECT FROM moved_users m WHERE m.user_id = t.user_id)
        ORDER BY t.user_id, t.id LIMIT most FOR UPDATE OF t SKIP LOCKED)
      UPDATE tasks t SET runner = new_runner, attempt = t.attempt + 1 FROM lost
      WHERE t.user_id = lost.user_id AND t.id = lost.id RETURNING t.user_id, t.id, t.attempt';

CREATE FUNCTION codelab_claim_memories(due bigint, again bigint, most bigint)
  RETURNS TABLE (user_id uuid, task_id uuid)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'WITH owed AS (
        SELECT t.user_id, t.id FROM tasks t WHERE t.memory_due <= due AND t.status = ''completed''
          AND NOT EXISTS (SELECT FROM moved_users m WHERE m.user_id = t.user_id)
        ORDER BY t.memory_due LIMIT most FOR UPDATE SKIP LOCKED)
      UPDATE tasks t SET memory_due = again FROM owed
      WHERE t.user_id = owed.user_id AND t.id = owed.id RETURNING t.user_id, t.id';

CREATE FUNCTION codelab_settle_memories(users uuid[], settled uuid[]) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'UPDATE tasks t SET memory_due = NULL FROM unnest(users, settled) AS s (user_id, task_id)
      WHERE t.user_id = s.user_id AND t.id = s.task_id';

REVOKE ALL ON FUNCTION codelab_credentials_by_email(text), codelab_users(), codelab_renew_runner(uuid, bigint),
  codelab_release_runner(uuid), codelab_take_over(uuid, bigint, uuid[], bigint),
  codelab_claim_memories(bigint, bigint, bigint), codelab_settle_memories(uuid[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION codelab_credentials_by_email(text), codelab_users(), codelab_renew_runner(uuid, bigint),
  codelab_release_runner(uuid), codelab_take_over(uuid, bigint, uuid[], bigint),
  codelab_claim_memories(bigint, bigint, bigint), codelab_settle_memories(uuid[], uuid[])
  TO codelab_operator;
