package conformance;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import purecloud.oauth.AsyncOAuthApi;
import purecloud.oauth.BlockingOAuthApi;
import purecloud.oauth.OAuthException;

/** Cancels calls in both ways that Java has: interrupting a blocked thread, and cancelling a future. */
public final class WaitingCalls {
    private static final Duration CLOSE_LIMIT = Duration.ofMillis(200);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    public static void main(String[] arguments) throws Exception {
        var server = new SlowServer();
        try (var api = new BlockingOAuthApi(server.config())) {
            api.getOauthScope("users");
            interruptCall(server, api, Thread::new);
            callAfterInterrupt(server, api);
        }
        try (var api = new AsyncOAuthApi(server.config())) {
            checkFutures(api);
            completeEarly(server, api);
        }
    }

    /** Interrupts a call. The request is closed, and the thread stays interrupted. */
    static void interruptCall(SlowServer server, BlockingOAuthApi api, ThreadFactory threads) throws Exception {
        var outcome = new FutureTask<>(() -> {
            try {
                return "returned " + api.getOauthScope(SlowServer.HANGS);
            } catch (CancellationException expected) {
                return "interrupted: " + Thread.currentThread().isInterrupted();
            }
        });
        var thread = threads.newThread(outcome);
        thread.start();
        server.awaitHanging(1, LIMIT);
        thread.interrupt();
        server.awaitHanging(0, CLOSE_LIMIT);
        equal("interrupted: true", outcome.get(LIMIT.toSeconds(), TimeUnit.SECONDS));
    }

    private static void callAfterInterrupt(SlowServer server, BlockingOAuthApi api) throws OAuthException {
        var before = server.requests();
        Thread.currentThread().interrupt();
        try {
            api.getOauthScope("users");
            throw new AssertionError("a call of an interrupted thread has returned");
        } catch (CancellationException expected) {
            equal(true, Thread.interrupted());
        }
        equal(before, server.requests());
    }

    /** Checks overloads, values and errors of futures, and the thread that runs their dependent stages. */
    private static void checkFutures(AsyncOAuthApi api) throws Exception {
        var scope = api.getOauthScope("users");
        var thread = scope.thenApply(value -> Thread.currentThread().getName());
        equal("users", scope.get(LIMIT.toSeconds(), TimeUnit.SECONDS).getId());
        equal(false, thread.get().startsWith("purecloud-oauth"));
        equal(200, (int) api.getOauthScopeWithHttpInfo("users", "de").get().getMetadata().getStatus());
        equal("AsyncOAuthApi", api.toString());
        try {
            api.deleteOauthClient("..").get();
            throw new AssertionError("the id .. is accepted");
        } catch (ExecutionException failed) {
            equal(OAuthException.InvalidArgument.class, failed.getCause().getClass());
        }
    }

    /** Completes futures early. Each request is closed, even while a dependent stage is still running. */
    private static void completeEarly(SlowServer server, AsyncOAuthApi api) throws Exception {
        CompletableFuture<?> cancelled = api.getOauthScope(SlowServer.HANGS);
        server.awaitHanging(1, LIMIT);
        equal(true, cancelled.cancel(true));
        server.awaitHanging(0, CLOSE_LIMIT);
        try {
            cancelled.join();
            throw new AssertionError("a cancelled call has returned");
        } catch (CancellationException expected) {
            equal(true, cancelled.isCancelled());
        }

        CompletableFuture<?> overdue = api.getOauthScope(SlowServer.HANGS).orTimeout(50, TimeUnit.MILLISECONDS);
        var dependent = overdue.handle((value, failure) -> {
            try {
                server.awaitHanging(0, CLOSE_LIMIT);
                return "closed";
            } catch (InterruptedException | AssertionError open) {
                return open.toString();
            }
        });
        equal("closed", dependent.get(LIMIT.toSeconds(), TimeUnit.SECONDS));

        // Cancelled calls do not affect the other calls, at whatever stage they are cancelled.
        var all = new CompletableFuture<?>[200];
        for (var number = 0; number < all.length; number++) {
            all[number] = api.getOauthScope("users");
        }
        for (var number = 0; number < all.length; number += 2) {
            all[number].cancel(false);
        }
        for (var number = 1; number < all.length; number += 2) {
            all[number].get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    static void equal(Object expected, Object found) {
        if (!expected.equals(found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }
}
