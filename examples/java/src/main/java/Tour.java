import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import purecloud.oauth.ApiUsageClientQuery;
import purecloud.oauth.ApiUsageQueryResult;
import purecloud.oauth.ApiUsageRow;
import purecloud.oauth.BlockingOAuthApi;
import purecloud.oauth.ClientState;
import purecloud.oauth.GrantType;
import purecloud.oauth.GroupBy;
import purecloud.oauth.Metric;
import purecloud.oauth.OAuthAuthorization;
import purecloud.oauth.OAuthClient;
import purecloud.oauth.OAuthClientRequest;
import purecloud.oauth.OAuthException;
import purecloud.oauth.PureCloudOAuth;
import purecloud.oauth.QueryStatus;

/**
 * A tour of the OAuth API: each of the 13 operations once, in the order an administrator would.
 *
 * <p>Reads the vendor's environment variables: {@code GENESYSCLOUD_REGION} (a region, domain or base address), and
 * {@code GENESYSCLOUD_OAUTHCLIENT_ID} with {@code GENESYSCLOUD_OAUTHCLIENT_SECRET}, or
 * {@code GENESYSCLOUD_ACCESS_TOKEN}; or a profile of the vendor's CLI. Against a real organization it creates one
 * client, and deletes it.
 */
public final class Tour {
    public static void main(String[] args) throws InterruptedException {
        try (var api = client()) {
            tell("sign in", api.host().loginUrl());
            new Tour(api).run();
        } catch (OAuthException | IllegalStateException problem) {
            System.err.println("tour: " + problem.getMessage());
            System.exit(1);
        }
    }

    private final BlockingOAuthApi api;

    private Tour(BlockingOAuthApi api) {
        this.api = api;
    }

    private void run() throws OAuthException, InterruptedException {
        var clients = lookAround();
        var created = create();
        try {
            workWith(created, clients.isEmpty() ? created : clients.get(0));
        } finally {
            // Whatever went wrong before, nothing of the tour stays behind.
            remove(created);
        }
    }

    /** What the organization has; returns its clients. */
    private List<OAuthClient> lookAround() throws OAuthException {
        var scopes = api.getOauthScopes().getEntities();
        tell("getOauthScopes", scopes.size() + " scopes");

        var scope = api.getOauthScope("users:readonly", "de");
        tell("getOauthScope", scope.getId() + ": " + scope.getDescription());

        var authorizations = api.getOauthAuthorizations().getEntities();
        tell("getOauthAuthorizations", authorizations.size() + " authorizations");

        var authorized =
                authorizations.stream().map(OAuthAuthorization::getClient).filter(Objects::nonNull).findFirst();
        if (authorized.isPresent()) {
            var client = authorized.get();
            var authorization = api.getOauthAuthorization(client.getId());
            var state = Objects.toString(authorization.getState(), "in an unknown state");
            tell(
                    "getOauthAuthorization",
                    client.getName() + " is " + state + ", with " + String.join(" ", authorization.getScope()));
        } else {
            tell("getOauthAuthorization", "left out: this user has authorized no client");
        }

        var response = api.getOauthClientsWithHttpInfo();
        var clients = response.getValue().getEntities();
        tell("getOauthClients", clients.size() + " clients");
        clients.stream().limit(3).forEach(client -> {
            var grantType = Objects.toString(client.getAuthorizedGrantType(), "not told");
            more("%-32s %s".formatted(client.getName(), grantType));
        });
        var limit = response.getMetadata().getRateLimit();
        if (limit.getCount() != null && limit.getAllowed() != null) {
            more("(request %d of %d in this minute)".formatted(limit.getCount(), limit.getAllowed()));
        }
        return clients;
    }

    private OAuthClient create() throws OAuthException {
        var body = new OAuthClientRequest("purecloud-oauth tour", GrantType.Code.INSTANCE)
                .withDescription("Made by the tour of purecloud-oauth, which deletes it again")
                .withRegisteredRedirectUri(List.of("https://tour.example.com/callback"))
                .withScope(List.of("users:readonly"));
        var created = api.postOauthClients(body);
        tell("postOauthClients", created.getId() + " " + created.getName() + ", its secret: " + shown(created));
        return created;
    }

