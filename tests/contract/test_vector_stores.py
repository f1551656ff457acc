"""Every vector store finds what a dictionary of its vectors says it should."""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core.records import SpaceId
from core.store.vectors import graph, hnsw, milvus
from core.store.vectors.hnsw import HnswStore
from core.store.vectors.milvus import MilvusStore
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.place import MilvusPlace
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.vector_store import VECTOR_STORES, VectorStore, make_vector_store
from tests.core.store.milvus.places import real_server

DIM = 24
SERVED = "milvus server"
"""The same store on a server that is named in the environment."""


def unit_vectors(count: int, seed: int, dim: int = DIM) -> np.ndarray:
    """Clustered, as embeddings are; the same seed gives the same vectors."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((40, dim))
    vectors = centres[rng.integers(40, size=count)] + 0.4 * rng.standard_normal((count, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def expected(model: dict[int, np.ndarray], query: np.ndarray, k: int) -> tuple[list[int], list[float]]:
    """What exact arithmetic answers."""
    scored = sorted((-float(np.float32(vector.astype(float) @ query.astype(float))), i) for i, vector in model.items())
    return [i for _, i in scored[:k]], [-score for score, _ in scored[:k]]


def merge_all(store: VectorStore, at_once: int = 64) -> None:
    while (isinstance(store, HnswStore) and store.merge(at_once)) or (
        isinstance(store, MilvusStore) and store.merge(10 * at_once)
    ):
        continue


@pytest.fixture(autouse=True)
def many_small_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred vectors fill several graphs, which are asked even where looking at all were faster."""
    monkeypatch.setattr(graph, "TARGET_BYTES", 60 * 1000)
    monkeypatch.setattr(hnsw, "EXACT_PER_RESULT", 1)
    monkeypatch.setattr(milvus, "EXACT_COUNT", 50)
    monkeypatch.setattr(milvus, "EXACT_IDS", 500)


def new_store(name: str, tidy: ExitStack) -> VectorStore:
    """An empty store; `tidy` ends what it runs on."""
    if not name.startswith("milvus"):
        return make_vector_store(name, DIM)
    if find_spec("pymilvus") is None or find_spec("milvus_lite") is None:
        pytest.skip("Milvus is not installed here; `pip install '.[milvus]'` adds it")
    if name == SERVED:
        place = tidy.enter_context(real_server())
    else:
        place = f"{tidy.enter_context(TemporaryDirectory())}/milvus.db"
    server = MilvusServer(MilvusPlace(place, "a1b2c3"))
    tidy.callback(server.close)
    return make_vector_store("milvus", DIM, MilvusCollection(server, SpaceId("contract/words@1"), DIM))


@pytest.fixture(params=[*sorted(VECTOR_STORES), SERVED])
def store(request: pytest.FixtureRequest) -> Iterator[VectorStore]:
    with ExitStack() as tidy:
        yield new_store(request.param, tidy)


@pytest.fixture
def filled(store: VectorStore) -> tuple[VectorStore, dict[int, np.ndarray]]:
    """3,000 vectors in the store (an approximate one has made its graphs) and in a dictionary."""
    ids, vectors = np.arange(10, 3010), unit_vectors(3000, 1)
    store.add(ids, vectors)
    merge_all(store)
    return store, dict(zip(ids.tolist(), vectors, strict=True))


def test_empty_store_finds_nothing(store: VectorStore) -> None:
    ids, scores = store.search(unit_vectors(1, 5)[0], 10)
    assert len(ids) == len(scores) == store.count == 0
    assert len(store.search_among(unit_vectors(1, 5)[0], np.array([1, 2]), 3)[0]) == 0


def test_scores_are_exact_and_best_first(filled: tuple[VectorStore, dict[int, np.ndarray]]) -> None:
    store, model = filled
    missed = 0
    for query in unit_vectors(50, 2):
        ids, scores = store.search(query, 10)
        wanted, _ = expected(model, query, 10)
        missed += len(set(wanted) - set(ids.tolist()))
        assert scores.tolist() == [np.float32(model[i].astype(float) @ query.astype(float)) for i in ids.tolist()]
        assert sorted(scores.tolist(), reverse=True) == scores.tolist()
    assert missed <= 0.02 * 500
    assert not isinstance(store, MilvusStore) or store.served == 50


