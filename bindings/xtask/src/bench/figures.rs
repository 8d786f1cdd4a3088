//! The figures of a language: as a table, as JSON, and compared with the goals.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AT_ONCE, OURS_IN_RUST, STARTS, TRANSFER, WORK};
use crate::cargo::root;
use crate::report;

/// The name of this library, with which all alternatives are compared.
pub(super) const OURS: &str = "purecloud-oauth";

/// The unit of a figure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Bytes,
    /// Seconds per call, displayed as calls per second.
    CallsPerSecond,
}

/// A figure of all programs for which it was measured.
struct Row {
    figure: &'static str,
    unit: Unit,
    /// The values of each turn, by program. Turns with the same index were measured one after the other.
    turns: BTreeMap<String, Vec<Vec<f64>>>,
}

impl Row {
    /// Returns the median of the turns' medians. Not of all values, because a fast turn contains more calls than a slow
    /// one.
    fn median(&self, client: &str) -> Option<f64> {
        let turns: Vec<f64> = self.turns.get(client)?.iter().filter_map(|turn| median(turn)).collect();
        median(&turns)
    }

    /// Returns the ratio of two programs, as the median over the turns that both had: other load on the machine
    /// affected both programs in a turn.
    fn ratio(&self, one: &str, other: &str) -> Option<f64> {
        let turns = self.turns.get(one)?.iter().zip(self.turns.get(other)?);
        let ratios: Vec<f64> = turns.filter_map(|(one, other)| Some(median(one)? / median(other)?)).collect();
        median(&ratios)
    }
}

/// The figures of one language.
#[derive(Default)]
pub(super) struct Figures {
    clients: Vec<String>,
    rows: Vec<Row>,
    /// The durations of the parts of a call, in seconds, in the order of execution.
    inside: Vec<(String, f64)>,
}

impl Figures {
    /// Adds the values of one turn of a program.
    pub(super) fn add(
        &mut self,
        figure: &'static str,
        unit: Unit,
        client: &str,
        values: impl IntoIterator<Item = f64>,
    ) {
        if !self.clients.iter().any(|known| known == client) {
            self.clients.push(client.to_owned());
        }
        if self.row(figure).is_none() {
            self.rows.push(Row { figure, unit, turns: BTreeMap::new() });
        }
        if let Some(row) = self.rows.iter_mut().find(|row| row.figure == figure) {
            row.turns.entry(client.to_owned()).or_default().push(values.into_iter().collect());
        }
    }

    pub(super) fn add_inside(&mut self, part: String, seconds: f64) {
        self.inside.push((part, seconds));
    }

