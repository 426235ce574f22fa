//! Text in aligned columns.

use std::fmt::Display;

use domain::{Amount, Span};

/// A length of time as people say it: in days, hours or minutes, rounded down.
pub fn age(span: Span) -> String {
    let minutes = span.as_millis() / 60_000;
    match (minutes / 1440, minutes / 60) {
        (0, 0) if minutes == 0 => "less than a minute".to_owned(),
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h"),
        (days, _) => format!("{days} d"),
    }
}

/// A page of text.
#[derive(Debug, Clone, Default)]
pub struct Paper(String);

/// Labels with values; a value may have several lines.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, Vec<String>)>);

impl Paper {
    /// A line.
    pub fn line(&mut self, text: impl Display) {
        let text = text.to_string();
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    /// An empty line, unless the page is empty or one is there already.
    pub fn gap(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    /// Labels in one column, values in the next.
    pub fn fields(&mut self, fields: &Fields) {
        let width = fields
            .0
            .iter()
            .map(|(label, _)| label.chars().count())
            .max()
            .unwrap_or_default();
        for (label, lines) in &fields.0 {
            let mut label = label.as_str();
            for line in lines {
                self.line(format!("  {label:<width$}  {line}"));
                label = "";
            }
        }
    }

    /// Columns, each as wide as its widest cell.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                rows.iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        for row in rows {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            self.line(format!("  {}", cells.join("  ")));
        }
    }

    /// The text.
    pub fn text(self) -> String {
        self.0
    }
}

impl Fields {
    /// A label and its value.
    pub fn add(&mut self, label: &str, value: impl Display) {
        let lines = value.to_string().lines().map(str::to_owned).collect();
        self.0.push((label.to_owned(), lines));
    }

    /// A label and its value, if there is one.
    pub fn maybe(&mut self, label: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(label, value);
        }
    }
}

impl Fields {
    /// Each label with its value, whose lines are joined.
    pub fn rows(&self) -> impl Iterator<Item = (&str, String)> {
        self.0
            .iter()
            .map(|(label, lines)| (label.as_str(), lines.join("\n")))
    }
}

/// Amounts under each other, decimal point under decimal point.
pub fn aligned(amounts: &[Amount]) -> Vec<String> {
    let parts: Vec<(String, String)> = amounts
        .iter()
        .map(|amount| {
            let number = amount.to_decimal();
            let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
            let point = if fraction.is_empty() { "" } else { "." };
            (whole.to_owned(), format!("{point}{fraction}"))
        })
        .collect();
    let widest =
        |part: fn(&(String, String)) -> usize| parts.iter().map(part).max().unwrap_or_default();
    let (left, right) = (widest(|p| p.0.len()), widest(|p| p.1.len()));
    parts
        .iter()
        .zip(amounts)
        .map(|((whole, fraction), amount)| {
            format!("{whole:>left$}{fraction:<right$} {}", amount.asset())
        })
        .collect()
}

/// Names as people list them: `Alice, Bob or Carol`.
pub fn any(names: &[String]) -> String {
    listed(names, "or")
}

/// Names as people list them: `Alice, Bob and Carol`.
pub fn all(names: &[String]) -> String {
    listed(names, "and")
}

fn listed(names: &[String], last: &str) -> String {
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, before)) => format!("{} {last} {end}", before.join(", ")),
    }
}

/// `1 seat`, `2 seats`.
pub fn count(number: impl Display, one: &str) -> String {
    match number.to_string().as_str() {
        "1" => format!("1 {one}"),
        more => match one.strip_suffix('y') {
            Some(stem) => format!("{more} {stem}ies"),
            None => format!("{more} {one}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_points_stand_under_each_other() {
        let amounts = ["0.25 BTC", "12 BTC", "1.00000001 BTC"].map(|text| text.parse().unwrap());
        assert_eq!(
            aligned(&amounts),
            [" 0.25       BTC", "12          BTC", " 1.00000001 BTC"]
        );
    }

    #[test]
    fn labels_and_further_lines_are_aligned() {
        let mut fields = Fields::default();
        fields.add("To", "one\ntwo");
        fields.add("Longer", "three");
        fields.maybe("Nothing", None::<String>);
        let mut paper = Paper::default();
        paper.fields(&fields);
        assert_eq!(
            paper.text(),
            "  To      one\n          two\n  Longer  three\n"
        );
    }

    #[test]
    fn names_are_listed_as_people_do() {
        let names = ["Alice", "Bob", "Carol"].map(str::to_owned);
        assert_eq!(any(&names), "Alice, Bob or Carol");
        assert_eq!(all(names.split_at(2).0), "Alice and Bob");
        assert_eq!(
            (any(&[]).as_str(), count(1, "seat"), count(3, "seat")),
            ("", "1 seat".into(), "3 seats".into())
        );
    }
}
