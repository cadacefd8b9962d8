"""What a browser gets: the front page, the docs page, and their assets."""

import gzip
import re

import pytest

from client import unique


def references(html: str) -> list[str]:
    return re.findall(r"""(?:src|href)\s*=\s*["']([^"'#]+)""", html)


async def page(api, path: str):
    reply = await api.get(path, headers={"Accept": "text/html"})
    assert reply.status == 200 and reply.content_type == "text/html", reply.text[:200]
    return reply


async def test_the_front_page_says_what_runs_here(api, offline_api):
    html = (await page(api, "/")).text
    assert "CodeLab" in html and "/docs" in html
    assert "offline" in (await page(offline_api, "/")).text.lower()


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_no_page_needs_the_internet(api, path):
    pending, seen = [path], set()
    while pending:
        address = pending.pop()
        reply = await api.get(address)
        assert reply.status == 200, address
        seen.add(address)
        library = "swagger-ui" in address  # minified: what it holds as text, it does not load
        if not library and reply.content_type in ("text/html", "text/css", "text/javascript"):
            text = reply.text
            assert not re.findall(r"""(?:src|href|url|import|from)\s*[=(]?\s*["']?(?:https?:)?//""", text), address
            if reply.content_type == "text/html":
                pending += [found for found in references(text) if found.startswith("/") and found not in seen]


async def asset_of(api) -> str:
    for path in ("/docs", "/"):
        for found in references((await page(api, path)).text):
            if re.search(r"[.-][0-9A-Za-z_-]{8,}\.(js|css|svg|woff2)$", found):
                return found
    raise AssertionError("no page refers to an asset with a hashed name")


async def test_an_asset_with_a_hashed_name_is_cached_for_ever(api):
    reply = await api.get(await asset_of(api))
    assert reply.status == 200
    assert "immutable" in reply.headers["Cache-Control"] and "max-age=31536000" in reply.headers["Cache-Control"]


async def test_pages_themselves_are_asked_for_again(api):
    assert "immutable" not in (await page(api, "/")).headers.get("Cache-Control", "")


async def test_an_asset_is_sent_compressed_to_who_takes_it(api):
    address = await asset_of(api)
    plain = await api.get(address)
    packed = await api.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.body) == plain.body and "Content-Encoding" not in plain.headers
    assert len(packed.body) < len(plain.body)


async def test_an_asset_is_not_sent_twice(api):
    address = await asset_of(api)
    tag = (await api.get(address)).headers["ETag"]
    again = await api.get(address, headers={"If-None-Match": tag})
    assert again.status == 304 and not again.body


async def test_a_path_of_the_application_gets_the_page_and_a_missing_asset_does_not(api):
    assert (await page(api, f"/{unique('chat')}")).text == (await page(api, "/")).text
    missing = await api.get(f"/assets/{unique('gone')}.js", headers={"Accept": "*/*"})
    assert missing.status == 404
