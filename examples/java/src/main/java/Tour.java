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
 * A tour of the OAuth API: calls each of the 13 operations, in a typical order for an administrator.
 *
 * <p>Reads the vendor's environment variables: {@code GENESYSCLOUD_REGION} (a region, domain or base address), and
 * {@code GENESYSCLOUD_OAUTHCLIENT_ID} with {@code GENESYSCLOUD_OAUTHCLIENT_SECRET}, or
 * {@code GENESYSCLOUD_ACCESS_TOKEN}; or a profile of the vendor's CLI. Against a real organization it creates one
 * client, and deletes it.
 */
public final class Tour {
    public static void main(String[] args) throws InterruptedException {
        try (var api = createApi()) {
            printStep("sign in", api.host().loginUrl());
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
        var clients = listResources();
        var created = create();
        try {
            workWith(created, clients.isEmpty() ? created : clients.get(0));
        } finally {
            // The created client is deleted even if a step has failed.
            remove(created);
        }
    }

    /** Reads the scopes, the authorizations and the clients of the organization, and returns the clients. */
    private List<OAuthClient> listResources() throws OAuthException {
        var scopes = api.getOauthScopes().getEntities();
        printStep("getOauthScopes", scopes.size() + " scopes");

        var scope = api.getOauthScope("users:readonly", "de");
        printStep("getOauthScope", scope.getId() + ": " + scope.getDescription());

        var authorizations = api.getOauthAuthorizations().getEntities();
        printStep("getOauthAuthorizations", authorizations.size() + " authorizations");

        var authorized =
                authorizations.stream().map(OAuthAuthorization::getClient).filter(Objects::nonNull).findFirst();
        if (authorized.isPresent()) {
            var client = authorized.get();
            var authorization = api.getOauthAuthorization(client.getId());
            var state = Objects.toString(authorization.getState(), "in an unknown state");
            printStep(
                    "getOauthAuthorization",
                    client.getName() + " is " + state + ", with " + String.join(" ", authorization.getScope()));
        } else {
            printStep("getOauthAuthorization", "skipped: this user has authorized no client");
        }

        var response = api.getOauthClientsWithHttpInfo();
        var clients = response.getValue().getEntities();
        printStep("getOauthClients", clients.size() + " clients");
        clients.stream().limit(3).forEach(client -> {
            var grantType = Objects.toString(client.getAuthorizedGrantType(), "unknown");
            printDetail("%-32s %s".formatted(client.getName(), grantType));
        });
        var limit = response.getMetadata().getRateLimit();
        if (limit.getCount() != null && limit.getAllowed() != null) {
            printDetail("(request %d of %d in this minute)".formatted(limit.getCount(), limit.getAllowed()));
        }
        return clients;
    }

    private OAuthClient create() throws OAuthException {
        var body = new OAuthClientRequest("purecloud-oauth tour", GrantType.Code.INSTANCE)
                .withDescription("Created by the tour of purecloud-oauth, which deletes it again")
                .withRegisteredRedirectUri(List.of("https://tour.example.com/callback"))
                .withScope(List.of("users:readonly"));
        var created = api.postOauthClients(body);
        printStep(
                "postOauthClients",
                created.getId() + " " + created.getName() + ", its secret: " + describeSecret(created));
        return created;
    }

    /** Reads and changes the created client, rotates its secret, and queries the usage of an older client. */
    private void workWith(OAuthClient created, OAuthClient older) throws OAuthException, InterruptedException {
        var client = api.getOauthClient(created.getId());
        printStep("getOauthClient", client.getName() + ", its secret: " + describeSecret(client));

        var body = client.toRequest().withAccessTokenValiditySeconds(3_600L);
        var changed = api.putOauthClient(created.getId(), body);
        printStep("putOauthClient", "tokens now last " + changed.getAccessTokenValiditySeconds() + " s");

        // A lost rotation is never retried, because the old secret may already be invalid.
        try {
            var rotated = api.postOauthClientSecret(created.getId());
            var different = !Objects.equals(rotated.getSecret(), created.getSecret());
            var old = different ? "the old secret is no longer valid" : "but it equals the old secret";
            printStep("postOauthClientSecret", describeSecret(rotated) + "; " + old);
        } catch (OAuthException.OutcomeUnknown lost) {
            throw new IllegalStateException(
                    "the outcome of the rotation is unknown, so rotate again: " + lost.getMessage(), lost);
        }
        queryUsage(older);
    }

    /** Starts a usage summary and a usage query, and waits for the result of the query. */
    private void queryUsage(OAuthClient client) throws OAuthException, InterruptedException {
        var summary = api.getOauthClientUsageSummary(client.getId(), 7);
        printStep("getOauthClientUsageSummary", client.getName() + ": execution " + summary.getExecutionId());

        var now = Instant.now();
        var query = new ApiUsageClientQuery(PureCloudOAuth.usageInterval(now.minus(30, ChronoUnit.DAYS), now))
                .withMetrics(List.of(Metric.Requests.INSTANCE, Metric.Status429.INSTANCE))
                .withGroupBy(List.of(GroupBy.TemplateUri.INSTANCE, GroupBy.HttpMethod.INSTANCE));
        var execution = api.postOauthClientUsageQuery(client.getId(), query);
        printStep("postOauthClientUsageQuery", "execution " + execution.getExecutionId());

        var rows = waitForResult(execution.getExecutionId(), client.getId()).getResults();
        var requests =
                rows.stream().map(ApiUsageRow::getRequests).filter(Objects::nonNull).mapToLong(Long::longValue).sum();
        printStep("getOauthClientUsageQueryResult", rows.size() + " rows, " + requests + " requests");
    }

    /** Polls the result until the query is no longer running. */
    private ApiUsageQueryResult waitForResult(String executionId, String clientId)
            throws OAuthException, InterruptedException {
        for (var attempt = 0; attempt < 60; attempt++) {
            var result = api.getOauthClientUsageQueryResult(executionId, clientId);
            var status = result.getQueryStatus();
            if (QueryStatus.Complete.INSTANCE.equals(status)) {
                return result;
            }
            if (!QueryStatus.Running.INSTANCE.equals(status)) {
                throw new IllegalStateException(
                        "the status of the usage query is " + Objects.toString(status, "unknown"));
            }
            Thread.sleep(500);
        }
        throw new IllegalStateException("the usage query was still running after half a minute");
    }

    /** Deactivates and deletes a client: only inactive clients can be deleted. */
    private void remove(OAuthClient created) throws OAuthException {
        var client = api.getOauthClient(created.getId());
        api.putOauthClient(created.getId(), client.toRequest().withState(ClientState.Inactive.INSTANCE));
        printStep("putOauthClient", "now inactive");
        api.deleteOauthClient(created.getId());
        printStep("deleteOauthClient", "deleted");
    }

    private static BlockingOAuthApi createApi() {
        try {
            return BlockingOAuthApi.fromEnv();
        } catch (OAuthException problem) {
            throw new IllegalStateException(
                    problem.getMessage() + "; to run the tour without an organization: cargo xtask tour java", problem);
        }
    }

    /** Describes whether the response contains a secret, without showing the secret. */
    private static String describeSecret(OAuthClient client) {
        return client.getSecret() != null ? "returned in this response only" : "not returned";
    }

    private static void printStep(String operation, String result) {
        System.out.printf("%-36s %s%n", operation, result);
    }

    private static void printDetail(String detail) {
        printStep("", detail);
    }
}
