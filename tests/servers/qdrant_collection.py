"""One collection of the Qdrant double: points, their vectors, and every question about them answered by looking at all."""

import collections
import copy
import dataclasses
import math
import random
import struct

from qdrant_filters import ApiError, bad_format, filter_holds, id_order, only_known, point_id, values_at, wrong_input

QUERY_KEYS = ("prefetch", "query", "using", "filter", "params", "score_threshold", "limit", "offset", "with_vector",
              "with_payload", "lookup_from", "shard_key")
PREFETCH_KEYS = ("prefetch", "query", "using", "filter", "params", "score_threshold", "limit", "lookup_from")
DISTANCES = ("Cosine", "Dot", "Euclid", "Manhattan")
INDEX_TYPES = ("keyword", "integer", "float", "bool", "uuid", "datetime", "geo", "text")
RRF_K = 2


def single(value):
    """The nearest number of single precision: what Qdrant computes with."""
    return struct.unpack("f", struct.pack("f", value))[0]


class Float32(float):
    """Prints as few digits as tell it from its neighbours of single precision."""

    def __repr__(self):
        for digits in range(6, 10):
            text = f"{float(self):.{digits}g}"
            if single(float(text)) == float(self):
                return repr(float(text))
        return repr(float(self))


@dataclasses.dataclass
class Point:
    id: object
    payload: dict
    dense: dict
    sparse: dict


@dataclasses.dataclass
class Hit:
    point: Point
    score: float
    order_value: object = None


