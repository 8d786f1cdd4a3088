import asyncio
import os

from purecloud_oauth import Config, Credentials, Host, OAuthApi, Secret


async def main() -> None:
    host = Host.named(os.environ["GENESYSCLOUD_REGION"])
    secret = Secret(os.environ["GENESYSCLOUD_OAUTHCLIENT_SECRET"])
    credentials = Credentials.client_credentials(os.environ["GENESYSCLOUD_OAUTHCLIENT_ID"], secret)

    async with OAuthApi(Config(host=host, credentials=credentials)) as api:
        for client in (await api.get_oauth_clients()).entities:
            print(client.id, client.name)


asyncio.run(main())