    fn row(&self, figure: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.figure == figure)
    }

    /// Returns the median of a figure.
    fn get(&self, figure: &str, client: &str) -> Option<f64> {
        self.row(figure)?.median(client)
    }

    fn unit(&self, figure: &str) -> Unit {
        self.row(figure).map_or(Unit::Seconds, |row| row.unit)
    }

    /// Prints all figures and goals in Markdown.
    pub(super) fn print(&self, language: &str, goals: &[Goal]) {
        report::line(&format!("\n## {language}\n"));
        if self.clients.iter().any(|client| client == OURS) {
            report::line(&format!("In parentheses: the ratio to {OURS}, as the median over the turns.\n"));
        }
        report::line(&format!("| | {} |", self.clients.join(" | ")));
        report::line(&format!("|---|{}", "---|".repeat(self.clients.len())));
        for row in &self.rows {
            let cells: Vec<String> = self.clients.iter().map(|client| cell(row, client)).collect();
            report::line(&format!("| {} | {} |", row.figure, cells.join(" | ")));
        }
        self.print_inside();
        if !goals.is_empty() {
            report::line("\n| goal | target | figure | |\n|---|---|---|---|");
        }
        for goal in goals {
            let (figure, verdict) = match self.reached(goal) {
                None => ("–".to_owned(), "not measured"),
                Some((figure, reached)) => (
                    goal.format(figure, self.unit(&goal.figure)),
                    if reached { "reached" } else { "**missed**" },
                ),
            };
            let target = goal.target(self.unit(&goal.figure));
            report::line(&format!("| {} | {target} | {figure} | {verdict} |", goal.name()));
        }
    }

    /// Prints the time that each layer adds to the one below.
    fn print_inside(&self) {
        const PARTS: [&str; 3] = [TRANSFER, OURS_IN_RUST, OURS];
        if PARTS.iter().all(|client| self.clients.iter().any(|known| known == client)) {
            report::line("\n| time of a call | transfer alone | added by Rust | added by the language |");
            report::line("|---|---|---|---|");
        }
        for row in &self.rows {
            let [Some(transfer), Some(rust), Some(ours)] = PARTS.map(|client| row.median(client)) else {
                continue;
            };
            if row.unit == Unit::Seconds && !STARTS.iter().any(|(_, start, _)| *start == row.figure) {
                let parts =
                    [transfer, rust - transfer, ours - rust].map(|part| format_figure(part, Unit::Seconds));
                report::line(&format!("| {} | {} |", row.figure, parts.join(" | ")));
            }
        }
        for (part, seconds) in &self.inside {
            report::line(&format!("\n{part}: {}", format_figure(*seconds, Unit::Seconds)));
        }
    }

    /// Returns the figure of a goal and whether the goal is reached; `None` if a part of it was not measured.
    fn reached(&self, goal: &Goal) -> Option<(f64, bool)> {
        let figure = match (&goal.peer, &goal.over) {
            (Some(peer), _) => self.row(&goal.figure)?.ratio(&goal.of, peer)?,
            (None, Some(over)) => self.get(&goal.figure, &goal.of)? - self.get(over, &goal.of)?,
            (None, None) => self.get(&goal.figure, &goal.of)?,
        };
        Some(match goal.times_faster {
            Some(times) => (1.0 / figure, 1.0 / figure >= times),
            None => (figure, figure <= goal.at_most),
        })
    }

    pub(super) fn to_json(&self, goals: &[Goal]) -> Value {
        let of_each = |value: fn(&Row, &str) -> Option<f64>| -> BTreeMap<_, BTreeMap<_, _>> {
            let rows = self.rows.iter().map(|row| {
                let clients = row.turns.keys().filter_map(|client| Some((client, value(row, client)?)));
                (row.figure, clients.collect())
            });
            rows.collect()
        };
        let figures = of_each(Row::median);
        let ratios = of_each(|row, client| row.ratio(client, OURS));
        let goals: Vec<Value> = goals
            .iter()
            .map(|goal| {
                let reached = self.reached(goal);
                json!({
                    "goal": goal.name(),
                    "to_reach": goal.times_faster.unwrap_or(goal.at_most),
                    "figure": reached.map(|(figure, _)| figure),
                    "reached": reached.map(|(_, reached)| reached),
                })
            })
            .collect();
        let inside: BTreeMap<&String, f64> =
            self.inside.iter().map(|(part, seconds)| (part, *seconds)).collect();
        json!({ "figures": figures, "times_ours": ratios, "inside": inside, "goals": goals })
    }
}

/// Prints the comparison with the peers named by the goals, in all languages.
pub(super) fn print_summary(measured: &[(&'static str, Figures, &[Goal])]) {
    let mut columns: Vec<(&str, &Figures, &str, &str)> = Vec::new();
    for (language, figures, goals) in measured {
        for goal in *goals {
            let Some(peer) = &goal.peer else { continue };
            if !columns.iter().any(|(other, _, _, known)| (other, known) == (language, &peer.as_str())) {
                columns.push((language, figures, &goal.of, peer));
            }
        }
    }
    let title = |(language, _, of, peer): &(&str, &Figures, &str, &str)| {
        let variant = of.strip_prefix(OURS).unwrap_or_default();
        format!("{language}{variant}: {peer}")
    };
    report::line("\n## Time taken by the alternatives, relative to purecloud-oauth\n");
    report::line(&format!("| | {} |", columns.iter().map(title).collect::<Vec<_>>().join(" | ")));
    report::line(&format!("|---|{}", "---|".repeat(columns.len())));
    let figures = STARTS.iter().map(|(_, start, _)| *start).filter(|start| *start != STARTS[0].1);
    for figure in figures.chain(WORK.iter().map(|(figure, _)| *figure)).chain([AT_ONCE]) {
        let cells = columns.iter().map(|(_, figures, of, peer)| {
            let ratio = figures.row(figure).and_then(|row| row.ratio(peer, of));
            ratio.map(three_digits).unwrap_or_default()
        });
        report::line(&format!("| {figure} | {} |", cells.collect::<Vec<_>>().join(" | ")));
    }
}

/// A goal for a figure. See `tests/bench/goals.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Goal {
    figure: String,
    #[serde(default = "ours")]
    of: String,
    peer: Option<String>,
    over: Option<String>,
    #[serde(default)]
    at_most: f64,
    times_faster: Option<f64>,
}

fn ours() -> String {
    OURS.to_owned()
}

impl Goal {
    /// Reads the goals of all languages.
    pub(super) fn all() -> Result<BTreeMap<String, Vec<Goal>>> {
        let path = root().join("tests/bench/goals.toml");
        let content =
            fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(toml::from_str(&content)?)
    }

    fn name(&self) -> String {
        let of = if self.of == OURS { String::new() } else { format!("{}: ", self.of) };
        let peer = self.peer.as_ref().map(|peer| format!(" against {peer}")).unwrap_or_default();
        let over = self.over.as_ref().map(|over| format!(", over {over}")).unwrap_or_default();
        format!("{of}{}{peer}{over}", self.figure)
    }

    fn target(&self, unit: Unit) -> String {
        match self.times_faster {
            Some(times) => format!("≥ {times} × faster"),
            None => format!("≤ {}", self.format(self.at_most, unit)),
        }
    }

    fn format(&self, figure: f64, unit: Unit) -> String {
        if self.times_faster.is_some() {
            format!("{} × faster", three_digits(figure))
        } else if self.peer.is_some() {
            format!("{} ×", three_digits(figure))
        } else {
            format_figure(figure, unit)
        }
    }
}

/// Returns a table cell with a figure and its ratio to ours.
fn cell(row: &Row, client: &str) -> String {
    let Some(value) = row.median(client) else { return String::new() };
    match row.ratio(client, OURS) {
        Some(ratio) if client != OURS => {
            format!("{} ({})", format_figure(value, row.unit), three_digits(ratio))
        }
        _ => format_figure(value, row.unit),
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let above = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], above) } else { above })
}