    /** Read, change, rotate; and see how much an older client is used. */
    private void workWith(OAuthClient created, OAuthClient older) throws OAuthException, InterruptedException {
        var client = api.getOauthClient(created.getId());
        tell("getOauthClient", client.getName() + ", its secret: " + shown(client));

        var body = client.toRequest().withAccessTokenValiditySeconds(3_600L);
        var changed = api.putOauthClient(created.getId(), body);
        tell("putOauthClient", "tokens now last " + changed.getAccessTokenValiditySeconds() + " s");

        // Sent at most once: where the answer is lost, the old secret may be dead already.
        try {
            var rotated = api.postOauthClientSecret(created.getId());
            var different = !Objects.equals(rotated.getSecret(), created.getSecret());
            var old = different ? "the old one is dead" : "and it is the old one";
            tell("postOauthClientSecret", shown(rotated) + "; " + old);
        } catch (OAuthException.OutcomeUnknown lost) {
            throw new IllegalStateException(
                    "rotate once more to have a secret that is known: " + lost.getMessage(), lost);
        }
        usage(older);
    }

    /** A summary of the last days, and a question of one's own; the second one is waited for. */
    private void usage(OAuthClient client) throws OAuthException, InterruptedException {
        var summary = api.getOauthClientUsageSummary(client.getId(), 7);
        tell("getOauthClientUsageSummary", client.getName() + ": execution " + summary.getExecutionId());

        var now = Instant.now();
        var query = new ApiUsageClientQuery(PureCloudOAuth.usageInterval(now.minus(30, ChronoUnit.DAYS), now))
                .withMetrics(List.of(Metric.Requests.INSTANCE, Metric.Status429.INSTANCE))
                .withGroupBy(List.of(GroupBy.TemplateUri.INSTANCE, GroupBy.HttpMethod.INSTANCE));
        var execution = api.postOauthClientUsageQuery(client.getId(), query);
        tell("postOauthClientUsageQuery", "execution " + execution.getExecutionId());

        var rows = complete(execution.getExecutionId(), client.getId()).getResults();
        var requests =
                rows.stream().map(ApiUsageRow::getRequests).filter(Objects::nonNull).mapToLong(Long::longValue).sum();
        tell("getOauthClientUsageQueryResult", rows.size() + " rows, " + requests + " requests");
    }

    /** Asks until the query is no longer running. */
    private ApiUsageQueryResult complete(String executionId, String clientId)
            throws OAuthException, InterruptedException {
        for (var attempt = 0; attempt < 60; attempt++) {
            var result = api.getOauthClientUsageQueryResult(executionId, clientId);
            var status = result.getQueryStatus();
            if (QueryStatus.Complete.INSTANCE.equals(status)) {
                return result;
            }
            if (!QueryStatus.Running.INSTANCE.equals(status)) {
                throw new IllegalStateException("the usage query is " + Objects.toString(status, "not told"));
            }
            Thread.sleep(500);
        }
        throw new IllegalStateException("the usage query was still running after half a minute");
    }

    /** Only an inactive client can be deleted. */
    private void remove(OAuthClient created) throws OAuthException {
        var client = api.getOauthClient(created.getId());
        api.putOauthClient(created.getId(), client.toRequest().withState(ClientState.Inactive.INSTANCE));
        tell("putOauthClient", "now inactive");
        api.deleteOauthClient(created.getId());
        tell("deleteOauthClient", "gone");
    }

    private static BlockingOAuthApi client() {
        try {
            return BlockingOAuthApi.fromEnv();
        } catch (OAuthException problem) {
            throw new IllegalStateException(
                    problem.getMessage() + "; without an organization: cargo xtask tour java", problem);
        }
    }

    /** Whether there is a secret, not which. */
    private static String shown(OAuthClient client) {
        return client.getSecret() != null ? "shown, this once" : "not shown";
    }

    private static void tell(String operation, String what) {
        System.out.printf("%-36s %s%n", operation, what);
    }

    private static void more(String what) {
        tell("", what);
    }
}
