"""An agent's memory: what it keeps, finds, forgets, and never shows to others."""

import json
from urllib.parse import quote

import pytest

from client import error_places, unique

ABSENT = "00000000-0000-7000-8000-000000000000"


class Memory:
    """The memory calls of one agent of one user."""

    def __init__(self, user, agent: str = "coder"):
        self.user = user
        self.path = f"/my/agents/{agent}/memory"

    async def add(self, text: str, **metadata) -> dict:
        return (await self.user.post(f"{self.path}/", {"text": text, "metadata": metadata})).expect(201)

    async def texts(self) -> list[str]:
        return [item["text"] for item in (await self.user.get(f"{self.path}/")).expect(200)["items"]]

    async def search(self, query: str, extra: str = "") -> list[dict]:
        reply = await self.user.get(f"{self.path}/search?q={quote(query)}{extra}")
        return reply.expect(200)["items"]

    async def stats(self) -> dict:
        return (await self.user.get(f"{self.path}/stats")).expect(200)


async def test_a_note_is_kept_and_listed(api):
    memory = Memory(await api.new_user())
    made = await memory.add("the ferry leaves at noon", topic="travel", tags=[1, "x"])
    assert made.keys() >= {"id", "kind", "text", "metadata", "created_at"}
    assert made["kind"] == "note" and made["metadata"] == {"topic": "travel", "tags": [1, "x"]}
    page = (await memory.user.get(f"{memory.path}/")).expect(200)
    assert page["items"] == [made] and page["total"] == 1 and page["next_cursor"] is None


async def test_a_search_ranks_by_meaning_and_shows_the_parts_of_the_score(api):
    memory = Memory(await api.new_user())
    await memory.add("diesel engines need glow plugs")
    await memory.add("the ferry to the island leaves at noon")
    await memory.add("bread rises better when it is warm")
    hits = await memory.search("when does the ferry to the island leave", "&top_k=2")
    assert len(hits) <= 2 and hits[0]["memory"]["text"] == "the ferry to the island leaves at noon"
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    for hit in hits:
        assert 0 <= hit["score"] <= 1
        assert 0 <= hit["parts"]["lexical"] <= 1 and -1 <= hit["parts"]["semantic"] <= 1
    assert hits[0]["parts"]["semantic"] > 0.3 and hits[0]["parts"]["lexical"] > 0


async def test_a_search_filters_by_metadata(api):
    memory = Memory(await api.new_user())
    await memory.add("ferry to the north island", place="north", year=2024)
    await memory.add("ferry to the south island", place="south", year=2024)

    async def found(**wanted) -> set[str]:
        hits = await memory.search("ferry island", f"&filter={quote(json.dumps(wanted))}")
        return {hit["memory"]["metadata"]["place"] for hit in hits}

    assert await found(place="south") == {"south"}
    assert await found(year=2024) == {"north", "south"}
    assert await found(place="south", year=1999) == set()
    assert await found(**{"place') OR 1=1 --": "x"}) == set()


@pytest.mark.parametrize("query", [
    "", "?q=", "?q=x&top_k=0", "?q=x&top_k=many", "?q=x&filter=notjson", "?q=x&filter=[]"])
async def test_a_bad_search_is_refused(api, query):
    memory = Memory(await api.new_user())
    problem = (await memory.user.get(f"{memory.path}/search{query}")).problem(422, "validation_failed")
    place = "filter" if "filter" in query else "top_k" if "top_k" in query else "q"
    assert error_places(problem) == {place}


@pytest.mark.parametrize("query", [
    '"', "a AND", "NEAR(", "*", "x' OR '1'='1", "(((", "col:x", "-", "^a", "日本", "🚀"])
async def test_search_text_is_never_syntax(api, query):
    memory = Memory(await api.new_user())
    await memory.add("an ordinary note")
    await memory.search(query)


@pytest.mark.parametrize("body, places", [
    ({}, {"text"}), ({"text": ""}, {"text"}), ({"text": 5}, {"text"}), ({"text": "x", "metadata": []}, {"metadata"})])
async def test_a_faulty_note_is_refused(api, body, places):
    memory = Memory(await api.new_user())
    problem = (await memory.user.post(f"{memory.path}/", body)).problem(422, "validation_failed")
    assert error_places(problem) == places


async def test_an_interaction_is_stored_after_its_answer(api):
    user = await api.new_user()
    memory = Memory(user)
    word = unique()
    await user.say(await user.new_session(), f"tell me about {word}")
    await user.wait_for_memories(1)
    item = (await user.get(f"{memory.path}/")).expect(200)["items"][0]
    assert item["kind"] == "interaction" and word in item["text"]
    assert (await memory.stats())["interactions"] == 1 and (await memory.stats())["notes"] == 0


