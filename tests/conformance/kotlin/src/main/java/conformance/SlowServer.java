package conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import purecloud.oauth.Config;
import purecloud.oauth.Credentials;
import purecloud.oauth.Host;
import purecloud.oauth.OAuthException;
import purecloud.oauth.Secret;

/**
 * A server that returns each scope after a second, and never returns the scope {@link #HANGS}. One thread serves any
 * number of requests at once.
 */
final class SlowServer {
    static final String HANGS = "hangs";
    static final Duration DELAY = Duration.ofSeconds(1);

    private static final String BODY = "{\"id\": \"users\", \"description\": \"Benutzer verwalten\"}";
    private static final ByteBuffer RESPONSE = StandardCharsets.US_ASCII.encode(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + BODY.length() + "\r\n\r\n"
                    + BODY);

    private record DelayedResponse(SocketChannel connection, long nanoTime) {}

    private final Selector selector = Selector.open();
    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final Queue<DelayedResponse> responses = new ArrayDeque<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger hanging = new AtomicInteger();

    SlowServer() throws IOException {
        listener.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 2_000);
        listener.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
        var thread = new Thread(this::serve, "slow-server");
        thread.setDaemon(true);
        thread.start();
    }

    Config config() throws IOException, OAuthException {
        var port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
        var credentials = Credentials.accessToken(new Secret("hq3KpZ0vX1yT7wB9"));
        return new Config(Host.url("http://127.0.0.1:" + port), credentials).withDeadline(Duration.ofSeconds(60));
    }

    int requests() {
        return requests.get();
    }

    void awaitHanging(int expected, Duration limit) throws InterruptedException {
        var end = System.nanoTime() + limit.toNanos();
        while (hanging.get() != expected) {
            if (System.nanoTime() > end) {
                throw new AssertionError(hanging + " requests are open after " + limit + ", not " + expected);
            }
            Thread.sleep(2);
        }
    }

    private void serve() {
        try {
            while (true) {
                var next = responses.peek();
                var delay = next == null ? 1_000 : TimeUnit.NANOSECONDS.toMillis(next.nanoTime - System.nanoTime());
                selector.select(Math.max(1, delay));
                for (var key : selector.selectedKeys()) {
                    if (key.isAcceptable()) {
                        accept();
                    } else {
                        read(key);
                    }
                }
                selector.selectedKeys().clear();
                respond();
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void accept() throws IOException {
        for (var accepted = listener.accept(); accepted != null; accepted = listener.accept()) {
            accepted.configureBlocking(false).register(selector, SelectionKey.OP_READ, new StringBuilder());
        }
    }

    private void read(SelectionKey key) throws IOException {
        var connection = (SocketChannel) key.channel();
        var received = (StringBuilder) key.attachment();
        var buffer = ByteBuffer.allocate(4_096);
        int length;
        try {
            length = connection.read(buffer);
        } catch (IOException reset) {
            length = -1;
        }
        if (length < 0) {
            if (received.indexOf(HANGS) >= 0) {
                hanging.decrementAndGet();
            }
            connection.close();
            return;
        }
        received.append(StandardCharsets.US_ASCII.decode(buffer.flip()));
        if (received.indexOf("\r\n\r\n") < 0) {
            return;
        }
        requests.incrementAndGet();
        if (received.indexOf(HANGS) >= 0) {
            hanging.incrementAndGet();
        } else {
            received.setLength(0);
            responses.add(new DelayedResponse(connection, System.nanoTime() + DELAY.toNanos()));
        }
    }

    private void respond() throws IOException {
        while (!responses.isEmpty() && responses.peek().nanoTime <= System.nanoTime()) {
            var connection = responses.remove().connection;
            // The library closes the connections of cancelled calls.
            if (connection.isOpen()) {
                try {
                    connection.write(RESPONSE.duplicate());
                } catch (IOException reset) {
                    connection.close();
                }
            }
        }
    }
}
