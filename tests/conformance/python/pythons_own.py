"""What is promised in Python alone: signals, forks, event loops, values that feel like Python's, and few surprises.

Reads the vendor's variables, GENESYSCLOUD_REGION and so on, with an emulator behind them; in SIGN_IN_CLIENT_ID the
client that people sign in to, and in BROWSER what stands in for one.
"""

import asyncio
import contextlib
import copy
import dataclasses
import faulthandler
import inspect
import io
import multiprocessing
import os
import pickle
import pydoc
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import traceback
import typing
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import purecloud_oauth
from purecloud_oauth import (
    Authorization,
    AuthorizationRequest,
    BlockingOAuthApi,
    CallOptions,
    ClientState,
    Config,
    Credentials,
    Failure,
    GrantType,
    Host,
    OAuthApi,
    OAuthClient,
    OAuthClientRequest,
    OAuthError,
    RateLimit,
    Region,
    RetryPolicy,
    RoleDivision,
    Secret,
    Session,
    Sources,
    find_config,
    usage_interval,
)

from emulator import Emulator

VARIABLES = ("GENESYSCLOUD_REGION", "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET")
HANG = {"hang": {}}
POSIX = unittest.skipUnless(os.name == "posix", "needs signals and forks")


class Case(unittest.TestCase):
    emulator = Emulator(*(os.environ[name] for name in VARIABLES))

    def setUp(self):
        self.emulator.start_over()

    def hang(self, endpoint="get_oauth_clients"):
        """Lets every listing of clients hang, or every other request of a kind."""
        self.emulator.fault(endpoint, times=None, kind=HANG)

    def arrived(self, requests=1, endpoint="get_oauth_clients"):
        until(lambda: self.emulator.counts(endpoint)[0] == requests)

    def nothing_is_open(self):
        until(lambda: self.emulator.open()[0] == 0)


def until(is_so):
    start = time.monotonic()
    while not is_so():
        if time.monotonic() - start > 10:
            raise AssertionError("not so after ten seconds")
        time.sleep(0.005)


@POSIX
class Signals(Case):
    """Ctrl-C, and every other signal that has a handler, ends the waiting of the main thread."""

    def interrupted(self, kind, signalled):
        """How long the signal took to end a call."""
        sent = []

        def send():
            self.arrived()
            sent.append(time.monotonic())
            signalled()

        self.hang()
        with BlockingOAuthApi(self.emulator.config()) as api:
            sender = threading.Thread(target=send)
            sender.start()
            with self.assertRaises(kind):
                api.get_oauth_clients(options=limited(5))
            took = time.monotonic() - sent[0]
            sender.join()
            self.nothing_is_open()
            self.assertEqual(api.get_oauth_client(self.emulator.client_id).id, self.emulator.client_id)
        return took

    def test_ctrl_c_ends_a_blocking_call_and_closes_its_request(self):
        self.assertLess(self.interrupted(KeyboardInterrupt, lambda: os.kill(os.getpid(), signal.SIGINT)), 0.2)

    def test_also_where_it_arrives_in_another_thread(self):
        def here():
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

        self.assertLess(self.interrupted(KeyboardInterrupt, here), 0.2)

    def test_so_does_an_error_of_another_handler(self):
        def handler(number, frame):
            raise TimeoutError("enough")

        before = signal.signal(signal.SIGUSR1, handler)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        self.assertLess(self.interrupted(TimeoutError, lambda: os.kill(os.getpid(), signal.SIGUSR1)), 0.2)

    def test_a_handler_that_returns_leaves_the_call_alone(self):
        seen = []
        before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        self.emulator.fault("get_oauth_clients", delay_milliseconds=300)
        with BlockingOAuthApi(self.emulator.config()) as api:
            api.get_oauth_scopes()
            timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
            timer.start()
            self.assertTrue(api.get_oauth_clients().entities)
        self.assertEqual(seen, [signal.SIGUSR1])

    def test_ctrl_c_ends_asyncio_run_and_closes_the_request(self):
        self.hang()
        program = """
            import asyncio
            from purecloud_oauth import OAuthApi
            asyncio.run(OAuthApi(config).get_oauth_clients())
        """
        with self.started(program) as process:
            self.arrived()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
        self.assertIn("KeyboardInterrupt", said)
        self.nothing_is_open()

    def test_the_interpreter_ends_while_daemon_threads_wait(self):
        self.emulator.fault("get_oauth_clients", times=None, delay_milliseconds=400)
        program = """
            import builtins, threading, time
            from purecloud_oauth import BlockingOAuthApi

            class Slow:
                def __del__(self, time=time):
                    for _ in range(60):
                        time.sleep(0.01)

            api = BlockingOAuthApi(config)
            api.get_oauth_scopes()
            for _ in range(8):
                threading.Thread(target=api.get_oauth_clients, daemon=True).start()
            time.sleep(0.1)
            builtins.kept_until_the_end = Slow()
        """
        with self.started(program) as process:
            _, said = process.communicate(timeout=20)
        self.assertEqual((process.returncode, said), (0, ""))

    def test_a_program_may_end_right_after_its_last_call(self):
        program = """
            import asyncio
            from purecloud_oauth import OAuthApi
            asyncio.run(OAuthApi(config).get_oauth_scope("users"))
        """

        def run(_):
            with self.started(program) as process:
                _, said = process.communicate(timeout=20)
            return process.returncode, said

        # A thread of the library is about to leave the interpreter just then; not in every run.
        with ThreadPoolExecutor(8) as at_once:
            self.assertEqual(set(at_once.map(run, range(64))), {(0, "")})

    def started(self, program):
        lines = textwrap.dedent(program)
        settings = textwrap.dedent("""
            import sys
            from purecloud_oauth import Config, Credentials, Host, Secret
            url, id, secret = sys.argv[1:]
            config = Config(host=Host.url(url), credentials=Credentials.client_credentials(id, Secret(secret)))
        """)
        given = (self.emulator.url, self.emulator.client_id, self.emulator.client_secret)
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", settings + lines, *given], stderr=subprocess.PIPE, text=True
        )


