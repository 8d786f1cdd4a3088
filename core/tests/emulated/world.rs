//! The fixture of the tests: an emulator, a clock that tests advance, and a log that is searched for secrets when the
//! test ends.

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use purecloud_oauth::{
    ClientState, Clock, Config, ConfigBuilder, Credentials, Error, GrantType, Host, OAuthApi,
    OAuthClientRequest, Wait,
};
use purecloud_oauth_emulator::{ClientCredentials, Emulator, EmulatorBuilder};
use tokio::sync::watch;
use tracing_subscriber::fmt::MakeWriter;

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) clock: TestClock,
    logged_from: usize,
    known_secrets: Mutex<HashSet<String>>,
}

/// The ids of the resources that the operations are called with.
#[derive(Clone)]
pub(crate) struct Ids {
    pub(crate) client_id: String,
    /// The id of an inactive client, which can be deleted.
    pub(crate) deletable_id: String,
    pub(crate) authorized_id: String,
    pub(crate) scope_id: String,
    pub(crate) execution_id: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        World::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(build: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let logged_from = log_length();
        // The rate limit is disabled unless a test sets it.
        let builder = Emulator::builder().rate_limit(1_000_000, Duration::from_secs(60));
        let emulator = build(builder).start().await.expect("an emulator");
        World { emulator, clock: TestClock::new(), logged_from, known_secrets: Mutex::default() }
    }

    pub(crate) fn host(&self) -> Host {
        Host::url(self.emulator.base_url()).expect("the emulator's address")
    }

    pub(crate) fn credentials(&self) -> Credentials {
        as_credentials(&self.emulator.administrator())
    }

    /// Returns settings with the administrator's credentials and the clock of this world.
    pub(crate) fn config(&self) -> ConfigBuilder {
        self.config_for(self.credentials())
    }

    pub(crate) fn config_for(&self, credentials: Credentials) -> ConfigBuilder {
        Config::builder(self.host(), credentials).clock(self.clock.clone())
    }

    pub(crate) fn api(&self) -> OAuthApi {
        api(self.config())
    }

    pub(crate) fn api_for(&self, client: &ClientCredentials) -> OAuthApi {
        api(self.config_for(as_credentials(client)))
    }

    /// Creates the resources that the operations need, and resets the emulator's counts.
    pub(crate) async fn create_resources(&self) -> Ids {
        let roots = self.emulator.ca_certificate_pem();
        let api = api(roots.into_iter().fold(self.config(), |config, roots| config.root_certificates(roots)));
        let mut body = OAuthClientRequest::new("Wartungsfenster – Graz", GrantType::Code);
        body.registered_redirect_uri = Some(vec!["https://wartung.example.at/callback".to_owned()]);
        body.scope = Some(vec!["users:readonly".to_owned()]);
        let client_id = api.post_oauth_clients(&body).await.expect("a client").id;
        body.state = Some(ClientState::Inactive);
        let deletable_id = api.post_oauth_clients(&body).await.expect("an inactive client").id;
        let query = super::cases::usage_query();
        let execution = api.post_oauth_client_usage_query(&client_id, &query).await.expect("an execution");
        let authorizations = api.get_oauth_authorizations(None).await.expect("authorizations");
        let authorized_id = authorizations
            .entities
            .iter()
            .find_map(|one| one.client.as_ref())
            .expect("an authorized client")
            .id
            .clone();
        self.secrets();
        self.emulator.reset_counts();
        Ids {
            client_id,
            deletable_id,
            authorized_id,
            scope_id: "users:readonly".to_owned(),
            execution_id: execution.execution_id,
        }
    }

