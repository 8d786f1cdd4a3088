//! An OAuth server that is not ours, as a program beside the tests against it.

use std::fs;

use anyhow::{Context, Result};

use crate::cargo::{root, target_folder};
use crate::server::Server;
use crate::toolchain;

/// Starts it from a copy: what npm makes stays out of the checkout, and Node looks for it beside the program.
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
    Server::start("the foreign server", node.node().arg(folder.join("server.mjs")))
}