fn format_figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::CallsPerSecond => format!("{}/s", three_digits(1.0 / value)),
        Unit::Bytes => format!("{} MB", three_digits(value / 1e6)),
        Unit::Seconds if value.abs() < 1e-6 => format!("{} ns", three_digits(value * 1e9)),
        Unit::Seconds if value.abs() < 1e-3 => format!("{} µs", three_digits(value * 1e6)),
        Unit::Seconds if value.abs() < 1.0 => format!("{} ms", three_digits(value * 1e3)),
        Unit::Seconds => format!("{} s", three_digits(value)),
    }
}

/// Formats a number with three significant digits; larger numbers without decimals.
fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{Figures, Goal, OURS, Unit, format_figure, median};

    fn goal(content: &str) -> Goal {
        toml::from_str(content).expect("a goal")
    }

    #[test]
    fn a_goal_is_compared_with_the_medians_of_the_turns() {
        let mut figures = Figures::default();
        // The machine is slow in the second turn, and the peer has no third one.
        for turn in [[3.0, 1.0, 50.0], [30.0, 30.0, 30.0], [90.0, 90.0, 90.0]] {
            figures.add("1 client", Unit::Seconds, OURS, turn);
        }
        figures.add("1 client", Unit::Seconds, "peer", [6.0]);
        figures.add("1 client", Unit::Seconds, "peer", [60.0, 60.0]);
        figures.add("import", Unit::Seconds, OURS, [3.0, 1.0, 50.0]);
        figures.add("bare start", Unit::Seconds, OURS, [1.0]);
        let reached = |content| figures.reached(&goal(content));
        assert_eq!(reached("figure='1 client'\npeer='peer'\nat_most=0.5"), Some((0.5, true)));
        assert_eq!(reached("figure='1 client'\npeer='peer'\nat_most=0.4"), Some((0.5, false)));
        assert_eq!(reached("figure='1 client'\npeer='peer'\ntimes_faster=2"), Some((2.0, true)));
        assert_eq!(reached("figure='import'\nover='bare start'\nat_most=2"), Some((2.0, true)));
        assert_eq!(reached("figure='1 client'\npeer='another'\nat_most=2"), None);
    }

    #[test]
    fn the_goals_file_is_valid() {
        let goals = Goal::all().expect("goals");
        assert!(goals["rust"].iter().all(|goal| goal.of == OURS && goal.at_most > 0.0));
    }

    #[test]
    fn figures_are_formatted_with_three_digits() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
        assert_eq!(format_figure(0.000_051_7, Unit::Seconds), "51.7 µs");
        assert_eq!(format_figure(1.5, Unit::Seconds), "1.50 s");
        assert_eq!(format_figure(0.000_1, Unit::CallsPerSecond), "10000/s");
        assert_eq!(format_figure(3_400_000.0, Unit::Bytes), "3.40 MB");
    }
}
