//! What all clones of a client share.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::config::Config;
use crate::credentials::Tokens;
use crate::region::Host;
use crate::transport::Transport;

pub(crate) struct Service {
    pub(crate) transport: Arc<Transport>,
    pub(crate) tokens: Tokens,
    pub(crate) deadline: Duration,
    pub(crate) host: Host,
    pub(crate) default_headers: HeaderMap,
}

impl Service {
    pub(crate) fn new(config: Config) -> Self {
        let transport = Arc::new(Transport::new(&config));
        let tokens = Tokens::new(&config, Arc::clone(&transport));
        Service::of(config, transport, tokens)
    }

    /// The same on another runtime, with the tokens of this one.
    #[cfg(feature = "uniffi")]
    pub(crate) fn with_new_connections(&self, config: Config) -> Self {
        let transport = Arc::new(Transport::new(&config));
        let tokens = self.tokens.moved(Arc::clone(&transport));
        Service::of(config, transport, tokens)
    }

    fn of(config: Config, transport: Arc<Transport>, tokens: Tokens) -> Self {
        let Config { host, deadline, default_headers, .. } = config;
        Service { transport, tokens, deadline, host, default_headers }
    }
}