@pytest.mark.parametrize("k", [0, 1, 2999, 3000, 3001, 100_000])
def test_never_fewer_than_k_when_k_exist(filled: tuple[VectorStore, dict[int, np.ndarray]], k: int) -> None:
    store, _ = filled
    ids, _ = store.search(unit_vectors(1, 3)[0], k)
    assert len(ids) == len(set(ids.tolist())) == min(k, 3000)


@pytest.mark.parametrize("matches", [0, 1, 9, 10, 299, 300, 301, 1500, 3000])
def test_filtered_search_is_exact(filled: tuple[VectorStore, dict[int, np.ndarray]], matches: int) -> None:
    store, model = filled
    query = unit_vectors(1, 4)[0]
    allowed = np.sort(np.random.default_rng(matches).choice(np.arange(10, 3010), matches, replace=False))
    ids, scores = store.search_among(query, np.concatenate([allowed, [999_999]]), 10)
    wanted, wanted_scores = expected({i: model[i] for i in allowed.tolist()}, query, 10)
    assert ids.tolist() == wanted
    assert scores.tolist() == wanted_scores


def test_equal_scores_come_by_id(store: VectorStore) -> None:
    vector = unit_vectors(1, 6)
    ids = np.random.default_rng(0).permutation(500)
    store.add(ids, np.repeat(vector, 500, axis=0))
    merge_all(store)
    found, _ = store.search(vector[0], 500)
    assert found.tolist() == list(range(500))
    assert store.search_among(vector[0], ids, 7)[0].tolist() == list(range(7))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_query_that_is_no_vector_finds_nothing(filled: tuple[VectorStore, dict[int, np.ndarray]], bad: float) -> None:
    store, _ = filled
    query = unit_vectors(1, 7)[0]
    query[3] = bad
    assert len(store.search(query, 10)[0]) == 0
    assert len(store.search_among(query, np.arange(10, 2000), 10)[0]) == 0
    assert len(store.search_among(query, np.arange(10, 20), 10)[0]) == 0


