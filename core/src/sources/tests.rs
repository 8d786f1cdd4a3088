use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::{Environment, Found, Sources, find, find_in};
use crate::config::Config;
use crate::credentials::{Credentials, Session};
use crate::error::Error;
use crate::host::{Gateway, Host};
use crate::models::Timestamp;
use crate::region::Region;
use crate::retry_policy::RetryPolicy;

const NOW: &str = "2026-11-21T12:00:00Z";

const CLI_FILE: &str = ".gc/config.toml";
const PYTHON_FILE: &str = ".genesyscloudpython/config";
const JAVA_FILE: &str = ".genesyscloudjava/config";
const JAVASCRIPT_FILE: &str = ".genesyscloudjavascript/config";
const DOTNET_FILE: &str = ".genesysclouddotnet/config";
const GO_FILE: &str = ".genesyscloudgo/config";

const ENVIRONMENTS_TOKEN: &str = "Zq8ThH3vNf5LkXw2RbYd7JmC";
const ENVIRONMENTS_SECRET: &str = "kV2uE9pQxT4sWm7zHb1cRf6n";
const CLIS_SECRET: &str = "Gh7tYk3nPw9dLs5vXe2jQa8m";
const CLIS_TOKEN: &str = "bR4xUc8mKt1wJz6pNy3gFd9h";
const KEPT_TOKEN: &str = "Wd5sVj2qMe7rCk9tBx4nHg1z";
const PROXYS_PASSWORD: &str = "s#cret:pa/ss";
const GATEWAYS_PASSWORD: &str = "Lm9;bT3#kQ6v";

const SECRETS: [&str; 7] = [
    ENVIRONMENTS_TOKEN,
    ENVIRONMENTS_SECRET,
    CLIS_SECRET,
    CLIS_TOKEN,
    KEPT_TOKEN,
    PROXYS_PASSWORD,
    GATEWAYS_PASSWORD,
];

/// A file as the CLI writes it: names in lower case, and all keys in order.
const WRITTEN_BY_CLI: &str = "[default]
access_token = ''
client_credentials = '5b8f1e2c-7d3a-4c69-9e0f-2a1b3c4d5e6f'
client_secret = 'Gh7tYk3nPw9dLs5vXe2jQa8m'
environment = 'mypurecloud.de'
gateway_host = ''
gateway_password = ''
gateway_pathparams = '{}'
gateway_port = ''
gateway_protocol = ''
gateway_username = ''
grant_type = '1'
oauth_token_data = '{\"access_token\":\"Wd5sVj2qMe7rCk9tBx4nHg1z\",\"token_type\":\"bearer\",\"expires_in\":86399,\"error\":\"\",\"oauth_token_expiry\":\"2026-11-22T09:20:24+01:00\"}'
proxy_host = ''
proxy_password = ''
proxy_pathparams = '{}'
proxy_port = ''
proxy_protocol = ''
proxy_username = ''
redirect_uri = ''
secure_login_enabled = false

[tester]
access_token = ''
client_credentials = '0d9c8b7a-6f5e-4d3c-2b1a-0f9e8d7c6b5a'
client_secret = ''
environment = 'usw2.pure.cloud'
grant_type = '3'
oauth_token_data = '{\"access_token\":\"Wd5sVj2qMe7rCk9tBx4nHg1z\",\"token_type\":\"bearer\",\"expires_in\":86399,\"error\":\"\",\"oauth_token_expiry\":\"2026-11-22T09:20:24+01:00\"}'
redirect_uri = 'http://localhost:0'
secure_login_enabled = false
";

/// A file as the CLI's documentation describes it for users who write it by hand.
const WRITTEN_BY_HAND: &str = "[DEFAULT]
environment=\"mypurecloud.ie\"
client_credentials=\"5b8f1e2c-7d3a-4c69-9e0f-2a1b3c4d5e6f\"
client_secret=\"Gh7tYk3nPw9dLs5vXe2jQa8m\"

[test_pro_2]
environment=\"ap-southeast-2\"
access_token=\"bR4xUc8mKt1wJz6pNy3gFd9h\"
";

const SDK_INI: &str = "[logging]
log_level = trace
log_file_path = C:\\Temp\\pythonsdk.log
; who signs in is said elsewhere
[retry]
retry_wait_min = 3
retry_wait_max = 10
retry_max = 5
[reauthentication]
refresh_access_token = true
[general]
live_reload_config = true
host = https://api.mypurecloud.jp
";

