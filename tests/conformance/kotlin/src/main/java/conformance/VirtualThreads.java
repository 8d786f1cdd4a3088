package conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import purecloud.oauth.BlockingOAuthApi;

/** Blocking calls of virtual threads, which need Java 21: they wait at once, and hold up no other virtual thread. */
public final class VirtualThreads {
    private static final int CALLS = 1_000;
    private static final int WARM_UP = 500;
    private static final Duration MOST = Duration.ofSeconds(3);
    private static final Duration LATEST = Duration.ofMillis(200);

    public static void main(String[] arguments) throws Exception {
        var threads = virtualThreads();
        var server = new SlowServer();
        try (var api = new BlockingOAuthApi(server.config())) {
            // A cold JVM interprets what the calls execute.
            atOnce(WARM_UP, api, threads);
            atOnce(CALLS, api, threads);
            WaitingCalls.interrupting(server, api, threads);
        }
    }

    private static void atOnce(int number, BlockingOAuthApi api, ThreadFactory threads) throws Exception {
        var isOver = new AtomicBoolean();
        var sleeper = new FutureTask<>(() -> longestDelay(isOver));
        threads.newThread(sleeper).start();

        var start = System.nanoTime();
        var calls = new ArrayList<FutureTask<String>>();
        for (var started = 0; started < number; started++) {
            var call = new FutureTask<>(() -> api.getOauthScope("users").getId());
            threads.newThread(call).start();
            calls.add(call);
        }
        for (var call : calls) {
            WaitingCalls.equal("users", call.get(60, TimeUnit.SECONDS));
        }
        var taken = Duration.ofNanos(System.nanoTime() - start);
        isOver.set(true);
        var late = sleeper.get(60, TimeUnit.SECONDS);
        System.out.println(number + " calls of 1 s took " + taken + ", a sleeping thread was late by " + late);
        WaitingCalls.equal(true, taken.compareTo(MOST) < 0);
        WaitingCalls.equal(true, late.compareTo(LATEST) <= 0);
    }

    private static Duration longestDelay(AtomicBoolean isOver) throws InterruptedException {
        var sleep = Duration.ofMillis(10);
        var longest = Duration.ZERO;
        while (!isOver.get()) {
            var start = System.nanoTime();
            Thread.sleep(sleep.toMillis());
            var late = Duration.ofNanos(System.nanoTime() - start).minus(sleep);
            longest = late.compareTo(longest) > 0 ? late : longest;
        }
        return longest;
    }

    /** By reflection: this is compiled for Java 17. */
    private static ThreadFactory virtualThreads() throws ReflectiveOperationException {
        var builder = Thread.class.getMethod("ofVirtual").invoke(null);
        var type = Class.forName("java.lang.Thread$Builder");
        return (ThreadFactory) type.getMethod("factory").invoke(builder);
    }
}