class SigningIn(Case):
    """While a person is at the browser, the program can still change its mind."""

    def setUp(self):
        super().setUp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        authorization = Authorization(
            client_id=os.environ["SIGN_IN_CLIENT_ID"],
            redirect_uri=f"http://127.0.0.1:{self.port}/callback",
        )
        self.config = self.emulator.config(credentials=Credentials.browser(authorization))

    def the_person_is_asked(self):
        self.arrived(endpoint="authorize")
        self.assertTrue(self.is_open())

    def is_open(self):
        with socket.socket() as visitor:
            return visitor.connect_ex(("127.0.0.1", self.port)) == 0

    def closes_at_once(self):
        start = time.monotonic()
        until(lambda: not self.is_open())
        self.assertLess(time.monotonic() - start, 0.5)

    def test_cancelling_closes_the_port_for_the_next_one(self):
        async def main():
            async with OAuthApi(self.config) as api:
                waiting = asyncio.create_task(api.sign_in())
                await asyncio.sleep(0)
                self.the_person_is_asked()
                waiting.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await waiting
                self.closes_at_once()
                self.assertIsNone(api.session())
                self.emulator.start_over()
                self.assertIsNotNone((await api.sign_in()).refresh_token)

        self.hang("authorize")
        asyncio.run(main())

    def test_the_port_of_another_program(self):
        with socket.socket() as another:
            another.bind(("127.0.0.1", self.port))
            another.listen()
            with BlockingOAuthApi(self.config) as api:
                with self.assertRaisesRegex(OAuthError.InvalidArgument, "another program") as raised:
                    api.sign_in()
        self.assertEqual(raised.exception.argument, "redirect_uri")
        self.assertEqual(self.emulator.received(), [])

    @POSIX
    def test_ctrl_c_ends_a_blocking_sign_in(self):
        sent = []

        def send():
            self.the_person_is_asked()
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        self.hang("authorize")
        with BlockingOAuthApi(self.config) as api, ThreadPoolExecutor(1) as thread:
            asked = thread.submit(send)
            with self.assertRaises(KeyboardInterrupt):
                api.sign_in()
            self.assertLess(time.monotonic() - sent[0], 0.2)
            asked.result()
            self.closes_at_once()
            self.emulator.start_over()
            self.assertIsNotNone(api.sign_in().refresh_token)

    def test_other_calls_go_on_while_one_task_waits_for_the_person(self):
        async def main():
            async with OAuthApi(self.config) as api, OAuthApi(self.emulator.config()) as other:
                waiting = asyncio.create_task(api.sign_in())
                await asyncio.sleep(0)
                self.the_person_is_asked()
                self.assertTrue((await other.get_oauth_scopes()).entities)
                with self.assertRaises(OAuthError.SignIn):
                    await api.get_oauth_scopes()
                self.assertFalse(waiting.done())
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(waiting, 0.05)
            self.closes_at_once()

        self.hang("authorize")
        asyncio.run(main())


