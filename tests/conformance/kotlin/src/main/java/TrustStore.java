import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** The certificates that this JVM trusts, for the setting {@code rootCertificates}. */
final class TrustStore {
    static List<String> certificates() throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null); // The store of javax.net.ssl.trustStore, or else cacerts.
        List<String> pem = new ArrayList<>();
        for (TrustManager manager : factory.getTrustManagers()) {
            for (X509Certificate certificate : ((X509TrustManager) manager).getAcceptedIssuers()) {
                String base64 = Base64.getMimeEncoder().encodeToString(certificate.getEncoded());
                pem.add("-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n");
            }
        }
        return pem;
    }
}
