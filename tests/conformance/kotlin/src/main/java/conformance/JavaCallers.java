package conformance;

import static java.lang.System.getenv;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import purecloud.oauth.ApiUsageClientQuery;
import purecloud.oauth.Authorization;
import purecloud.oauth.AuthorizationRequest;
import purecloud.oauth.BlockingOAuthApi;
import purecloud.oauth.BlockingOAuthApiInterface;
import purecloud.oauth.CallOptions;
import purecloud.oauth.ClientState;
import purecloud.oauth.Config;
import purecloud.oauth.Credentials;
import purecloud.oauth.Granularity;
import purecloud.oauth.GrantType;
import purecloud.oauth.Host;
import purecloud.oauth.Metric;
import purecloud.oauth.OAuthClientRequest;
import purecloud.oauth.OAuthException;
import purecloud.oauth.PureCloudOAuth;
import purecloud.oauth.Region;
import purecloud.oauth.RetryPolicy;
import purecloud.oauth.RoleDivision;
import purecloud.oauth.Secret;
import purecloud.oauth.Session;
import purecloud.oauth.Sources;

/** Uses the API from Java, without default arguments and named arguments: overloads, changed copies, exceptions. */
public final class JavaCallers {
    public static void main(String[] arguments) throws OAuthException {
        var credentials = Credentials.clientCredentials(
                getenv("GENESYSCLOUD_OAUTHCLIENT_ID"), new Secret(getenv("GENESYSCLOUD_OAUTHCLIENT_SECRET")));
        var config = new Config(Host.named(getenv("GENESYSCLOUD_REGION")), credentials)
                .withDeadline(Duration.ofSeconds(30))
                .withRetry(new RetryPolicy().withMaxAttempts(2));
        checkSettings(config);
        checkSources(config);
        checkCredentials();
        checkAuthorizationRequests(config.getHost());
        try (var api = new BlockingOAuthApi(config)) {
            checkValues(api);
            checkErrors(api);
            checkWrongArguments(config, api);
        }
        checkClosedObjects(config);
    }

    private static void checkSettings(Config config) throws OAuthException {
        equal(Host.region(Region.EU_CENTRAL_1), Host.domain("mypurecloud.de"));
        equal("https://gateway.example.com/", Host.gateway("gateway.example.com").apiUrl());
        equal("http://127.0.0.1:8080/", Host.gateway("127.0.0.1", "http", 8080).apiUrl());
        equal("Config(host=", config.toString().substring(0, 12));
        equal(Duration.ofSeconds(30), config.getDeadline());
        for (var deadline : List.of(Duration.ZERO, Duration.ofSeconds(-1))) {
            try {
                new BlockingOAuthApi(config.withDeadline(deadline));
                throw new AssertionError("a deadline of " + deadline + " is accepted");
            } catch (OAuthException.InvalidArgument refused) {
                equal("deadline", refused.getArgument());
            }
        }
    }

    private static void checkSources(Config config) throws OAuthException {
        equal(config.getHost(), PureCloudOAuth.findConfig().getHost());
        var sources = new Sources().withCredentials(config.getCredentials()).withEnvironment(false);
        equal(config.getCredentials(), PureCloudOAuth.findConfig(sources).getCredentials());
        try (var api = BlockingOAuthApi.fromEnv()) {
            equal(config.getHost(), api.host());
        }
        var nowhere = Path.of("nowhere").toAbsolutePath();
        try {
            PureCloudOAuth.findConfig(new Sources().withEnvironment(false).withHome(nowhere.toString()));
            throw new AssertionError("there are credentials in " + nowhere);
        } catch (OAuthException.InvalidArgument refused) {
            equal("credentials", refused.getArgument());
        }
    }

    /** Checks that each overload is equal to the call with all arguments. */
    private static void checkCredentials() throws OAuthException {
        var id = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10";
        var uri = "http://127.0.0.1:8765/callback";
        var secret = new Secret("mW4tS9xQhq3KpZ0v");
        var code = new Secret("R4b2Qm8tLk1Zc7Vn");
        equal(Credentials.authorizationCode(id, code, uri, null, null), Credentials.authorizationCode(id, code, uri));
        equal(
                Credentials.authorizationCode(id, code, uri, secret, null),
                Credentials.authorizationCode(id, code, uri, secret));
        equal(Credentials.refreshToken(id, code, null), Credentials.refreshToken(id, code));
        var session = new Session(secret, Instant.parse("2026-03-01T08:30:00Z"));
        equal(Credentials.session(id, session, null), Credentials.session(id, session));
        equal(
                "Session(accessToken=Secret(***), expiresAt=2026-03-01T08:30:00Z, refreshToken=null)",
                session.toString());
        var redirect = uri + "#access_token=hq3KpZ0vX1yT7wB9";
        equal(Credentials.implicitRedirect(redirect, null), Credentials.implicitRedirect(redirect));
        equal(Credentials.accessToken(new Secret("hq3KpZ0vX1yT7wB9")), Credentials.implicitRedirect(redirect));
    }

