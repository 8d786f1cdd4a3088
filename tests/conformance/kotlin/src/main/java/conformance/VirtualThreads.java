package conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import purecloud.oauth.BlockingOAuthApi;

/** Makes concurrent blocking calls in virtual threads (Java 21), which must not block other virtual threads. */
public final class VirtualThreads {
    private static final int CALLS = 1_000;
    private static final int WARM_UP = 500;
    private static final Duration MAX_DURATION = Duration.ofSeconds(3);
    private static final Duration MAX_DELAY = Duration.ofMillis(200);

    public static void main(String[] arguments) throws Exception {
        var threads = virtualThreads();
        var server = new SlowServer();
        try (var api = new BlockingOAuthApi(server.config())) {
            // The first calls run in the JVM's interpreter, so they are slower.
            callConcurrently(WARM_UP, api, threads);
            callConcurrently(CALLS, api, threads);
            WaitingCalls.interruptCall(server, api, threads);
        }
    }

    private static void callConcurrently(int number, BlockingOAuthApi api, ThreadFactory threads) throws Exception {
        var isFinished = new AtomicBoolean();
        var sleeper = new FutureTask<>(() -> longestDelay(isFinished));
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
        isFinished.set(true);
        var delay = sleeper.get(60, TimeUnit.SECONDS);
        System.out.println(number + " calls of 1 s took " + taken + ", a sleeping thread was delayed by " + delay);
        WaitingCalls.equal(true, taken.compareTo(MAX_DURATION) < 0);
        WaitingCalls.equal(true, delay.compareTo(MAX_DELAY) <= 0);
    }

    private static Duration longestDelay(AtomicBoolean isFinished) throws InterruptedException {
        var sleep = Duration.ofMillis(10);
        var longest = Duration.ZERO;
        while (!isFinished.get()) {
            var start = System.nanoTime();
            Thread.sleep(sleep.toMillis());
            var delay = Duration.ofNanos(System.nanoTime() - start).minus(sleep);
            longest = delay.compareTo(longest) > 0 ? delay : longest;
        }
        return longest;
    }

    /** Returns a factory of virtual threads. Uses reflection because this file is compiled for Java 17. */
    private static ThreadFactory virtualThreads() throws ReflectiveOperationException {
        var builder = Thread.class.getMethod("ofVirtual").invoke(null);
        var type = Class.forName("java.lang.Thread$Builder");
        return (ThreadFactory) type.getMethod("factory").invoke(builder);
    }
}