const SDK_JSON: &str = "{
    \"logging\": { \"log_level\": \"trace\", \"log_to_console\": false },
    \"retry\": { \"retry_wait_min\": 3, \"retry_wait_max\": 10, \"retry_max\": 5 },
    \"general\": { \"live_reload_config\": true, \"host\": \"https://api.mypurecloud.jp\" },
    \"gateway\": {
        \"host\": \"mygateway.mydomain.myextension\",
        \"protocol\": \"https\",
        \"port\": 1443,
        \"path_params_login\": \"myadditionalpathforlogin\",
        \"path_params_api\": \"myadditionalpathforapi\",
        \"username\": \"username\",
        \"password\": \"Lm9;bT3#kQ6v\"
    }
}";

const GO_INI: &str = "[proxy]
port = 8888
host = proxy.example.com
protocol = http
auth-username = jane
auth-password = s#cret:pa/ss
path-params = login:loginpath,other:generalpath
[gateway]
host = gateway.example.com
port = 8443
path-params = login:/signin/, api:calls
";

const GO_JSON: &str = "{
    \"proxy\": {
        \"host\": \"proxy.example.com\",
        \"protocol\": \"http\",
        \"port\": \"8888\",
        \"auth\": { \"username\": \"jane\", \"password\": \"s#cret:pa/ss\" },
        \"pathParams\": [{ \"pathName\": \"login\", \"pathValue\": \"loginpath\" }]
    },
    \"gateway\": {
        \"host\": \"gateway.example.com\",
        \"port\": \"8443\",
        \"pathParams\": [
            { \"pathName\": \"login\", \"pathValue\": \"signin\" },
            { \"pathName\": \"api\", \"pathValue\": \"calls\" }
        ]
    }
}";

/// A machine: its home folder and its environment.
struct Machine {
    home: TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

impl Machine {
    fn new() -> Self {
        Machine { home: TempDir::new().expect("a folder"), variables: Vec::new() }
    }

    /// Adds a file that only its owner may read.
    fn file(self, path: &str, text: &str) -> Self {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        #[cfg(unix)]
        set_mode(&path, 0o600);
        self
    }

    fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn with_client(self) -> Self {
        self.variable("GENESYSCLOUD_OAUTHCLIENT_ID", "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d")
            .variable("GENESYSCLOUD_OAUTHCLIENT_SECRET", ENVIRONMENTS_SECRET)
    }

    fn find(&self, change: impl FnOnce(&mut Sources)) -> Result<Found, Error> {
        self.find_from(change, Some(self.home.path().to_owned()))
    }

    /// Finds the settings, and checks that no printed result shows a secret.
    fn find_from(&self, change: impl FnOnce(&mut Sources), home: Option<PathBuf>) -> Result<Found, Error> {
        let mut sources = Sources::default();
        change(&mut sources);
        let variable = |name: &str| {
            let mut set = self.variables.iter();
            set.find_map(|(known, value)| (*known == name).then(|| (*value).to_owned()))
        };
        let environment = Environment { variable: &variable, home, now: NOW.parse().expect("a timestamp") };
        let result = find_in(&sources, &environment);
        let printed = match &result {
            Ok(found) => format!("{found:?} {found:#?}"),
            Err(error) => format!("{error} {error:?} {error:#?}"),
        };
        for secret in SECRETS {
            assert!(!printed.contains(secret), "{printed}");
        }
        result
    }

    fn found(&self) -> Found {
        self.find(|_| {}).expect("settings")
    }

    fn refusal(&self) -> String {
        self.find(|_| {}).expect_err("no settings").to_string()
    }

