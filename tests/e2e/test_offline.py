"""The server without any key: the built-in model and embedder, labelled as what they are."""

import settings
from client import unique
from streams import DeltaAssembler, types


async def test_the_offline_model_streams_and_is_labelled(offline_api):
    user = await offline_api.new_user()
    session = await user.new_session()
    async with user.stream(session, since="0") as stream:
        answer = await user.say(session, "What do you do?")
        events = await stream.until_type("TASK_COMPLETED")
    assert answer["content"] and answer["model"] == "offline"
    # Pieces that come through another process while the last ones are on their way come as one.
    assert sum(event["type"] == "MESSAGE_DELTA" for event in events) > (0 if settings.MANY else 1)
    assert DeltaAssembler().add_all(events).texts == {answer["id"]: answer["content"]}
    assert answer["usage"]["prompt_tokens"] > 0 and answer["usage"]["completion_tokens"] > 0
    assert not answer["usage"]["cost_usd"]


async def test_the_offline_model_is_deterministic(offline_api):
    answers = set()
    for _ in range(2):
        user = await offline_api.new_user()
        answers.add((await user.say(await user.new_session(), "What is a mutex?"))["content"])
    assert len(answers) == 1


async def test_the_offline_model_answers_from_memory(offline_api):
    user = await offline_api.new_user()
    name = unique("Misha")
    await user.say(await user.new_session(), f"My cat is called {name} and likes herring.")
    await user.wait_for_memories(1)
    answer = await user.say(await user.new_session(), "What is my cat called?")
    assert name in answer["content"]


async def test_the_offline_model_answers_from_history(offline_api):
    user = await offline_api.new_user()
    await user.new_agent("plain", memory={"enabled": False})
    session, city = await user.new_session(), unique("Odessa")
    await user.say(session, f"I was born in {city}.", "plain")
    assert city in (await user.say(session, "Where was I born?", "plain"))["content"]


async def test_offline_memory_finds_a_paraphrase(offline_api):
    user = await offline_api.new_user()
    path = "/my/agents/coder/memory/"
    for text in ("The physician prescribed rest.", "The car needs new tyres.", "Bread is baked in an oven."):
        (await user.post(path, {"text": text, "metadata": {}})).expect(201)
    hits = (await user.get(path + "search?q=what did the doctor recommend")).expect(200)["items"]
    assert hits[0]["memory"]["text"] == "The physician prescribed rest."


async def test_offline_memory_finds_other_scripts_by_their_words(offline_api):
    user = await offline_api.new_user()
    path = "/my/agents/coder/memory/"
    for text in ("Паром отходит в полдень.", "Дизелю нужны свечи накаливания.", "猫は魚が好きです。"):
        (await user.post(path, {"text": text, "metadata": {}})).expect(201)
    hits = (await user.get(path + "search?q=когда отходит паром")).expect(200)["items"]
    assert hits[0]["memory"]["text"] == "Паром отходит в полдень."


async def test_the_offline_stream_has_the_same_story(offline_api):
    user = await offline_api.new_user()
    async with user.post_streaming(await user.new_session(), "Tell me a story") as stream:
        lines = await stream.rest()
    assert types(lines[:-1]) == ["MESSAGE_CREATED", "DIRECT_AGENT_CALL", "TASK_STARTED", "CONTEXT_RETRIEVED",
                                 "MESSAGE_DELTA", "MESSAGE_CREATED", "TASK_COMPLETED"]
    assert lines[-1]["model"] == "offline"
