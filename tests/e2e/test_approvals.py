"""Plans that wait for their user, and plans that their user changes."""

import asyncio

import pytest

import settings
from client import unique
from test_plans import ended, node, plan, plan_of, start
from waiting import eventually


async def waiting_plan(api, provider, nodes: str, **settings):
    """A user with a plan that waits for approval: user, session, task, approval."""
    user = await api.new_user()
    (await user.put("/my/orchestrator", {"require_approval": "always", **settings})).expect(200)
    session, word = await user.new_session(), unique()
    provider.plan(word, nodes)
    task = await start(user, session, f"First a, then b: {word}")
    async with user.stream(session, since="0") as stream:
        events = await stream.until_type("APPROVAL_REQUIRED")
    approval = (await user.get(f"/my/approvals/{events[-1]['payload']['approval_id']}")).expect(200)
    return user, session, task, approval


def decision(approval: dict) -> str:
    return f"/my/approvals/{approval['id']}/decision"


AB = plan(node("a", "[[say done-a]]"), node("b", "[[say done-b]]", "a"))


async def test_a_plan_waits_until_it_is_approved(api, provider):
    user, session, task, approval = await waiting_plan(api, provider, AB)
    assert approval["status"] == "pending" and approval["type"] == "plan" and approval["task_id"] == task["id"]
    made = await plan_of(user, session, task)
    assert approval["payload"]["plan_id"] == made["id"]
    assert [each["status"] for each in made["nodes"]] == ["pending", "pending"]
    pending = (await user.get("/my/approvals/?status=pending")).expect(200)
    assert [each["id"] for each in pending["items"]] == [approval["id"]] and pending["total"] == 1
    decided = (await user.post(decision(approval), {"decision": "approve", "reason": "go on"})).expect(200)
    assert decided["status"] == "approved" and decided["reason"] == "go on" and decided["resolved_at"]
    await ended(user, task)
    async with user.stream(session, since="0") as stream:
        events = await stream.until_type("TASK_COMPLETED")
    assert "APPROVAL_RESOLVED" in [event["type"] for event in events]
    assert "done-b" in (await user.messages(session))[-1]["content"]
    assert (await user.get("/my/approvals/?status=pending")).expect(200)["total"] == 0
    (await user.post(decision(approval), {"decision": "reject"})).problem(409, "state_conflict")


async def test_a_plan_that_is_rejected_is_cancelled(api, provider):
    user, session, task, approval = await waiting_plan(api, provider, AB)
    assert (await user.post(decision(approval), {"decision": "reject"})).expect(200)["status"] == "rejected"
    assert (await user.task(task["id"]))["status"] == "cancelled"
    assert [each["status"] for each in (await plan_of(user, session, task))["nodes"]] == ["cancelled"] * 2


async def test_a_plan_that_is_cancelled_needs_no_decision(api, provider):
    user, _, task, approval = await waiting_plan(api, provider, AB)
    (await user.post(f"/my/tasks/{task['id']}/cancel")).expect(200)
    assert (await user.get(f"/my/approvals/{approval['id']}")).expect(200)["status"] == "cancelled"
    (await user.post(decision(approval), {"decision": "approve"})).problem(409, "state_conflict")
    (await user.get("/my/approvals/?status=nonsense")).problem(422, "validation_failed")


async def test_a_plan_that_waits_holds_no_slot(api, provider):
    user, _, _, _ = await waiting_plan(api, provider, AB)
    for _ in range(3):
        session, word = await user.new_session(), unique()
        provider.plan(word, AB)
        await start(user, session, f"First a, then b: {word}")

    async def all_wait() -> bool:
        return (await user.get("/my/approvals/?status=pending")).expect(200)["total"] == 4

    await eventually(all_wait, "all four plans to wait for approval")


async def test_only_risky_plans_wait_where_that_is_wanted(api, provider):
    user = await api.new_user()
    (await user.put("/my/orchestrator", {"require_approval": "risky"})).expect(200)
    session, word = await user.new_session(), unique()
    provider.plan(word, AB)
    await ended(user, await start(user, session, f"First a, then b: {word}"))
    (await user.put("/my/orchestrator", {"require_approval": "risky", "max_seconds": 1})).expect(200)
    session, word = await user.new_session(), unique()
    provider.plan(word, AB)
    await start(user, session, f"First a, then b: {word}")
    async with user.stream(session, since="0") as stream:
        required = (await stream.until_type("APPROVAL_REQUIRED"))[-1]
    assert required["payload"]["payload"]["estimate"]["seconds"] > 1


async def test_another_users_approval_is_not_found(api, provider):
    user, _, _, approval = await waiting_plan(api, provider, AB)
    other = await api.new_user()
    (await other.get(f"/my/approvals/{approval['id']}")).problem(404, "approval_not_found")
    (await other.post(decision(approval), {"decision": "approve"})).problem(404, "approval_not_found")
    assert (await other.get("/my/approvals/")).expect(200)["total"] == 0
    (await user.post(decision(approval), {"decision": "perhaps"})).problem(422, "validation_failed")


