"""The implementation with this project's library."""

import purecloud_oauth as package

from running import Asynchronous, Blocking, check


class _Ours:
    """API objects by the size of their listing, because the server serves each size below a separate path."""

    def __init__(self, api):
        self._kind = api
        self._apis = {}

    def _api(self, size):
        if size not in self._apis:
            from urllib.parse import urlsplit

            import values

            server = urlsplit(values.URL)
            host = package.Host.gateway(
                server.hostname, protocol="http", port=server.port, path_params_api=str(size)
            )
            credentials = package.Credentials.access_token(package.Secret(values.TOKEN))
            self._apis[size] = self._kind(package.Config(host=host, credentials=credentials))
        return self._apis[size]

    def _request(self):
        from values import REQUEST, ROLE_DIVISION

        return package.OAuthClientRequest(
            **REQUEST,
            authorized_grant_type=package.GrantType.CODE,
            role_divisions=[package.RoleDivision(role_id=ROLE_DIVISION[0], division_id=ROLE_DIVISION[1])],
            state=package.ClientState.ACTIVE,
        )

    def call_costs(self):
        """Yields the costs of native calls: an empty one, and one that returns a short string."""
        import inside

        host = self._api(1).host()
        yield "empty call", inside.per_call(inside.empty_function(package))
        yield "call returning a string", inside.per_call(host.api_url)


class OursBlocking(Blocking, _Ours):
    def __init__(self):
        _Ours.__init__(self, package.BlockingOAuthApi)

    def listing(self, size):
        check(len(self._api(size).get_oauth_clients().entities) == size)

    def usage(self):
        usage = self._api(1).get_oauth_client_usage_query_result("an-execution", "a-client")
        check(len(usage.results) > 1)

    def create(self):
        check(self._api(1).post_oauth_clients(self._request()).id)


class OursAsynchronous(Asynchronous, _Ours):
    def __init__(self):
        Asynchronous.__init__(self)
        _Ours.__init__(self, package.OAuthApi)

    async def listing(self, size):
        check(len((await self._api(size).get_oauth_clients()).entities) == size)

    async def usage(self):
        usage = await self._api(1).get_oauth_client_usage_query_result("an-execution", "a-client")
        check(len(usage.results) > 1)

    async def create(self):
        check((await self._api(1).post_oauth_clients(self._request())).id)


IMPLEMENTATIONS = {"purecloud-oauth": OursBlocking, "purecloud-oauth, asyncio": OursAsynchronous}
