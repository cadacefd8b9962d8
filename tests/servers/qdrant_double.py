#!/usr/bin/python3
"""A protocol double of Qdrant 1.12: its REST interface as far as collections, payload indexes, points, counts, facets and
the Query API go, with everything in memory and every answer exact.

    python3 qdrant_double.py --port 0 [--api-key KEY] [--read-only-api-key KEY] [--tls-cert FILE --tls-key FILE]

prints {"port": N} once it serves. It is stricter than Qdrant where that finds mistakes: an unknown key in a request is an
error. Besides Qdrant's paths it has, for tests:

    GET, DELETE /_double/requests   what was asked so far: [{"method", "path", "status", "body"}], and forgetting it
    PUT /_double/faults             {"count": N, "kind": "status"|"cut"|"hang"|"hold", "status": 503,
                                     "retry_after": 1, "method": "PUT", "path": "part of a path"}
                                    for the next N fitting requests; a request that meets a fault does nothing, but
                                    one that is held goes on when the next faults are put
"""

import argparse
import asyncio
import json
import ssl
import time

from aiohttp import web

from qdrant_collection import Collection, Float32, shown_payload, shown_vector
from qdrant_filters import ApiError, bad_format, point_id

OPEN_PATHS = ("/", "/healthz", "/livez", "/readyz")
READ_POSTS = ("/points", "/points/scroll", "/points/count", "/points/query", "/points/query/batch", "/facet")


