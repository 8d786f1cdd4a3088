"""The implementation with `aiohttp` and `msgspec`."""

import aiohttp

import structs
from running import Asynchronous, check


class WithAiohttp(Asynchronous):
    def __init__(self):
        super().__init__()
        self._session = self.run(self._open)

    async def _open(self):
        from values import TOKEN

        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        return aiohttp.ClientSession(headers=headers)

    def close(self):
        self.run(self._session.close)

    async def _request(self, verb, url, body=None):
        async with self._session.request(verb, url, data=body) as response:
            response.raise_for_status()
            return await response.read()

    async def listing(self, size):
        from values import listing

        check(len(structs.read_listing(await self._request("GET", listing(size))).entities) == size)

    async def usage(self):
        from values import USAGE

        check(len(structs.read_usage(await self._request("GET", USAGE)).results) > 1)

    async def create(self):
        from values import listing

        body = structs.encoded_request()
        check(structs.read_client(await self._request("POST", listing(1), body)).id)


IMPLEMENTATIONS = {"aiohttp + msgspec": WithAiohttp}
