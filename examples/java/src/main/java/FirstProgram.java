import purecloud.oauth.BlockingOAuthApi;
import purecloud.oauth.OAuthException;

public class FirstProgram {
    public static void main(String[] args) throws OAuthException {
        try (var api = BlockingOAuthApi.fromEnv()) {
            for (var client : api.getOauthClients().getEntities()) {
                System.out.println(client.getId() + " " + client.getName());
            }
        }
    }
}
