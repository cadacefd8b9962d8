-- served by 1
-- Users who are spread over several servers, each with this whole schema (docs/sharding.md). One of them, `main`, keeps
-- the directory: who lives where. The rows of a user are reached where no fence stands, and a fence falls only where
-- all rows of that user are: so there are never two places to write to.

-- Which of the servers this database is. Written by the first process that serves from it as one of several.
CREATE TABLE shard_name (
  only_one boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (only_one),
  name     text    NOT NULL
);

-- In `main`. A user without a row lives in `main`, too: from before there were others.
CREATE TABLE user_places (
  user_id   uuid   NOT NULL PRIMARY KEY,
  email     text   NOT NULL UNIQUE,
  shard     text   NOT NULL,
  -- On the way there; until they arrive all is as it was at `shard`, behind its fence.
  moving_to text,
  -- Rows of theirs that are left there, behind a fence, are still to be deleted, and the fence at `shard` to be lifted.
  leaving   text,
  placed_at bigint NOT NULL
);

CREATE INDEX user_places_by_shard ON user_places (shard);
CREATE INDEX user_places_on_the_way ON user_places (user_id) WHERE moving_to IS NOT NULL OR leaving IS NOT NULL;

-- Whoever works for a user enters here first, and keeps the lock until the transaction ends: a fence is put up by whoever
-- has it alone. Nobody waits for it, least of all other users' reads on the same connection. These are statements of
-- their own: one that began before the lock was had could miss a fence that is up.
CREATE FUNCTION codelab_enter(wanted uuid) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(hashtextextended(wanted::text, 27988499683369315)) THEN
    RAISE EXCEPTION 'user % is about to be moved', wanted USING ERRCODE = 'CL001';
  END IF;
  IF EXISTS (SELECT FROM moved_users m WHERE m.user_id = wanted) THEN
    RAISE EXCEPTION 'user % is not on this server', wanted USING ERRCODE = 'CL001';
  END IF;
END $$;

-- Puts up the fence, once nobody is inside, and tells whether the user's rows are here.
CREATE FUNCTION codelab_fence(wanted uuid) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(wanted::text, 27988499683369315));
  INSERT INTO moved_users VALUES (wanted, codelab_now()) ON CONFLICT DO NOTHING;
  RETURN EXISTS (SELECT FROM users u WHERE u.id = wanted);
END $$;

CREATE FUNCTION codelab_lift_fence(wanted uuid) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'DELETE FROM moved_users m WHERE m.user_id = wanted';

CREATE FUNCTION codelab_count_users() RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT FROM moved_users m WHERE m.user_id = u.id)';

-- The name that this database has from now on: the one wanted, unless it has another.
CREATE FUNCTION codelab_name_shard(wanted text) RETURNS text
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'INSERT INTO shard_name (name) VALUES (wanted) ON CONFLICT DO NOTHING;
      SELECT s.name FROM shard_name s';

-- The names that this database knows: its own, and in `main` those where users live. From one to the next in the index.
CREATE FUNCTION codelab_shards_in_use() RETURNS TABLE (name text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'WITH RECURSIVE lived_in AS (
        SELECT min(p.shard) AS shard FROM user_places p
        UNION ALL
        SELECT (SELECT min(p.shard) FROM user_places p WHERE p.shard > l.shard) FROM lived_in l WHERE l.shard IS NOT NULL)
      SELECT l.shard FROM lived_in l WHERE l.shard IS NOT NULL
      UNION SELECT s.name FROM shard_name s
      UNION SELECT unnest(ARRAY[p.moving_to, p.leaving]) FROM user_places p
        WHERE p.moving_to IS NOT NULL OR p.leaving IS NOT NULL';