async def test_a_plan_is_edited_while_it_waits(api, provider):
    user, session, task, approval = await waiting_plan(api, provider, AB)
    made = await plan_of(user, session, task)
    edit = {"nodes": [node("b", "[[say other-b]]"), node("c", "[[say new-c]]", "b", agent="architect")], "remove": ["a"],
            "version": made["version"]}
    edited = (await user.patch(f"/my/plans/{made['id']}", edit)).expect(200)
    assert [each["id"] for each in edited["nodes"]] == ["b", "c"] and edited["version"] == made["version"] + 1
    (await user.patch(f"/my/plans/{made['id']}", edit)).problem(409, "state_conflict")
    (await user.post(decision(approval), {"decision": "approve"})).expect(200)
    await ended(user, task)
    assert [each["result"] for each in (await plan_of(user, session, task))["nodes"]] == ["other-b", "new-c"]
    async with user.stream(session, since="0") as stream:
        events = await stream.until_type("TASK_COMPLETED")
    removed = [event["payload"]["removed"] for event in events if event["type"] == "PLAN_UPDATED"]
    assert ["a"] in removed


@pytest.mark.parametrize(("edit", "place"), [
    ({"nodes": [node("b", "x", "c"), node("c", "y", "b")]}, "nodes"),
    ({"nodes": [node("c", "x", agent="nobody")]}, "agent"),
    ({"remove": ["a"]}, "depends_on"),
    ({"remove": ["nothing"]}, "remove"),
    ({"nodes": [node("b", "x")], "remove": ["b"]}, "remove"),
    ({"nodes": [node(f"n{i}", "x") for i in range(9)]}, "nodes"),
])
async def test_what_would_be_no_plan_is_refused(api, provider, edit, place):
    user, session, task, _ = await waiting_plan(api, provider, AB)
    made = await plan_of(user, session, task)
    problem = (await user.patch(f"/my/plans/{made['id']}", edit)).problem(422, "validation_failed")
    assert any(place in error["loc"] for error in problem["errors"])
    assert await plan_of(user, session, task) == made


async def test_what_has_begun_is_not_edited_and_what_is_added_is_done(api, provider):
    user, gate, second = await api.new_user(), unique("gate"), unique("second")
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("a", f"[[gate {gate}]][[say done-a]]"), node("b", "[[say never]]", "a")))
    task = await start(user, session, f"First a, then b: {word}")
    await eventually(lambda: len(provider.asked(gate)) == 1, "the first node to begin")
    made = await plan_of(user, session, task)
    (await user.patch(f"/my/plans/{made['id']}", {"remove": ["a"]})).problem(409, "state_conflict")
    edit = {"nodes": [node("b", "[[say other-b]]", "a"), node("c", f"[[say at-once]] {second}")]}
    (await user.patch(f"/my/plans/{made['id']}", edit)).expect(200)
    await eventually(lambda: len(provider.asked(second)) == 1, "the new node to be begun beside the first")
    provider.open_gate(gate)
    await ended(user, task)
    assert {each["id"]: each["result"] for each in (await plan_of(user, session, task))["nodes"]} == {
        "a": "done-a", "b": "other-b", "c": "at-once"}
    (await user.patch(f"/my/plans/{made['id']}", {"remove": ["b"]})).problem(409, "state_conflict")


async def test_a_plan_says_what_it_will_take(api, provider):
    user, session, task, approval = await waiting_plan(api, provider, AB)
    made = await plan_of(user, session, task)
    assert made["estimate"]["seconds"] > 0 and made["estimate"]["tokens"] > 0
    assert approval["payload"]["estimate"] == made["estimate"]


async def test_an_approval_expires(start_server, connect, provider):
    api = connect(start_server(CODELAB_APPROVAL_SECONDS="1"))
    user, _, task, approval = await waiting_plan(api, provider, AB)
    assert (await ended(user, task, "failed"))["error"]["code"] == "approval_expired"
    assert (await user.get(f"/my/approvals/{approval['id']}")).expect(200)["status"] == "expired"
    (await user.post(decision(approval), {"decision": "approve"})).problem(410, "approval_expired")


@pytest.mark.watchdog(120)
async def test_a_plan_goes_on_waiting_over_any_number_of_restarts(start_server, connect, provider):
    server = start_server()
    user, session, task, approval = await waiting_plan(connect(server), provider, AB)
    for restart in range(4):
        if restart % 2 == 0:
            server.kill()
        else:
            await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
    assert (await user.get(f"/my/approvals/{approval['id']}")).expect(200)["status"] == "pending"
    assert (await user.task(task["id"]))["status"] == "queued"
    (await user.post(decision(approval), {"decision": "approve"})).expect(200)
    await ended(user, task)
    assert "done-b" in (await user.messages(session))[-1]["content"]


@pytest.mark.watchdog(90)
async def test_an_approved_plan_is_not_given_up_while_the_orchestrator_has_others_to_do(start_server, connect, provider):
    user, session, task, approval = await waiting_plan(connect(start_server(**{settings.MAX_QUEUE: "1"})), provider, AB)
    (await user.put("/my/orchestrator", {"require_approval": "never"})).expect(200)
    gate, others = unique("gate"), []
    for _ in range(3):
        word = unique()
        provider.plan(word, plan(node("a", f"[[gate {gate}]]"), node("b", "[[say b]]")))
        others.append(await start(user, await user.new_session(), f"First a, then b: {word}"))
    await eventually(lambda: len(provider.asked(gate)) == 3, "the others to hold the orchestrator")
    (await user.post(decision(approval), {"decision": "approve"})).expect(200)
    late = await user.post_message(await user.new_session(), "First a, then b", agent=None)
    assert late.status == 503, "a message that came later has waited too long by now"
    assert (await user.task(task["id"]))["status"] == "queued"
    provider.open_gate(gate)
    for each in [*others, task]:
        await ended(user, each)
