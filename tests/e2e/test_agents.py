"""Agents: the starter team, their life, their names, their config."""

import asyncio
import secrets

import pytest

import settings
from client import error_places, unique

ABSENT = "00000000-0000-7000-8000-000000000000"


async def test_a_new_user_starts_with_the_starter_team(api):
    user = await api.new_user()
    page = (await user.get("/my/agents/")).expect(200)
    assert {agent["name"] for agent in page["items"]} == settings.STARTER_TEAM
    assert page["total"] == 4 and page["next_cursor"] is None
    for agent in page["items"]:
        assert agent.keys() >= {"id", "name", "status", "config", "created_at", "updated_at"}
        assert agent["config"]["system_prompt"]
        assert agent["created_at"].endswith("Z")


async def test_the_starter_team_can_be_dismissed_and_stays_away(api):
    user = await api.new_user()
    for name in settings.STARTER_TEAM:
        assert (await user.delete(f"/my/agents/{name}")).status == 204
    again = await api.login(user.email)
    assert (await again.get("/my/agents/")).expect(200)["items"] == []


async def test_an_agent_is_created_with_documented_defaults(api):
    user = await api.new_user()
    created = await user.new_agent("plain")
    config = created["config"]
    assert created["name"] == "plain"
    assert config.keys() >= {
        "system_prompt", "model", "temperature", "max_tokens", "tools", "memory", "concurrency_limit", "metadata"}
    assert config["concurrency_limit"] == 3
    assert config["tools"] == [] and config["metadata"] == {}
    assert config["memory"].keys() >= {"enabled", "top_k", "min_score"} and config["memory"]["enabled"] is True


async def test_an_agent_is_found_by_id_and_by_name(api):
    user = await api.new_user()
    created = await user.new_agent("finder", system_prompt="find", temperature=0.25, metadata={"team": ["a", 1, None]})
    assert created["config"]["temperature"] == 0.25
    assert created["config"]["metadata"] == {"team": ["a", 1, None]}
    assert (await user.get(f"/my/agents/{created['id']}")).expect(200) == created
    assert (await user.get("/my/agents/finder")).expect(200) == created


async def test_a_name_is_unique_per_user_only(api):
    user, other = await api.new_user(), await api.new_user()
    await user.new_agent("twin")
    (await user.post("/my/agents/", {"name": "twin", "config": {}})).problem(409, "name_taken")
    await other.new_agent("twin")


