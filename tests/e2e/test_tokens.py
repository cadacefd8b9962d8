"""Access tokens that were tampered with, and the rotation of the secrets that sign them."""

import time

import pytest

import settings
from client import Api
from jwt_forge import decode, sign
from server import Server

OLD = "old:an-old-secret-of-more-than-32-characters-0001"
NEW = "new:a-new-secret-of-more-than-32-characters-00002"
OLD_SECRET, NEW_SECRET = OLD.split(":")[1], NEW.split(":")[1]


@pytest.fixture(scope="module")
def keyed_server(running_provider):
    """A server whose two signing secrets are known."""
    server = Server(**settings.provider_settings(running_provider.base_url), **{settings.JWT_SECRETS: f"{NEW},{OLD}"})
    server.start()
    yield server
    server.dispose()


@pytest.fixture
def keyed_api(keyed_server):
    return Api(keyed_server)


async def genuine_claims(api) -> dict:
    user = await api.new_user()
    header, claims = decode(user.access_token)
    assert header["kid"] == "new"
    return claims


async def refuse(api, token: str) -> None:
    (await api.get("/my/profile", token=token)).unauthorized()


async def test_a_token_signed_by_hand_with_a_live_secret_is_accepted(keyed_api):
    claims = await genuine_claims(keyed_api)
    for secret, kid in ((NEW_SECRET, "new"), (OLD_SECRET, "old")):
        reply = await keyed_api.get("/my/profile", token=sign(claims, secret, kid))
        assert reply.expect(200)["id"] == claims["sub"]


@pytest.mark.parametrize("changes", [
    {"exp": int(time.time()) - 3600},
    {"exp": 0},
    {"exp": "9999999999"},
    {"exp": None},
    {"nbf": int(time.time()) + 3600},
    {"iss": "somebody-else"},
    {"iss": None},
    {"aud": "another-service"},
    {"aud": None},
    {"aud": []},
    {"sub": "00000000-0000-7000-8000-000000000000"},
    {"sub": "1 OR 1=1"},
    {"sub": None},
    {"sid": "00000000-0000-7000-8000-000000000000"},
    {"sid": None},
])
async def test_a_well_signed_token_with_a_wrong_claim_is_refused(keyed_api, changes):
    claims = {**await genuine_claims(keyed_api), **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    await refuse(keyed_api, sign(claims, NEW_SECRET, "new"))


async def test_a_session_of_one_user_does_not_carry_another(keyed_api):
    mine, yours = await genuine_claims(keyed_api), await genuine_claims(keyed_api)
    await refuse(keyed_api, sign({**mine, "sub": yours["sub"]}, NEW_SECRET, "new"))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", ""])
async def test_the_algorithm_is_not_the_tokens_to_choose(keyed_api, algorithm):
    claims = await genuine_claims(keyed_api)
    await refuse(keyed_api, sign(claims, NEW_SECRET, "new", algorithm))


@pytest.mark.parametrize("secret, kid", [
    ("", "new"), (NEW_SECRET, "old"), (OLD_SECRET, "new"), (NEW_SECRET, "unknown"), ("", "unknown"),
    (NEW_SECRET, "../new"), (NEW_SECRET, ""), (NEW_SECRET + "x", "new"),
])
async def test_a_key_that_is_not_the_named_one_is_refused(keyed_api, secret, kid):
    await refuse(keyed_api, sign(await genuine_claims(keyed_api), secret, kid))


async def test_a_stripped_or_altered_signature_is_refused(keyed_api):
    user = await keyed_api.new_user()
    header, claims, signature = user.access_token.split(".")
    altered = ("A" if signature[0] != "A" else "B") + signature[1:]
    for token in (f"{header}.{claims}.", f"{header}.{claims}", f"{header}.{claims}.{altered}", f"{header}..{signature}",
                  f"{header}.{claims}.{signature}.", f"{header}.{claims}.{signature}=", f".{claims}.{signature}"):
        await refuse(keyed_api, token)


async def test_secrets_rotate_across_restarts(start_server, connect):
    server = start_server(**{settings.JWT_SECRETS: OLD})
    api = connect(server)
    user = await api.new_user()
    server.restart(**{settings.JWT_SECRETS: f"{NEW},{OLD}"})
    (await user.get("/my/profile")).expect(200)
    later = await api.login(user.email)
    assert decode(later.access_token)[0]["kid"] == "new"
    server.restart(**{settings.JWT_SECRETS: NEW})
    (await user.get("/my/profile")).unauthorized()
    (await later.get("/my/profile")).expect(200)


@pytest.mark.embedded_only("processes that share a database have their secrets configured")
async def test_without_a_configured_secret_tokens_survive_a_restart(start_server, connect):
    server = start_server()
    user = await connect(server).new_user()
    server.restart()
    (await user.get("/my/profile")).expect(200)
    other = start_server()
    (await connect(other).get("/my/profile", token=user.access_token)).unauthorized()
