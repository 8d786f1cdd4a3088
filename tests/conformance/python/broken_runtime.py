"""What no call may depend on: descriptors that the program closes, event loops that it closes, and the depth of its
stack. Each program is a process of its own.
"""

import os
import unittest

from programs import Programs

POSIX = unittest.skipUnless(os.name == "posix", "descriptors are those of POSIX")


class BrokenRuntime(Programs):
    @POSIX
    def test_descriptors_that_are_closed_cost_no_more_than_one_call(self):
        said = self.program(
            """
            def several():
                yield api.get_oauth_clients
                yield lambda: asyncio.run(asynchronous.get_oauth_clients())
                yield lambda: BlockingOAuthApi(emulator.config()).get_oauth_clients()

            for call in several():
                call()
            for _ in range(3):
                os.closerange(3, 900)
                start = time.monotonic()
                for call in several():
                    try:
                        call()
                    except OAuthError:
                        call()
                assert time.monotonic() - start < 20
            print(emulator.counts("token")[0])
            """
        )
        # Two API objects that are kept have signed in once, however often they lost their connections.
        self.assertEqual(said, [str(2 + 4)])

    @POSIX
    def test_a_call_that_waits_fails_when_its_descriptors_are_closed(self):
        said = self.program(
            """
            id = api.post_oauth_clients(OAuthClientRequest(
                name="Nachtlauf", authorized_grant_type=GrantType.CODE,
                registered_redirect_uri=["https://nachtlauf.example.at/callback"], scope=["users:readonly"],
            )).id
            emulator.fault("post_oauth_client_secret", kind={"hang": {}}, times=1)
            emulator.fault("get_oauth_clients", kind={"hang": {}}, times=1)
            failed = []

            def waiting(call):
                try:
                    call()
                except OAuthError as error:
                    failed.append((type(error).__name__, error.server_may_have_acted))

            calls = [lambda: api.post_oauth_client_secret(id), api.get_oauth_clients]
            threads = [threading.Thread(target=waiting, args=(call,)) for call in calls]
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
        self.assertEqual(" ".join(said), "[('Connection', True), ('OutcomeUnknown', True)]")

    @POSIX
    def test_descriptors_that_others_have_opened_meanwhile_are_left_alone(self):
        self.program(
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

    def test_an_event_loop_that_is_closed_leaves_its_calls(self):
        for kept in (False, True):
            self.program(
                f"""
                emulator.fault("get_oauth_clients", kind={{"hang": {{}}}}, times=None)
                tasks = []
                # Those that tests before this one have left open, which may end at any time.
                others = emulator.open()[0]
                earlier = emulator.counts("get_oauth_clients")[0]

                async def begin(number):
                    task = asyncio.ensure_future(asynchronous.get_oauth_clients())
                    if {kept}:
                        tasks.append(task)
                    # Not the request for a token, which comes first.
                    while emulator.counts("get_oauth_clients")[0] <= earlier + number:
                        await asyncio.sleep(0.01)

                def descriptors():
                    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0

                for number in range(11):
                    loop = asyncio.new_event_loop()
                    loop.run_until_complete(begin(number))
                    loop.close()
                    # Without a look at what is garbage.
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

    def test_what_could_not_be_read_is_not_sent(self):
        said = self.program(
            """
            id = api.post_oauth_clients(OAuthClientRequest(
                name="Nachtlauf", authorized_grant_type=GrantType.CODE,
                registered_redirect_uri=["https://nachtlauf.example.at/callback"], scope=["users:readonly"],
            )).id

            def below(depth, call):
                return below(depth - 1, call) if depth else call()

            async def below_awaiting(depth, call):
                return await below_awaiting(depth - 1, call) if depth else await call()

            def blocking(depth):
                return below(depth, lambda: api.post_oauth_client_secret(id))

            def awaited(depth):
                return asyncio.run(below_awaiting(depth, lambda: asynchronous.post_oauth_client_secret(id)))

            blocking(0), awaited(0)
            for rotate in (blocking, awaited):
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
        self.assertEqual(" ".join(said), " ".join(["[('RecursionError', 0), ('rotated', 1)]"] * 2))


if __name__ == "__main__":
    unittest.main()