    /// Returns all secrets of this test: those known at the last call, and those that have been added since.
    fn secrets(&self) -> HashSet<String> {
        let mut secrets = self.known_secrets.lock().unwrap();
        for request in self.emulator.received() {
            let value = request
                .header("authorization")
                .and_then(|value| value.split_once(' '))
                .map(|(_, value)| value);
            secrets.extend(value.map(str::to_owned));
            let form = url::form_urlencoded::parse(request.body.as_ref()).into_owned();
            let secret = ["assertion", "code", "code_verifier", "refresh_token"];
            secrets.extend(form.filter(|(name, _)| secret.contains(&name.as_str())).map(|(_, value)| value));
        }
        for client in self.emulator.seeded_clients() {
            secrets.extend(client["id"].as_str().and_then(|id| self.emulator.current_secret(id)));
        }
        secrets.insert(self.emulator.administrator().client_secret);
        secrets.retain(|secret| secret.len() > 8);
        secrets.clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert_no_secret("the log at TRACE", &logged_since(self.logged_from), &self.secrets());
    }
}

pub(crate) fn assert_no_secret(place: &str, printed: &str, secrets: &HashSet<String>) {
    for secret in secrets {
        if let Some(found) = printed.find(secret.as_str()) {
            let line = printed[..found].rfind('\n').map_or(0, |start| start + 1);
            panic!("{place} holds a secret: {}***", &printed[line..found]);
        }
    }
}

pub(crate) fn api(config: ConfigBuilder) -> OAuthApi {
    OAuthApi::new(config.build().expect("settings"))
}

pub(crate) fn as_credentials(client: &ClientCredentials) -> Credentials {
    Credentials::client_credentials(&client.client_id, client.client_secret.as_str())
}

/// Returns the error of a result, after checking that none of its printed forms contains a secret.
pub(crate) fn error_of<T: std::fmt::Debug>(world: &World, result: Result<T, Error>) -> Error {
    let error = result.expect_err("an error");
    let mut printed = format!("{error}\n{error:?}\n{error:#?}");
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        printed.push_str(&format!("\n{deeper}\n{deeper:?}"));
        cause = deeper.source();
    }
    assert_no_secret("an error", &printed, &world.secrets());
    error
}

/// A clock that stands still. A wait between attempts ends immediately and advances the clock; a limit is reached only
/// if a test advances the clock beyond it.
#[derive(Clone)]
pub(crate) struct TestClock {
    start: Instant,
    passed: watch::Sender<Duration>,
    waits: Arc<Mutex<Vec<(Wait, Duration)>>>,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        TestClock { start: Instant::now(), passed: watch::Sender::new(Duration::ZERO), waits: Arc::default() }
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.passed.send_modify(|passed| *passed += time);
    }

    /// Returns the waits between attempts so far.
    pub(crate) fn waits(&self) -> Vec<(Wait, Duration)> {
        self.waits.lock().unwrap().clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.start + *self.passed.borrow()
    }

    fn sleep(&self, duration: Duration, wait: Wait) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if matches!(wait, Wait::Backoff | Wait::RetryAfter) {
            self.waits.lock().unwrap().push((wait, duration));
            self.advance(duration);
            return Box::pin(std::future::ready(()));
        }
        let end = *self.passed.borrow() + duration;
        let mut passed = self.passed.subscribe();
        Box::pin(async move {
            let _ = passed.wait_for(|passed| *passed >= end).await;
        })
    }
}

type Log = Arc<Mutex<Vec<u8>>>;

#[derive(Clone)]
struct LogWriter(Log);

impl io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LogWriter;

    fn make_writer(&'a self) -> LogWriter {
        self.clone()
    }
}

/// Returns the current length of the process's log.
pub(crate) fn log_length() -> usize {
    captured_log().lock().unwrap().len()
}

/// Returns the part of the log after this length.
pub(crate) fn logged_since(length: usize) -> String {
    String::from_utf8_lossy(&captured_log().lock().unwrap()[length..]).into_owned()
}

/// Returns the log, which captures all traces of this process at level TRACE from the first call on.
fn captured_log() -> &'static Log {
    static LOG: std::sync::LazyLock<Log> = std::sync::LazyLock::new(Log::default);
    static SUBSCRIBE: Once = Once::new();
    SUBSCRIBE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_writer(LogWriter(Log::clone(&LOG)))
            .init();
    });
    &LOG
}
