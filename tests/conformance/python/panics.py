"""A panic in the library is an error in Python, and the client works afterwards.

Takes the path of a library that panics on demand, and puts it into a copy of the installed package. Reads the
vendor's variables, with an emulator behind them.
"""

import asyncio
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path


def main(library):
    (installed,) = importlib.util.find_spec("purecloud_oauth").submodule_search_locations
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "purecloud_oauth")
        shutil.copytree(installed, copy)
        shutil.copyfile(library, copy / "_native" / Path(library).name)
        sys.path.insert(0, folder)
        asynchronous_and_blocking()


def asynchronous_and_blocking():
    from purecloud_oauth import BlockingOAuthApi, Config, Credentials, Host, InternalError, OAuthApi, Secret

    client_id = os.environ["GENESYSCLOUD_OAUTHCLIENT_ID"]
    secret = Secret(os.environ["GENESYSCLOUD_OAUTHCLIENT_SECRET"])
    config = Config(
        host=Host.named(os.environ["GENESYSCLOUD_REGION"]),
        credentials=Credentials.client_credentials(client_id, secret),
    )

    with BlockingOAuthApi(config) as api:
        try:
            api.get_oauth_client("panic")
        except InternalError as error:
            assert "a mistake of ours" in str(error), error
        else:
            raise AssertionError("the library did not panic")
        assert api.get_oauth_client(client_id).id == client_id

    async def asynchronous():
        async with OAuthApi(config) as api:
            try:
                await api.get_oauth_client("panic")
            except InternalError as error:
                assert "a mistake of ours" in str(error), error
            else:
                raise AssertionError("the library did not panic")
            assert (await api.get_oauth_client(client_id)).id == client_id

    asyncio.run(asynchronous())


if __name__ == "__main__":
    main(*sys.argv[1:])
