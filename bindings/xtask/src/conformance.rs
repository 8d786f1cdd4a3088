//! The conformance cases: one list, and a runner for each language that must know all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::cargo::{follow, root};
use crate::report;
use crate::{browser, emulator};

/// The names of all cases.
fn cases() -> Result<BTreeSet<String>> {
    let path = root().join("tests/conformance/cases.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let groups: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(&text)?;
    Ok(groups.into_values().flat_map(BTreeMap::into_keys).collect())
}

/// Runs every case in one language: the results by the names of the cases. One that the runner did not come
/// to has failed, and so has one that is not in the list.
pub(crate) fn run(language: &str, runner: &mut Command) -> Result<Vec<(String, Result<()>)>> {
    let emulator = emulator::start()?;
    runner
        .env("EMULATOR_URL", emulator.announced("base_url")?)
        .env("EMULATOR_CLIENT_ID", emulator.announced("client_id")?)
        .env("EMULATOR_CLIENT_SECRET", emulator.announced("client_secret")?)
        .env("BROWSER", browser::command()?);
    emulator::as_the_vendors(runner, &emulator)?;
    report::step(&format!("the conformance cases in {language}"));
    let mut missing = cases()?;
    let mut results = Vec::new();
    let succeeded = follow(runner, |line| {
        report::line(line);
        let Some((name, result)) = verdict(line) else { return };
        let result = if missing.remove(name) { result } else { Err(anyhow!("is not a case, or came twice")) };
        results.push((name.to_owned(), result));
    })?;
    let all_well = missing.is_empty() && results.iter().all(|(_, result)| result.is_ok());
    results.extend(missing.into_iter().map(|name| (name, Err(anyhow!("was not run")))));
    if all_well && !succeeded {
        results.push(("the runner".to_owned(), Err(anyhow!("ended with an error"))));
    }
    // It ends by itself when its input is closed; a runner that left something behind is no reason to wait.
    emulator.stop()?;
    Ok(results)
}

/// The case and its result in `ok NAME` or `failed NAME: REASON`.
fn verdict(line: &str) -> Option<(&str, Result<()>)> {
    if let Some(name) = line.strip_prefix("ok ") {
        return Some((name.trim(), Ok(())));
    }
    let (name, reason) = line.strip_prefix("failed ")?.split_once(':')?;
    Some((name.trim(), Err(anyhow!("{}", reason.trim()))))
}

#[cfg(test)]
mod tests {
    use super::{cases, verdict};

    #[test]
    fn every_operation_is_a_case() {
        let cases = cases().expect("cases");
        assert!(cases.contains("get_oauth_client_usage_query_result"), "{cases:?}");
        assert!(cases.contains("outcome_unknown"), "{cases:?}");
    }

    #[test]
    fn a_verdict_is_read() {
        assert!(matches!(verdict("ok api"), Some(("api", Ok(())))));
        assert!(
            matches!(verdict("failed api: status 404: gone"), Some(("api", Err(error))) if error.to_string() == "status 404: gone")
        );
        assert!(verdict("[INFO] okay").is_none());
    }
}
