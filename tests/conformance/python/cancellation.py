"""Cancellation of calls: by cancelling the task that awaits a call."""

import asyncio
import os
import time

from emulator import wait_until
from subject import expect_async_error

HANG = {"hang": {}}


async def cancelling_closes_the_request(emulator):
    emulator.inject_fault("get_oauth_clients", times=None, kind=HANG)
    hanging = asyncio.create_task(emulator.api().get_oauth_clients())
    await wait_for_arrival(emulator, "get_oauth_clients")
    assert emulator.open()[0] == 1

    start = time.monotonic()
    hanging.cancel()
    await expect_async_error(asyncio.CancelledError, hanging)
    await wait_for_no_open_requests(emulator)
    assert time.monotonic() - start < 1


async def cancelling_one_call_leaves_the_others(emulator):
    api = emulator.api()
    emulator.inject_fault("get_oauth_clients", kind=HANG)
    hanging = asyncio.create_task(api.get_oauth_clients())
    await wait_for_arrival(emulator, "get_oauth_clients")

    others = [asyncio.create_task(api.get_oauth_clients()) for _ in range(9)]
    hanging.cancel()
    await expect_async_error(asyncio.CancelledError, hanging)
    assert all(listing.entities for listing in await asyncio.gather(*others))
    assert (await api.get_oauth_clients()).entities
    assert emulator.counts("token")[0] == 1
    await wait_for_no_open_requests(emulator)


async def many_calls_leave_nothing(emulator):
    emulator.inject_fault("get_oauth_client", times=None, kind=HANG)
    api = emulator.api()
    await make_calls_and_cancel_a_tenth(emulator, api, 100)
    await wait_until_idle(emulator)
    threads, handles = count_entries("/proc/self/task"), count_entries("/proc/self/fd")
    tasks = len(asyncio.all_tasks())

    await make_calls_and_cancel_a_tenth(emulator, api, 9_900)
    assert emulator.counts("get_oauth_scope")[1] == 9_000
    await wait_until_idle(emulator)
    await wait_until(
        f"no more than {threads} threads and {handles} handles",
        lambda: count_entries("/proc/self/task") <= threads and count_entries("/proc/self/fd") <= handles,
    )
    assert len(asyncio.all_tasks()) == tasks
    await api.get_oauth_scope("users")


async def make_calls_and_cancel_a_tenth(emulator, api, calls):
    """Makes the given number of calls. Each tenth call hangs, and is cancelled by a timeout."""
    semaphore = asyncio.Semaphore(50)

    async def call(number):
        async with semaphore:
            if number % 10:
                assert (await api.get_oauth_scope("users")).id == "users"
            else:
                hanging = api.get_oauth_client(emulator.client_id)
                await expect_async_error(asyncio.TimeoutError, asyncio.wait_for(hanging, 0.02))

    await asyncio.gather(*(call(number) for number in range(calls)))


async def wait_for_arrival(emulator, endpoint):
    await wait_until("the call arrived", lambda: emulator.counts(endpoint)[0] == 1)


async def wait_for_no_open_requests(emulator):
    await wait_until("no request is open", lambda: emulator.open()[0] == 0)


async def wait_until_idle(emulator):
    """Waits for the end of all requests, and closes all idle connections."""
    await wait_for_no_open_requests(emulator)

    def no_connection_is_open():
        emulator.close_idle_connections()
        return emulator.open()[1] == 0

    await wait_until("no connection is open", no_connection_is_open)


def count_entries(folder):
    return len(os.listdir(folder))


CASES = [cancelling_closes_the_request, cancelling_one_call_leaves_the_others, many_calls_leave_nothing]
