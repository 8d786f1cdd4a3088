from purecloud_oauth import BlockingOAuthApi

with BlockingOAuthApi.from_env() as api:
    for client in api.get_oauth_clients().entities:
        print(client.id, client.name)
