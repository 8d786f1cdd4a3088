"""Calls after the program has closed descriptors or an event loop, and calls near the recursion limit.

Each program runs in a separate process.
"""

import os
import unittest

from programs import Programs

POSIX = unittest.skipUnless(os.name == "posix", "closes POSIX descriptors")


class BrokenRuntime(Programs):
    @POSIX
    def test_closed_descriptors_fail_at_most_one_call(self):
        output = self.run_program(
            """
            def calls():
                yield api.get_oauth_clients
                yield lambda: asyncio.run(asynchronous.get_oauth_clients())
                yield lambda: BlockingOAuthApi(emulator.config()).get_oauth_clients()

            for call in calls():
                call()
            for _ in range(3):
                os.closerange(3, 900)
                start = time.monotonic()
                for call in calls():
                    try:
                        call()
                    except OAuthError:
                        call()
                assert time.monotonic() - start < 20
            print(emulator.counts("token")[0])
            """
        )
        # Two API objects live on and have signed in once each, although they lost their connections several times.
        self.assertEqual(output, [str(2 + 4)])

    @POSIX
    def test_a_waiting_call_fails_when_its_descriptors_are_closed(self):
        output = self.run_program(
            """
            id = api.post_oauth_clients(OAuthClientRequest(
                name="Nachtlauf", authorized_grant_type=GrantType.CODE,
                registered_redirect_uri=["https://nachtlauf.example.at/callback"], scope=["users:readonly"],
            )).id
            emulator.inject_fault("post_oauth_client_secret", kind={"hang": {}}, times=1)
            emulator.inject_fault("get_oauth_clients", kind={"hang": {}}, times=1)
            failed = []

            def record_failure(call):
                try:
                    call()
                except OAuthError as error:
                    failed.append((type(error).__name__, error.server_may_have_acted))

            calls = [lambda: api.post_oauth_client_secret(id), api.get_oauth_clients]
            threads = [threading.Thread(target=record_failure, args=(call,)) for call in calls]
            for thread in threads:
                thread.start()
            while emulator.open()[0] < 2:
                time.sleep(0.01)
            os.closerange(3, 900)
            start = time.monotonic()
            for thread in threads:
                thread.join()
            assert time.monotonic() - start < 20
            print(sorted(failed))
            api.get_oauth_clients()
            """
        )
        self.assertEqual(" ".join(output), "[('Connection', True), ('OutcomeUnknown', True)]")

    @POSIX
    def test_descriptors_opened_by_the_program_meanwhile_are_not_closed(self):
        self.run_program(
            """
            api.get_oauth_clients()
            asyncio.run(asynchronous.get_oauth_clients())
            os.closerange(3, 900)
            others = [os.open(os.devnull, os.O_RDWR) for _ in range(50)]
            for _ in range(3):
                api.get_oauth_clients()
                asyncio.run(asynchronous.get_oauth_clients())
            gc.collect()
            for other in others:
                assert os.path.samestat(os.fstat(other), os.stat(os.devnull))
            """
        )

    def test_closing_an_event_loop_closes_the_requests_of_its_calls(self):
        for kept in (False, True):
            self.run_program(
                f"""
                emulator.inject_fault("get_oauth_clients", kind={{"hang": {{}}}}, times=None)
                tasks = []
                # Open requests of previous tests, which may end at any time.
                others = emulator.open()[0]
                earlier = emulator.counts("get_oauth_clients")[0]

                async def start_call(number):
                    task = asyncio.ensure_future(asynchronous.get_oauth_clients())
                    if {kept}:
                        tasks.append(task)
                    # The request for a token comes first and is not counted here.
                    while emulator.counts("get_oauth_clients")[0] <= earlier + number:
                        await asyncio.sleep(0.01)

                def descriptors():
                    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0

                for number in range(11):
                    loop = asyncio.new_event_loop()
                    loop.run_until_complete(start_call(number))
                    loop.close()
                    # The request must end without a run of the garbage collector.
                    end = time.monotonic() + 20
                    while emulator.open()[0] > others:
                        assert time.monotonic() < end, "the request is still open"
                        time.sleep(0.01)
                    if number == 0:
                        before = descriptors()
                gc.collect()
                assert descriptors() <= before, (before, descriptors())
                del loop
                gc.collect()
                alive = sum(isinstance(one, asyncio.Task) for one in gc.get_objects())
                assert alive == len(tasks), alive
                """
            )

    def test_a_call_that_exceeds_the_recursion_limit_sends_no_request(self):
        output = self.run_program(
            """
            id = api.post_oauth_clients(OAuthClientRequest(
                name="Nachtlauf", authorized_grant_type=GrantType.CODE,
                registered_redirect_uri=["https://nachtlauf.example.at/callback"], scope=["users:readonly"],
            )).id

            def call_at_depth(depth, call):
                return call_at_depth(depth - 1, call) if depth else call()

            async def await_at_depth(depth, call):
                return await await_at_depth(depth - 1, call) if depth else await call()

            def rotate_blocking(depth):
                return call_at_depth(depth, lambda: api.post_oauth_client_secret(id))

            def rotate_asynchronously(depth):
                return asyncio.run(await_at_depth(depth, lambda: asynchronous.post_oauth_client_secret(id)))

            rotate_blocking(0), rotate_asynchronously(0)
            for rotate in (rotate_blocking, rotate_asynchronously):
                outcomes = set()
                for depth in range(sys.getrecursionlimit() - 110, sys.getrecursionlimit()):
                    sent = emulator.counts("post_oauth_client_secret")[0]
                    try:
                        rotate(depth)
                    except RecursionError:
                        outcome = "RecursionError"
                    else:
                        outcome = "rotated"
                    outcomes.add((outcome, emulator.counts("post_oauth_client_secret")[0] - sent))
                print(sorted(outcomes))
            """
        )
        self.assertEqual(" ".join(output), " ".join(["[('RecursionError', 0), ('rotated', 1)]"] * 2))


if __name__ == "__main__":
    unittest.main()
