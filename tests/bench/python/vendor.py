"""The implementation with the vendor's SDK."""

import PureCloudPlatformClientV2 as sdk

from running import Blocking, check


class Vendor(Blocking):
    def __init__(self):
        self._apis = {}

    def _api(self, size):
        if size not in self._apis:
            from values import TOKEN, URL

            connection = sdk.api_client.ApiClient(f"{URL}/{size}")
            connection.access_token = TOKEN
            self._apis[size] = sdk.OAuthApi(connection)
        return self._apis[size]

    def listing(self, size):
        check(len(self._api(size).get_oauth_clients().entities) == size)

    def usage(self):
        usage = self._api(1).get_oauth_client_usage_query_result("an-execution", "a-client")
        check(len(usage.results) > 1)

    def create(self):
        from values import REQUEST, ROLE_DIVISION

        request = sdk.OAuthClientRequest()
        for name, value in REQUEST.items():
            setattr(request, name, value)
        division = sdk.RoleDivision()
        division.role_id, division.division_id = ROLE_DIVISION
        request.role_divisions = [division]
        request.authorized_grant_type = "CODE"
        request.state = "active"
        check(self._api(1).post_oauth_clients(request).id)


IMPLEMENTATIONS = {"vendor's SDK": Vendor}
