import purecloud.oauth.*;

public class FirstProgram {
    public static void main(String[] args) throws OAuthException {
        var host = Host.named(System.getenv("GENESYSCLOUD_REGION"));
        var id = System.getenv("GENESYSCLOUD_OAUTHCLIENT_ID");
        var secret = new Secret(System.getenv("GENESYSCLOUD_OAUTHCLIENT_SECRET"));

        try (var api = new BlockingOAuthApi(new Config(host, Credentials.clientCredentials(id, secret)))) {
            for (var client : api.getOauthClients().getEntities()) {
                System.out.println(client.getId() + " " + client.getName());
            }
        }
    }
}
