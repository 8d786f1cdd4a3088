"""Signs a user in with the browser of this machine, lists OAuth clients, and signs out.

Reads GENESYSCLOUD_REGION (a region, domain or base address), and from SIGN_IN_CLIENT_ID the id of an OAuth client with
the grant type code and the redirect URI http://127.0.0.1:8765/callback. The client's secret is not needed.
"""

import os
import sys

from purecloud_oauth import Authorization, BlockingOAuthApi, Config, Credentials, Host, OAuthError

REDIRECT_URI = "http://127.0.0.1:8765/callback"


def main() -> None:
    host = Host.named(os.environ.get("GENESYSCLOUD_REGION", "us_east_1"))
    client_id = os.environ["SIGN_IN_CLIENT_ID"]
    credentials = Credentials.browser(Authorization(client_id=client_id, redirect_uri=REDIRECT_URI))

    with BlockingOAuthApi(Config(host=host, credentials=credentials)) as api:
        print("Sign in with the browser that opens now.")
        session = api.sign_in()
        if session.expires_at:
            print(f"Signed in until {session.expires_at.astimezone():%Y-%m-%d %H:%M}.")
        if session.refresh_token:
            print("The access token is renewed automatically.")

        for client in api.get_oauth_clients().entities[:5]:
            print(f"  {client.id} {client.name}")

        api.sign_out()
        print("Signed out. To end the browser's session too, open")
        print(host.logout_url(client_id, REDIRECT_URI))


if __name__ == "__main__":
    try:
        main()
    except OAuthError as error:
        sys.exit(f"sign_in: {error}")
