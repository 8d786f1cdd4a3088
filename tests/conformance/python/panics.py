"""A panic in the library is an error in Python, and the client works afterwards. And a call that is cancelled leaves no
secret in memory.

Takes the path of a library that panics on demand and counts its secrets, and puts it into a copy of the installed
package. Reads the vendor's variables, with an emulator behind them.
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
        panics()
        cancelled_rotations(ctypes.CDLL(copy / "_native" / Path(library).name))


def panics():
    from purecloud_oauth import BlockingOAuthApi, InternalError, OAuthApi, OAuthError

    assert issubclass(InternalError, OAuthError.Internal)
    client_id = os.environ["GENESYSCLOUD_OAUTHCLIENT_ID"]

    def expect(error):
        # What a panic says may hold a secret.
        assert "a mistake of ours" not in repr(error), error
        assert "nothing was sent" in str(error), error
        assert not error.server_may_have_acted, error

    with BlockingOAuthApi.from_env() as api:
        try:
            api.get_oauth_client("panic")
        except OAuthError.Internal as error:
            expect(error)
        else:
            raise AssertionError("the library did not panic")
        assert api.get_oauth_client(client_id).id == client_id

    async def asynchronous():
        async with OAuthApi.from_env() as api:
            try:
                await api.get_oauth_client("panic")
            except OAuthError.Internal as error:
                expect(error)
            else:
                raise AssertionError("the library did not panic")
            assert (await api.get_oauth_client(client_id)).id == client_id

    asyncio.run(asynchronous())


def cancelled_rotations(library):
    """Whenever a rotation is cancelled, also as its response arrives: nobody gets its secret, and it is freed."""
    from purecloud_oauth import GrantType, OAuthApi, OAuthClientRequest

    living = library.purecloud_oauth_living_secrets
    living.restype = ctypes.c_uint64
    body = OAuthClientRequest(
        name="Nachtlauf",
        authorized_grant_type=GrantType.CODE,
        registered_redirect_uri=["https://nachtlauf.example.at/callback"],
        scope=["users:readonly"],
    )

    async def rotations():
        async with OAuthApi.from_env() as api:
            client_id = (await api.post_oauth_clients(body)).id
            gc.collect()
            before = living()

            async def rotation(after, is_idle):
                task = asyncio.ensure_future(api.post_oauth_client_secret(client_id))
                if is_idle:
                    await asyncio.sleep(after)
                else:
                    # The response arrives while the event loop does something else.
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
                some = [rotation(random.uniform(0, 4 * took), is_idle=True) for _ in range(30)]
                cancelled += sum(await asyncio.gather(*some))
                cancelled += await rotation(random.uniform(0, 4 * took), is_idle=False)
            assert cancelled, "no rotation was cancelled in time"

            # A task of the library that is cancelled ends soon.
            end = time.monotonic() + 10
            while living() > before and time.monotonic() < end:
                gc.collect()
                await asyncio.sleep(0.01)
            assert living() <= before, f"{living() - before} secrets of {cancelled} cancelled rotations"

    asyncio.run(rotations())


if __name__ == "__main__":
    main(*sys.argv[1:])
