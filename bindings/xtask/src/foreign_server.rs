//! Starts a third-party OAuth server in a separate process.

use std::fs;

use anyhow::{Context, Result};

use crate::cargo::{root, target_folder};
use crate::server::Server;
use crate::toolchain;

/// Starts the server from a copy in the target folder, because Node looks for packages next to the program and npm must
/// not install them into the checkout.
pub(crate) fn start() -> Result<Server> {
    let folder = target_folder()?.join("foreign_server");
    fs::create_dir_all(&folder)?;
    for file in ["clients.json", "package-lock.json", "package.json", "server.mjs"] {
        let origin = root().join("tests/foreign_server").join(file);
        fs::copy(&origin, folder.join(file))
            .with_context(|| format!("{} can't be copied", origin.display()))?;
    }
    let node = toolchain::node(&folder.join("node"))?;
    node.install(&folder)?;
    Server::start("the third-party OAuth server", node.node().arg(folder.join("server.mjs")))
}
