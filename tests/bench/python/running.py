"""Runs implementations and executes the commands from standard input."""

import sys
from time import perf_counter_ns


class Blocking:
    """An implementation whose calls block their thread."""

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
        # Imported here, because the import of the library is measured without it.
        from concurrent.futures import ThreadPoolExecutor

        def calls(number):
            for _ in range(total // width):
                self.listing(1)

        start = perf_counter_ns()
        with ThreadPoolExecutor(width) as threads:
            list(threads.map(calls, range(width)))
        return perf_counter_ns() - start


class Asynchronous:
    """An implementation for asyncio, with an event loop that exists as long as the object."""

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


def execute_commands(implementation, memory):
    for line in sys.stdin:
        command, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        if command == "listing":
            result = implementation.measure(numbers[1] * 1_000_000, implementation.listing, numbers[0])
        elif command in ("usage", "create"):
            result = implementation.measure(numbers[0] * 1_000_000, getattr(implementation, command))
        elif command == "at_once":
            result = [implementation.at_once(*numbers)]
        elif command == "memory":
            result = [memory()]
        elif command == "inside":
            result = [f"{part}={nanoseconds:.0f}" for part, nanoseconds in implementation.call_costs()]
        print(*result, sep="\t" if command == "inside" else " ", flush=True)


def check(holds):
    if not holds:
        raise RuntimeError("unexpected response")
