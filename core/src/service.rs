//! What all clones of a client share.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::config::Config;
use crate::credentials::Session;
use crate::region::Host;
use crate::transport::Transport;

pub(crate) struct Service {
    pub(crate) transport: Arc<Transport>,
    pub(crate) session: Session,
    pub(crate) deadline: Duration,
    pub(crate) host: Host,
    pub(crate) default_headers: HeaderMap,
}

impl Service {
    pub(crate) fn new(config: Config) -> Self {
        let transport = Arc::new(Transport::new(&config));
        let session = Session::new(&config, Arc::clone(&transport));
        let Config { host, deadline, default_headers, .. } = config;
        Service { transport, session, deadline, host, default_headers }
    }
}
