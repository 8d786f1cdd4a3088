//! What uniffi's templates lack.

use anyhow::Result;
use uniffi_bindgen::ComponentInterface;

use crate::draft::Draft;

pub(crate) fn finish(_draft: &mut Draft, _interface: &ComponentInterface) -> Result<()> {
    Ok(())
}