    /** Resumes an authorization request, like a web server that receives the redirect. */
    private static void checkAuthorizationRequests(Host host) throws OAuthException {
        var authorization = new Authorization("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "https://rueckrufe.example.ch/")
                .withOrg("landeswarnzentrale")
                .withProvider("adfs");
        var request = new AuthorizationRequest(host, authorization);
        var resumed = AuthorizationRequest.resumed(host, authorization, request.state(), request.codeVerifier());
        equal(request, resumed);
        equal(request.url(), resumed.url());
        equal(request.hashCode(), resumed.hashCode());
        equal(true, request.toString().startsWith("AuthorizationRequest"));

        var confidential = authorization.withPkce(false).withClientSecret(new Secret("mW4tS9xQhq3KpZ0v"));
        equal("k3v9", AuthorizationRequest.resumed(host, confidential, "k3v9").state());
        try {
            request.credentials(authorization.getRedirectUri() + "?code=R4b2Qm8tLk1Zc7Vn&state=k3v9");
            throw new AssertionError("a redirect with another state is accepted");
        } catch (OAuthException.SignIn refused) {
            equal(false, refused.getWorthRetrying());
        }
    }

    /** Makes calls through the interface, which a caller can implement too. */
    private static void checkValues(BlockingOAuthApiInterface api) throws OAuthException {
        var body = new OAuthClientRequest("Rückrufe Zürich ☎", GrantType.Code.INSTANCE)
                .withRegisteredRedirectUri(List.of("https://rueckrufe.example.ch/callback"))
                .withScope(List.of("users:readonly"));
        var id = api.postOauthClients(body).getId();
        var options = new CallOptions()
                .withHeaders(Map.of("x-ticket", new Secret("CHG-4711")))
                .withoutRetries(true);
        var client = api.getOauthClient(id, options);
        equal(body.getName(), client.getName());
        equal(client, api.getOauthClient(id));
        equal(200, api.getOauthClientWithHttpInfo(id).getMetadata().getStatus());

        var changed = api.putOauthClient(
                id,
                client.toRequest().withAccessTokenValiditySeconds(3_600L).withState(ClientState.Inactive.INSTANCE));
        equal(3_600L, changed.getAccessTokenValiditySeconds());
        equal("inactive", String.valueOf(changed.getState()));
        Map<String, String> extra = client.getExtra();
        equal(Map.of(), extra);
        var hooked = client.toRequest().withExtra(Map.of("hook", "{\"key\": 1}"));
        equal(true, hooked.toString().endsWith("extra={hook=***})"));

        equal(api.getOauthScopes(), api.getOauthScopes(null));
        equal("Nur lesender Zugriff: Benutzer", api.getOauthScope("users:readonly", "de").getDescription());
        var interval = PureCloudOAuth.usageInterval(
                Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-02-01T00:00:00Z"));
        var query = new ApiUsageClientQuery(interval, Granularity.Week.INSTANCE)
                .withMetrics(List.of(Metric.Requests.INSTANCE, Metric.Status429.INSTANCE));
        if (api.postOauthClientUsageQuery(id, query).getExecutionId().isEmpty()) {
            throw new AssertionError("no execution");
        }
        api.deleteOauthClient(id);
    }

    private static void checkErrors(BlockingOAuthApi api) {
        try {
            api.getOauthClient("00000000-0000-4000-8000-000000000000");
            throw new AssertionError("a client that does not exist is returned");
        } catch (OAuthException.Api error) {
            equal(404, error.getStatus());
            equal("not.found", error.getCode());
            equal(error.getFailure().getText(), error.getMessage());
            equal(OAuthException.Api.class.getName() + ": " + error.getMessage(), error.toString());
            equal(false, error.getServerMayHaveActed());
        } catch (OAuthException error) {
            throw new AssertionError("an error of another kind", error);
        }
    }

    /** Passes null and malformed strings, which are refused by the name of the argument before any request. */
    private static void checkWrongArguments(Config config, BlockingOAuthApi api) throws OAuthException {
        var half = "half of 😀: \ud83d";
        var body = new OAuthClientRequest("Rückrufe Zürich ☎", GrantType.Code.INSTANCE);
        assertIllegal("clientId holds half of a surrogate pair", () -> api.getOauthClient(half));
        assertIllegal("body.name holds half of a surrogate pair", () -> api.postOauthClients(body.withName(half)));
        assertIllegal("body.scope[1] is null", () -> api.postOauthClients(body.withScope(Arrays.asList("a", null))));
        assertIllegal(
                "body.scope[0] holds half of a surrogate pair",
                () -> api.putOauthClient("a", body.withScope(List.of(half))));
        assertIllegal(
                "body.roleDivisions[1] is null",
                () -> api.postOauthClients(
                        body.withRoleDivisions(Arrays.asList(new RoleDivision("a", "*"), null))));
        assertIllegal(
                "body.roleDivisions[0].divisionId holds half of a surrogate pair",
                () -> api.postOauthClients(body.withRoleDivisions(List.of(new RoleDivision("a", half)))));
        assertIllegal(
                "body.authorizedGrantType.value holds half of a surrogate pair",
                () -> api.postOauthClients(body.withAuthorizedGrantType(new GrantType.Unknown(half))));
        assertIllegal(
                "body.metrics[0] is null",
                () -> api.postOauthClientUsageQuery(
                        "a", new ApiUsageClientQuery("2026").withMetrics(Collections.singletonList(null))));
        assertIllegal("options.headers[value 0] is null", () -> api.getOauthClients(headers("x-ticket", null)));
        assertIllegal("options.headers[key 0] is null", () -> api.getOauthClients(headers(null, new Secret("1"))));
        assertIllegal(
                "options.headers[key 0] holds half of a surrogate pair",
                () -> api.getOauthClients(headers(half, new Secret("1"))));
        assertIllegal(
                "config.rootCertificates[0] is null",
                () -> new BlockingOAuthApi(config.withRootCertificates(Collections.singletonList(null))));
        assertIllegal(
                "config.defaultHeaders[value 0] is null",
                () -> new BlockingOAuthApi(config.withDefaultHeaders(Collections.singletonMap("x-ticket", null))));
        assertIllegal("text holds half of a surrogate pair", () -> new Secret(half));
        assertIllegal("name holds half of a surrogate pair", () -> Host.named(half));
        assertIllegal(
                "sources.profile holds half of a surrogate pair",
                () -> PureCloudOAuth.findConfig(new Sources().withProfile(half)));
        assertNullRefused("clientId", () -> api.getOauthClient(null));
        assertNullRefused("body", () -> api.postOauthClients(null));
        assertNullRefused("name", () -> body.withName(null));
        assertNullRefused("authorizedGrantType", () -> new OAuthClientRequest("a", null));
        assertNullRefused("headers", () -> new CallOptions().withHeaders(null));
        assertNullRefused("config", () -> new BlockingOAuthApi((Config) null));
        assertNullRefused("text", () -> new Secret((String) null));
        assertNullRefused("host", () -> Host.gateway(null));

        var many = new HashMap<String, Secret>();
        for (var number = 0; number < 25_000; number++) {
            many.put("x-" + number, new Secret("1"));
        }
        assertArgumentRefused("headers", () -> api.getOauthClients(new CallOptions().withHeaders(many)));
        assertArgumentRefused("default_headers", () -> new BlockingOAuthApi(config.withDefaultHeaders(many)));
        assertArgumentRefused("gateway.protocol", () -> Host.gateway("gateway.example.com", "http"));
        assertArgumentRefused("gateway.port", () -> Host.gateway("gateway.example.com", "https", 0));
    }

    private static CallOptions headers(String name, Secret value) {
        return new CallOptions().withHeaders(Collections.singletonMap(name, value));
    }

    private static void assertIllegal(String expected, Call call) throws OAuthException {
        try {
            call.run();
        } catch (IllegalArgumentException error) {
            equal(expected, error.getMessage());
            return;
        }
        throw new AssertionError("no error, instead of: " + expected);
    }

    /** Checks that null is refused as an argument, by the null checks that Kotlin generates. */
    private static void assertNullRefused(String name, Call call) throws OAuthException {
        try {
            call.run();
        } catch (NullPointerException | IllegalArgumentException error) {
            equal(true, error.getMessage().contains(name));
            equal(false, error.getMessage().contains("FfiConverter"));
            return;
        }
        throw new AssertionError(name + " may be null");
    }

    private static void assertArgumentRefused(String argument, Call call) throws OAuthException {
        try {
            call.run();
        } catch (OAuthException.InvalidArgument error) {
            equal(argument, error.getArgument());
            return;
        }
        throw new AssertionError(argument + " is accepted");
    }

    private static void checkClosedObjects(Config config) throws OAuthException {
        var api = new BlockingOAuthApi(config);
        equal("BlockingOAuthApi", api.toString());
        api.close();
        api.close();
        equal("BlockingOAuthApi(closed)", api.toString());
        assertUseRefused("this BlockingOAuthApi is closed", api::getOauthClients);

        var secret = new Secret("mW4tS9xQhq3KpZ0v");
        secret.close();
        equal("Secret(closed)", secret.toString());
        assertUseRefused("this Secret is closed", () -> Credentials.accessToken(secret));
        assertUseRefused("this Secret is closed", () -> new BlockingOAuthApi(config.withProxy(secret)));
    }

    private static void assertUseRefused(String expected, Call call) throws OAuthException {
        try {
            call.run();
        } catch (IllegalStateException error) {
            equal(expected, error.getMessage());
            return;
        }
        throw new AssertionError("a closed object is usable");
    }

    private interface Call {
        void run() throws OAuthException;
    }

    private static void equal(Object expected, Object actual) {
        if (!expected.equals(actual)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    private JavaCallers() {}
}
