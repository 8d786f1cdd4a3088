"""Calls under gevent, eventlet, Trio and anyio: other tasks run while a call waits, and calls can be cancelled."""

import os
import unittest

from programs import Programs

POSIX = unittest.skipUnless(os.name == "posix", "calls have descriptors on POSIX only")

GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent
"""

EVENTLET = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
"""


@POSIX
class Greenlets(Programs):
    def test_gevent_runs_other_greenlets_while_calls_wait(self):
        self.run_program(
            """
            emulator.inject_fault("get_oauth_clients", times=None, delay_milliseconds=1000)
            api.get_oauth_scopes()
            longest_delay = [0]

            def tick():
                while True:
                    start = time.monotonic()
                    gevent.sleep(0.01)
                    longest_delay[0] = max(longest_delay[0], time.monotonic() - start)

            ticking = gevent.spawn(tick)
            start = time.monotonic()
            calls = [gevent.spawn(api.get_oauth_clients) for _ in range(20)]
            assert all(listing.get().entities for listing in calls)
            assert time.monotonic() - start < 3
            assert longest_delay[0] < 0.3, longest_delay
            """,
            GEVENT,
        )

    def test_a_timeout_and_a_kill_of_gevent_close_the_request(self):
        self.run_program(
            """
            emulator.inject_fault("get_oauth_clients", kind={"hang": {}}, times=None)
            start = time.monotonic()
            try:
                with gevent.Timeout(0.3):
                    api.get_oauth_clients()
            except gevent.Timeout:
                pass
            else:
                raise AssertionError("no timeout")
            assert time.monotonic() - start < 2
            wait_for_no_open_requests()
            arrived = emulator.counts("get_oauth_clients")[0]
            hanging = gevent.spawn(api.get_oauth_clients)
            while emulator.counts("get_oauth_clients")[0] == arrived:
                gevent.sleep(0.01)
            hanging.kill()
            wait_for_no_open_requests()
            """,
            GEVENT,
        )

    def test_calls_of_gevent_leave_no_descriptors(self):
        self.run_program(
            """
            def descriptors():
                return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0

            api.get_oauth_scopes()
            before = descriptors()
            for _ in range(50):
                api.get_oauth_scopes()
            assert descriptors() <= before, (before, descriptors())
            """,
            GEVENT,
        )

    def test_a_fork_under_gevent_does_not_affect_calls_of_the_parent(self):
        output = self.run_program(
            """
            emulator.inject_fault("get_oauth_clients", times=1, delay_milliseconds=700)
            api.get_oauth_scopes()
            failed = []

            def call():
                try:
                    assert api.get_oauth_clients().entities
                except RuntimeError as error:
                    failed.append(str(error))

            waiting = gevent.spawn(call)
            while emulator.counts("get_oauth_clients")[0] == 0:
                gevent.sleep(0.01)
            process = os.fork()
            if process == 0:
                assert api.get_oauth_scopes().entities
                waiting.join(10)
                os._exit(0 if "belongs to the process" in "".join(failed) else 1)
            waiting.get()
            print(failed, os.waitpid(process, 0)[1])
            """,
            GEVENT,
        )
        self.assertEqual(output, ["[]", "0"])

    def test_a_call_in_the_thread_pool_of_gevent_succeeds(self):
        self.run_program(
            """
            assert gevent.get_hub().threadpool.apply(api.get_oauth_scopes).entities
            """,
            GEVENT,
        )

    def test_a_call_blocks_its_thread_without_monkey_patching(self):
        self.run_program("assert api.get_oauth_scopes().entities", "import gevent, select\n")

    def test_eventlet_runs_other_greenlets_while_calls_wait(self):
        self.run_program(
            """
            emulator.inject_fault("get_oauth_clients", times=None, delay_milliseconds=1000)
            api.get_oauth_scopes()
            start = time.monotonic()
            calls = [eventlet.spawn(api.get_oauth_clients) for _ in range(20)]
            assert all(call.wait().entities for call in calls)
            assert time.monotonic() - start < 3
            emulator.reset()
            emulator.inject_fault("get_oauth_clients", kind={"hang": {}}, times=None)
            try:
                with eventlet.Timeout(0.3):
                    api.get_oauth_clients()
            except eventlet.Timeout:
                wait_for_no_open_requests()
            else:
                raise AssertionError("no timeout")
            """,
            EVENTLET,
        )


@POSIX
class AsyncLibraries(Programs):
    def test_trio_runs_other_tasks_while_calls_wait(self):
        self.run_program(
            """
            import trio

            emulator.inject_fault("get_oauth_clients", times=None, delay_milliseconds=1000)
            done = []

            async def call():
                done.append((await asynchronous.get_oauth_clients()).entities)

            async def main():
                await asynchronous.get_oauth_scopes()
                start = time.monotonic()
                async with trio.open_nursery() as nursery:
                    for _ in range(20):
                        nursery.start_soon(call)
                assert len(done) == 20 and all(done)
                assert time.monotonic() - start < 3

            trio.run(main)
            """
        )

    def test_a_cancelled_scope_of_trio_closes_the_request(self):
        self.run_program(
            """
            import trio
            emulator.inject_fault("get_oauth_clients", kind={"hang": {}}, times=None)

            async def main():
                await asynchronous.get_oauth_scopes()
                with trio.move_on_after(0.3) as scope:
                    await asynchronous.get_oauth_clients()
                assert scope.cancelled_caught
                await trio.to_thread.run_sync(wait_for_no_open_requests)

            trio.run(main)
            """
        )

    def test_a_call_in_a_cancelled_scope_of_trio_sends_no_request(self):
        output = self.run_program(
            """
            import trio

            async def main():
                await asynchronous.get_oauth_scopes()
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await asynchronous.get_oauth_clients()
                assert scope.cancelled_caught

            trio.run(main)
            print(emulator.counts("get_oauth_clients")[0])
            """
        )
        self.assertEqual(output, ["0"])

    def test_each_call_is_a_checkpoint_of_trio(self):
        self.run_program(
            """
            import trio, trio.testing

            async def main():
                # The argument is refused at once, so there is nothing to wait for.
                with trio.testing.assert_checkpoints():
                    try:
                        await asynchronous.get_oauth_client("")
                    except OAuthError.InvalidArgument:
                        pass
                    else:
                        raise AssertionError("the argument was not refused")

            trio.run(main)
            """
        )

    def test_anyio_closes_the_request_with_both_backends(self):
        self.run_program(
            """
            import anyio
            emulator.inject_fault("get_oauth_clients", kind={"hang": {}}, times=None)

            async def main():
                assert (await asynchronous.get_oauth_scopes()).entities
                with anyio.move_on_after(0.3) as scope:
                    await asynchronous.get_oauth_clients()
                assert scope.cancel_called
                await anyio.to_thread.run_sync(wait_for_no_open_requests)

            for backend in ("asyncio", "trio", "asyncio"):
                anyio.run(main, backend=backend)
            """
        )

    def test_a_call_without_an_event_loop_raises_an_error_that_names_the_blocking_api(self):
        output = self.run_program(
            """
            try:
                asynchronous.get_oauth_clients().send(None)
            except RuntimeError as error:
                print(error)
            """
        )
        self.assertIn("BlockingOAuthApi", output)


if __name__ == "__main__":
    unittest.main()
