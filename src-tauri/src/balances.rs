//! What vaults held over time: a line each time it was read, in a file of this machine. It can be deleted
//! and begins anew.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;

use domain::{Span, Timestamp};
use driver::Home;
use serde::{Deserialize, Serialize};

use crate::convert::time;
use crate::dto::{BalancePoint, BalanceSeries, Holdings, Money};

/// The file, beside the journal.
const FILE: &str = "balances.jsonl";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    time: u64,
    vault: String,
    totals: Vec<Money>,
}

fn path(home: &Home) -> PathBuf {
    home.root().join(FILE)
}

/// Notes what a vault holds, where it is not what was noted last.
pub fn note(home: &Home, before: Option<&Holdings>, now: Timestamp, held: &Holdings) {
    if held.trouble.is_some() || before.is_some_and(|before| before.totals == held.totals) {
        return;
    }
    let line = Line {
        time: now.as_millis(),
        vault: held.vault.clone(),
        totals: held.totals.clone(),
    };
    // A chart without a point is no harm.
    let _ = append(home, &line);
}

fn append(home: &Home, line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path(home))?.write_all(text.as_bytes())
}

/// What each vault held of each asset, from `days` ago on; the last point before that begins it.
pub fn since(home: &Home, now: Timestamp, days: u32) -> Vec<BalanceSeries> {
    let from = now.minus(Span::from_secs(u64::from(days).saturating_mul(86_400)));
    let Ok(file) = File::open(path(home)) else {
        return Vec::new();
    };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    series(
        lines.filter_map(|line| serde_json::from_str(&line).ok()),
        from,
    )
}

fn series(lines: impl Iterator<Item = Line>, from: Timestamp) -> Vec<BalanceSeries> {
    let mut found: BTreeMap<(String, String), BalanceSeries> = BTreeMap::new();
    for line in lines {
        let Ok(at) = Timestamp::from_millis(line.time) else {
            continue;
        };
        for money in line.totals {
            let key = (line.vault.clone(), money.asset.clone());
            let series = found.entry(key).or_insert_with(|| BalanceSeries {
                vault: line.vault.clone(),
                asset: money.asset.clone(),
                places: money.places,
                points: Vec::new(),
            });
            if at < from {
                series.points.clear();
            }
            series.points.push(BalancePoint {
                time: time(at.max(from)),
                value: money.value,
            });
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-27 10:15:00 UTC.
    const BEGIN: u64 = 1_795_774_500;

    fn line(seconds: u64, value: &str) -> Line {
        Line {
            time: (BEGIN + seconds) * 1000,
            vault: "Operations".to_owned(),
            totals: vec![Money {
                value: value.to_owned(),
                asset: "BTC".to_owned(),
                places: 8,
            }],
        }
    }

    #[test]
    fn a_chart_begins_with_what_was_held_before_it() {
        let lines = [line(100, "1"), line(200, "2"), line(400, "3")];
        let from = Timestamp::from_millis((BEGIN + 300) * 1000).unwrap();
        let series = series(lines.into_iter(), from);
        let points: Vec<(&str, &str)> = series[0]
            .points
            .iter()
            .map(|point| (point.time.as_str(), point.value.as_str()))
            .collect();
        assert_eq!(
            points,
            [("2026-11-27T10:20:00Z", "2"), ("2026-11-27T10:21:40Z", "3")]
        );
    }
}