    fn host(&self) -> Host {
        self.find(|sources| sources.credentials = Some(given_credentials())).expect("settings").host
    }
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the test's own file");
}

fn given_credentials() -> Credentials {
    Credentials::access_token("Tn6yBq1wKs8eVx3cMz5jRg9d")
}

fn environments_client() -> Credentials {
    Credentials::client_credentials("9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d", ENVIRONMENTS_SECRET)
}

fn clis_client() -> Credentials {
    Credentials::client_credentials("5b8f1e2c-7d3a-4c69-9e0f-2a1b3c4d5e6f", CLIS_SECRET)
}

fn tokyo() -> Host {
    Region::ApNortheast1.into()
}

#[test]
fn the_environment_alone_is_enough() {
    let machine = Machine::new().with_client().variable("GENESYSCLOUD_REGION", "eu-central-1");
    let found = machine.found();
    assert_eq!(found.credentials, environments_client());
    assert_eq!(found.host, Region::EuCentral1.into());
    assert_eq!((found.proxy, found.retry), (None, None));
    assert!(found.warnings.is_empty());

    let machine = Machine::new().variable("GENESYSCLOUD_ACCESS_TOKEN", ENVIRONMENTS_TOKEN);
    let found = machine.found();
    assert_eq!(found.credentials, Credentials::access_token(ENVIRONMENTS_TOKEN));
    assert_eq!(found.host, Region::UsEast1.into());
}

#[test]
fn a_profile_alone_is_enough() {
    for (text, host) in [(WRITTEN_BY_CLI, Region::EuCentral1), (WRITTEN_BY_HAND, Region::EuWest1)] {
        let found = Machine::new().file(CLI_FILE, text).found();
        assert_eq!(found.credentials, clis_client());
        assert_eq!(found.host, host.into());
        assert_eq!((found.proxy, found.retry), (None, None));
        assert!(found.warnings.is_empty());
    }
}

#[test]
fn the_credentials_are_those_of_the_first_complete_source() {
    let mut machine = Machine::new()
        .file(CLI_FILE, WRITTEN_BY_CLI)
        .with_client()
        .variable("GENESYSCLOUD_ACCESS_TOKEN", ENVIRONMENTS_TOKEN);
    let found = machine.find(|sources| sources.credentials = Some(given_credentials())).expect("settings");
    assert_eq!(found.credentials, given_credentials());
    assert_eq!(machine.found().credentials, Credentials::access_token(ENVIRONMENTS_TOKEN));
    machine.variables.retain(|(name, _)| *name != "GENESYSCLOUD_ACCESS_TOKEN");
    assert_eq!(machine.found().credentials, environments_client());
    let found = machine.find(|sources| sources.environment = false).expect("settings");
    assert_eq!(found.credentials, clis_client());
    machine.variables.clear();
    assert_eq!(machine.found().credentials, clis_client());
}

#[test]
fn the_host_comes_from_the_profile_of_the_credentials_then_the_environment_then_an_sdks_file() {
    let machine = Machine::new()
        .file(CLI_FILE, WRITTEN_BY_CLI)
        .file(JAVA_FILE, SDK_INI)
        .variable("GENESYSCLOUD_REGION", "mypurecloud.com.au");
    let host = |change: fn(&mut Sources)| machine.find(change).expect("settings").host;
    assert_eq!(host(|sources| sources.host = Some(Region::SaEast1.into())), Region::SaEast1.into());
    assert_eq!(host(|_| {}), Region::EuCentral1.into());
    assert_eq!(host(|sources| sources.credentials = Some(given_credentials())), Region::ApSoutheast2.into());
    assert_eq!(
        host(|sources| {
            sources.credentials = Some(given_credentials());
            sources.environment = false;
        }),
        tokyo()
    );
    assert_eq!(
        host(|sources| {
            sources.credentials = Some(given_credentials());
            sources.environment = false;
            sources.sdk_files = false;
        }),
        Region::UsEast1.into()
    );
}

#[test]
fn incomplete_credentials_are_ignored_with_a_warning() {
    for (name, lack) in [
        ("GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET"),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_ID"),
    ] {
        let mut machine = Machine::new().with_client();
        machine.variables.retain(|(known, _)| *known == name);
        assert_eq!(
            machine.refusal(),
            format!(
                "credentials were found nowhere: environment: {lack} is not set; ~/.gc/config.toml: no such file"
            )
        );
        let found = machine.file(CLI_FILE, WRITTEN_BY_CLI).found();
        assert_eq!(found.credentials, clis_client());
        assert_eq!(
            found.warnings,
            [format!("incomplete credentials were ignored in the environment: {lack} is not set")]
        );
    }
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let machine = Machine::new()
        .variable("GENESYSCLOUD_ACCESS_TOKEN", "")
        .variable("GENESYSCLOUD_OAUTHCLIENT_ID", " ")
        .variable("GENESYSCLOUD_REGION", "")
        .file(CLI_FILE, WRITTEN_BY_CLI);
    let found = machine.found();
    assert_eq!((found.credentials, found.warnings), (clis_client(), Vec::new()));
    assert_eq!(machine.host(), Region::UsEast1.into());
}

#[test]
fn the_error_names_each_source_and_what_is_missing_in_it() {
    let nothing_set = "neither GENESYSCLOUD_OAUTHCLIENT_ID nor GENESYSCLOUD_ACCESS_TOKEN is set";
    let machine = Machine::new();
    let error = machine.find(|_| {}).expect_err("nothing there");
    assert_eq!(error.argument(), Some("credentials"));
    assert_eq!(
        error.to_string(),
        format!(
            "credentials were found nowhere: environment: {nothing_set}; ~/.gc/config.toml: no such file"
        )
    );
    let refusal = |change: fn(&mut Sources)| machine.find(change).expect_err("nothing there").to_string();
    assert_eq!(
        refusal(|sources| sources.environment = false),
        "credentials were found nowhere: ~/.gc/config.toml: no such file"
    );
    assert_eq!(
        refusal(|sources| sources.cli_profile = false),
        format!("credentials were found nowhere: environment: {nothing_set}")
    );
    assert_eq!(
        refusal(|sources| {
            sources.environment = false;
            sources.cli_profile = false;
        }),
        "credentials are not set, and every other source is disabled"
    );
    let homeless = machine.find_from(|_| {}, None).expect_err("no home").to_string();
    assert_eq!(
        homeless,
        format!(
            "credentials were found nowhere: environment: {nothing_set}; ~/.gc/config.toml: the home folder is \
             not known"
        )
    );
    #[cfg(unix)]
    assert!(Machine::new().file(".gc", "").refusal().ends_with("; ~/.gc/config.toml: not a directory"));
}

#[test]
fn a_profile_is_found_by_name_in_any_case() {
    let machine = Machine::new().file(CLI_FILE, WRITTEN_BY_HAND);
    for name in ["test_pro_2", "TEST_Pro_2"] {
        let found = machine.find(|sources| sources.profile = Some(name.to_owned())).expect("a profile");
        assert_eq!(found.credentials, Credentials::access_token(CLIS_TOKEN));
        assert_eq!(found.host, Region::ApSoutheast2.into());
    }
    let text = WRITTEN_BY_HAND.replace("client_", "CLIENT_").replace("environment", "Environment");
    let found = Machine::new().file(CLI_FILE, &text).found();
    assert_eq!((found.credentials, found.host), (clis_client(), Region::EuWest1.into()));
    let machine = Machine::new().file(
        CLI_FILE,
        "[team]\n[team.prod]\naccess_token = 'bR4xUc8mKt1wJz6pNy3gFd9h'\nenvironment = 'mypurecloud.ie'\n",
    );
    let found = machine.find(|sources| sources.profile = Some("Team.Prod".to_owned())).expect("a profile");
    assert_eq!(found.credentials, Credentials::access_token(CLIS_TOKEN));
}

#[test]
fn the_error_for_a_missing_profile_names_the_existing_ones() {
    let looked_for = |text: &str, profile: Option<&str>| {
        let machine = Machine::new().file(CLI_FILE, text);
        let result = machine.find(|sources| {
            sources.environment = false;
            sources.profile = profile.map(str::to_owned);
        });
        result.expect_err("no such profile").to_string()
    };
    assert_eq!(
        looked_for(WRITTEN_BY_CLI, Some("prod")),
        "credentials were found nowhere: ~/.gc/config.toml: there is no profile `prod`, only `default`, `tester`"
    );
    assert_eq!(
        looked_for("version = 1\n", None),
        "credentials were found nowhere: ~/.gc/config.toml: there is no profile `DEFAULT`, nor any other"
    );
    assert_eq!(
        looked_for("version = 1\n", Some("hq3KpZ0vX1yT7wB9")),
        "credentials were found nowhere: ~/.gc/config.toml: there is no profile (16 characters, not shown), nor any \
         other"
    );
}

#[test]
fn the_token_of_the_clis_last_sign_in_is_used_until_it_expires() {
    let tester = |text: &str| {
        let machine = Machine::new().file(CLI_FILE, text);
        machine.find(|sources| {
            sources.environment = false;
            sources.profile = Some("tester".to_owned());
        })
    };
    let found = tester(WRITTEN_BY_CLI).expect("a token");
    let end: Timestamp = "2026-11-22T08:20:24Z".parse().expect("a timestamp");
    let mut session = Session::new(KEPT_TOKEN);
    session.expires_at = Some(end);
    assert_eq!(
        found.credentials,
        Credentials::session("0d9c8b7a-6f5e-4d3c-2b1a-0f9e8d7c6b5a", session, None)
    );
    assert_eq!(found.host, Region::UsWest2.into());

    for (kept, lack) in [
        ("2026-11-21T13:00:00+01:00", "the access token expired on 2026-11-21T12:00:00Z"),
        ("2026-11-20T09:20:24Z", "the access token expired on 2026-11-20T09:20:24Z"),
        ("soon", "oauth_token_data has no valid oauth_token_expiry"),
    ] {
        let text = WRITTEN_BY_CLI.replace("2026-11-22T09:20:24+01:00", kept);
        let error = tester(&text).expect_err("an old token").to_string();
        assert_eq!(
            error,
            format!("credentials were found nowhere: ~/.gc/config.toml: in the profile `tester` {lack}")
        );
    }
    let text = WRITTEN_BY_CLI.replace("oauth_token_data", "something_else");
    assert!(tester(&text).expect_err("no token").to_string().ends_with(
        "~/.gc/config.toml: in the profile `tester` there is no token yet: sign in with the CLI first"
    ));
}

#[test]
fn the_error_for_an_incomplete_profile_names_what_is_missing() {
    for (keys, lack) in [
        ("environment = 'mypurecloud.de'", "neither client_credentials nor access_token is set"),
        ("client_credentials = '5b8f1e2c'", "client_secret is not set"),
        ("client_credentials = '5b8f1e2c'\nclient_secret = ''", "client_secret is not set"),
        ("client_secret = 'Gh7tYk3nPw9dLs5vXe2jQa8m'", "client_credentials is not set"),
        (
            "client_secret = 'Gh7tYk3nPw9dLs5vXe2jQa8m'\noauth_token_data = 'Wd5s'",
            "client_credentials is not set",
        ),
        (
            "grant_type = '2'\nclient_credentials = '5b8f1e2c'\nclient_secret = 'Gh7tYk3nPw9dLs5vXe2jQa8m'",
            "there is no token yet: sign in with the CLI first",
        ),
        (
            "redirect_uri = 'http://localhost:0'\nclient_credentials = '5b8f1e2c'\nclient_secret = 'Gh7tYk3nPw9d'",
            "there is no token yet: sign in with the CLI first",
        ),
    ] {
        let machine = Machine::new().file(CLI_FILE, &format!("[default]\n{keys}\n"));
        let error = machine.find(|sources| sources.environment = false).expect_err(lack).to_string();
        assert_eq!(
            error,
            format!("credentials were found nowhere: ~/.gc/config.toml: in the profile `DEFAULT` {lack}")
        );
    }
}

#[test]
fn in_a_profile_the_token_precedes_the_client_and_the_gateway_precedes_the_environment() {
    let text = WRITTEN_BY_CLI
        .replacen("access_token = ''", "access_token = 'bR4xUc8mKt1wJz6pNy3gFd9h'", 1)
        .replace("gateway_host = ''", "gateway_host = 'gateway.example.com'")
        .replace("gateway_port = ''", "gateway_port = '8443'")
        .replace("gateway_protocol = ''", "gateway_protocol = 'https'")
        .replace("gateway_pathparams = '{}'", "gateway_pathparams = '{login: signin, api: calls}'")
        .replace("proxy_host = ''", "proxy_host = 'proxy.example.com'")
        .replace("proxy_port = ''", "proxy_port = 3128")
        .replace("proxy_username = ''", "proxy_username = 'jane'")
        .replace("proxy_password = ''", "proxy_password = 's#cret:pa/ss'");
    let machine = Machine::new().file(CLI_FILE, &text).file(GO_FILE, GO_INI);
    let found = machine.found();
    assert_eq!(found.credentials, Credentials::access_token(CLIS_TOKEN));
    assert_eq!(found.host, example_gateway());
    let proxy = found.proxy.expect("the profile's");
    assert_eq!(proxy.expose(), "http://jane:s%23cret%3Apa%2Fss@proxy.example.com:3128/");
}

fn example_gateway() -> Host {
    Host::gateway(&Gateway {
        port: Some(8443),
        path_params_login: "signin".to_owned(),
        path_params_api: "calls".to_owned(),
        ..Gateway::new("gateway.example.com")
    })
    .expect("a gateway")
}

#[test]
fn an_sdks_file_gives_host_and_gateway_in_ini_and_json() {
    assert_eq!(Machine::new().file(PYTHON_FILE, SDK_INI).host(), tokyo());
    let gateway = Host::gateway(&Gateway {
        port: Some(1443),
        path_params_login: "myadditionalpathforlogin".to_owned(),
        path_params_api: "myadditionalpathforapi".to_owned(),
        ..Gateway::new("mygateway.mydomain.myextension")
    });
    assert_eq!(Machine::new().file(DOTNET_FILE, SDK_JSON).host(), gateway.expect("a gateway"));
    for text in [GO_INI, GO_JSON] {
        assert_eq!(Machine::new().file(GO_FILE, text).host(), example_gateway());
    }
    for port in ["", "port = -1", "port =", "PORT: 443"] {
        let text = format!("[Gateway]\nHost = gateway.example.com\n{port}\n");
        let host = Machine::new().file(JAVA_FILE, &text).host();
        assert_eq!(host.api_url(), "https://gateway.example.com/", "{port}");
    }
}

#[test]
fn an_sdks_file_gives_a_proxy_with_its_password() {
    for text in [GO_INI, GO_JSON] {
        let machine = Machine::new().file(GO_FILE, text).with_client();
        let proxy = machine.found().proxy.expect("a proxy");
        assert_eq!(proxy.expose(), "http://jane:s%23cret%3Apa%2Fss@proxy.example.com:8888/");
        let found = machine.find(|sources| sources.sdk_files = false).expect("settings");
        assert_eq!((found.proxy, found.host), (None, Region::UsEast1.into()));
    }
}

#[test]
fn a_proxy_is_not_used_for_this_machine() {
    let machine = Machine::new()
        .file(GO_FILE, GO_INI)
        .with_client()
        .variable("GENESYSCLOUD_REGION", "http://127.0.0.1:8080");
    assert_eq!(machine.found().proxy, None);
}

#[test]
fn only_the_first_sdks_file_with_a_known_setting_is_used() {
    let only_host = |host: &str| format!("[general]\nhost = {host}\n");
    let mut machine = Machine::new()
        .file(PYTHON_FILE, "[logging]\nlog_level = trace\n[general]\nlive_reload_config = true\nhost =\n");
    for (file, host) in [
        (GO_FILE, Region::UsWest2),
        (DOTNET_FILE, Region::CaCentral1),
        (JAVASCRIPT_FILE, Region::EuWest2),
        (JAVA_FILE, Region::ApSouth1),
        (PYTHON_FILE, Region::SaEast1),
    ] {
        machine = machine.file(file, &only_host(host.domain()));
        assert_eq!(machine.host(), host.into(), "{file}");
    }
    let machine = machine.file(GO_FILE, GO_INI);
    assert_eq!(machine.with_client().found().proxy, None);
}

#[test]
fn retries_are_counted_and_waits_are_limited_as_in_each_sdk() {
    let seconds = Duration::from_secs;
    let default = RetryPolicy::default;
    let times_five = RetryPolicy { max_attempts: 6, ..default() };
    for (file, keys, expected) in [
        (GO_FILE, "retry_max = 5", times_five.clone()),
        (JAVA_FILE, "retry_max = 5", times_five),
        (GO_FILE, "retry_max = 0", RetryPolicy { max_attempts: 1, ..default() }),
        (GO_FILE, "retry_max = 4294967295", RetryPolicy { max_attempts: u32::MAX, ..default() }),
        (GO_FILE, "retry_wait_min = 3", RetryPolicy { first_backoff: seconds(3), ..default() }),
        (
            GO_FILE,
            "retry_wait_min = 30",
            RetryPolicy { first_backoff: seconds(30), max_backoff: seconds(30), ..default() },
        ),
        (GO_FILE, "retry_wait_max = 60", RetryPolicy { max_backoff: seconds(60), ..default() }),
        (
            PYTHON_FILE,
            "retry_wait_min = 3\nretry_wait_max = 2",
            RetryPolicy { first_backoff: seconds(2), max_backoff: seconds(2), ..default() },
        ),
        (
            GO_FILE,
            "retry_wait_max = 0",
            RetryPolicy { first_backoff: seconds(0), max_backoff: seconds(0), ..default() },
        ),
        (
            JAVA_FILE,
            "retry_wait_max = 10",
            RetryPolicy { max_backoff: seconds(10), max_retry_after: seconds(10), ..default() },
        ),
        (DOTNET_FILE, "retry_wait_max = 300", default()),
        (DOTNET_FILE, "retry_max = 5\nretry_wait_max = 0", RetryPolicy { max_attempts: 1, ..default() }),
    ] {
        let machine = Machine::new().file(file, &format!("[retry]\n{keys}\n")).with_client();
        assert_eq!(machine.found().retry, Some(expected), "{file}: {keys}");
    }
    let as_documented = Machine::new().file(GO_FILE, SDK_JSON).with_client().found().retry;
    assert_eq!(
        as_documented,
        Some(RetryPolicy {
            max_attempts: 6,
            first_backoff: seconds(3),
            max_backoff: seconds(10),
            ..default()
        })
    );
}

#[test]
fn the_error_for_an_invalid_file_names_the_line_without_its_content() {
    let broken = [
        (CLI_FILE, "[default]\nclient_secret = Gh7tYk3nPw9dLs5vXe2jQa8m\n", 2),
        (CLI_FILE, "[default]\nclient_secret = 'Gh7tYk3nPw9dLs5vXe2jQa8m'\n[default]\nx = 1\n", 3),
        (PYTHON_FILE, "{\n  \"proxy\": {\n    \"password\": s#cret:pa/ss\n  }\n}", 3),
        (GO_FILE, "[proxy]\nhost = proxy.example.com\nLm9;bT3#kQ6v\nport = 8888\n", 3),
        (JAVA_FILE, "[proxy]\nhost = proxy.example.com\n[gateway Lm9;bT3#kQ6v\n", 3),
    ];
    for (file, text, line) in broken {
        let machine = Machine::new().file(file, text);
        let error = machine
            .find(|sources| {
                sources.environment = false;
                sources.credentials = (file != CLI_FILE).then(given_credentials);
            })
            .expect_err(text);
        assert_eq!(error.to_string(), format!("~/{file} can't be parsed: error in line {line}"));
    }
    let machine = Machine::new().with_client();
    fs::create_dir_all(machine.home.path().join(GO_FILE)).expect("a folder in a file's place");
    assert!(machine.refusal().starts_with("~/.genesyscloudgo/config can't be read: "));
    let machine = Machine::new().with_client().file(JAVA_FILE, "");
    fs::write(machine.home.path().join(JAVA_FILE), b"[general]\nhost = \xe4\n").expect("a file");
    assert_eq!(machine.refusal(), "~/.genesyscloudjava/config can't be read: invalid data");
}

#[test]
fn the_error_for_an_invalid_setting_names_its_source_without_its_value() {
    let no_gateway = "is not a valid address: expected https (or http to this machine), a host name, a port or -1, \
                      plain paths";
    let no_proxy = "is not a valid address: expected http or https, a host name, a port or -1";
    for (text, argument, reason) in [
        (
            "[general]\nhost = Lm9;bT3#kQ6v",
            "host",
            "is neither a region like `eu_central_1`, nor a domain like `mypurecloud.de`, nor an address with https",
        ),
        ("[gateway]\nhost = jane:Lm9;bT3#kQ6v@gateway.example.com", "gateway", no_gateway),
        ("[gateway]\nhost = gateway.example.com\nprotocol = http", "gateway", no_gateway),
        ("[gateway]\nhost = gateway.example.com\nport = 70000", "gateway", no_gateway),
        ("[gateway]\nhost = gateway.example.com\npath_params_api = a/../b", "gateway", no_gateway),
        ("[proxy]\nhost = jane:s#cret:pa/ss@proxy.example.com", "proxy", no_proxy),
        ("[proxy]\nhost = jane:Zq8ThH3vNf5LkXw2RbYd7JmC@proxy.example.com", "proxy", no_proxy),
        ("[proxy]\nhost = proxy.example.com/path", "proxy", no_proxy),
        ("[proxy]\nhost = proxy.example.com\nprotocol = ftp", "proxy", no_proxy),
        ("[proxy]\nhost = proxy.example.com\nport = none", "proxy", no_proxy),
        ("[retry]\nretry_max = -1", "retry_max", "is not a whole number from 0"),
        ("[retry]\nretry_wait_max = 1.5", "retry_wait_max", "is not a whole number from 0"),
    ] {
        let error = Machine::new().file(GO_FILE, text).with_client().find(|_| {}).expect_err(text);
        assert_eq!(error.argument(), Some(argument), "{text}");
        assert_eq!(error.to_string(), format!("{argument} in ~/.genesyscloudgo/config {reason}"), "{text}");
    }
    let machine = Machine::new().with_client().variable("GENESYSCLOUD_REGION", ENVIRONMENTS_SECRET);
    assert!(machine.refusal().starts_with("host in GENESYSCLOUD_REGION is neither a region like"));
    machine.find(|sources| sources.host = Some(tokyo())).expect("the variable is ignored");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_accepted() {
    let of_windows = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let machine = Machine::new().file(CLI_FILE, &of_windows(WRITTEN_BY_CLI));
    assert_eq!(machine.found().credentials, clis_client());
    for text in [GO_INI, GO_JSON] {
        let machine = Machine::new().file(GO_FILE, &of_windows(text)).with_client();
        let found = machine.found();
        assert_eq!(found.host, example_gateway());
        let proxy = found.proxy.expect("a proxy");
        assert_eq!(proxy.expose(), "http://jane:s%23cret%3Apa%2Fss@proxy.example.com:8888/");
    }
}

#[cfg(unix)]
#[test]
fn there_is_a_warning_for_a_secret_that_other_users_may_read() {
    let warnings = |file: &str, text: &str, mode: u32| {
        let machine = Machine::new().file(file, text);
        set_mode(&machine.home.path().join(file), mode);
        let found = machine.find(|sources| sources.credentials = (file != CLI_FILE).then(given_credentials));
        found.expect("settings").warnings
    };
    let warning = |file: &str| {
        vec![format!(
            "~/{file} holds a secret and is readable by other users of this machine; `chmod 600` prevents that"
        )]
    };
    for mode in [0o644, 0o640, 0o604] {
        assert_eq!(warnings(CLI_FILE, WRITTEN_BY_CLI, mode), warning(CLI_FILE), "{mode:o}");
    }
    assert_eq!(warnings(GO_FILE, GO_JSON, 0o644), warning(GO_FILE));
    assert_eq!(warnings(DOTNET_FILE, SDK_JSON, 0o644), warning(DOTNET_FILE));
    for (file, text, mode) in
        [(CLI_FILE, WRITTEN_BY_CLI, 0o600), (GO_FILE, GO_JSON, 0o400), (PYTHON_FILE, SDK_INI, 0o644)]
    {
        assert!(warnings(file, text, mode).is_empty(), "{file}");
    }
}

#[cfg(unix)]
#[test]
fn warnings_are_logged() {
    let machine = Machine::new().file(CLI_FILE, WRITTEN_BY_CLI);
    set_mode(&machine.home.path().join(CLI_FILE), 0o644);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let sources = Sources {
        environment: false,
        home: machine.home.path().to_str().map(str::to_owned),
        ..Sources::default()
    };
    let found = tracing::subscriber::with_default(subscriber, || find(&sources)).expect("settings");
    let log = String::from_utf8(log.0.lock().expect("a log").clone()).expect("UTF-8");
    assert!(log.contains("WARN") && log.contains(&found.warnings[0]), "{log}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a log").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_found_settings_are_used_by_the_config() {
    let machine =
        Machine::new().file(CLI_FILE, WRITTEN_BY_CLI).file(GO_FILE, GO_INI).file(JAVA_FILE, SDK_INI);
    let sources = Sources {
        environment: false,
        home: machine.home.path().to_str().map(str::to_owned),
        ..Sources::default()
    };
    let config = Config::find(&sources).and_then(|builder| builder.build()).expect("settings");
    assert_eq!(config.host(), &Region::EuCentral1.into());
    assert_eq!(config.credentials, clis_client());
    assert_eq!(config.retry.max_attempts, 6);
    let proxy = |config: &Config| config.connections.route()?.proxy_to(config.host.api());
    assert_eq!(proxy(&config), None);

    fs::remove_file(machine.home.path().join(JAVA_FILE)).expect("a file");
    let config = Config::find(&sources).and_then(|builder| builder.build()).expect("settings");
    assert_eq!(proxy(&config).as_deref(), Some("the proxy"));
    assert_eq!(config.retry, RetryPolicy::default());
}