class Settings(Case):
    """What is found in the environment and in files is a value like any other."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name

    def test_both_clients_are_made_from_the_environment(self):
        with BlockingOAuthApi.from_env() as api:
            self.assertIs(type(api), BlockingOAuthApi)
            self.assertEqual(repr(api), f"<BlockingOAuthApi of {self.emulator.url}/>")
            self.assertTrue(api.get_oauth_scopes().entities)
        self.assertEqual(repr(api), "<BlockingOAuthApi, closed>")

        async def main():
            async with OAuthApi.from_env() as api:
                self.assertIs(type(api), OAuthApi)
                self.assertEqual(repr(api), f"<OAuthApi of {self.emulator.url}/>")
                self.assertTrue((await api.get_oauth_scopes()).entities)
            self.assertEqual(repr(api), "<OAuthApi, closed>")
            with self.assertRaisesRegex(RuntimeError, "this OAuthApi is closed"):
                await api.sign_in()
            with self.assertRaisesRegex(RuntimeError, "this OAuthApi is closed"):
                api.session()

        asyncio.run(main())

    def test_what_was_found_is_changed_like_any_dataclass(self):
        found = find_config(Sources(home=self.home))
        self.assertEqual(found, self.emulator.config())
        patient = dataclasses.replace(found, deadline=timedelta(minutes=3))
        self.assertEqual((patient.deadline, found.deadline), (timedelta(minutes=3), None))

    def test_a_change_of_os_environ_counts(self):
        with mock.patch.dict(os.environ, GENESYSCLOUD_REGION="eu_central_1"):
            self.assertEqual(find_config(Sources(home=self.home)).host, Host.region(Region.EU_CENTRAL_1))
            with mock.patch.dict(os.environ, clear=True):
                with self.assertRaises(OAuthError.InvalidArgument) as raised:
                    find_config(Sources(home=self.home))
        self.assertEqual(raised.exception.argument, "credentials")
        for place in ("environment: ", "GENESYSCLOUD_OAUTHCLIENT_ID", "~/.gc/config.toml: "):
            self.assertIn(place, str(raised.exception))
        self.assertEqual(find_config(Sources(home=self.home)).host, self.emulator.host())

    @POSIX
    def test_a_warning_names_the_line_that_has_found_the_settings(self):
        self.assertFalse(hasattr(purecloud_oauth, "take_warnings"))
        self.profile_that_others_may_read()
        with mock.patch.dict(os.environ, HOME=self.home):
            for name in VARIABLES:
                del os.environ[name]
            for find in (find_config, OAuthApi.from_env, BlockingOAuthApi.from_env):
                with self.subTest(find), warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    line = inspect.currentframe().f_lineno + 1
                    find()
                    (warning,) = caught
                    self.assertIs(warning.category, UserWarning)
                    self.assertEqual((warning.filename, warning.lineno), (__file__, line))
                    self.assertRegex(str(warning.message), r"\Apurecloud-oauth: .*config\.toml.*\Z")
                    self.assertNotIn("not-to-be-seen", str(warning.message))

    @POSIX
    def test_a_warning_is_filtered_by_the_program(self):
        self.profile_that_others_may_read()
        of_this_home = Sources(environment=False, home=self.home)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaisesRegex(UserWarning, "config.toml"):
                find_config(of_this_home)
            warnings.filterwarnings("ignore", "purecloud-oauth: ")
            self.assertEqual(find_config(of_this_home).host, self.emulator.host())

    @POSIX
    def test_a_call_that_fails_warns_as_well_and_only_once(self):
        self.profile_that_others_may_read("mypurecloud.de")
        without_variables = {name: "" for name in VARIABLES}
        proxy = "gopher://proxy.leitstelle.example:70"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with mock.patch.dict(os.environ, HOME=self.home, HTTPS_PROXY=proxy, **without_variables):
                with self.assertRaises(OAuthError.InvalidArgument):
                    BlockingOAuthApi.from_env()
            find_config(Sources(cli_profile=False, sdk_files=False))
        (warning,) = caught
        self.assertEqual(warning.filename, __file__)

    def profile_that_others_may_read(self, environment=None):
        profile = Path(self.home, ".gc", "config.toml")
        profile.parent.mkdir()
        profile.write_text(
            f'[DEFAULT]\nenvironment = "{environment or self.emulator.url}"\n'
            'access_token = "kT7vQ2-not-to-be-seen"\n'
        )
        profile.chmod(0o644)


class Threads(Case):
    def test_many_threads_share_a_blocking_client(self):
        with BlockingOAuthApi(self.emulator.config()) as api, ThreadPoolExecutor(20) as threads:
            found = threads.map(lambda _: api.get_oauth_client(self.emulator.client_id).id, range(100))
            self.assertEqual(set(found), {self.emulator.client_id})
        self.assertEqual(self.emulator.counts("token")[0], 1)

    def test_a_waiting_thread_does_not_hold_up_others(self):
        self.hang()
        api = BlockingOAuthApi(self.emulator.config())
        waiting = threading.Thread(
            target=lambda: self.assertRaises(OAuthError.Timeout, api.get_oauth_clients, limited(3)),
            daemon=True,
        )
        waiting.start()
        self.arrived()
        self.assertTrue(api.get_oauth_scopes().entities)
        self.assertTrue(waiting.is_alive())
        self.emulator.start_over()
        waiting.join(10)

    def test_a_blocking_call_in_the_thread_of_a_running_event_loop(self):
        async def main():
            with BlockingOAuthApi(self.emulator.config()) as api:
                return api.get_oauth_client(self.emulator.client_id).id

        self.assertEqual(asyncio.run(main()), self.emulator.client_id)

    def test_a_blocking_call_in_a_thread_of_the_event_loop(self):
        async def main():
            loop = asyncio.get_running_loop()
            with BlockingOAuthApi(self.emulator.config()) as api:
                calls = [
                    loop.run_in_executor(None, api.get_oauth_client, self.emulator.client_id)
                    for _ in range(5)
                ]
                return {client.id for client in await asyncio.gather(*calls)}

        self.assertEqual(asyncio.run(main()), {self.emulator.client_id})


def limited(seconds):
    return CallOptions(deadline=timedelta(seconds=seconds))


class Loops(Case):
    async def identify(self, api):
        return (await api.get_oauth_client(self.emulator.client_id)).id

    def test_one_client_in_one_event_loop_after_the_other(self):
        api = OAuthApi(self.emulator.config())
        for _ in range(3):
            self.assertEqual(asyncio.run(self.identify(api)), self.emulator.client_id)
        self.assertEqual(self.emulator.counts("token")[0], 1)

    def test_one_client_in_two_event_loops_at_once(self):
        api = OAuthApi(self.emulator.config())

        async def often():
            return set(await asyncio.gather(*(self.identify(api) for _ in range(50))))

        with ThreadPoolExecutor(2) as threads:
            found = threads.map(lambda _: asyncio.run(often()), range(2))
            self.assertEqual(list(found), [{self.emulator.client_id}] * 2)
        self.assertEqual(self.emulator.counts("token")[0], 1)

    @POSIX
    def test_uvloop(self):
        import uvloop

        async def main():
            self.assertIsInstance(asyncio.get_running_loop(), uvloop.Loop)
            async with OAuthApi(self.emulator.config()) as api:
                self.assertEqual(await self.identify(api), self.emulator.client_id)
                self.hang()
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(api.get_oauth_clients(), 0.3)

        loop = uvloop.new_event_loop()
        self.addCleanup(loop.close)
        loop.run_until_complete(main())
        self.nothing_is_open()

    def test_an_event_loop_that_watches_no_file_descriptors(self):
        class Loop(asyncio.SelectorEventLoop):
            def add_reader(self, *arguments):
                raise NotImplementedError

        async def main():
            api = OAuthApi(self.emulator.config())
            return set(await asyncio.gather(*(self.identify(api) for _ in range(50))))

        loop = Loop()
        self.addCleanup(loop.close)
        self.assertEqual(loop.run_until_complete(main()), {self.emulator.client_id})

    def test_wait_for_and_timeout_close_the_request(self):
        async def main():
            api = OAuthApi(self.emulator.config())
            await api.get_oauth_scopes()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(api.get_oauth_clients(), 0.1)
            if sys.version_info >= (3, 11):
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await api.get_oauth_clients()

        self.hang()
        asyncio.run(main())
        self.nothing_is_open()

    def test_an_event_loop_that_is_closed_under_a_call(self):
        said = io.StringIO()
        self.emulator.fault("get_oauth_clients", delay_milliseconds=200)
        api = OAuthApi(self.emulator.config())
        loop = asyncio.new_event_loop()
        with contextlib.redirect_stderr(said):
            task = loop.create_task(api.get_oauth_clients())
            loop.run_until_complete(asyncio.sleep(0.1))
            task._log_destroy_pending = False
            loop.close()
            # Nobody waits for the call any more, so its request is closed.
            self.nothing_is_open()
            del task
        self.assertEqual(said.getvalue(), "")
        self.assertEqual(asyncio.run(self.identify(api)), self.emulator.client_id)


@POSIX
class Processes(Case):
    """A client that was made, and used, before a fork works on both sides of it."""

    def setUp(self):
        super().setUp()
        # Newer versions warn of what is tried here: a fork while there are threads.
        filters = warnings.catch_warnings()
        filters.__enter__()
        self.addCleanup(filters.__exit__, None, None, None)
        warnings.simplefilter("ignore", DeprecationWarning)
        self.waiting, self.api = BlockingOAuthApi(self.emulator.config()), OAuthApi(self.emulator.config())

    def identify(self):
        found = {
            self.waiting.get_oauth_client(self.emulator.client_id).id,
            asyncio.run(self.api.get_oauth_client(self.emulator.client_id)).id,
        }
        return found == {self.emulator.client_id}

    def ends_well(self, child):
        """Whether a forked child does, in time; the parent works meanwhile."""
        process = os.fork()
        if process == 0:
            signal.alarm(20)
            os._exit(0 if child() else 1)
        self.assertTrue(self.identify())
        _, status = os.waitpid(process, 0)
        self.assertEqual(status, 0)

    def test_after_a_fork(self):
        self.assertTrue(self.identify())
        self.ends_well(self.identify)
        self.assertTrue(self.identify())

    def test_after_a_fork_before_the_first_call(self):
        self.ends_well(self.identify)

    def test_a_forked_process_does_not_use_up_the_refresh_token_of_its_parent(self):
        kept = Credentials.refresh_token(
            "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", Secret("q8Zt4Lw1Vb6Rn3Xc9Km5Hj7P")
        )
        waiting = BlockingOAuthApi(self.emulator.config(credentials=kept))

        def child():
            try:
                waiting.sign_in()
            except OAuthError.SignIn as error:
                return "forked" in str(error) and error.code is None

        self.ends_well(child)

    def test_in_the_child_of_a_child(self):
        def child():
            self.ends_well(self.identify)
            return self.identify()

        self.assertTrue(self.identify())
        self.ends_well(child)

    def test_a_fork_while_calls_are_under_way(self):
        with ThreadPoolExecutor(10) as threads:
            calls = [threads.submit(self.identify) for _ in range(40)]
            for _ in range(5):
                self.ends_well(self.identify)
            self.assertEqual({call.result() for call in calls}, {True})

    def test_a_client_that_is_dropped_in_the_child(self):
        def child():
            self.waiting.close()
            self.api.close()
            del self.waiting, self.api
            return True

        self.assertTrue(self.identify())
        self.ends_well(child)

    def test_multiprocessing(self):
        self.assertTrue(self.identify())
        given = (self.emulator.url, self.emulator.client_id, self.emulator.client_secret)
        for method in multiprocessing.get_all_start_methods():
            with self.subTest(method):
                process = multiprocessing.get_context(method).Process(target=sign_in, args=given)
                process.start()
                process.join(30)
                self.assertEqual(process.exitcode, 0)

    def test_a_forked_process_of_multiprocessing_uses_the_clients_of_its_parent(self):
        self.assertTrue(self.identify())
        process = multiprocessing.get_context("fork").Process(target=self.in_a_child)
        process.start()
        process.join(30)
        self.assertEqual(process.exitcode, 0)

    def in_a_child(self):
        sys.exit(0 if self.identify() else 1)


def sign_in(url, client_id, client_secret):
    credentials = Credentials.client_credentials(client_id, Secret(client_secret))
    with BlockingOAuthApi(Config(host=Host.url(url), credentials=credentials)) as api:
        sys.exit(0 if api.get_oauth_client(client_id).id == client_id else 1)


class Clients(Case):
    def test_with(self):
        with BlockingOAuthApi(self.emulator.config()) as api:
            self.assertEqual(repr(api), f"<BlockingOAuthApi of {self.emulator.url}/>")
            self.assertTrue(api.get_oauth_scopes().entities)
        self.assertEqual(repr(api), "<BlockingOAuthApi, closed>")
        with self.assertRaisesRegex(RuntimeError, "this BlockingOAuthApi is closed"):
            api.get_oauth_scopes()
        api.close()

    def test_async_with(self):
        async def main():
            async with OAuthApi(self.emulator.config()) as api:
                self.assertTrue((await api.get_oauth_scopes()).entities)
            with self.assertRaisesRegex(RuntimeError, "this OAuthApi is closed"):
                await api.get_oauth_scopes()
            api.close()

        asyncio.run(main())

    def test_an_error_inside_with_is_passed_on(self):
        with self.assertRaises(OAuthError.InvalidArgument):
            with BlockingOAuthApi(self.emulator.config()) as api:
                api.get_oauth_client("a/b")

    def test_calls_that_are_under_way_survive_close(self):
        self.emulator.fault("get_oauth_clients", times=None, delay_milliseconds=200)
        api = BlockingOAuthApi(self.emulator.config())
        with ThreadPoolExecutor(8) as threads:
            calls = [threads.submit(api.get_oauth_clients) for _ in range(8)]
            self.arrived(8)
            api.close()
            self.assertTrue(all(call.result().entities for call in calls))

    def test_closing_while_others_begin_calls(self):
        for _ in range(30):
            api = BlockingOAuthApi(self.emulator.config())
            with ThreadPoolExecutor(4) as threads:
                calls = [threads.submit(api.get_oauth_client, "a/b") for _ in range(20)]
                api.close()
            kinds = {type(call.exception()) for call in calls}
            self.assertLessEqual(kinds, {OAuthError.InvalidArgument, RuntimeError})

    def test_closing_closes_the_connections(self):
        with BlockingOAuthApi(self.emulator.config()) as api:
            api.get_oauth_scopes()
            self.emulator.close_idle_connections()
            api.get_oauth_scopes()
            self.assertEqual(self.emulator.open()[1], 1)
        until(lambda: self.emulator.open()[1] == 0)


class Records(unittest.TestCase):
    client = OAuthClient(id="a", name="b", authorized_grant_type=GrantType.CODE, secret=Secret("s3cret"))

    def test_every_record_is_a_dataclass_with_fields(self):
        records = [one for one in public() if dataclasses.is_dataclass(one)]
        self.assertGreater(len(records), 25)
        for record in records:
            with self.subTest(record.__name__):
                names = [field.name for field in dataclasses.fields(record)]
                arguments = inspect.signature(record).parameters
                self.assertEqual(list(arguments), names)
                self.assertEqual({one.kind for one in arguments.values()}, {inspect.Parameter.KEYWORD_ONLY})
                self.assertEqual(list(typing.get_type_hints(record)), names)

    def test_repr_names_the_fields(self):
        limit = RateLimit(count=3, reset=timedelta(seconds=2))
        self.assertEqual(repr(limit), "RateLimit(count=3, allowed=None, reset=datetime.timedelta(seconds=2))")
        self.assertEqual(str(limit), repr(limit))
        self.assertIn("authorized_grant_type=GrantType.CODE", repr(self.client))
        self.assertNotIn("s3cret", repr(self.client))

    def test_equality(self):
        self.assertEqual(self.client, dataclasses.replace(self.client))
        self.assertNotEqual(self.client, dataclasses.replace(self.client, name="c"))
        for other in (
            None,
            3,
            "a",
            RoleDivision(),
            OAuthClientRequest(name="b", authorized_grant_type=GrantType.CODE),
        ):
            self.assertFalse(self.client == other)
            self.assertTrue(self.client != other)
        with self.assertRaises(TypeError):
            hash(self.client)

    def test_copies(self):
        changed = dataclasses.replace(self.client, name="c")
        self.assertEqual((changed.name, self.client.name, changed.id), ("c", "b", "a"))
        self.assertEqual(copy.copy(self.client), self.client)
        self.assertEqual(copy.deepcopy(self.client), self.client)
        self.assertIsNot(copy.deepcopy(self.client).scope, self.client.scope)
        if sys.version_info >= (3, 13):
            self.assertEqual(copy.replace(self.client, name="c"), changed)
        as_dictionary = dataclasses.asdict(self.client)
        self.assertEqual((as_dictionary["name"], as_dictionary["secret"]), ("b", Secret("s3cret")))
        self.assertEqual(OAuthClient(**as_dictionary), self.client)

    def test_a_misspelt_attribute_is_an_error(self):
        with self.assertRaises(AttributeError):
            dataclasses.replace(self.client).descripton = "c"

    def test_lists_are_not_shared(self):
        OAuthClient().scope.append("users")
        self.assertEqual(OAuthClient().scope, [])

    def test_pickling_but_for_secrets(self):
        division = RoleDivision(role_id="a", division_id="*")
        self.assertEqual(pickle.loads(pickle.dumps(division)), division)
        for holder in (self.client, Session(access_token=Secret("s3cret"))):
            with self.assertRaisesRegex(TypeError, "Secret can't be pickled"):
                pickle.dumps(holder)

    def test_a_session_is_kept_field_by_field(self):
        held = Session(
            access_token=Secret("s3cret"),
            expires_at=datetime(2026, 3, 1, 8, 30, tzinfo=timezone.utc),
            refresh_token=Secret("r3fresh"),
        )
        kept = {
            "access_token": held.access_token.expose(),
            "expires_at": held.expires_at.isoformat(),
            "refresh_token": held.refresh_token.expose(),
        }
        self.assertEqual(
            Session(
                access_token=Secret(kept["access_token"]),
                expires_at=datetime.fromisoformat(kept["expires_at"]),
                refresh_token=Secret(kept["refresh_token"]),
            ),
            held,
        )


class Enumerations(unittest.TestCase):
    def test_known_values(self):
        self.assertIs(GrantType.CODE, GrantType.CODE)
        self.assertEqual(GrantType.CODE, GrantType.CODE)
        self.assertNotEqual(GrantType.CODE, GrantType.TOKEN)
        self.assertNotEqual(GrantType.CODE, "CODE")
        self.assertIsInstance(GrantType.CODE, GrantType)
        self.assertEqual(len({GrantType.CODE, GrantType.CODE, GrantType.TOKEN}), 2)
        self.assertEqual((str(GrantType.SAML2_BEARER), f"{ClientState.ACTIVE}"), ("SAML2-BEARER", "active"))
        self.assertEqual(f"{ClientState.ACTIVE:>8}", "  active")
        self.assertEqual(repr(GrantType.SAML2_BEARER), "GrantType.SAML2_BEARER")

    def test_unknown_values(self):
        unknown = GrantType.UNKNOWN(value="x")
        self.assertEqual(unknown, GrantType.UNKNOWN("x"))
        self.assertEqual(hash(unknown), hash(GrantType.UNKNOWN("x")))
        self.assertNotEqual(unknown, GrantType.UNKNOWN("y"))
        self.assertNotEqual(unknown, ClientState.UNKNOWN("x"))
        self.assertNotEqual(unknown, GrantType.CODE)
        self.assertIsInstance(unknown, GrantType)
        self.assertEqual((unknown.value, str(unknown)), ("x", "x"))
        self.assertEqual(repr(unknown), "GrantType.UNKNOWN(value='x')")
        with self.assertRaises(TypeError):
            GrantType.UNKNOWN(3)
        with self.assertRaises(TypeError):
            GrantType.UNKNOWN()

    def test_no_other_values(self):
        with self.assertRaisesRegex(TypeError, "GrantType.UNKNOWN"):
            GrantType("CODE")

    def test_copies_are_the_same(self):
        for value in (GrantType.CODE, GrantType.UNKNOWN("x"), Region.EU_WEST_1):
            for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
                self.assertEqual(copied, value)
        self.assertIs(pickle.loads(pickle.dumps(GrantType.CODE)), GrantType.CODE)

    @unittest.skipIf(sys.version_info < (3, 10), "there is no match yet")
    def test_match(self):
        found = {}
        exec(
            textwrap.dedent("""
            def described(value):
                match value:
                    case GrantType.CODE:
                        return "code"
                    case GrantType.UNKNOWN(value=text):
                        return text
                    case GrantType():
                        return "another"
            """),
            {"GrantType": GrantType},
            found,
        )
        values = (GrantType.CODE, GrantType.UNKNOWN("x"), GrantType.TOKEN, "CODE")
        self.assertEqual([found["described"](value) for value in values], ["code", "x", "another", None])


class Errors(Case):
    def error(self):
        with BlockingOAuthApi(self.emulator.config()) as api, self.assertRaises(OAuthError.Api) as raised:
            api.get_oauth_client("00000000-0000-4000-8000-000000000000")
        return raised.exception

    def test_one_class_and_its_subclasses(self):
        kinds = [one for one in vars(OAuthError).values() if isinstance(one, type)]
        self.assertEqual(len(kinds), 8)
        for kind in kinds:
            self.assertTrue(issubclass(kind, OAuthError) and issubclass(kind, Exception))
            self.assertEqual(
                f"{kind.__module__}.{kind.__qualname__}", f"purecloud_oauth.OAuthError.{kind.__name__}"
            )
            self.assertTrue(kind.__doc__)

    def test_attributes(self):
        error = self.error()
        for field in dataclasses.fields(Failure):
            self.assertEqual(getattr(error, field.name), getattr(error.failure, field.name), field.name)
        self.assertEqual((error.status, error.code, str(error)), (404, "not.found", error.failure.text))
        self.assertEqual(repr(error), f"OAuthError.Api({error.text!r})")

    def test_pickling(self):
        error = self.error()
        copied = pickle.loads(pickle.dumps(error))
        self.assertIs(type(copied), OAuthError.Api)
        self.assertEqual((copied.failure, str(copied)), (error.failure, str(error)))

    def test_one_can_be_made_for_a_test(self):
        error = OAuthError.Timeout(Failure(text="too late", worth_retrying=True))
        self.assertEqual((str(error), error.worth_retrying, error.metadata), ("too late", True, None))

    def test_what_the_interpreter_prints(self):
        with self.assertRaises(OAuthError) as raised:
            Host.named("mars")
        printed = "".join(traceback.format_exception_only(type(raised.exception), raised.exception))
        self.assertTrue(printed.startswith("purecloud_oauth.OAuthError.InvalidArgument: host "), printed)


class Objects(unittest.TestCase):
    authorization = Authorization(
        client_id="6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10",
        redirect_uri="http://127.0.0.1:8765/callback",
        client_secret=Secret("s3cret"),
    )
    request = AuthorizationRequest(Host.region(Region.EU_WEST_1), authorization)

    def test_copies_are_the_object_itself(self):
        for thing in (
            Secret("a"),
            Credentials.access_token(Secret("a")),
            Host.region(Region.EU_WEST_1),
            self.request,
        ):
            self.assertIs(copy.copy(thing), thing)
            self.assertIs(copy.deepcopy(thing), thing)
            with self.assertRaisesRegex(TypeError, f"an? {type(thing).__name__} can't be pickled"):
                pickle.dumps(thing)

    def test_secrets(self):
        secret = Secret("s3cret")
        self.assertEqual(secret, Secret("s3cret"))
        self.assertNotEqual(secret, Secret("other"))
        self.assertNotEqual(secret, "s3cret")
        self.assertEqual(hash(secret), hash(Secret("s3cret")))
        self.assertEqual(secret.expose(), "s3cret")
        self.assertNotIn("s3cret", f"{secret} {secret!r} {secret._handle}")

    def test_credentials_tell_whose_they_are_and_nothing_more(self):
        whose, secret = self.authorization.client_id, Secret("s3cret")
        for kind, credentials in {
            "AccessToken": Credentials.access_token(secret),
            "ClientCredentials": Credentials.client_credentials(whose, secret),
            "AuthorizationCode": Credentials.authorization_code(whose, secret, "https://a/", secret, secret),
            "RefreshToken": Credentials.refresh_token(whose, secret),
            "Saml2Bearer": Credentials.saml2_bearer(whose, secret, "acme", secret),
            "Session": Credentials.session(whose, Session(access_token=secret, refresh_token=secret)),
            "Browser": Credentials.browser(self.authorization),
        }.items():
            with self.subTest(kind):
                self.assertTrue(repr(credentials).startswith(kind), repr(credentials))
                self.assertEqual(whose in repr(credentials), kind != "AccessToken")
                self.assertNotIn("s3cret", f"{credentials} {credentials!r} {credentials._handle}")

    def test_a_request_tells_no_verifier(self):
        self.assertIn("client_secret=Secret(***), pkce=True, org=None", repr(self.authorization))
        self.assertIn("AuthorizationRequest", repr(self.request))
        self.assertNotIn(self.request.code_verifier().expose(), f"{self.request!r} {self.request.url()}")
        self.assertNotIn(self.request.state(), repr(self.request))
        self.assertEqual(repr(self.request.code_verifier()), "Secret(***)")

    def test_what_is_made_by_class_methods_only(self):
        with self.assertRaisesRegex(TypeError, r"a Host is made by Host\.domain\(\)"):
            Host("mypurecloud.de")


class WrongArguments(unittest.TestCase):
    """A mistake is named at once, in Python's own words."""

    def setUp(self):
        self.config = Config(
            host=Host.region(Region.EU_WEST_1), credentials=Credentials.access_token(Secret("a"))
        )
        self.api = BlockingOAuthApi(self.config)
        self.addCleanup(self.api.close)

    def refused(self, kind, text, call, *arguments, **named):
        with self.assertRaisesRegex(kind, text):
            call(*arguments, **named)

    def test_types(self):
        body = OAuthClientRequest(name="a", authorized_grant_type="CODE")
        replaced = dataclasses.replace
        self.refused(TypeError, "client_id: a str is required, not int", self.api.get_oauth_client, 5)
        self.refused(TypeError, "a GrantType is required, not str", self.api.post_oauth_clients, body)
        self.refused(
            TypeError,
            "an OAuthClientRequest is required, not dict",
            self.api.post_oauth_clients,
            {"name": "a"},
        )
        self.refused(TypeError, "a CallOptions is required, not int", self.api.get_oauth_clients, 5)
        self.refused(
            TypeError,
            "deadline: a timedelta is required, not int",
            BlockingOAuthApi,
            replaced(self.config, deadline=5),
        )
        self.refused(TypeError, "a Secret is required, not str", Credentials.access_token, "token")
        self.refused(
            TypeError,
            "host: a Host is required, not Region",
            BlockingOAuthApi,
            replaced(self.config, host=Region.EU_WEST_1),
        )
        self.refused(TypeError, "a Config is required, not Host", BlockingOAuthApi, self.config.host)

    def test_types_of_what_signs_in(self):
        self.refused(
            TypeError, "refresh_token: a Secret is required, not str", Credentials.refresh_token, "id", "text"
        )
        self.refused(
            TypeError,
            "client_secret: a Secret is required, not str",
            Credentials.authorization_code,
            "id",
            Secret("code"),
            "https://wartung.example.at/callback",
            client_secret="text",
        )
        self.refused(TypeError, "redirect_uri", Authorization, client_id="id")
        self.refused(TypeError, "positional", Authorization, "id", "https://wartung.example.at/callback")
        authorization = Authorization(client_id="id", redirect_uri="https://wartung.example.at/callback")
        self.refused(
            TypeError,
            "host: a Host is required, not Region",
            AuthorizationRequest,
            Region.EU_WEST_1,
            authorization,
        )
        self.refused(
            TypeError, "environment: a bool is required, not str", find_config, Sources(environment="no")
        )
        self.refused(TypeError, "sources: a Sources is required, not bool", find_config, False)
        self.refused(
            ValueError,
            "expires_at: a datetime without a time zone",
            Credentials.session,
            "id",
            Session(access_token=Secret("a"), expires_at=datetime(2026, 3, 1)),
        )

    def test_values(self):
        now = datetime.now(timezone.utc)
        self.refused(ValueError, "without a time zone", usage_interval, datetime(2026, 1, 1), now)
        self.refused(TypeError, "a datetime is required, not str", usage_interval, "2026-01-01", now)
        self.refused(ValueError, "out of range|i32", self.api.get_oauth_client_usage_summary, "a", 2**40)

    def test_what_is_in_a_list_or_a_map_is_named_by_its_place(self):
        def body(**fields):
            return OAuthClientRequest(name="a", authorized_grant_type=GrantType.CODE, **fields)

        secret = "hq3KpZ0vX1yT7wB9"
        for kind, text, wrong in [
            (TypeError, "body.scope[1]: a str is required, not NoneType", body(scope=["a", None])),
            (
                ValueError,
                "body.scope[1]: character 0 is half of a surrogate pair",
                body(scope=["a", "\ud83d"]),
            ),
            (
                TypeError,
                "body.role_divisions[0].division_id: a str is required, not int",
                body(role_divisions=[RoleDivision(role_id="a", division_id=5)]),
            ),
            (
                ValueError,
                "body.role_divisions[0].role_id: character 1 is half",
                body(role_divisions=[RoleDivision(role_id="a\udc80", division_id="*")]),
            ),
            (TypeError, "body.name: a str is required, not NoneType", dataclasses.replace(body(), name=None)),
            (TypeError, "body.scope: a list is required, not str", body(scope="users")),
        ]:
            self.refused(kind, f"^{re.escape(text)}", self.api.post_oauth_clients, wrong)
        for kind, text, headers in [
            (
                TypeError,
                "options.headers[value 1]: a Secret is required, not str",
                {"x": Secret("1"), secret: "x"},
            ),
            (TypeError, "options.headers[key 0]: a str is required, not NoneType", {None: Secret("1")}),
            (ValueError, "options.headers[key 0]: character 16 is half", {f"{secret}\ud83d": Secret("1")}),
        ]:
            with self.assertRaisesRegex(kind, f"^{re.escape(text)}") as raised:
                self.api.get_oauth_clients(options=CallOptions(headers=headers))
            self.assertNotIn(secret, f"{raised.exception!r} {raised.exception.__context__!r}")

    def test_an_error_repeats_no_value_that_may_be_a_secret(self):
        secret = "hq3KpZ0vX1yT7wB9"
        for kind, call, argument in [
            (TypeError, Host.region, secret),
            (ValueError, Region, secret),
            (OAuthError.InvalidArgument, Host.named, f"user:{secret}@mypurecloud.de"),
            (OAuthError.InvalidArgument, Host.domain, secret),
            (OAuthError.InvalidArgument, Host.url, f"https://api.mypurecloud.de/?key={secret}"),
            (OAuthError.InvalidArgument, Host.gateway, f"user:{secret}@gateway.example.com"),
            (OAuthError.InvalidArgument, self.api.get_oauth_client, f"https://user:{secret}@example.com"),
        ]:
            with self.assertRaises(kind) as raised:
                call(argument)
            self.assertNotIn(secret, f"{raised.exception!r} {raised.exception.__context__!r}")
        self.refused(TypeError, "^region: a Region is required, not str$", Host.region, secret)

    def test_more_headers_than_can_be_sent(self):
        headers = {f"x-{number}": Secret("1") for number in range(25_000)}
        for setting, call in [
            (
                "default_headers",
                lambda: BlockingOAuthApi(dataclasses.replace(self.config, default_headers=headers)),
            ),
            ("headers", lambda: self.api.get_oauth_clients(options=CallOptions(headers=headers))),
        ]:
            with self.assertRaisesRegex(
                OAuthError.InvalidArgument, f"{setting} holds more than 200"
            ) as raised:
                call()
            self.assertEqual(raised.exception.argument, setting)

    def test_a_text_that_is_too_long_is_named(self):
        longest = purecloud_oauth._base.LONGEST_TEXT
        self.addCleanup(setattr, purecloud_oauth._base, "LONGEST_TEXT", longest)
        purecloud_oauth._base.LONGEST_TEXT = 100
        self.refused(
            ValueError, "^client_id: 101 characters are too many", self.api.get_oauth_client, "a" * 101
        )
        largest = purecloud_oauth._base.LARGEST_BUFFER
        self.addCleanup(setattr, purecloud_oauth._base, "LARGEST_BUFFER", largest)
        purecloud_oauth._base.LARGEST_BUFFER = 500
        body = OAuthClientRequest(name="a", authorized_grant_type=GrantType.CODE, scope=["a" * 90] * 6)
        self.refused(
            ValueError, "an argument takes [0-9]+ bytes; at most 500", self.api.post_oauth_clients, body
        )

    def test_a_time_that_only_python_has_is_refused_by_the_name_of_its_argument(self):
        now, minute = datetime.now(timezone.utc), timedelta(minutes=1)
        first, last = (edge.replace(tzinfo=timezone.utc) for edge in (datetime.min, datetime.max))
        self.assertEqual(usage_interval(first, last), "0001-01-01T00:00:00/9999-12-31T23:59:59")
        outside = (
            datetime.min.replace(tzinfo=timezone(minute)),
            datetime.max.replace(tzinfo=timezone(-minute)),
        )
        for moment in outside:
            self.refused_by_name("start", usage_interval, moment, now)
            self.refused_by_name("end", usage_interval, now, moment)
            session = Session(access_token=Secret("a"), expires_at=moment)
            config = dataclasses.replace(self.config, credentials=Credentials.session("id", session))
            self.refused_by_name("session.expires_at", BlockingOAuthApi, config)
            body = OAuthClientRequest(
                name="a", authorized_grant_type=GrantType.CLIENT_CREDENTIALS, date_to_delete=moment
            )
            self.refused_by_name("body.date_to_delete", self.api.post_oauth_clients, body)
        self.refused_by_name("start", usage_interval, now, now)

    def test_a_negative_duration_is_refused_by_the_name_of_its_setting(self):
        for negative in (timedelta(microseconds=-1), timedelta(seconds=-1), timedelta.min):
            for setting in ("connect_timeout", "attempt_timeout", "deadline"):
                config = dataclasses.replace(self.config, **{setting: negative})
                self.refused_by_name(setting, BlockingOAuthApi, config)
            for pause in ("first_backoff", "max_backoff", "max_retry_after"):
                config = dataclasses.replace(self.config, retry=RetryPolicy(**{pause: negative}))
                self.refused_by_name(f"retry.{pause}", BlockingOAuthApi, config)
            options = CallOptions(deadline=negative)
            self.refused_by_name("deadline", self.api.get_oauth_clients, options)
        longest = RetryPolicy(
            first_backoff=timedelta.max, max_backoff=timedelta.max, max_retry_after=timedelta.max
        )
        patient = dataclasses.replace(
            self.config, attempt_timeout=timedelta.max, deadline=timedelta.max, retry=longest
        )
        BlockingOAuthApi(patient).close()

    def refused_by_name(self, argument, call, *arguments):
        with self.assertRaises(OAuthError.InvalidArgument) as raised:
            call(*arguments)
        self.assertEqual(raised.exception.argument, argument)

    def test_half_a_character(self):
        self.refused(
            ValueError, "^value: character 0 is half of a surrogate pair", GrantType.UNKNOWN, "\ud83d"
        )
        self.refused(ValueError, "^text: character 6 ", Secret, "s3cret\udc80")
        self.refused(ValueError, "^client_id: character 0 ", self.api.get_oauth_client, "\ud83d")
        with self.assertRaisesRegex(ValueError, "character 6 ") as raised:
            Secret("s3cret\udc80")
        self.assertNotIn("s3cret", f"{raised.exception!r} {raised.exception.__context__!r}")


