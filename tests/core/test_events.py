"""What listeners can rely on."""

from __future__ import annotations

from core import Event, EventBus, FoldersChanged, LibraryChanged, NoticePosted


def test_each_listener_hears_until_it_leaves() -> None:
    bus = EventBus()
    first: list[Event] = []
    second: list[Event] = []
    leave = bus.subscribe(first.append)
    bus.subscribe(second.append)

    bus.publish(LibraryChanged())
    leave()
    bus.publish(FoldersChanged())

    assert first == [LibraryChanged()]
    assert second == [LibraryChanged(), FoldersChanged()]


def test_a_broken_listener_does_not_silence_the_others() -> None:
    bus = EventBus()
    heard: list[Event] = []

    def broken(_: Event) -> None:
        raise ValueError("broken")

    bus.subscribe(broken)
    bus.subscribe(heard.append)
    bus.publish(LibraryChanged())

    assert heard == [LibraryChanged()]


def test_a_notice_waits_for_the_first_who_listens() -> None:
    bus = EventBus()
    bus.publish(LibraryChanged())
    bus.publish(NoticePosted("The library was repaired."))
    first: list[Event] = []
    second: list[Event] = []
    bus.subscribe(first.append)
    bus.subscribe(second.append)

    assert first == [NoticePosted("The library was repaired.")]
    assert second == []