def test_large_filter_in_a_large_store(
    filled: tuple[VectorStore, dict[int, np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hnsw, "EXACT_IDS", 100)
    monkeypatch.setattr(hnsw, "EXACT_ROWS", 1000)
    monkeypatch.setattr(milvus, "EXACT_IDS", 100)
    store, model = filled
    query = unit_vectors(1, 9)[0]
    wanted, _ = expected(model, query, 3000)
    worst_half, every_second = np.sort(wanted[1500:]), np.sort(wanted[::2])
    assert store.search_among(query, worst_half, 10)[0].tolist() == wanted[1500:1510]
    assert len(set(store.search_among(query, every_second, 10)[0].tolist()) & set(wanted[:20:2])) >= 9


def test_new_vectors_are_found_at_once(filled: tuple[VectorStore, dict[int, np.ndarray]]) -> None:
    store, _ = filled
    new = unit_vectors(5, 10)
    store.add(np.arange(5), new)
    assert [store.search(vector, 1)[0].tolist() for vector in new] == [[0], [1], [2], [3], [4]]


def test_what_belongs_together_may_have_come_together(store: VectorStore) -> None:
    """All good answers are among vectors that were added one after the other, as the photos of one day are."""
    vectors = unit_vectors(3000, 11)
    day = vectors[1000] + 0.05 * np.random.default_rng(0).standard_normal((150, DIM))
    vectors[1000:1150] = (day / np.linalg.norm(day, axis=1, keepdims=True)).astype(np.float32)
    store.add(np.arange(3000), vectors)
    merge_all(store)
    assert len(set(store.search(vectors[1000], 150)[0].tolist()) & set(range(1000, 1150))) >= 147


def test_what_is_removed_takes_no_room_in_graphs() -> None:
    store = HnswStore(DIM)
    store.add(np.arange(2000), unit_vectors(2000, 12))
    merge_all(store)
    before = len(store.graphs)
    store.remove(np.arange(0, 2000, 3))
    merge_all(store)
    store.remove(np.arange(1, 2000, 3))
    merge_all(store)
    assert sum(graph.live for graph in store.graphs.values()) == store.count == 666
    assert len(store.graphs) <= before / 2


def test_deleting_down_to_nothing(store: VectorStore) -> None:
    vectors = unit_vectors(120, 8)
    store.add(np.arange(120), vectors)
    merge_all(store)
    for gone in range(120):
        store.remove(np.array([gone]))
        for k in (1, 5, 50):
            ids, _ = store.search(vectors[0], k)
            assert len(ids) == min(k, 119 - gone)
            assert gone not in ids
        if gone % 10 == 0:
            merge_all(store)


class StoreMachine(RuleBasedStateMachine):
    """Random steps on a store and on a dictionary: both must know the same."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.tidy = ExitStack()
        self.store = new_store(name, self.tidy)
        self.model: dict[int, np.ndarray] = {}

    def teardown(self) -> None:
        self.tidy.close()

    @rule(ids=st.sets(st.integers(0, 400), min_size=1, max_size=120), seed=st.integers(0, 10**6))
    def add_or_update(self, ids: set[int], seed: int) -> None:
        vectors = unit_vectors(len(ids), seed)
        self.store.add(np.array(sorted(ids)), vectors)
        self.model.update(zip(sorted(ids), vectors, strict=True))

    @rule(ids=st.sets(st.integers(0, 400), max_size=60))
    def remove(self, ids: set[int]) -> None:
        self.store.remove(np.array(sorted(ids), dtype=np.int64))
        for i in ids:
            self.model.pop(i, None)

    @rule(count=st.integers(1, 200))
    def merge(self, count: int) -> None:
        if isinstance(self.store, HnswStore | MilvusStore):
            self.store.merge(count)

    @rule(k=st.integers(1, 60), seed=st.integers(0, 10**6))
    def search(self, k: int, seed: int) -> None:
        query = unit_vectors(1, seed)[0]
        ids, scores = self.store.search(query, k)
        found = ids.tolist()
        assert len(found) == len(set(found)) == min(k, len(self.model))
        assert scores.tolist() == [np.float32(self.model[i].astype(float) @ query.astype(float)) for i in found]

    @rule(allowed=st.sets(st.integers(0, 400)), k=st.integers(1, 60), seed=st.integers(0, 10**6))
    def search_among(self, allowed: set[int], k: int, seed: int) -> None:
        query = unit_vectors(1, seed)[0]
        ids, scores = self.store.search_among(query, np.array(sorted(allowed), dtype=np.int64), k)
        wanted = expected({i: self.model[i] for i in allowed & self.model.keys()}, query, k)
        assert (ids.tolist(), scores.tolist()) == wanted

    @invariant()
    def count_is_right(self) -> None:
        assert self.store.count == len(self.model)


@pytest.mark.parametrize(("name", "histories"), [("exact", 20), ("hnsw", 20), ("milvus", 5), (SERVED, 2)])
def test_any_history_ends_in_the_same_answers(name: str, histories: int) -> None:
    run_state_machine_as_test(
        lambda: StoreMachine(name), settings=settings(max_examples=histories, stateful_step_count=40)
    )


def test_ten_thousand_steps(store: VectorStore) -> None:
    """Every vector added, changed or removed by itself; what approximate stores work off comes in between."""
    rng, model = np.random.default_rng(7), dict[int, np.ndarray]()
    vectors = unit_vectors(10_000, 13)
    for step in range(10_000):
        number = int(rng.integers(1500))
        if rng.random() < 0.3:
            store.remove(np.array([number]))
            model.pop(number, None)
        else:
            store.add(np.array([number]), vectors[step : step + 1])
            model[number] = vectors[step]
        if step % 250 == 249:
            merge_all(store)
            query = unit_vectors(1, step)[0]
            ids, scores = store.search(query, 10)
            assert len(set(ids.tolist()) & set(expected(model, query, 10)[0])) >= 9
            assert scores.tolist() == [np.float32(model[i].astype(float) @ query.astype(float)) for i in ids.tolist()]
            assert store.count == len(model)
    assert not isinstance(store, MilvusStore) or store.served == 40
