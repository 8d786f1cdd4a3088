"""The implementation with `urllib3` and `msgspec`."""

import urllib3

import structs
from running import Blocking, check


class WithUrllib3(Blocking):
    def __init__(self):
        from values import TOKEN

        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        self._pool = urllib3.PoolManager(maxsize=100, headers=headers)

    def _request(self, verb, url, body=None):
        response = self._pool.request(verb, url, body=body)
        check(response.status == 200)
        return response.data

    def listing(self, size):
        from values import listing

        check(len(structs.read_listing(self._request("GET", listing(size))).entities) == size)

    def usage(self):
        from values import USAGE

        check(len(structs.read_usage(self._request("GET", USAGE)).results) > 1)

    def create(self):
        from values import listing

        check(structs.read_client(self._request("POST", listing(1), structs.encoded_request())).id)


IMPLEMENTATIONS = {"urllib3 + msgspec": WithUrllib3}
