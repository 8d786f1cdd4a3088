//! Runs the conformance cases: a list of names, and a runner for each language that must implement all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::cargo::{follow, root};
use crate::report;
use crate::{browser, emulator};

/// Returns the names of all cases.
fn read_cases() -> Result<BTreeSet<String>> {
    let path = root().join("tests/conformance/cases.toml");
    let content = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let groups: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(&content)?;
    Ok(groups.into_values().flat_map(BTreeMap::into_keys).collect())
}

/// Runs all cases in one language and returns their results by name. A case that the runner did not run counts as
/// failed, and so does one that is not in the list.
pub(crate) fn run(language: &str, runner: &mut Command) -> Result<Vec<(String, Result<()>)>> {
    let emulator = emulator::start()?;
    runner
        .env("EMULATOR_URL", emulator.announced("base_url")?)
        .env("EMULATOR_CLIENT_ID", emulator.announced("client_id")?)
        .env("EMULATOR_CLIENT_SECRET", emulator.announced("client_secret")?)
        .env("BROWSER", browser::command()?);
    emulator::set_vendor_variables(runner, &emulator)?;
    report::step(&format!("the conformance cases in {language}"));
    let mut missing = read_cases()?;
    let mut results = Vec::new();
    let succeeded = follow(runner, |line| {
        report::line(line);
        let Some((name, result)) = parse_result(line) else { return };
        let result = if missing.remove(name) {
            result
        } else {
            Err(anyhow!("the case is not in the list, or was reported twice"))
        };
        results.push((name.to_owned(), result));
    })?;
    let all_passed = missing.is_empty() && results.iter().all(|(_, result)| result.is_ok());
    results.extend(missing.into_iter().map(|name| (name, Err(anyhow!("the case was not run")))));
    if all_passed && !succeeded {
        results.push(("the runner".to_owned(), Err(anyhow!("reported no failure but exited with an error"))));
    }
    // The emulator exits when its standard input is closed, even if processes of the runner are still connected.
    emulator.stop()?;
    Ok(results)
}

/// Parses the name of a case and its result from `ok NAME` or `failed NAME: REASON`.
fn parse_result(line: &str) -> Option<(&str, Result<()>)> {
    if let Some(name) = line.strip_prefix("ok ") {
        return Some((name.trim(), Ok(())));
    }
    let (name, reason) = line.strip_prefix("failed ")?.split_once(':')?;
    Some((name.trim(), Err(anyhow!("{}", reason.trim()))))
}

#[cfg(test)]
mod tests {
    use super::{parse_result, read_cases};

    #[test]
    fn every_operation_is_a_case() {
        let cases = read_cases().expect("cases");
        assert!(cases.contains("get_oauth_client_usage_query_result"), "{cases:?}");
        assert!(cases.contains("outcome_unknown"), "{cases:?}");
    }

    #[test]
    fn a_result_is_parsed() {
        assert!(matches!(parse_result("ok api"), Some(("api", Ok(())))));
        assert!(
            matches!(parse_result("failed api: status 404: gone"), Some(("api", Err(error))) if error.to_string() == "status 404: gone")
        );
        assert!(parse_result("[INFO] okay").is_none());
    }
}
