import static java.lang.System.getenv;

import java.util.List;
import purecloud.oauth.BlockingOAuthApi;
import purecloud.oauth.Config;
import purecloud.oauth.Credentials;
import purecloud.oauth.Host;
import purecloud.oauth.Secret;

/** Passes all certificates of the JVM's trust store to the library, as the documentation shows. */
public final class TrustStoreCheck {
    public static void main(String[] arguments) throws Exception {
        List<String> certificates = TrustStore.certificates();
        if (certificates.isEmpty()) throw new AssertionError("this JVM trusts no certificate");
        var credentials = Credentials.clientCredentials(
                getenv("GENESYSCLOUD_OAUTHCLIENT_ID"), new Secret(getenv("GENESYSCLOUD_OAUTHCLIENT_SECRET")));
        var config = new Config(Host.named(getenv("GENESYSCLOUD_REGION")), credentials);
        try (var api = new BlockingOAuthApi(config.withRootCertificates(certificates))) {
            if (api.getOauthClients().getEntities().isEmpty()) throw new AssertionError("no clients");
        }
    }

    private TrustStoreCheck() {}
}