-- The directory.
CREATE FUNCTION codelab_place(wanted uuid) RETURNS TABLE (shard text, moving_to text, leaving text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT p.shard, p.moving_to, p.leaving FROM user_places p WHERE p.user_id = wanted';

CREATE FUNCTION codelab_place_by_email(wanted text) RETURNS TABLE (user_id uuid, shard text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT p.user_id, p.shard FROM user_places p WHERE p.email = wanted';

CREATE FUNCTION codelab_places() RETURNS TABLE (user_id uuid, shard text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT p.user_id, p.shard FROM user_places p ORDER BY p.user_id';

CREATE FUNCTION codelab_moves() RETURNS TABLE (user_id uuid, email text, shard text, moving_to text, leaving text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT p.user_id, p.email, p.shard, p.moving_to, p.leaving FROM user_places p
      WHERE p.moving_to IS NOT NULL OR p.leaving IS NOT NULL ORDER BY p.user_id';

-- False when the address is another user's, here or by the table of those from before there was a directory.
CREATE FUNCTION codelab_place_user(newcomer uuid, address text, wanted text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM users u WHERE u.email = address AND u.id <> newcomer
             AND NOT EXISTS (SELECT FROM user_places p WHERE p.user_id = u.id)) THEN
    RETURN false;
  END IF;
  INSERT INTO user_places (user_id, email, shard, placed_at) VALUES (newcomer, address, wanted, codelab_now())
    ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

-- Of a user of whom nothing is left anywhere, so their fence here is of no use either. Whoever lives elsewhere by now is
-- not forgotten.
CREATE FUNCTION codelab_forget_place(wanted uuid, last_shard text) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM user_places p
    WHERE p.user_id = wanted AND p.shard = last_shard AND p.moving_to IS NULL AND p.leaving IS NULL;
  IF FOUND THEN DELETE FROM moved_users m WHERE m.user_id = wanted; END IF;
END $$;

CREATE FUNCTION codelab_begin_move(wanted uuid, source text, target text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF source = 'main' THEN
    INSERT INTO user_places (user_id, email, shard, placed_at)
      SELECT u.id, u.email, source, codelab_now() FROM users u WHERE u.id = wanted ON CONFLICT DO NOTHING;
  END IF;
  UPDATE user_places p SET moving_to = target
    WHERE p.user_id = wanted AND p.shard = source AND p.leaving IS NULL AND coalesce(p.moving_to, target) = target;
  RETURN FOUND;
END $$;

-- They stay; what was copied is to be deleted.
CREATE FUNCTION codelab_abandon_move(wanted uuid, target text) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'UPDATE user_places p SET moving_to = NULL, leaving = target WHERE p.user_id = wanted AND p.moving_to = target';

-- The point of no return.
CREATE FUNCTION codelab_end_move(wanted uuid, source text, target text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE user_places p SET shard = target, moving_to = NULL, leaving = source, placed_at = codelab_now()
    WHERE p.user_id = wanted AND p.shard = source AND p.moving_to = target;
  RETURN FOUND;
END $$;

CREATE FUNCTION codelab_has_left(wanted uuid, source text) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'UPDATE user_places p SET leaving = NULL WHERE p.user_id = wanted AND p.leaving = source';

DO $$ DECLARE narrow_way text; BEGIN
  FOREACH narrow_way IN ARRAY ARRAY['codelab_fence(uuid)', 'codelab_lift_fence(uuid)', 'codelab_count_users()',
    'codelab_name_shard(text)', 'codelab_shards_in_use()', 'codelab_place(uuid)', 'codelab_place_by_email(text)',
    'codelab_places()', 'codelab_moves()', 'codelab_place_user(uuid, text, text)', 'codelab_forget_place(uuid, text)',
    'codelab_begin_move(uuid, text, text)', 'codelab_abandon_move(uuid, text)', 'codelab_end_move(uuid, text, text)',
    'codelab_has_left(uuid, text)'] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', narrow_way);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO codelab_operator', narrow_way);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION codelab_enter(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION codelab_enter(uuid) TO codelab_serving;