async def test_the_retrieved_context_never_holds_the_question_itself(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    word = unique()
    async with user.stream(session, since="0") as stream:
        await user.say(session, f"why is {word} green")
        first = (await stream.until_type("CONTEXT_RETRIEVED"))[-1]
    assert word not in json.dumps(first["payload"])
    await user.wait_for_memories(1)
    assert provider.asked(word)[0]["body"]["messages"][0]["content"].count(word) == 0


async def test_a_note_reaches_the_prompt(api, provider):
    user = await api.new_user()
    fact = f"the safe opens with {unique('code')}"
    await Memory(user).add(fact)
    word = unique()
    await user.say(await user.new_session(), f"{word} how to open the safe with the code")
    assert fact in json.dumps(provider.asked(word)[0]["body"]["messages"])


async def test_a_memory_is_deleted_once(api):
    memory = Memory(await api.new_user())
    made = await memory.add("forget me")
    assert (await memory.user.delete(f"{memory.path}/{made['id']}")).status == 204
    (await memory.user.delete(f"{memory.path}/{made['id']}")).not_found()
    (await memory.user.delete(f"{memory.path}/{ABSENT}")).not_found()
    (await memory.user.delete(f"{memory.path}/nonsense")).not_found()
    assert await memory.texts() == [] and await memory.search("forget me") == []


async def test_pruning_keeps_the_newest(api):
    memory = Memory(await api.new_user())
    for index in range(6):
        await memory.add(f"note number {index}")
    (await memory.user.post(f"{memory.path}/prune", {"max_items": 2})).expect(200)
    assert set(await memory.texts()) == {"note number 4", "note number 5"}
    assert (await memory.stats())["count"] == 2
    assert {hit["memory"]["text"] for hit in await memory.search("note number")} <= {"note number 4", "note number 5"}


async def test_no_days_are_no_bound_by_age(api):
    memory = Memory(await api.new_user())
    await memory.add("the ferry leaves at noon")
    for bounds in ({"max_age_days": 0}, {"max_age_days": 0, "max_items": 5}, {"max_age_days": 1}):
        assert (await memory.user.post(f"{memory.path}/prune", bounds)).expect(200) == {"pruned": 0}
    assert (await memory.stats())["count"] == 1
    assert (await memory.user.post(f"{memory.path}/prune", {"max_items": 0})).expect(200) == {"pruned": 1}


async def test_an_agents_memory_is_bounded_by_its_config(api):
    user = await api.new_user()
    await user.new_agent("bounded", memory={"max_items": 3, "enabled": False})
    memory = Memory(user, "bounded")
    for index in range(6):
        await memory.add(f"note number {index}")
    (await user.post(f"{memory.path}/prune", {})).expect(200)
    assert set(await memory.texts()) == {"note number 3", "note number 4", "note number 5"}


async def test_memories_are_listed_in_pages(api):
    memory = Memory(await api.new_user())
    for index in range(5):
        await memory.add(f"page {index}")
    seen, cursor = [], ""
    while cursor is not None:
        page = (await memory.user.get(f"{memory.path}/?limit=2{cursor and '&cursor=' + cursor}")).expect(200)
        assert page["total"] == 5
        seen += [item["text"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == [f"page {index}" for index in range(5)]


async def test_memory_is_dropped_with_its_agent(api):
    user = await api.new_user()
    await user.new_agent("doomed")
    memory = Memory(user, "doomed")
    await memory.add("the ferry leaves at noon")
    assert (await user.delete("/my/agents/doomed")).status == 204
    (await user.get(f"{memory.path}/")).not_found()
    await user.new_agent("doomed")
    assert await memory.texts() == [] and await memory.search("ferry noon") == []
    assert (await memory.stats())["count"] == 0


async def test_agents_do_not_share_memory(api):
    user = await api.new_user()
    await Memory(user, "coder").add("the ferry leaves at noon")
    assert await Memory(user, "asker").search("ferry noon") == []
    assert await Memory(user, "asker").texts() == []


async def test_users_do_not_share_memory(api, provider):
    mine, yours = await api.new_user(), await api.new_user()
    secret = unique("secret")
    await Memory(yours).add(f"the ferry password is {secret}")
    await yours.say(await yours.new_session(), f"the ferry password is {secret}")
    await yours.wait_for_memories(2)
    assert await Memory(mine).search("ferry password") == []
    word = unique()
    await mine.say(await mine.new_session(), f"{word} what is the ferry password")
    assert secret not in json.dumps(provider.asked(word)[0]["body"])


async def test_memory_outlives_a_restart(start_server, connect):
    server = start_server()
    memory = Memory(await connect(server).new_user())
    made = await memory.add("the ferry leaves at noon")
    server.restart()
    assert (await memory.search("ferry noon"))[0]["memory"] == made
