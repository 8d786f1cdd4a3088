"""How clients are run, and told what to do."""

import sys
from time import perf_counter_ns


class Blocking:
    """A client that waits in the thread that calls it."""

    def run(self, operation, *arguments):
        return operation(*arguments)

    def close(self):
        pass

    def measure(self, nanoseconds, operation, *arguments):
        begun = perf_counter_ns()
        taken = []
        while not taken or perf_counter_ns() - begun < nanoseconds:
            start = perf_counter_ns()
            operation(*arguments)
            taken.append(perf_counter_ns() - start)
        return taken

    def at_once(self, total, width):
        # Not with the library, whose import is measured.
        from concurrent.futures import ThreadPoolExecutor

        def calls(number):
            for _ in range(total // width):
                self.listing(1)

        start = perf_counter_ns()
        with ThreadPoolExecutor(width) as threads:
            list(threads.map(calls, range(width)))
        return perf_counter_ns() - start


class Asynchronous:
    """A client for asyncio, with an event loop for as long as it lives."""

    def __init__(self):
        import asyncio

        self._gather = asyncio.gather
        self._loop = asyncio.new_event_loop()

    def run(self, operation, *arguments):
        return self._loop.run_until_complete(operation(*arguments))

    def close(self):
        pass

    def measure(self, nanoseconds, operation, *arguments):
        async def measure():
            begun = perf_counter_ns()
            taken = []
            while not taken or perf_counter_ns() - begun < nanoseconds:
                start = perf_counter_ns()
                await operation(*arguments)
                taken.append(perf_counter_ns() - start)
            return taken

        return self._loop.run_until_complete(measure())

    def at_once(self, total, width):
        async def calls():
            for _ in range(total // width):
                await self.listing(1)

        async def all_calls():
            start = perf_counter_ns()
            await self._gather(*(calls() for _ in range(width)))
            return perf_counter_ns() - start

        return self._loop.run_until_complete(all_calls())


def obey(client, memory):
    for line in sys.stdin:
        what, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        if what == "listing":
            answer = client.measure(numbers[1] * 1_000_000, client.listing, numbers[0])
        elif what in ("usage", "create"):
            answer = client.measure(numbers[0] * 1_000_000, getattr(client, what))
        elif what == "at_once":
            answer = [client.at_once(*numbers)]
        elif what == "memory":
            answer = [memory()]
        elif what == "inside":
            answer = [f"{part}={nanoseconds:.0f}" for part, nanoseconds in client.inside()]
        print(*answer, sep="\t" if what == "inside" else " ", flush=True)


def check(holds):
    if not holds:
        raise RuntimeError("not what was asked for")
