"""Readers and writers of a stage's outputs."""

import threading

from flows.turns import Turns


def test_nobody_reads_what_is_being_written() -> None:
    turns, order = Turns(), []
    reading, release = threading.Event(), threading.Event()

    def read() -> None:
        with turns.reading(("prepare", "fetch")):
            reading.set()
            release.wait(30)
            order.append("read")

    def write() -> None:
        with turns.writing("fetch"):
            order.append("written")

    reader, writer = threading.Thread(target=read), threading.Thread(target=write)
    reader.start()
    assert reading.wait(30)
    writer.start()
    with turns.reading(("fetch",)):  # a second reader does not wait for the first
        assert order == []
    release.set()
    for thread in (reader, writer):
        thread.join(30)
    assert order == ["read", "written"]


def test_readers_wait_for_the_one_who_writes() -> None:
    turns, order = Turns(), []

    def read() -> None:
        with turns.reading(("fetch",)):
            order.append("read")

    reader = threading.Thread(target=read)
    with turns.writing("fetch"):
        reader.start()
        with turns.writing("train"):  # another stage is nobody's business
            order.append("written")
    reader.join(30)
    assert order == ["written", "read"]