async def test_racing_creations_of_one_name_make_one_agent(api):
    user = await api.new_user()
    replies = await asyncio.gather(*(user.post("/my/agents/", {"name": "raced", "config": {}}) for _ in range(8)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 7
    assert (await user.get("/my/agents/")).expect(200)["total"] == 5


@pytest.mark.parametrize("name", [
    "", "a" * 65, "two words", "slash/ed", "dot.ted", "наме", "a\u0000b", "semi;colon", "%41",
    "0190b3a2-7c1e-7abc-8def-0123456789ab", "0190B3A2-7C1E-7ABC-8DEF-0123456789AB", 5, None,
])
async def test_a_name_outside_the_rules_is_refused(api, name):
    user = await api.new_user()
    problem = (await user.post("/my/agents/", {"name": name, "config": {}})).problem(422, "validation_failed")
    assert error_places(problem) == {"name"}


@pytest.mark.parametrize("name", ["a", "A" * 64, "with_under-and-dash", "007"])
async def test_a_name_within_the_rules_is_accepted(api, name):
    user = await api.new_user()
    assert (await user.new_agent(name))["name"] == name
    (await user.get(f"/my/agents/{name}")).expect(200)


async def test_every_fault_of_a_config_is_named(api):
    user = await api.new_user()
    config = {
        "system_prompt": 5, "temperature": 2.5, "max_tokens": "many", "tools": "hammer", "concurrency_limit": 11,
        "memory": {"enabled": "maybe", "top_k": -1}, "metadata": [],
    }
    problem = (await user.post("/my/agents/", {"name": "faulty", "config": config})).problem(422, "validation_failed")
    assert error_places(problem) == {
        "config.system_prompt", "config.temperature", "config.max_tokens", "config.tools", "config.concurrency_limit",
        "config.memory.enabled", "config.memory.top_k", "config.metadata",
    }
    (await user.get("/my/agents/faulty")).not_found()


@pytest.mark.parametrize("body, places", [
    ({"config": {}}, {"name"}),
    ({"name": "x", "config": []}, {"config"}),
    ({"name": "x", "config": {"temperature": -0.1}}, {"config.temperature"}),
    ({"name": "x", "config": {"concurrency_limit": 0}}, {"config.concurrency_limit"}),
    ({"name": "x", "config": {"tools": ["ok", 5]}}, {"config.tools.1"}),
])
async def test_a_fault_is_located(api, body, places):
    user = await api.new_user()
    assert error_places((await user.post("/my/agents/", body)).problem(422, "validation_failed")) == places


async def test_a_patch_changes_only_what_it_names(api):
    user = await api.new_user()
    made = await user.new_agent("patched", system_prompt="old", temperature=0.5, memory={"top_k": 7})
    changed = (await user.patch("/my/agents/patched", {"config": {"system_prompt": "new"}})).expect(200)
    assert changed["config"] == {**made["config"], "system_prompt": "new"}
    assert changed["id"] == made["id"] and changed["updated_at"] >= made["updated_at"]
    deeper = (await user.patch(f"/my/agents/{made['id']}", {"config": {"memory": {"min_score": 0.5}}})).expect(200)
    assert deeper["config"]["memory"]["top_k"] == 7 and deeper["config"]["memory"]["min_score"] == 0.5
    assert (await user.get("/my/agents/patched")).expect(200) == deeper


async def test_a_put_replaces_the_whole_config(api):
    user = await api.new_user()
    defaults = (await user.new_agent("defaults"))["config"]
    await user.new_agent("replaced", system_prompt="old", temperature=0.5, metadata={"a": 1})
    body = {"name": "replaced", "config": {"system_prompt": "only this"}}
    replaced = (await user.put("/my/agents/replaced", body)).expect(200)
    assert replaced["config"] == {**defaults, "system_prompt": "only this"}


async def test_an_agent_can_be_renamed_unless_the_name_is_taken(api):
    user = await api.new_user()
    made = await user.new_agent("before")
    assert (await user.patch("/my/agents/before", {"name": "after"})).expect(200)["id"] == made["id"]
    (await user.get("/my/agents/before")).not_found()
    (await user.get("/my/agents/after")).expect(200)
    (await user.patch("/my/agents/after", {"name": "coder"})).problem(409, "name_taken")
    (await user.patch("/my/agents/after", {"name": "no good"})).problem(422, "validation_failed")


async def test_a_faulty_patch_changes_nothing(api):
    user = await api.new_user()
    made = await user.new_agent("steady")
    body = {"name": "moved", "config": {"temperature": 3}}
    assert error_places((await user.patch("/my/agents/steady", body)).problem(422)) == {"config.temperature"}
    assert (await user.get("/my/agents/steady")).expect(200) == made


@pytest.mark.parametrize("agent", ["nobody", ABSENT])
async def test_an_absent_agent_is_not_found_by_any_method(api, agent):
    user = await api.new_user()
    path = f"/my/agents/{agent}"
    (await user.get(path)).not_found()
    (await user.patch(path, {"config": {}})).not_found()
    (await user.put(path, {"name": "x", "config": {}})).not_found()
    (await user.delete(path)).not_found()


async def test_pages_cover_the_list_once(api):
    user = await api.new_user()
    for index in range(5):
        await user.new_agent(f"page-{index}")
    seen, cursor = [], None
    while True:
        query = "?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = (await user.get(f"/my/agents/{query}")).expect(200)
        assert page["total"] == 9 and 1 <= len(page["items"]) <= 2
        seen += [agent["name"] for agent in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 9 and set(seen) == settings.STARTER_TEAM | {f"page-{index}" for index in range(5)}


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=100000", "cursor=!!"])
async def test_a_bad_page_is_refused(api, query):
    user = await api.new_user()
    problem = (await user.get(f"/my/agents/?{query}")).problem(422, "validation_failed")
    assert error_places(problem) == {query.split("=")[0]}


async def test_an_update_is_visible_to_the_very_next_message(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    await user.new_agent("moody", system_prompt="first-prompt")
    for _ in range(5):
        prompt = unique("prompt")
        (await user.patch("/my/agents/moody", {"config": {"system_prompt": prompt, "temperature": 0.125}})).expect(200)
        word = unique()
        await user.say(session, word, "moody")
        body = provider.asked(word)[0]["body"]
        assert prompt in body["messages"][0]["content"] and body["messages"][0]["role"] == "system"
        assert body["temperature"] == 0.125


async def test_deleting_keeps_the_messages_and_frees_the_name(api):
    user = await api.new_user()
    session = await user.new_session()
    made = await user.new_agent("mortal")
    answer = await user.say(session, "hello", "mortal")
    assert (await user.delete("/my/agents/mortal")).status == 204
    (await user.get(f"/my/agents/{made['id']}")).not_found()
    kept = (await user.messages(session))[-1]
    assert kept["content"] == answer["content"] and kept["agent_name"] == "mortal"
    (await user.post_message(session, "hello?", "mortal")).problem(404, "agent_not_found")
    assert (await user.new_agent("mortal"))["id"] != made["id"]


async def test_config_text_keeps_every_character(api):
    user = await api.new_user()
    text = "Zürich — 東京 🚀 \"quoted\" \\ back\nslash\t\u2028 " + secrets.token_hex(4)
    await user.new_agent("unicode", system_prompt=text, metadata={"ключ": text})
    config = (await user.get("/my/agents/unicode")).expect(200)["config"]
    assert config["system_prompt"] == text and config["metadata"] == {"ключ": text}