class Names(unittest.TestCase):
    def test_only_what_is_public_is_seen(self):
        shown = [name for name in dir(purecloud_oauth) if not name.startswith("__")]
        self.assertEqual(sorted(shown), sorted(purecloud_oauth.__all__))
        for name in shown:
            self.assertFalse(name.endswith("Protocol") or "uniffi" in name.lower(), name)
        for name in ("OAuthApi", "InternalError", "Region", "find_config", "usage_interval", "Detail"):
            self.assertIn(name, shown)

    def test_everything_belongs_to_the_package(self):
        for one in public():
            self.assertEqual(one.__module__, "purecloud_oauth", one)
            self.assertIs(getattr(purecloud_oauth, one.__qualname__), one)

    def test_everything_is_documented(self):
        for one in public():
            self.assertTrue(one.__doc__ and one.__doc__.strip(), one)
            for name, member in vars(one).items() if isinstance(one, type) else ():
                if callable(member) and not name.startswith("_"):
                    self.assertTrue(member.__doc__, f"{one.__name__}.{name}")

    def test_help_can_be_read(self):
        for one in public():
            said = pydoc.plain(pydoc.render_doc(one))
            for leftover in ("uniffi", "_native", "typing.Union", "<object object", "_DEFAULT", " 0x"):
                self.assertNotIn(leftover, said, one)
        self.assertEqual(
            str(inspect.signature(BlockingOAuthApi.get_oauth_client)),
            "(self, client_id: 'str', options: 'Optional[CallOptions]' = None) -> 'OAuthClient'",
        )
        self.assertEqual(
            str(inspect.signature(find_config)), "(sources: 'Optional[Sources]' = None) -> 'Config'"
        )
        for client in (OAuthApi, BlockingOAuthApi):
            self.assertEqual(str(inspect.signature(client.from_env)), f"() -> '{client.__name__}'")

    def test_both_clients_have_the_same_operations(self):
        def operations(of):
            functions = inspect.getmembers(of, inspect.isfunction)
            return {
                name: str(inspect.signature(one))
                for name, one in functions
                if name.startswith(("get", "post", "put", "del", "sign"))
            }

        self.assertEqual(operations(OAuthApi), operations(BlockingOAuthApi))
        self.assertEqual(len(operations(OAuthApi)), 28)
        for name in operations(OAuthApi):
            self.assertTrue(inspect.iscoroutinefunction(getattr(OAuthApi, name)))
            self.assertFalse(inspect.iscoroutinefunction(getattr(BlockingOAuthApi, name)))

    def test_importing_is_light(self):
        heavy = {"asyncio", "dataclasses", "email", "inspect", "socket", "ssl", "threading", "typing"}
        program = f"import sys, purecloud_oauth; print(*sorted({heavy} & set(sys.modules)))"
        imported = subprocess.run(
            [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
        )
        self.assertEqual((imported.stdout.strip(), imported.stderr), ("", ""))

    def test_types_are_shipped(self):
        folder = os.path.dirname(purecloud_oauth.__file__)
        self.assertLessEqual({"py.typed", "__init__.pyi"}, set(os.listdir(folder)))


def load_tests(loader, tests, pattern):
    for module in ("reading", "broken_runtime", "frozen", "schedulers", "subinterpreters"):
        tests.addTests(loader.loadTestsFromName(module))
    return tests


def public():
    return [getattr(purecloud_oauth, name) for name in purecloud_oauth.__all__]


if __name__ == "__main__":
    # What hangs has failed.
    faulthandler.dump_traceback_later(120, exit=True)
    unittest.main()
