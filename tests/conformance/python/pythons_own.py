"""Tests of behavior that is specific to Python: signals, forks, event loops, idiomatic values and errors.

Reads the vendor's variables such as GENESYSCLOUD_REGION, which must refer to an emulator, from SIGN_IN_CLIENT_ID the id
of the client that users sign in to, and from BROWSER the replacement for the system's browser.
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


def setUpModule():
    # A shell that starts the tests in the background ignores SIGINT, and the programs of the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Case(unittest.TestCase):
    emulator = Emulator(*(os.environ[name] for name in VARIABLES))

    def setUp(self):
        self.emulator.reset()

    def hang(self, endpoint="get_oauth_clients"):
        """Makes every request to the endpoint hang."""
        self.emulator.inject_fault(endpoint, times=None, kind=HANG)

    def wait_for_arrival(self, requests=1, endpoint="get_oauth_clients"):
        wait_until(lambda: self.emulator.counts(endpoint)[0] == requests)

    def wait_for_no_open_requests(self):
        wait_until(lambda: self.emulator.open()[0] == 0)


def wait_until(condition):
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > 10:
            raise AssertionError("the condition does not hold after ten seconds")
        time.sleep(0.005)


@POSIX
class Signals(Case):
    """Ctrl-C ends a call of the main thread, and so does any signal whose handler raises an exception."""

    def measure_interrupt(self, kind, send_signal):
        """Returns the time between a signal and the end of the call that the signal ends, in seconds."""
        sent = []

        def send():
            self.wait_for_arrival()
            sent.append(time.monotonic())
            send_signal()

        self.hang()
        with BlockingOAuthApi(self.emulator.config()) as api:
            sender = threading.Thread(target=send)
            sender.start()
            with self.assertRaises(kind):
                api.get_oauth_clients(options=with_deadline(5))
            took = time.monotonic() - sent[0]
            sender.join()
            self.wait_for_no_open_requests()
            self.assertEqual(api.get_oauth_client(self.emulator.client_id).id, self.emulator.client_id)
        return took

    def test_ctrl_c_ends_a_blocking_call_and_closes_its_request(self):
        self.assertLess(
            self.measure_interrupt(KeyboardInterrupt, lambda: os.kill(os.getpid(), signal.SIGINT)), 0.2
        )

    def test_ctrl_c_delivered_to_another_thread_ends_a_blocking_call(self):
        def signal_this_thread():
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

        self.assertLess(self.measure_interrupt(KeyboardInterrupt, signal_this_thread), 0.2)

    def test_an_exception_of_a_signal_handler_ends_a_blocking_call(self):
        def handler(number, frame):
            raise TimeoutError("enough")

        before = signal.signal(signal.SIGUSR1, handler)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        self.assertLess(
            self.measure_interrupt(TimeoutError, lambda: os.kill(os.getpid(), signal.SIGUSR1)), 0.2
        )

    def test_a_signal_handler_that_returns_does_not_end_a_blocking_call(self):
        signals = []
        before = signal.signal(signal.SIGUSR1, lambda number, frame: signals.append(number))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        self.emulator.inject_fault("get_oauth_clients", delay_milliseconds=300)
        with BlockingOAuthApi(self.emulator.config()) as api:
            api.get_oauth_scopes()
            timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
            timer.start()
            self.assertTrue(api.get_oauth_clients().entities)
        self.assertEqual(signals, [signal.SIGUSR1])

    def test_ctrl_c_ends_asyncio_run_and_closes_the_request(self):
        self.hang()
        program = """
            import asyncio
            from purecloud_oauth import OAuthApi
            asyncio.run(OAuthApi(config).get_oauth_clients())
        """
        with self.start_program(program) as process:
            self.wait_for_arrival()
            process.send_signal(signal.SIGINT)
            _, error_output = process.communicate(timeout=10)
        self.assertIn("KeyboardInterrupt", error_output)
        self.wait_for_no_open_requests()

    def test_the_interpreter_exits_while_daemon_threads_wait(self):
        self.emulator.inject_fault("get_oauth_clients", times=None, delay_milliseconds=400)
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
            builtins.destroyed_at_exit = Slow()
        """
        with self.start_program(program) as process:
            _, error_output = process.communicate(timeout=20)
        self.assertEqual((process.returncode, error_output), (0, ""))

    def test_a_program_can_exit_right_after_its_last_call(self):
        program = """
            import asyncio
            from purecloud_oauth import OAuthApi
            asyncio.run(OAuthApi(config).get_oauth_scope("users"))
        """

        def run(_):
            with self.start_program(program) as process:
                _, error_output = process.communicate(timeout=20)
            return process.returncode, error_output

        # In some of the runs a thread of the native library is leaving the interpreter at that point.
        with ThreadPoolExecutor(8) as threads:
            self.assertEqual(set(threads.map(run, range(64))), {(0, "")})

    def start_program(self, program):
        lines = textwrap.dedent(program)
        settings = textwrap.dedent("""
            import sys
            from purecloud_oauth import Config, Credentials, Host, Secret
            url, id, secret = sys.argv[1:]
            config = Config(host=Host.url(url), credentials=Credentials.client_credentials(id, Secret(secret)))
        """)
        arguments = (self.emulator.url, self.emulator.client_id, self.emulator.client_secret)
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", settings + lines, *arguments],
            stderr=subprocess.PIPE,
            text=True,
        )


