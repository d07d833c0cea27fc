//! What a benchmark came to, as a table for people and as JSON for programs.

use serde::Serialize;

#[derive(Serialize)]
pub struct Figure {
    pub name: String,
    pub ours: String,
    pub baseline: String,
    pub ratio: Option<f64>,
    pub goal: String,
    pub reached: Option<bool>,
}

impl Figure {
    /// One that could not be measured; why was told when it happened.
    pub fn failed(name: &str) -> Self {
        let (ours, none) = ("failed".to_owned(), String::new());
        Self { name: name.to_owned(), ours, baseline: none.clone(), ratio: None, goal: none, reached: Some(false) }
    }
}

/// Aligned columns, as Markdown.
pub fn markdown(figures: &[Figure]) -> String {
    let head = ["What", "yueke", "beside it", "ratio", "goal", ""].map(str::to_owned);
    let row = |f: &Figure| {
        let ratio = f.ratio.map_or(String::new(), |r| format!("{r:.2}"));
        let mark = f.reached.map_or("", |ok| if ok { "reached" } else { "not reached" });
        [f.name.clone(), f.ours.clone(), f.baseline.clone(), ratio, f.goal.clone(), mark.to_owned()]
    };
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(figures.iter().map(row)).collect();
    let width = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let line = |r: &[String; 6]| {
        let cells = r.iter().zip(&widths).map(|(cell, w)| format!(" {cell:<w$} "));
        format!("|{}|", cells.collect::<Vec<_>>().join("|"))
    };
    let rule = format!("|{}|", widths.iter().map(|w| "-".repeat(w + 2)).collect::<Vec<_>>().join("|"));
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1, rule);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let figure = Figure {
            name: "hot".into(),
            ours: "1".into(),
            baseline: "2".into(),
            ratio: Some(0.5),
            goal: "≥ 10".into(),
            reached: Some(false),
        };
        let text = markdown(&[figure]);
        let widths: Vec<usize> = text.lines().map(|l| l.chars().count()).collect();
        assert!(widths.iter().all(|w| *w == widths[0]), "{text}");
    }
}
