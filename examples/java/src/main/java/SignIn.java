import java.time.ZoneId;
import purecloud.oauth.Authorization;
import purecloud.oauth.BlockingOAuthApi;
import purecloud.oauth.Config;
import purecloud.oauth.Credentials;
import purecloud.oauth.Host;
import purecloud.oauth.OAuthException;

/**
 * Signs a user in with the browser of this machine, lists OAuth clients, and signs out.
 *
 * <p>Reads {@code GENESYSCLOUD_REGION} (a region, domain or base address), and from {@code SIGN_IN_CLIENT_ID} the id of
 * an OAuth client with the grant type code and the redirect URI {@code http://127.0.0.1:8765/callback}. The client's
 * secret is not needed.
 */
public final class SignIn {
    private static final String REDIRECT_URI = "http://127.0.0.1:8765/callback";

    public static void main(String[] args) {
        var clientId = System.getenv().getOrDefault("SIGN_IN_CLIENT_ID", "");
        var region = System.getenv().getOrDefault("GENESYSCLOUD_REGION", "us_east_1");
        var credentials = Credentials.browser(new Authorization(clientId, REDIRECT_URI));
        try (var api = new BlockingOAuthApi(new Config(Host.named(region), credentials))) {
            System.out.println("Sign in with the browser that opens now.");
            var session = api.signIn();
            if (session.getExpiresAt() != null) {
                var end = session.getExpiresAt().atZone(ZoneId.systemDefault());
                System.out.printf("Signed in until %tF %<tR.%n", end);
            }
            if (session.getRefreshToken() != null) {
                System.out.println("The access token is renewed automatically.");
            }

            for (var client : api.getOauthClients().getEntities().stream().limit(5).toList()) {
                System.out.println("  " + client.getId() + " " + client.getName());
            }

            api.signOut();
            System.out.println("Signed out. To end the browser's session too, open");
            System.out.println(api.host().logoutUrl(clientId, REDIRECT_URI));
        } catch (OAuthException problem) {
            System.err.println("sign_in: " + problem.getMessage());
            System.exit(1);
        }
    }
}