class SigningIn(Case):
    """A sign-in by browser can be cancelled while the library waits for the user."""

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

    def assert_user_is_prompted(self):
        self.wait_for_arrival(endpoint="authorize")
        self.assertTrue(self.port_is_open())

    def port_is_open(self):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def assert_port_closes(self):
        start = time.monotonic()
        wait_until(lambda: not self.port_is_open())
        self.assertLess(time.monotonic() - start, 0.5)

    def test_cancelling_a_sign_in_frees_its_port(self):
        async def main():
            async with OAuthApi(self.config) as api:
                waiting = asyncio.create_task(api.sign_in())
                await asyncio.sleep(0)
                self.assert_user_is_prompted()
                waiting.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await waiting
                self.assert_port_closes()
                self.assertIsNone(api.session())
                self.emulator.reset()
                self.assertIsNotNone((await api.sign_in()).refresh_token)

        self.hang("authorize")
        asyncio.run(main())

    def test_a_port_in_use_is_refused(self):
        with socket.socket() as other_socket:
            other_socket.bind(("127.0.0.1", self.port))
            other_socket.listen()
            with BlockingOAuthApi(self.config) as api:
                with self.assertRaisesRegex(OAuthError.InvalidArgument, "another program") as raised:
                    api.sign_in()
        self.assertEqual(raised.exception.argument, "redirect_uri")
        self.assertEqual(self.emulator.received(), [])

    @POSIX
    def test_ctrl_c_ends_a_blocking_sign_in(self):
        sent = []

        def send():
            self.assert_user_is_prompted()
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        self.hang("authorize")
        with BlockingOAuthApi(self.config) as api, ThreadPoolExecutor(1) as thread:
            sender = thread.submit(send)
            with self.assertRaises(KeyboardInterrupt):
                api.sign_in()
            self.assertLess(time.monotonic() - sent[0], 0.2)
            sender.result()
            self.assert_port_closes()
            self.emulator.reset()
            self.assertIsNotNone(api.sign_in().refresh_token)

    def test_other_calls_proceed_while_a_task_waits_for_the_user(self):
        async def main():
            async with OAuthApi(self.config) as api, OAuthApi(self.emulator.config()) as other:
                waiting = asyncio.create_task(api.sign_in())
                await asyncio.sleep(0)
                self.assert_user_is_prompted()
                self.assertTrue((await other.get_oauth_scopes()).entities)
                with self.assertRaises(OAuthError.SignIn):
                    await api.get_oauth_scopes()
                self.assertFalse(waiting.done())
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(waiting, 0.05)
            self.assert_port_closes()

        self.hang("authorize")
        asyncio.run(main())