class Collection:
    def __init__(self, name, body):
        only_known(body, ("vectors", "sparse_vectors", "hnsw_config", "optimizers_config", "on_disk_payload",
                          "shard_number", "replication_factor", "write_consistency_factor", "wal_config",
                          "quantization_config", "strict_mode_config"), "collection")
        self.name = name
        self.vectors = body.get("vectors") or {}
        self.sparse_vectors = body.get("sparse_vectors") or {}
        self.hnsw = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0,
                     "on_disk": False, **(body.get("hnsw_config") or {})}
        self.points = {}
        self.indexes = {}
        self.operations = 0
        for params in self._dense_params().values():
            if params.get("distance") not in DISTANCES or params.get("size", 0) < 1:
                raise bad_format("vectors have no size or no distance")

    def _dense_params(self):
        return {"": self.vectors} if "size" in self.vectors else self.vectors

    def info(self):
        return {"status": "green", "optimizer_status": "ok", "indexed_vectors_count": 0, "points_count": len(self.points),
                "segments_count": 1,
                "config": {"params": {"vectors": self.vectors, "sparse_vectors": self.sparse_vectors, "shard_number": 1,
                                      "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": True},
                           "hnsw_config": self.hnsw, "optimizer_config": {"indexing_threshold": 20000},
                           "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0}, "quantization_config": None},
                "payload_schema": {key: {"data_type": schema["type"], "params": schema, "points": self._indexed(key)}
                                   for key, schema in self.indexes.items()}}

    def _indexed(self, key):
        return sum(1 for point in self.points.values() if values_at(point.payload, key))

    def done(self, wait):
        self.operations += 1
        return {"operation_id": self.operations, "status": "completed" if wait else "acknowledged"}

    # Indexes.

    def create_index(self, body):
        only_known(body, ("field_name", "field_schema"), "index")
        schema = body.get("field_schema")
        schema = {"type": schema} if isinstance(schema, str) else schema
        if not isinstance(schema, dict) or schema.get("type") not in INDEX_TYPES:
            raise bad_format("unknown field schema")
        if schema.get("is_tenant") and schema["type"] not in ("keyword", "uuid"):
            raise bad_format("is_tenant needs a keyword or a uuid")
        self.indexes[body["field_name"]] = schema

    def _needs_index(self, key, fits, why):
        schema = self.indexes.get(key)
        if schema is None or not fits(schema):
            raise ApiError(400, f"Bad request: {why} requires an index of a fitting type for the field {key}")

    # Points.

    def upsert(self, body):
        only_known(body, ("points", "shard_key"), "upsert")
        fresh = [self._point(each) for each in body["points"]]
        self.points.update((point.id, point) for point in fresh)

    def _point(self, body):
        only_known(body, ("id", "vector", "payload"), "point")
        vectors = body["vector"] if isinstance(body["vector"], dict) else {"": body["vector"]}
        point = Point(point_id(body["id"]), copy.deepcopy(body.get("payload") or {}), {}, {})
        for name, vector in vectors.items():
            if isinstance(vector, dict):
                point.sparse[name] = self._sparse(name, vector)
            else:
                point.dense[name] = self._stored(name, self._dense(name, vector))
        return point

    def _dense(self, name, vector):
        params = self._dense_params().get(name)
        if params is None:
            raise wrong_input(f"Not existing vector name error: {name}")
        if len(vector) != params["size"]:
            raise wrong_input(f"Vector dimension error: expected dim: {params['size']}, got {len(vector)}")
        return [single(value) for value in vector]

    def _stored(self, name, vector):
        if self._dense_params()[name]["distance"] != "Cosine":
            return vector
        length = math.sqrt(sum(value * value for value in vector))
        return [single(value / length) for value in vector] if length > 0 else vector

    def _sparse(self, name, vector):
        if name not in self.sparse_vectors:
            raise wrong_input(f"Not existing vector name error: {name}")
        only_known(vector, ("indices", "values"), "sparse vector")
        indices, values = vector["indices"], vector["values"]
        if len(indices) != len(values) or len(set(indices)) != len(indices):
            raise ApiError(422, "Validation error in JSON body: indices must be unique and as many as values")
        if any(not isinstance(index, int) or not 0 <= index < 1 << 32 for index in indices):
            raise bad_format("invalid value: an index must be a u32")
        return dict(zip(indices, map(single, values)))

    def chosen(self, body):
        """The ids that a delete names."""
        only_known(body, ("points", "filter", "shard_key"), "selector")
        if "points" in body:
            return [point_id(each) for each in body["points"]]
        return [point.id for point in self._kept(body["filter"])]

    def delete(self, body):
        for each in self.chosen(body):
            self.points.pop(each, None)

    def _kept(self, filter_):
        return [point for point in self.points.values() if filter_holds(filter_, point)]

    def count(self, body):
        only_known(body, ("filter", "exact", "shard_key"), "count")
        return len(self._kept(body.get("filter")))

    def scroll(self, body):
        only_known(body, ("offset", "limit", "filter", "with_payload", "with_vector", "order_by", "shard_key"), "scroll")
        limit = body.get("limit", 10)
        if limit < 1:
            raise ApiError(422, "Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]")
        kept = self._kept(body.get("filter"))
        if body.get("order_by"):
            if body.get("offset") is not None:
                raise wrong_input("Cannot use an `offset` when using `order_by`")
            return self._ordered(kept, body["order_by"])[:limit], None
        kept.sort(key=lambda point: id_order(point.id))
        if body.get("offset") is not None:
            start = id_order(point_id(body["offset"]))
            kept = [point for point in kept if id_order(point.id) >= start]
        following = kept[limit].id if len(kept) > limit else None
        return [Hit(point, 0) for point in kept[:limit]], following

    def _ordered(self, points, order_by):
        order_by = {"key": order_by} if isinstance(order_by, str) else order_by
        only_known(order_by, ("key", "direction", "start_from"), "order_by")
        key, descending = order_by["key"], order_by.get("direction", "asc") == "desc"
        self._needs_index(key, lambda schema: schema.get("range", schema["type"] != "keyword"), "ordering")
        hits = [Hit(point, 0, value) for point in points for value in values_at(point.payload, key)]
        if order_by.get("start_from") is not None:
            start = float(order_by["start_from"])
            hits = [hit for hit in hits
                    if (float(hit.order_value) <= start if descending else float(hit.order_value) >= start)]
        # Points of one value come in no order that anybody may rely on.
        random.Random(len(hits)).shuffle(hits)
        hits.sort(key=lambda hit: hit.order_value, reverse=descending)
        return hits

    def facet(self, body):
        only_known(body, ("key", "limit", "filter", "exact", "shard_key"), "facet")
        self._needs_index(body["key"], lambda schema: schema.get("lookup", True) and schema["type"] in
                          ("keyword", "integer", "uuid", "bool"), "a facet")
        counts = collections.Counter()
        for point in self._kept(body.get("filter")):
            counts.update(set(values_at(point.payload, body["key"])))
        best = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        return [{"value": value, "count": count} for value, count in best[:body.get("limit", 10)]]

    # The Query API.

    def query(self, body):
        only_known(body, QUERY_KEYS, "query")
        return self._query(body, None)

    def _query(self, body, among):
        """`among`: the points that may be found; None for all."""
        limit = body.get("limit", 10)
        if limit < 1:
            raise ApiError(422, "Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]")
        prefetches = body.get("prefetch") or []
        prefetches = prefetches if isinstance(prefetches, list) else [prefetches]
        lists = [self._query(only_known(each, PREFETCH_KEYS, "prefetch"), among) for each in prefetches]
        if isinstance(body.get("query"), dict) and "fusion" in body["query"]:
            if not lists:
                raise wrong_input("cannot apply Fusion without prefetches")
            hits = fuse(lists, body["query"]["fusion"])
        else:
            if lists:
                among = {hit.point.id for hits in lists for hit in hits}
            hits = self._scored(body, among)
        threshold = body.get("score_threshold")
        hits = [hit for hit in hits if threshold is None or hit.score >= threshold]
        offset = body.get("offset") or 0
        return hits[offset:offset + limit]

    def _scored(self, body, among):
        points = [point for point in self._kept(body.get("filter")) if among is None or point.id in among]
        query = body.get("query")
        if isinstance(query, dict) and "order_by" in query:
            return self._ordered(points, query["order_by"])
        if isinstance(query, dict) and "nearest" in query:
            query = query["nearest"]
        name = body.get("using") or ""
        if query is None:
            return [Hit(point, 0) for point in sorted(points, key=lambda point: id_order(point.id))]
        if isinstance(query, dict):
            scores = self._sparse_scores(name, self._sparse(name, query), points)
        elif isinstance(query, list):
            scores = self._dense_scores(name, query, points)
        else:
            raise bad_format("this double takes vectors, fusion and order_by only")
        best = [Hit(point, Float32(single(score))) for point, score in scores]
        # Of equals the order is nobody's promise.
        random.Random(len(best)).shuffle(best)
        smaller_is_better = isinstance(query, list) and self._dense_params()[name]["distance"] in ("Euclid", "Manhattan")
        return sorted(best, key=lambda hit: hit.score if smaller_is_better else -hit.score)

    def _dense_scores(self, name, query, points):
        query = self._stored(name, self._dense(name, query))
        distance = self._dense_params()[name]["distance"]
        for point in points:
            if name not in point.dense:
                continue
            pairs = list(zip(query, point.dense[name]))
            if distance == "Euclid":
                yield point, math.sqrt(sum((a - b) ** 2 for a, b in pairs))
            elif distance == "Manhattan":
                yield point, sum(abs(a - b) for a, b in pairs)
            else:
                yield point, sum(a * b for a, b in pairs)

    def _sparse_scores(self, name, query, points):
        weights = dict(query)
        if (self.sparse_vectors[name] or {}).get("modifier") == "idf":
            stored = [point.sparse[name] for point in self.points.values() if name in point.sparse]
            for index in weights:
                frequency = sum(1 for vector in stored if index in vector)
                weights[index] *= math.log((len(stored) - frequency + 0.5) / (frequency + 0.5) + 1)
        for point in points:
            vector = point.sparse.get(name, {})
            if weights.keys() & vector.keys():
                yield point, sum(weight * vector[index] for index, weight in weights.items() if index in vector)


def fuse(lists, method):
    scores = collections.defaultdict(float)
    points = {hit.point.id: hit.point for hits in lists for hit in hits}
    for hits in lists:
        if method == "rrf":
            for rank, hit in enumerate(hits):
                scores[hit.point.id] += 1 / (RRF_K + rank)
        elif method == "dbsf":
            mean = sum(hit.score for hit in hits) / max(len(hits), 1)
            spread = 3 * math.sqrt(sum((hit.score - mean) ** 2 for hit in hits) / max(len(hits) - 1, 1))
            for hit in hits:
                scores[hit.point.id] += (hit.score - mean + spread) / (2 * spread) if spread > 0 else 0.5
        else:
            raise bad_format(f"unknown fusion {method}")
    best = [Hit(points[each], Float32(single(score))) for each, score in scores.items()]
    return sorted(best, key=lambda hit: -hit.score)


def shown_payload(point, selector, default):
    selector = default if selector is None else selector
    if isinstance(selector, bool):
        return copy.deepcopy(point.payload) if selector else None
    if isinstance(selector, list):
        selector = {"include": selector}
    only_known(selector, ("include", "exclude"), "with_payload")
    included = selector.get("include")
    excluded = selector.get("exclude") or []
    return {key: value for key, value in point.payload.items()
            if (included is None or key in included) and key not in excluded}


def shown_vector(point, selector):
    if not selector:
        return None
    sparse = {name: {"indices": list(vector), "values": [Float32(value) for value in vector.values()]}
              for name, vector in point.sparse.items()}
    everything = {name: [Float32(value) for value in vector] for name, vector in point.dense.items()} | sparse
    if isinstance(selector, list):
        everything = {name: vector for name, vector in everything.items() if name in selector}
    return everything[""] if list(everything) == [""] else everything
