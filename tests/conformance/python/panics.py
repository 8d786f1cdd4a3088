"""Tests panics and cancelled calls with a special native library.

A panic in the native library is an error in Python, and the API object still works afterwards. A cancelled call leaves
no secret in memory.

The argument is the path of a native library that panics on demand and counts its secrets. The program puts the native
library into a copy of the installed package. The vendor's variables must refer to an emulator.
"""

import asyncio
import ctypes
import gc
import importlib.util
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path


def main(library):
    (installed,) = importlib.util.find_spec("purecloud_oauth").submodule_search_locations
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "purecloud_oauth")
        shutil.copytree(installed, copy)
        shutil.copyfile(library, copy / "_native" / Path(library).name)
        sys.path.insert(0, folder)
        check_panics()
        check_cancelled_rotations(ctypes.CDLL(copy / "_native" / Path(library).name))


def check_panics():
    from purecloud_oauth import BlockingOAuthApi, InternalError, OAuthApi, OAuthError

    assert issubclass(InternalError, OAuthError.Internal)
    client_id = os.environ["GENESYSCLOUD_OAUTHCLIENT_ID"]

    def assert_panic(error):
        # The message of a panic may contain a secret.
        assert "a mistake of ours" not in repr(error), error
        assert "nothing was sent" in str(error), error
        assert not error.server_may_have_acted, error

    with BlockingOAuthApi.from_env() as api:
        try:
            api.get_oauth_client("panic")
        except OAuthError.Internal as error:
            assert_panic(error)
        else:
            raise AssertionError("the native library did not panic")
        assert api.get_oauth_client(client_id).id == client_id

    async def asynchronous():
        async with OAuthApi.from_env() as api:
            try:
                await api.get_oauth_client("panic")
            except OAuthError.Internal as error:
                assert_panic(error)
            else:
                raise AssertionError("the native library did not panic")
            assert (await api.get_oauth_client(client_id)).id == client_id

    asyncio.run(asynchronous())


def check_cancelled_rotations(library):
    """Checks that the secret of a cancelled rotation is freed, also if the response arrives during the cancellation."""
    from purecloud_oauth import GrantType, OAuthApi, OAuthClientRequest

    count_secrets = library.purecloud_oauth_living_secrets
    count_secrets.restype = ctypes.c_uint64
    body = OAuthClientRequest(
        name="Nachtlauf",
        authorized_grant_type=GrantType.CODE,
        registered_redirect_uri=["https://nachtlauf.example.at/callback"],
        scope=["users:readonly"],
    )

    async def cancel_rotations():
        async with OAuthApi.from_env() as api:
            client_id = (await api.post_oauth_clients(body)).id
            gc.collect()
            before = count_secrets()

            async def cancel_rotation(after, is_idle):
                task = asyncio.ensure_future(api.post_oauth_client_secret(client_id))
                if is_idle:
                    await asyncio.sleep(after)
                else:
                    # The response arrives while the event loop is blocked.
                    await asyncio.sleep(0)
                    time.sleep(after)
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    return True
                return False

            start = time.perf_counter()
            await api.post_oauth_client_secret(client_id)
            took = time.perf_counter() - start
            cancelled = 0
            for _ in range(10):
                rotations = [cancel_rotation(random.uniform(0, 4 * took), is_idle=True) for _ in range(30)]
                cancelled += sum(await asyncio.gather(*rotations))
                cancelled += await cancel_rotation(random.uniform(0, 4 * took), is_idle=False)
            assert cancelled, "no rotation was cancelled in time"

            # A cancelled task of the native library ends shortly afterwards.
            end = time.monotonic() + 10
            while count_secrets() > before and time.monotonic() < end:
                gc.collect()
                await asyncio.sleep(0.01)
            assert count_secrets() <= before, (
                f"{count_secrets() - before} secrets of {cancelled} cancelled rotations are still in memory"
            )

    asyncio.run(cancel_rotations())


if __name__ == "__main__":
    main(*sys.argv[1:])