class Settings(Case):
    """Settings found in the environment and in files are ordinary values."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name

    def test_both_api_classes_can_be_created_from_the_environment(self):
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

    def test_found_settings_can_be_changed_with_replace(self):
        found = find_config(Sources(home=self.home))
        self.assertEqual(found, self.emulator.config())
        changed = dataclasses.replace(found, deadline=timedelta(minutes=3))
        self.assertEqual((changed.deadline, found.deadline), (timedelta(minutes=3), None))

    def test_a_change_of_os_environ_takes_effect(self):
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
    def test_a_warning_names_the_line_of_the_caller(self):
        self.assertFalse(hasattr(purecloud_oauth, "take_warnings"))
        self.write_profile_readable_by_others()
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
    def test_a_program_can_filter_warnings(self):
        self.write_profile_readable_by_others()
        sources = Sources(environment=False, home=self.home)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaisesRegex(UserWarning, "config.toml"):
                find_config(sources)
            warnings.filterwarnings("ignore", "purecloud-oauth: ")
            self.assertEqual(find_config(sources).host, self.emulator.host())

    @POSIX
    def test_a_failing_call_warns_exactly_once(self):
        self.write_profile_readable_by_others("mypurecloud.de")
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

    def write_profile_readable_by_others(self, environment=None):
        profile = Path(self.home, ".gc", "config.toml")
        profile.parent.mkdir()
        profile.write_text(
            f'[DEFAULT]\nenvironment = "{environment or self.emulator.url}"\n'
            'access_token = "kT7vQ2-not-to-be-seen"\n'
        )
        profile.chmod(0o644)


class Threads(Case):
    def test_many_threads_share_a_blocking_api_object(self):
        with BlockingOAuthApi(self.emulator.config()) as api, ThreadPoolExecutor(20) as threads:
            found = threads.map(lambda _: api.get_oauth_client(self.emulator.client_id).id, range(100))
            self.assertEqual(set(found), {self.emulator.client_id})
        self.assertEqual(self.emulator.counts("token")[0], 1)

    def test_a_waiting_thread_does_not_block_others(self):
        self.hang()
        api = BlockingOAuthApi(self.emulator.config())
        waiting = threading.Thread(
            target=lambda: self.assertRaises(OAuthError.Timeout, api.get_oauth_clients, with_deadline(3)),
            daemon=True,
        )
        waiting.start()
        self.wait_for_arrival()
        self.assertTrue(api.get_oauth_scopes().entities)
        self.assertTrue(waiting.is_alive())
        self.emulator.reset()
        waiting.join(10)

    def test_a_blocking_call_succeeds_in_the_thread_of_a_running_event_loop(self):
        async def main():
            with BlockingOAuthApi(self.emulator.config()) as api:
                return api.get_oauth_client(self.emulator.client_id).id

        self.assertEqual(asyncio.run(main()), self.emulator.client_id)

    def test_a_blocking_call_succeeds_in_an_executor_of_the_event_loop(self):
        async def main():
            loop = asyncio.get_running_loop()
            with BlockingOAuthApi(self.emulator.config()) as api:
                calls = [
                    loop.run_in_executor(None, api.get_oauth_client, self.emulator.client_id)
                    for _ in range(5)
                ]
                return {client.id for client in await asyncio.gather(*calls)}

        self.assertEqual(asyncio.run(main()), {self.emulator.client_id})


def with_deadline(seconds):
    return CallOptions(deadline=timedelta(seconds=seconds))


class Loops(Case):
    async def identify(self, api):
        return (await api.get_oauth_client(self.emulator.client_id)).id

    def test_one_api_object_works_in_successive_event_loops(self):
        api = OAuthApi(self.emulator.config())
        for _ in range(3):
            self.assertEqual(asyncio.run(self.identify(api)), self.emulator.client_id)
        self.assertEqual(self.emulator.counts("token")[0], 1)

    def test_one_api_object_works_in_two_concurrent_event_loops(self):
        api = OAuthApi(self.emulator.config())

        async def identify_often():
            return set(await asyncio.gather(*(self.identify(api) for _ in range(50))))

        with ThreadPoolExecutor(2) as threads:
            found = threads.map(lambda _: asyncio.run(identify_often()), range(2))
            self.assertEqual(list(found), [{self.emulator.client_id}] * 2)
        self.assertEqual(self.emulator.counts("token")[0], 1)

    @POSIX
    def test_calls_succeed_and_can_be_cancelled_in_uvloop(self):
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
        self.wait_for_no_open_requests()

    def test_calls_succeed_in_an_event_loop_without_add_reader(self):
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
        self.wait_for_no_open_requests()

    def test_closing_an_event_loop_during_a_call_closes_the_request(self):
        error_output = io.StringIO()
        self.emulator.inject_fault("get_oauth_clients", delay_milliseconds=200)
        api = OAuthApi(self.emulator.config())
        loop = asyncio.new_event_loop()
        with contextlib.redirect_stderr(error_output):
            task = loop.create_task(api.get_oauth_clients())
            loop.run_until_complete(asyncio.sleep(0.1))
            task._log_destroy_pending = False
            loop.close()
            # The event loop can no longer receive the result, so the request is closed.
            self.wait_for_no_open_requests()
            del task
        self.assertEqual(error_output.getvalue(), "")
        self.assertEqual(asyncio.run(self.identify(api)), self.emulator.client_id)


@POSIX
class Processes(Case):
    """An API object that was created and used before a fork works in both processes."""

    def setUp(self):
        super().setUp()
        # Python 3.12 and newer warn about a fork of a process with several threads, which these tests do.
        filters = warnings.catch_warnings()
        filters.__enter__()
        self.addCleanup(filters.__exit__, None, None, None)
        warnings.simplefilter("ignore", DeprecationWarning)
        self.blocking_api, self.api = (
            BlockingOAuthApi(self.emulator.config()),
            OAuthApi(self.emulator.config()),
        )

    def identify(self):
        found = {
            self.blocking_api.get_oauth_client(self.emulator.client_id).id,
            asyncio.run(self.api.get_oauth_client(self.emulator.client_id)).id,
        }
        return found == {self.emulator.client_id}

    def assert_child_succeeds(self, child):
        """Runs a function in a forked process, which must return true in time. The parent makes calls meanwhile."""
        process = os.fork()
        if process == 0:
            signal.alarm(20)
            os._exit(0 if child() else 1)
        self.assertTrue(self.identify())
        _, status = os.waitpid(process, 0)
        self.assertEqual(status, 0)

    def test_calls_succeed_after_a_fork(self):
        self.assertTrue(self.identify())
        self.assert_child_succeeds(self.identify)
        self.assertTrue(self.identify())

    def test_calls_succeed_after_a_fork_before_the_first_call(self):
        self.assert_child_succeeds(self.identify)

    def test_a_forked_process_does_not_use_up_the_refresh_token_of_its_parent(self):
        credentials = Credentials.refresh_token(
            "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", Secret("q8Zt4Lw1Vb6Rn3Xc9Km5Hj7P")
        )
        api = BlockingOAuthApi(self.emulator.config(credentials=credentials))

        def child():
            try:
                api.sign_in()
            except OAuthError.SignIn as error:
                return "forked" in str(error) and error.code is None

        self.assert_child_succeeds(child)

    def test_calls_succeed_in_the_child_of_a_child(self):
        def child():
            self.assert_child_succeeds(self.identify)
            return self.identify()

        self.assertTrue(self.identify())
        self.assert_child_succeeds(child)

    def test_a_fork_succeeds_while_calls_are_in_progress(self):
        with ThreadPoolExecutor(10) as threads:
            calls = [threads.submit(self.identify) for _ in range(40)]
            for _ in range(5):
                self.assert_child_succeeds(self.identify)
            self.assertEqual({call.result() for call in calls}, {True})

    def test_an_api_object_can_be_dropped_in_the_child(self):
        def child():
            self.blocking_api.close()
            self.api.close()
            del self.blocking_api, self.api
            return True

        self.assertTrue(self.identify())
        self.assert_child_succeeds(child)

    def test_calls_succeed_in_processes_of_multiprocessing(self):
        self.assertTrue(self.identify())
        arguments = (self.emulator.url, self.emulator.client_id, self.emulator.client_secret)
        for method in multiprocessing.get_all_start_methods():
            with self.subTest(method):
                process = multiprocessing.get_context(method).Process(target=sign_in_and_exit, args=arguments)
                process.start()
                process.join(30)
                self.assertEqual(process.exitcode, 0)

    def test_a_forked_process_of_multiprocessing_can_use_the_api_objects_of_its_parent(self):
        self.assertTrue(self.identify())
        process = multiprocessing.get_context("fork").Process(target=self.identify_and_exit)
        process.start()
        process.join(30)
        self.assertEqual(process.exitcode, 0)

    def identify_and_exit(self):
        sys.exit(0 if self.identify() else 1)


def sign_in_and_exit(url, client_id, client_secret):
    credentials = Credentials.client_credentials(client_id, Secret(client_secret))
    with BlockingOAuthApi(Config(host=Host.url(url), credentials=credentials)) as api:
        sys.exit(0 if api.get_oauth_client(client_id).id == client_id else 1)


class ApiObjects(Case):
    def test_with_closes_the_api_object(self):
        with BlockingOAuthApi(self.emulator.config()) as api:
            self.assertEqual(repr(api), f"<BlockingOAuthApi of {self.emulator.url}/>")
            self.assertTrue(api.get_oauth_scopes().entities)
        self.assertEqual(repr(api), "<BlockingOAuthApi, closed>")
        with self.assertRaisesRegex(RuntimeError, "this BlockingOAuthApi is closed"):
            api.get_oauth_scopes()
        api.close()

    def test_async_with_closes_the_api_object(self):
        async def main():
            async with OAuthApi(self.emulator.config()) as api:
                self.assertTrue((await api.get_oauth_scopes()).entities)
            with self.assertRaisesRegex(RuntimeError, "this OAuthApi is closed"):
                await api.get_oauth_scopes()
            api.close()

        asyncio.run(main())

    def test_an_error_inside_with_is_raised(self):
        with self.assertRaises(OAuthError.InvalidArgument):
            with BlockingOAuthApi(self.emulator.config()) as api:
                api.get_oauth_client("a/b")

    def test_calls_in_progress_survive_close(self):
        self.emulator.inject_fault("get_oauth_clients", times=None, delay_milliseconds=200)
        api = BlockingOAuthApi(self.emulator.config())
        with ThreadPoolExecutor(8) as threads:
            calls = [threads.submit(api.get_oauth_clients) for _ in range(8)]
            self.wait_for_arrival(8)
            api.close()
            self.assertTrue(all(call.result().entities for call in calls))

    def test_closing_while_other_threads_start_calls(self):
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
        wait_until(lambda: self.emulator.open()[1] == 0)


class Records(unittest.TestCase):
    client = OAuthClient(id="a", name="b", authorized_grant_type=GrantType.CODE, secret=Secret("s3cret"))

    def test_every_record_is_a_dataclass_with_fields(self):
        records = [member for member in public_members() if dataclasses.is_dataclass(member)]
        self.assertGreater(len(records), 25)
        for record in records:
            with self.subTest(record.__name__):
                names = [field.name for field in dataclasses.fields(record)]
                arguments = inspect.signature(record).parameters
                self.assertEqual(list(arguments), names)
                self.assertEqual(
                    {argument.kind for argument in arguments.values()}, {inspect.Parameter.KEYWORD_ONLY}
                )
                self.assertEqual(list(typing.get_type_hints(record)), names)

    def test_repr_names_the_fields(self):
        limit = RateLimit(count=3, reset=timedelta(seconds=2))
        self.assertEqual(repr(limit), "RateLimit(count=3, allowed=None, reset=datetime.timedelta(seconds=2))")
        self.assertEqual(str(limit), repr(limit))
        self.assertIn("authorized_grant_type=GrantType.CODE", repr(self.client))
        self.assertNotIn("s3cret", repr(self.client))

    def test_records_with_equal_fields_are_equal(self):
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

    def test_copies_are_equal_and_independent(self):
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

    def test_only_records_without_secrets_can_be_pickled(self):
        division = RoleDivision(role_id="a", division_id="*")
        self.assertEqual(pickle.loads(pickle.dumps(division)), division)
        for holder in (self.client, Session(access_token=Secret("s3cret"))):
            with self.assertRaisesRegex(TypeError, "Secret can't be pickled"):
                pickle.dumps(holder)

    def test_a_session_can_be_stored_field_by_field(self):
        session = Session(
            access_token=Secret("s3cret"),
            expires_at=datetime(2026, 3, 1, 8, 30, tzinfo=timezone.utc),
            refresh_token=Secret("r3fresh"),
        )
        stored = {
            "access_token": session.access_token.expose(),
            "expires_at": session.expires_at.isoformat(),
            "refresh_token": session.refresh_token.expose(),
        }
        self.assertEqual(
            Session(
                access_token=Secret(stored["access_token"]),
                expires_at=datetime.fromisoformat(stored["expires_at"]),
                refresh_token=Secret(stored["refresh_token"]),
            ),
            session,
        )


class Enumerations(unittest.TestCase):
    def test_known_values_are_compared_and_printed(self):
        self.assertIs(GrantType.CODE, GrantType.CODE)
        self.assertEqual(GrantType.CODE, GrantType.CODE)
        self.assertNotEqual(GrantType.CODE, GrantType.TOKEN)
        self.assertNotEqual(GrantType.CODE, "CODE")
        self.assertIsInstance(GrantType.CODE, GrantType)
        self.assertEqual(len({GrantType.CODE, GrantType.CODE, GrantType.TOKEN}), 2)
        self.assertEqual((str(GrantType.SAML2_BEARER), f"{ClientState.ACTIVE}"), ("SAML2-BEARER", "active"))
        self.assertEqual(f"{ClientState.ACTIVE:>8}", "  active")
        self.assertEqual(repr(GrantType.SAML2_BEARER), "GrantType.SAML2_BEARER")

    def test_unknown_values_are_compared_and_printed(self):
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

    def test_an_enumeration_can_not_be_called(self):
        with self.assertRaisesRegex(TypeError, "GrantType.UNKNOWN"):
            GrantType("CODE")

    def test_copies_of_values_are_equal(self):
        for value in (GrantType.CODE, GrantType.UNKNOWN("x"), Region.EU_WEST_1):
            for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
                self.assertEqual(copied, value)
        self.assertIs(pickle.loads(pickle.dumps(GrantType.CODE)), GrantType.CODE)

    @unittest.skipIf(sys.version_info < (3, 10), "match requires Python 3.10")
    def test_values_can_be_matched(self):
        found = {}
        exec(
            textwrap.dedent("""
            def describe(value):
                match value:
                    case GrantType.CODE:
                        return "code"
                    case GrantType.UNKNOWN(value=string):
                        return string
                    case GrantType():
                        return "another"
            """),
            {"GrantType": GrantType},
            found,
        )
        values = (GrantType.CODE, GrantType.UNKNOWN("x"), GrantType.TOKEN, "CODE")
        self.assertEqual([found["describe"](value) for value in values], ["code", "x", "another", None])


class Errors(Case):
    def error(self):
        with BlockingOAuthApi(self.emulator.config()) as api, self.assertRaises(OAuthError.Api) as raised:
            api.get_oauth_client("00000000-0000-4000-8000-000000000000")
        return raised.exception

    def test_every_kind_of_error_is_a_subclass(self):
        kinds = [member for member in vars(OAuthError).values() if isinstance(member, type)]
        self.assertEqual(len(kinds), 8)
        for kind in kinds:
            self.assertTrue(issubclass(kind, OAuthError) and issubclass(kind, Exception))
            self.assertEqual(
                f"{kind.__module__}.{kind.__qualname__}", f"purecloud_oauth.OAuthError.{kind.__name__}"
            )
            self.assertTrue(kind.__doc__)

    def test_an_error_has_the_attributes_of_its_failure(self):
        error = self.error()
        for field in dataclasses.fields(Failure):
            self.assertEqual(getattr(error, field.name), getattr(error.failure, field.name), field.name)
        self.assertEqual((error.status, error.code, str(error)), (404, "not.found", error.failure.text))
        self.assertEqual(repr(error), f"OAuthError.Api({error.text!r})")

    def test_an_error_can_be_pickled(self):
        error = self.error()
        copied = pickle.loads(pickle.dumps(error))
        self.assertIs(type(copied), OAuthError.Api)
        self.assertEqual((copied.failure, str(copied)), (error.failure, str(error)))

    def test_an_error_can_be_constructed(self):
        error = OAuthError.Timeout(Failure(text="too late", worth_retrying=True))
        self.assertEqual((str(error), error.worth_retrying, error.metadata), ("too late", True, None))

    def test_the_interpreter_prints_the_public_name(self):
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
        for item in (
            Secret("a"),
            Credentials.access_token(Secret("a")),
            Host.region(Region.EU_WEST_1),
            self.request,
        ):
            self.assertIs(copy.copy(item), item)
            self.assertIs(copy.deepcopy(item), item)
            with self.assertRaisesRegex(TypeError, f"an? {type(item).__name__} can't be pickled"):
                pickle.dumps(item)

    def test_secrets_are_compared_but_not_printed(self):
        secret = Secret("s3cret")
        self.assertEqual(secret, Secret("s3cret"))
        self.assertNotEqual(secret, Secret("other"))
        self.assertNotEqual(secret, "s3cret")
        self.assertEqual(hash(secret), hash(Secret("s3cret")))
        self.assertEqual(secret.expose(), "s3cret")
        self.assertNotIn("s3cret", f"{secret} {secret!r} {secret._handle}")

    def test_repr_of_credentials_shows_only_their_kind_and_client_id(self):
        client_id, secret = self.authorization.client_id, Secret("s3cret")
        for kind, credentials in {
            "AccessToken": Credentials.access_token(secret),
            "ClientCredentials": Credentials.client_credentials(client_id, secret),
            "AuthorizationCode": Credentials.authorization_code(
                client_id, secret, "https://a/", secret, secret
            ),
            "RefreshToken": Credentials.refresh_token(client_id, secret),
            "Saml2Bearer": Credentials.saml2_bearer(client_id, secret, "acme", secret),
            "Session": Credentials.session(client_id, Session(access_token=secret, refresh_token=secret)),
            "Browser": Credentials.browser(self.authorization),
        }.items():
            with self.subTest(kind):
                self.assertTrue(repr(credentials).startswith(kind), repr(credentials))
                self.assertEqual(client_id in repr(credentials), kind != "AccessToken")
                self.assertNotIn("s3cret", f"{credentials} {credentials!r} {credentials._handle}")

    def test_repr_of_a_request_shows_neither_verifier_nor_state(self):
        self.assertIn("client_secret=Secret(***), pkce=True, org=None", repr(self.authorization))
        self.assertIn("AuthorizationRequest", repr(self.request))
        self.assertNotIn(self.request.code_verifier().expose(), f"{self.request!r} {self.request.url()}")
        self.assertNotIn(self.request.state(), repr(self.request))
        self.assertEqual(repr(self.request.code_verifier()), "Secret(***)")

    def test_a_host_is_created_by_class_methods_only(self):
        with self.assertRaisesRegex(TypeError, r"a Host is made by Host\.domain\(\)"):
            Host("mypurecloud.de")


class WrongArguments(unittest.TestCase):
    """A wrong argument raises an error that names the argument in Python's terms."""

    def setUp(self):
        self.config = Config(
            host=Host.region(Region.EU_WEST_1), credentials=Credentials.access_token(Secret("a"))
        )
        self.api = BlockingOAuthApi(self.config)
        self.addCleanup(self.api.close)

    def assert_refused(self, kind, pattern, call, *arguments, **named):
        with self.assertRaisesRegex(kind, pattern):
            call(*arguments, **named)

    def test_wrong_types_are_refused(self):
        body = OAuthClientRequest(name="a", authorized_grant_type="CODE")
        replaced = dataclasses.replace
        self.assert_refused(TypeError, "client_id: a str is required, not int", self.api.get_oauth_client, 5)
        self.assert_refused(TypeError, "a GrantType is required, not str", self.api.post_oauth_clients, body)
        self.assert_refused(
            TypeError,
            "an OAuthClientRequest is required, not dict",
            self.api.post_oauth_clients,
            {"name": "a"},
        )
        self.assert_refused(TypeError, "a CallOptions is required, not int", self.api.get_oauth_clients, 5)
        self.assert_refused(
            TypeError,
            "deadline: a timedelta is required, not int",
            BlockingOAuthApi,
            replaced(self.config, deadline=5),
        )
        self.assert_refused(TypeError, "a Secret is required, not str", Credentials.access_token, "token")
        self.assert_refused(
            TypeError,
            "host: a Host is required, not Region",
            BlockingOAuthApi,
            replaced(self.config, host=Region.EU_WEST_1),
        )
        self.assert_refused(TypeError, "a Config is required, not Host", BlockingOAuthApi, self.config.host)

    def test_wrong_types_of_credentials_and_sources_are_refused(self):
        self.assert_refused(
            TypeError, "refresh_token: a Secret is required, not str", Credentials.refresh_token, "id", "text"
        )
        self.assert_refused(
            TypeError,
            "client_secret: a Secret is required, not str",
            Credentials.authorization_code,
            "id",
            Secret("code"),
            "https://wartung.example.at/callback",
            client_secret="text",
        )
        self.assert_refused(TypeError, "redirect_uri", Authorization, client_id="id")
        self.assert_refused(
            TypeError, "positional", Authorization, "id", "https://wartung.example.at/callback"
        )
        authorization = Authorization(client_id="id", redirect_uri="https://wartung.example.at/callback")
        self.assert_refused(
            TypeError,
            "host: a Host is required, not Region",
            AuthorizationRequest,
            Region.EU_WEST_1,
            authorization,
        )
        self.assert_refused(
            TypeError, "environment: a bool is required, not str", find_config, Sources(environment="no")
        )
        self.assert_refused(TypeError, "sources: a Sources is required, not bool", find_config, False)
        self.assert_refused(
            ValueError,
            "expires_at: a datetime must have a time zone",
            Credentials.session,
            "id",
            Session(access_token=Secret("a"), expires_at=datetime(2026, 3, 1)),
        )

    def test_wrong_values_are_refused(self):
        now = datetime.now(timezone.utc)
        self.assert_refused(ValueError, "must have a time zone", usage_interval, datetime(2026, 1, 1), now)
        self.assert_refused(TypeError, "a datetime is required, not str", usage_interval, "2026-01-01", now)
        self.assert_refused(
            ValueError, "out of range|i32", self.api.get_oauth_client_usage_summary, "a", 2**40
        )

    def test_an_element_of_a_list_or_map_is_named_by_its_position(self):
        def body(**fields):
            return OAuthClientRequest(name="a", authorized_grant_type=GrantType.CODE, **fields)

        secret = "hq3KpZ0vX1yT7wB9"
        for kind, message, wrong in [
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
            self.assert_refused(kind, f"^{re.escape(message)}", self.api.post_oauth_clients, wrong)
        for kind, message, headers in [
            (
                TypeError,
                "options.headers[value 1]: a Secret is required, not str",
                {"x": Secret("1"), secret: "x"},
            ),
            (TypeError, "options.headers[key 0]: a str is required, not NoneType", {None: Secret("1")}),
            (ValueError, "options.headers[key 0]: character 16 is half", {f"{secret}\ud83d": Secret("1")}),
        ]:
            with self.assertRaisesRegex(kind, f"^{re.escape(message)}") as raised:
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
        self.assert_refused(TypeError, "^region: a Region is required, not str$", Host.region, secret)

    def test_too_many_headers_are_refused(self):
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

    def test_an_argument_that_is_too_long_is_refused_by_its_name(self):
        longest = purecloud_oauth._base.LONGEST_TEXT
        self.addCleanup(setattr, purecloud_oauth._base, "LONGEST_TEXT", longest)
        purecloud_oauth._base.LONGEST_TEXT = 100
        self.assert_refused(
            ValueError, "^client_id: 101 characters are too many", self.api.get_oauth_client, "a" * 101
        )
        largest = purecloud_oauth._base.LARGEST_BUFFER
        self.addCleanup(setattr, purecloud_oauth._base, "LARGEST_BUFFER", largest)
        purecloud_oauth._base.LARGEST_BUFFER = 500
        body = OAuthClientRequest(name="a", authorized_grant_type=GrantType.CODE, scope=["a" * 90] * 6)
        self.assert_refused(
            ValueError, "an argument takes [0-9]+ bytes; at most 500", self.api.post_oauth_clients, body
        )

    def test_a_timestamp_out_of_range_is_refused_by_the_name_of_its_argument(self):
        now, minute = datetime.now(timezone.utc), timedelta(minutes=1)
        first, last = (edge.replace(tzinfo=timezone.utc) for edge in (datetime.min, datetime.max))
        self.assertEqual(usage_interval(first, last), "0001-01-01T00:00:00/9999-12-31T23:59:59")
        outside = (
            datetime.min.replace(tzinfo=timezone(minute)),
            datetime.max.replace(tzinfo=timezone(-minute)),
        )
        for timestamp in outside:
            self.assert_argument_refused("start", usage_interval, timestamp, now)
            self.assert_argument_refused("end", usage_interval, now, timestamp)
            session = Session(access_token=Secret("a"), expires_at=timestamp)
            config = dataclasses.replace(self.config, credentials=Credentials.session("id", session))
            self.assert_argument_refused("session.expires_at", BlockingOAuthApi, config)
            body = OAuthClientRequest(
                name="a", authorized_grant_type=GrantType.CLIENT_CREDENTIALS, date_to_delete=timestamp
            )
            self.assert_argument_refused("body.date_to_delete", self.api.post_oauth_clients, body)
        self.assert_argument_refused("start", usage_interval, now, now)

    def test_a_negative_duration_is_refused_by_the_name_of_its_setting(self):
        for negative in (timedelta(microseconds=-1), timedelta(seconds=-1), timedelta.min):
            for setting in ("connect_timeout", "attempt_timeout", "deadline"):
                config = dataclasses.replace(self.config, **{setting: negative})
                self.assert_argument_refused(setting, BlockingOAuthApi, config)
            for pause in ("first_backoff", "max_backoff", "max_retry_after"):
                config = dataclasses.replace(self.config, retry=RetryPolicy(**{pause: negative}))
                self.assert_argument_refused(f"retry.{pause}", BlockingOAuthApi, config)
            options = CallOptions(deadline=negative)
            self.assert_argument_refused("deadline", self.api.get_oauth_clients, options)
        longest = RetryPolicy(
            first_backoff=timedelta.max, max_backoff=timedelta.max, max_retry_after=timedelta.max
        )
        config = dataclasses.replace(
            self.config, attempt_timeout=timedelta.max, deadline=timedelta.max, retry=longest
        )
        BlockingOAuthApi(config).close()

    def assert_argument_refused(self, argument, call, *arguments):
        with self.assertRaises(OAuthError.InvalidArgument) as raised:
            call(*arguments)
        self.assertEqual(raised.exception.argument, argument)

    def test_half_of_a_surrogate_pair_is_refused(self):
        self.assert_refused(
            ValueError, "^value: character 0 is half of a surrogate pair", GrantType.UNKNOWN, "\ud83d"
        )
        self.assert_refused(ValueError, "^text: character 6 ", Secret, "s3cret\udc80")
        self.assert_refused(ValueError, "^client_id: character 0 ", self.api.get_oauth_client, "\ud83d")
        with self.assertRaisesRegex(ValueError, "character 6 ") as raised:
            Secret("s3cret\udc80")
        self.assertNotIn("s3cret", f"{raised.exception!r} {raised.exception.__context__!r}")


class Names(unittest.TestCase):
    def test_only_public_names_are_visible(self):
        shown = [name for name in dir(purecloud_oauth) if not name.startswith("__")]
        self.assertEqual(sorted(shown), sorted(purecloud_oauth.__all__))
        for name in shown:
            self.assertFalse(name.endswith("Protocol") or "uniffi" in name.lower(), name)
        for name in ("OAuthApi", "InternalError", "Region", "find_config", "usage_interval", "Detail"):
            self.assertIn(name, shown)

    def test_every_public_member_belongs_to_the_package(self):
        for member in public_members():
            self.assertEqual(member.__module__, "purecloud_oauth", member)
            self.assertIs(getattr(purecloud_oauth, member.__qualname__), member)

    def test_every_public_member_is_documented(self):
        for member in public_members():
            self.assertTrue(member.__doc__ and member.__doc__.strip(), member)
            for name, attribute in vars(member).items() if isinstance(member, type) else ():
                if callable(attribute) and not name.startswith("_"):
                    self.assertTrue(attribute.__doc__, f"{member.__name__}.{name}")

    def test_help_shows_no_internal_names(self):
        for member in public_members():
            page = pydoc.plain(pydoc.render_doc(member))
            for internal_name in ("uniffi", "_native", "typing.Union", "<object object", "_DEFAULT", " 0x"):
                self.assertNotIn(internal_name, page, member)
        self.assertEqual(
            str(inspect.signature(BlockingOAuthApi.get_oauth_client)),
            "(self, client_id: 'str', options: 'Optional[CallOptions]' = None) -> 'OAuthClient'",
        )
        self.assertEqual(
            str(inspect.signature(find_config)), "(sources: 'Optional[Sources]' = None) -> 'Config'"
        )
        for api_class in (OAuthApi, BlockingOAuthApi):
            self.assertEqual(str(inspect.signature(api_class.from_env)), f"() -> '{api_class.__name__}'")

    def test_both_api_classes_have_the_same_operations(self):
        def operations(api_class):
            functions = inspect.getmembers(api_class, inspect.isfunction)
            return {
                name: str(inspect.signature(function))
                for name, function in functions
                if name.startswith(("get", "post", "put", "del", "sign"))
            }

        self.assertEqual(operations(OAuthApi), operations(BlockingOAuthApi))
        self.assertEqual(len(operations(OAuthApi)), 28)
        for name in operations(OAuthApi):
            self.assertTrue(inspect.iscoroutinefunction(getattr(OAuthApi, name)))
            self.assertFalse(inspect.iscoroutinefunction(getattr(BlockingOAuthApi, name)))

    def test_importing_loads_no_heavy_modules(self):
        heavy = {"asyncio", "dataclasses", "email", "inspect", "socket", "ssl", "threading", "typing"}
        program = f"import sys, purecloud_oauth; print(*sorted({heavy} & set(sys.modules)))"
        imported = subprocess.run(
            [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
        )
        self.assertEqual((imported.stdout.strip(), imported.stderr), ("", ""))

    def test_type_stubs_are_shipped(self):
        folder = os.path.dirname(purecloud_oauth.__file__)
        self.assertLessEqual({"py.typed", "__init__.pyi"}, set(os.listdir(folder)))


def load_tests(loader, tests, pattern):
    for module in ("reading", "broken_runtime", "frozen", "schedulers", "subinterpreters"):
        tests.addTests(loader.loadTestsFromName(module))
    return tests


def public_members():
    return [getattr(purecloud_oauth, name) for name in purecloud_oauth.__all__]


if __name__ == "__main__":
    # Tests that hang fail after two minutes.
    faulthandler.dump_traceback_later(120, exit=True)
    unittest.main()