def dumps(value):
    """json.dumps() prints the digits of Float32 as of any float."""
    if isinstance(value, Float32):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{dumps(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class QdrantDouble:
    def __init__(self, options):
        self.options = options
        self.collections = {}
        self.requests = []
        self.fault = {"count": 0}
        self.fault_is_over = asyncio.Event()

    def application(self):
        application = web.Application(client_max_size=64 << 20, middlewares=[self._outermost])
        application.add_routes([
            web.get("/", self._greet),
            web.get("/healthz", self._healthy), web.get("/livez", self._healthy), web.get("/readyz", self._healthy),
            web.get("/collections", self._list),
            web.put("/collections/{name}", self._create),
            web.get("/collections/{name}", self._look),
            web.delete("/collections/{name}", self._drop),
            web.get("/collections/{name}/exists", self._exists),
            web.put("/collections/{name}/index", self._create_index),
            web.delete("/collections/{name}/index/{field}", self._drop_index),
            web.put("/collections/{name}/points", self._upsert),
            web.post("/collections/{name}/points", self._retrieve),
            web.get("/collections/{name}/points/{id}", self._point),
            web.post("/collections/{name}/points/delete", self._delete),
            web.post("/collections/{name}/points/count", self._count),
            web.post("/collections/{name}/points/scroll", self._scroll),
            web.post("/collections/{name}/points/query", self._query),
            web.post("/collections/{name}/points/query/batch", self._query_batch),
            web.post("/collections/{name}/facet", self._facet),
            web.get("/_double/requests", self._asked),
            web.delete("/_double/requests", self._forget),
            web.put("/_double/faults", self._set_fault),
        ])
        return application

    # What every request passes.

    @web.middleware
    async def _outermost(self, request, handler):
        if request.path.startswith("/_double/"):
            return await handler(request)
        begun = time.monotonic()
        record = {"method": request.method, "path": request.path, "status": 0, "body": await request.text()}
        self.requests.append(record)
        # An answer is a mapping, so an empty one counts as false.
        answer = await self._met_fault(request)
        if answer is None:
            answer = self._refusal(request)
        if answer is None:
            answer = await self._answer(request, handler, begun)
        record["status"] = answer.status
        return answer

    async def _answer(self, request, handler, begun):
        try:
            result = await handler(request)
        except ApiError as error:
            return self._error(error.status, str(error), begun)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self._error(400, f"Format error in JSON body: {error!r}", begun)
        except web.HTTPNotFound:
            return web.Response(status=404)
        if isinstance(result, web.StreamResponse):
            return result
        text = dumps({"result": result, "status": "ok", "time": time.monotonic() - begun})
        return web.Response(text=text, content_type="application/json")

    def _error(self, status, text, begun):
        return web.json_response({"status": {"error": text}, "time": time.monotonic() - begun}, status=status)

    def _refusal(self, request):
        keys = [key for key in (self.options.api_key, self.options.read_only_api_key) if key]
        if not keys or request.path in OPEN_PATHS:
            return None
        given = request.headers.get("api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not given:
            return web.Response(status=401, text="Must provide an API key or an Authorization bearer token")
        if given not in keys:
            return web.Response(status=401, text="Invalid API key or JWT")
        reads = request.method == "GET" or (request.method == "POST" and request.path.endswith(READ_POSTS))
        if given != self.options.api_key and not reads:
            return self._error(403, "Forbidden: Global manage access is required", time.monotonic())
        return None

    async def _met_fault(self, request):
        fits = self.fault.get("path", "") in request.path and self.fault.get("method", request.method) == request.method
        if self.fault["count"] < 1 or not fits:
            return None
        self.fault["count"] -= 1
        kind = self.fault["kind"]
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind == "hold":
            await self.fault_is_over.wait()
            return None
        if kind == "cut":
            request.transport.abort()
            raise ConnectionResetError
        headers = {"Retry-After": str(self.fault["retry_after"])} if "retry_after" in self.fault else {}
        status = self.fault.get("status", 503)
        return web.json_response({"status": {"error": "Service internal error: a fault of the double"}, "time": 0.0},
                                 status=status, headers=headers)

    # Helpers of the routes.

    def _collection(self, request):
        name = request.match_info["name"]
        if name not in self.collections:
            raise ApiError(404, f"Not found: Collection `{name}` doesn't exist!")
        return self.collections[name]

    async def _body(self, request):
        try:
            body = json.loads(await request.text())
        except ValueError as error:
            raise bad_format(str(error))
        if not isinstance(body, dict):
            raise bad_format("expected an object")
        return body

    def _shown(self, point, body, payload_by_default, extra):
        shown = {"id": point.id, **extra}
        payload = shown_payload(point, body.get("with_payload"), payload_by_default)
        vector = shown_vector(point, body.get("with_vector"))
        if payload is not None:
            shown["payload"] = payload
        if vector is not None:
            shown["vector"] = vector
        return shown

    def _scored(self, hits, body):
        return {"points": [self._shown(hit.point, body, False, {"version": 0, "score": hit.score}) for hit in hits]}

    # Service and collections.

    async def _greet(self, request):
        return web.json_response({"title": "qdrant - vector search engine", "version": self.options.version,
                                  "commit": "0000000000000000000000000000000000000000"})

    async def _healthy(self, request):
        return web.Response(text="healthz check passed")

    async def _list(self, request):
        return {"collections": [{"name": name} for name in self.collections]}

    async def _create(self, request):
        name = request.match_info["name"]
        body = await self._body(request)
        if name in self.collections:
            raise ApiError(409, f"Wrong input: Collection `{name}` already exists!")
        if len(name) > 255 or set(name) & set('<>:"/\\|?*\0'):
            raise ApiError(422, "Validation error in path parameters: [collection_name: value is invalid]")
        self.collections[name] = Collection(name, body)
        return True

    async def _look(self, request):
        return self._collection(request).info()

    async def _drop(self, request):
        return self.collections.pop(request.match_info["name"], None) is not None

    async def _exists(self, request):
        return {"exists": request.match_info["name"] in self.collections}

    async def _create_index(self, request):
        collection = self._collection(request)
        collection.create_index(await self._body(request))
        return collection.done(request.query.get("wait") == "true")

    async def _drop_index(self, request):
        collection = self._collection(request)
        collection.indexes.pop(request.match_info["field"], None)
        return collection.done(request.query.get("wait") == "true")

    # Points.

    async def _upsert(self, request):
        collection = self._collection(request)
        collection.upsert(await self._body(request))
        return collection.done(request.query.get("wait") == "true")

    async def _retrieve(self, request):
        collection = self._collection(request)
        body = await self._body(request)
        found = [collection.points.get(point_id(each)) for each in body["ids"]]
        return [self._shown(point, body, True, {}) for point in found if point is not None]

    async def _point(self, request):
        collection = self._collection(request)
        text = request.match_info["id"]
        wanted = point_id(int(text) if text.isdigit() else text)
        if wanted not in collection.points:
            raise ApiError(404, f"Not found: Point with id {text} does not exists!")
        return self._shown(collection.points[wanted], {"with_vector": True}, True, {})

    async def _delete(self, request):
        collection = self._collection(request)
        collection.delete(await self._body(request))
        return collection.done(request.query.get("wait") == "true")

    async def _count(self, request):
        collection = self._collection(request)
        return {"count": collection.count(await self._body(request))}

    async def _scroll(self, request):
        collection = self._collection(request)
        body = await self._body(request)
        hits, following = collection.scroll(body)
        ordered = body.get("order_by") is not None
        points = [self._shown(hit.point, body, True, {"order_value": hit.order_value} if ordered else {}) for hit in hits]
        return {"points": points, "next_page_offset": following}

    async def _query(self, request):
        collection = self._collection(request)
        body = await self._body(request)
        return self._scored(collection.query(body), body)

    async def _query_batch(self, request):
        collection = self._collection(request)
        body = await self._body(request)
        return [self._scored(collection.query(search), search) for search in body["searches"]]

    async def _facet(self, request):
        collection = self._collection(request)
        return {"hits": collection.facet(await self._body(request))}

    # For tests.

    async def _asked(self, request):
        return web.json_response(self.requests)

    async def _forget(self, request):
        self.requests.clear()
        return web.Response()

    async def _set_fault(self, request):
        self.fault = await request.json()
        self.fault_is_over.set()
        self.fault_is_over = asyncio.Event()
        return web.Response()


async def serve(options):
    tls = None
    if options.tls_cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.tls_cert, options.tls_key)
    runner = web.AppRunner(QdrantDouble(options).application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options.port, ssl_context=tls, shutdown_timeout=0.1).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


def main():
    parser = argparse.ArgumentParser(description="a protocol double of Qdrant")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key", default="")
    parser.add_argument("--read-only-api-key", default="")
    parser.add_argument("--tls-cert", default="")
    parser.add_argument("--tls-key", default="")
    parser.add_argument("--version", default="1.12.4")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
