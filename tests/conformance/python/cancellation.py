"""Ending a call before it is done: by cancelling the task that awaits it."""

import asyncio
import os
import time

from emulator import until
from subject import ends_with

HANG = {"hang": {}}


async def cancelling_closes_the_request(emulator):
    emulator.fault("get_oauth_clients", times=None, kind=HANG)
    hanging = asyncio.create_task(emulator.api().get_oauth_clients())
    await has_arrived(emulator, "get_oauth_clients")
    assert emulator.open()[0] == 1

    start = time.monotonic()
    hanging.cancel()
    await ends_with(asyncio.CancelledError, hanging)
    await nothing_is_open(emulator)
    assert time.monotonic() - start < 1


async def cancelling_one_call_leaves_the_others(emulator):
    api = emulator.api()
    emulator.fault("get_oauth_clients", kind=HANG)
    hanging = asyncio.create_task(api.get_oauth_clients())
    await has_arrived(emulator, "get_oauth_clients")

    others = [asyncio.create_task(api.get_oauth_clients()) for _ in range(9)]
    hanging.cancel()
    await ends_with(asyncio.CancelledError, hanging)
    assert all(listing.entities for listing in await asyncio.gather(*others))
    assert (await api.get_oauth_clients()).entities
    assert emulator.counts("token")[0] == 1
    await nothing_is_open(emulator)


async def many_calls_leave_nothing(emulator):
    emulator.fault("get_oauth_client", times=None, kind=HANG)
    api = emulator.api()
    await calls_of_which_a_tenth_is_cancelled(emulator, api, 100)
    await at_rest(emulator)
    threads, handles = entries("/proc/self/task"), entries("/proc/self/fd")
    tasks = len(asyncio.all_tasks())

    await calls_of_which_a_tenth_is_cancelled(emulator, api, 9_900)
    assert emulator.counts("get_oauth_scope")[1] == 9_000
    await at_rest(emulator)
    await until(
        f"no more than {threads} threads and {handles} handles",
        lambda: entries("/proc/self/task") <= threads and entries("/proc/self/fd") <= handles,
    )
    assert len(asyncio.all_tasks()) == tasks
    await api.get_oauth_scope("users")


async def calls_of_which_a_tenth_is_cancelled(emulator, api, calls):
    """Each tenth call hangs until it is cancelled."""
    at_once = asyncio.Semaphore(50)

    async def call(number):
        async with at_once:
            if number % 10:
                assert (await api.get_oauth_scope("users")).id == "users"
            else:
                hanging = api.get_oauth_client(emulator.client_id)
                await ends_with(asyncio.TimeoutError, asyncio.wait_for(hanging, 0.02))

    await asyncio.gather(*(call(number) for number in range(calls)))


async def has_arrived(emulator, endpoint):
    await until("the call arrived", lambda: emulator.counts(endpoint)[0] == 1)


async def nothing_is_open(emulator):
    await until("no request is open", lambda: emulator.open()[0] == 0)


async def at_rest(emulator):
    """No request is open, and no connection kept for the next one."""
    await nothing_is_open(emulator)

    def no_connection_is_open():
        emulator.close_idle_connections()
        return emulator.open()[1] == 0

    await until("no connection is open", no_connection_is_open)


def entries(folder):
    return len(os.listdir(folder))


CASES = [cancelling_closes_the_request, cancelling_one_call_leaves_the_others, many_calls_leave_nothing]
