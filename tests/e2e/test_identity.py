"""Registering, logging in, refreshing, logging out, erasing."""

import asyncio

import pytest

from client import PASSWORD, User, error_places, unique
from jwt_forge import decode


async def test_registering_signs_in(api):
    email = f"{unique('ada')}@example.com"
    signed_in = (await api.post("/auth/register", {"email": email, "password": PASSWORD})).expect(201)
    assert signed_in["token_type"] == "bearer"
    assert signed_in["expires_in"] == 1800
    assert signed_in["user"]["email"] == email
    user = User(api, email, PASSWORD, signed_in)
    assert (await user.get("/my/profile")).expect(200)["id"] == signed_in["user"]["id"]


async def test_an_access_token_carries_the_claims_of_the_contract(api):
    user = await api.new_user()
    header, claims = decode(user.access_token)
    assert header["alg"] == "HS256" and header["kid"]
    assert {"sub", "iss", "aud", "iat", "nbf", "exp", "jti", "sid"} <= claims.keys()
    assert claims["sub"] == user.id
    assert claims["exp"] - claims["iat"] == 1800


async def test_logging_in_gives_another_pair_for_the_same_user(api):
    user = await api.new_user()
    again = await api.login(user.email)
    assert again.id == user.id
    assert again.refresh_token != user.refresh_token
    assert (await user.get("/my/profile")).expect(200) == (await again.get("/my/profile")).expect(200)


async def test_a_wrong_password_and_an_unknown_email_look_the_same(api):
    user = await api.new_user()
    wrong = await api.post("/auth/login", {"email": user.email, "password": "not the password"})
    unknown = await api.post("/auth/login", {"email": f"{unique()}@example.com", "password": PASSWORD})
    first, second = wrong.problem(401, "invalid_credentials"), unknown.problem(401, "invalid_credentials")
    assert first["detail"] == second["detail"]


async def test_an_email_can_be_registered_once(api):
    user = await api.new_user()
    again = await api.post("/auth/register", {"email": user.email, "password": PASSWORD})
    again.problem(409, "email_taken")
    shouted = await api.post("/auth/register", {"email": user.email.upper(), "password": PASSWORD})
    shouted.problem(409, "email_taken")


async def test_racing_registrations_of_one_email_make_one_user(api):
    body = {"email": f"{unique('race')}@example.com", "password": PASSWORD}
    replies = await asyncio.gather(*(api.post("/auth/register", body) for _ in range(6)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 5


@pytest.mark.parametrize("body, places", [
    ({}, {"email", "password"}),
    ({"email": "someone@example.com"}, {"password"}),
    ({"email": "no-at-sign", "password": PASSWORD}, {"email"}),
    ({"email": 5, "password": ["x"]}, {"email", "password"}),
    ({"email": "short@example.com", "password": "x"}, {"password"}),
])
async def test_a_faulty_registration_names_every_fault(api, body, places):
    problem = (await api.post("/auth/register", body)).problem(422, "validation_failed")
    assert error_places(problem) == places


async def refresh(api, token: str):
    return await api.post("/auth/refresh", {"refresh_token": token})


async def test_refreshing_rotates_the_pair(api):
    user = await api.new_user()
    old = user.refresh_token
    renewed = (await refresh(api, old)).expect(200)
    assert renewed["refresh_token"] != old
    assert renewed["token_type"] == "bearer"
    user.adopt(renewed)
    (await user.get("/my/profile")).expect(200)


async def test_using_a_refresh_token_twice_revokes_its_whole_family(api):
    user = await api.new_user()
    stranger_family = await api.login(user.email)
    first = user.refresh_token
    renewed = (await refresh(api, first)).expect(200)
    (await refresh(api, first)).problem(401, "token_invalid")
    (await refresh(api, renewed["refresh_token"])).problem(401, "token_invalid")
    (await api.get("/my/profile", token=renewed["access_token"])).unauthorized()
    (await api.get("/my/profile", token=user.access_token)).unauthorized()
    (await stranger_family.get("/my/profile")).expect(200)
    (await refresh(api, stranger_family.refresh_token)).expect(200)


async def test_of_racing_refreshes_at_most_one_wins(api):
    user = await api.new_user()
    replies = await asyncio.gather(*(refresh(api, user.refresh_token) for _ in range(5)))
    statuses = sorted(reply.status for reply in replies)
    assert statuses == [200] + [401] * 4


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "Ā", "0" * 4000])
async def test_a_made_up_refresh_token_is_refused(api, token):
    reply = await refresh(api, token)
    assert reply.status in (401, 422), reply.text
    reply.problem(reply.status)


async def test_an_access_token_is_no_refresh_token_and_the_other_way_round(api):
    user = await api.new_user()
    (await refresh(api, user.access_token)).problem(401, "token_invalid")
    (await api.get("/my/profile", token=user.refresh_token)).unauthorized()


async def test_logging_out_ends_the_access_token_too(api):
    user = await api.new_user()
    elsewhere = await api.login(user.email)
    reply = await api.post("/auth/logout", {"refresh_token": user.refresh_token}, token=user.access_token)
    assert reply.status == 204 and not reply.body
    (await user.get("/my/profile")).unauthorized()
    (await refresh(api, user.refresh_token)).problem(401, "token_invalid")
    (await elsewhere.get("/my/profile")).expect(200)


async def test_no_token_is_answered_with_a_challenge(api):
    (await api.get("/my/profile")).unauthorized()


@pytest.mark.parametrize("value", [
    "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "bearer x y", "token", "Bearer a.b", "Bearer ...."])
async def test_a_malformed_authorization_is_refused(api, value):
    (await api.get("/my/profile", headers={"Authorization": value})).unauthorized()


async def test_erasing_the_profile_erases_everything(api):
    user = await api.new_user()
    elsewhere = await api.login(user.email)
    session = await user.new_session()
    await user.say(session, "remember the lighthouse")
    assert (await user.delete("/my/profile")).status == 204
    for path in ("/my/profile", "/my/agents/", f"/my/chat/sessions/{session}", f"/my/chat/{session}/messages/"):
        (await user.get(path)).unauthorized()
    (await elsewhere.get("/my/profile")).unauthorized()
    (await refresh(api, elsewhere.refresh_token)).problem(401, "token_invalid")
    (await api.post("/auth/login", {"email": user.email, "password": PASSWORD})).problem(401, "invalid_credentials")
    newcomer = await api.new_user(user.email)
    assert newcomer.id != user.id
    (await newcomer.get(f"/my/chat/sessions/{session}")).not_found()
    assert (await newcomer.get("/my/chat/sessions/")).expect(200)["items"] == []


async def test_erasing_ends_the_users_open_streams(api):
    user = await api.new_user()
    session = await user.new_session()
    async with user.stream(session, since="0") as stream:
        assert (await user.delete("/my/profile")).status == 204
        await stream.rest()
