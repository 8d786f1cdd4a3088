//! The state that all clones of an API object share.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::config::Config;
use crate::credentials::Tokens;
use crate::host::Host;
use crate::transport::Transport;

/// The state that all clones of an API object share.
pub(crate) struct Shared {
    pub(crate) transport: Arc<Transport>,
    pub(crate) tokens: Tokens,
    pub(crate) deadline: Duration,
    pub(crate) host: Host,
    pub(crate) default_headers: HeaderMap,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        let transport = Arc::new(Transport::new(&config));
        let tokens = Tokens::new(&config, Arc::clone(&transport));
        Shared::from_parts(config, transport, tokens)
    }

    /// Returns the same state with new connections, for another runtime. The tokens are those of this one.
    #[cfg(feature = "uniffi")]
    pub(crate) fn with_new_connections(&self, config: Config) -> Self {
        let transport = Arc::new(Transport::new(&config));
        let tokens = self.tokens.with_transport(Arc::clone(&transport));
        Shared::from_parts(config, transport, tokens)
    }

    fn from_parts(config: Config, transport: Arc<Transport>, tokens: Tokens) -> Self {
        let Config { host, deadline, default_headers, .. } = config;
        Shared { transport, tokens, deadline, host, default_headers }
    }
}
