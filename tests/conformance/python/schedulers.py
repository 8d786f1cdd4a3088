"""Calls under gevent, eventlet, Trio and anyio: other tasks run on while a call waits, and a call can be ended."""

import os
import unittest

from programs import Programs

POSIX = unittest.skipUnless(os.name == "posix", "a call has a descriptor on POSIX alone")

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
    def test_gevent_runs_on_while_calls_wait(self):
        self.program(
            """
            emulator.fault("get_oauth_clients", times=None, delay_milliseconds=1000)
            api.get_oauth_scopes()
            latest = [0]

            def tick():
                while True:
                    start = time.monotonic()
                    gevent.sleep(0.01)
                    latest[0] = max(latest[0], time.monotonic() - start)

            ticking = gevent.spawn(tick)
            start = time.monotonic()
            calls = [gevent.spawn(api.get_oauth_clients) for _ in range(20)]
            assert all(listing.get().entities for listing in calls)
            assert time.monotonic() - start < 3
            assert latest[0] < 0.3, latest
            """,
            GEVENT,
        )

    def test_a_timeout_and_a_kill_of_gevent_close_the_request(self):
        self.program(
            """
            emulator.fault("get_oauth_clients", kind={"hang": {}}, times=None)
            start = time.monotonic()
            try:
                with gevent.Timeout(0.3):
                    api.get_oauth_clients()
            except gevent.Timeout:
                pass
            else:
                raise AssertionError("no timeout")
            assert time.monotonic() - start < 2
            nothing_is_open()
            arrived = emulator.counts("get_oauth_clients")[0]
            hanging = gevent.spawn(api.get_oauth_clients)
            while emulator.counts("get_oauth_clients")[0] == arrived:
                gevent.sleep(0.01)
            hanging.kill()
            nothing_is_open()
            """,
            GEVENT,
        )

    def test_calls_of_gevent_leave_no_descriptors(self):
        self.program(
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

    def test_a_fork_under_gevent_leaves_the_calls_of_the_parent(self):
        said = self.program(
            """
            emulator.fault("get_oauth_clients", times=1, delay_milliseconds=700)
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
        self.assertEqual(said, ["[]", "0"])

    def test_event_loops_and_threads_of_their_own_work_under_gevent(self):
        self.program(
            """
            assert gevent.get_hub().threadpool.apply(api.get_oauth_scopes).entities
            """,
            GEVENT,
        )

    def test_without_patches_a_call_waits_in_its_thread(self):
        self.program("assert api.get_oauth_scopes().entities", "import gevent, select\n")

    def test_eventlet_runs_on_while_calls_wait(self):
        self.program(
            """
            emulator.fault("get_oauth_clients", times=None, delay_milliseconds=1000)
            api.get_oauth_scopes()
            start = time.monotonic()
            calls = [eventlet.spawn(api.get_oauth_clients) for _ in range(20)]
            assert all(call.wait().entities for call in calls)
            assert time.monotonic() - start < 3
            emulator.start_over()
            emulator.fault("get_oauth_clients", kind={"hang": {}}, times=None)
            try:
                with eventlet.Timeout(0.3):
                    api.get_oauth_clients()
            except eventlet.Timeout:
                nothing_is_open()
            else:
                raise AssertionError("no timeout")
            """,
            EVENTLET,
        )


@POSIX
class Tasks(Programs):
    def test_trio_runs_on_while_calls_wait(self):
        self.program(
            """
            import trio

            emulator.fault("get_oauth_clients", times=None, delay_milliseconds=1000)
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
        self.program(
            """
            import trio
            emulator.fault("get_oauth_clients", kind={"hang": {}}, times=None)

            async def main():
                await asynchronous.get_oauth_scopes()
                with trio.move_on_after(0.3) as scope:
                    await asynchronous.get_oauth_clients()
                assert scope.cancelled_caught
                await trio.to_thread.run_sync(nothing_is_open)

            trio.run(main)
            """
        )

    def test_in_a_scope_of_trio_that_is_cancelled_already_nothing_is_sent(self):
        said = self.program(
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
        self.assertEqual(said, ["0"])

    def test_each_call_lets_other_tasks_of_trio_run(self):
        self.program(
            """
            import trio, trio.testing
            config = emulator.config(credentials=Credentials.access_token(Secret(emulator.token())))

            async def main():
                async with OAuthApi(config) as api:
                    # There is nothing to wait for.
                    with trio.testing.assert_checkpoints():
                        await api.sign_in()

            trio.run(main)
            """
        )

    def test_anyio_closes_the_request_on_both_of_its_event_loops(self):
        self.program(
            """
            import anyio
            emulator.fault("get_oauth_clients", kind={"hang": {}}, times=None)

            async def main():
                assert (await asynchronous.get_oauth_scopes()).entities
                with anyio.move_on_after(0.3) as scope:
                    await asynchronous.get_oauth_clients()
                assert scope.cancel_called
                await anyio.to_thread.run_sync(nothing_is_open)

            for backend in ("asyncio", "trio", "asyncio"):
                anyio.run(main, backend=backend)
            """
        )

    def test_a_call_without_an_event_loop_says_so(self):
        said = self.program(
            """
            try:
                asynchronous.get_oauth_clients().send(None)
            except RuntimeError as error:
                print(error)
            """
        )
        self.assertIn("BlockingOAuthApi", said)


if __name__ == "__main__":
    unittest.main()
