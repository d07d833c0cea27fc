//! Plots as inline SVG, small enough to be read on a phone.

use super::html::escape;
use crate::{outcome::plain, record::Mark};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;
/// Colours that the page has.
const COLOURS: usize = 8;

/// One curve.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// How values are laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// By powers of ten.
    Log,
}

/// What runs from left to right.
pub enum Across {
    Seconds,
    /// Of a distribution: 0.9, 0.99 and 0.999 are equally far apart.
    Quantiles,
}

/// A picture of some curves.
pub struct Plot<'a> {
    pub title: &'a str,
    pub unit: &'a str,
    pub across: Across,
    pub scale: Scale,
    pub lines: Vec<Line>,
    pub marks: &'a [Mark],
}

struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

impl Plot<'_> {
    /// Nothing where there is nothing to show.
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|l| &l.points).map(|(x, y)| (self.x(*x), *y));
        if points().next().is_none() {
            return String::new();
        }
        // All that runs in time begins with the run, so that plots can be read one below the other.
        let low = match self.across {
            Across::Seconds => 0.0,
            Across::Quantiles => points().map(|p| p.0).fold(f64::MAX, f64::min),
        };
        let xs = Range { low, high: fold_max(points().map(|p| p.0)) };
        let xs = Range { high: xs.high.max(xs.low + 1e-9), ..xs };
        let ys = self.heights(points().map(|p| p.1).collect());
        let (wide, high) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let px = |x: f64| LEFT + wide * xs.share(x);
        let py = |y: f64| TOP + high * (1.0 - ys.share(self.y(y)));
        let mut out = String::new();
        for y in self.y_ticks(&ys) {
            let at = py(y);
            out.push_str(&format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
                WIDTH - RIGHT
            ));
            out.push_str(&format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 4.0,
                short(y)
            ));
        }
        for (x, name) in self.x_ticks(&xs) {
            let anchor = if px(x) > WIDTH - 40.0 { "end" } else { "middle" };
            out.push_str(&format!(
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{name}</text>",
                px(x),
                HEIGHT - 7.0
            ));
        }
        for (i, mark) in self.marks.iter().filter(|m| m.at <= xs.high).enumerate() {
            let at = px(mark.at);
            out.push_str(&format!(
                "<line class=\"mark\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{}\"/>",
                HEIGHT - BOTTOM
            ));
            let (anchor, at) = if at > WIDTH * 0.6 { ("end", at - 4.0) } else { ("start", at + 4.0) };
            let what = escape(&mark.what);
            out.push_str(&format!(
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{what}</text>", // Neighbours do not write over each other.
                TOP + 11.0 + 15.0 * (i % 2) as f64
            ));
        }
        for (i, line) in self.lines.iter().enumerate() {
            let at = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", px(self.x(*x)), py(*y));
            let path: Vec<String> = line.points.iter().map(at).collect();
            // One point alone would be no line.
            let path = if path.len() == 1 { vec![path[0].clone(), path[0].clone()] } else { path };
            let (colour, name) = (i % COLOURS, escape(&line.name));
            let path = path.join(" ");
            out.push_str(&format!("<polyline class=\"curve\" stroke=\"var(--c{colour})\" points=\"{path}\"><title>{name}</title></polyline>"));
        }
        format!(
            "<figure><figcaption>{} <span class=\"dim\">{}</span></figcaption><div class=\"legend\">{}</div>\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{out}</svg></figure>\n",
            escape(self.title),
            escape(self.unit),
            self.legend(),
            escape(self.title)
        )
    }

    fn legend(&self) -> String {
        let item = |(i, line): (usize, &Line)| {
            let colour = i % COLOURS;
            format!("<span><i style=\"background:var(--c{colour})\"></i>{}</span>", escape(&line.name))
        };
        self.lines.iter().enumerate().map(item).collect()
    }

    fn x(&self, x: f64) -> f64 {
        match self.across {
            Across::Seconds => x,
            Across::Quantiles => -(1.0 - x.min(0.999_999)).log10(),
        }
    }

    fn y(&self, y: f64) -> f64 {
        match self.scale {
            Scale::Linear => y,
            Scale::Log => y.max(LEAST).log10(),
        }
    }

    fn heights(&self, values: Vec<f64>) -> Range {
        match self.scale {
            Scale::Linear => Range { low: 0.0, high: highest(fold_max(values.into_iter())) * 1.05 },
            Scale::Log => {
                let values = || values.iter().copied().filter(|v| *v > 0.0);
                let low = values().fold(f64::MAX, f64::min).clamp(LEAST, 1e9).log10().floor();
                Range { low, high: fold_max(values()).max(LEAST).log10().ceil().max(low + 1.0) }
            }
        }
    }

    fn y_ticks(&self, ys: &Range) -> Vec<f64> {
        match self.scale {
            Scale::Linear => linear_ticks(ys.high, 5),
            Scale::Log => (ys.low as i32..=ys.high as i32).map(|e| 10f64.powi(e)).collect(),
        }
    }

    fn x_ticks(&self, xs: &Range) -> Vec<(f64, String)> {
        match self.across {
            Across::Seconds => {
                let ticks = linear_ticks(xs.high, 6).into_iter().filter(|t| *t >= xs.low);
                ticks.map(|t| (t, format!("{} s", short(t)))).collect()
            }
            Across::Quantiles => {
                let all =
                    [(0.0, "0"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %")];
                let there = all.into_iter().map(|(q, name)| (self.x(q), name.to_owned()));
                there.filter(|(x, _)| *x <= xs.high && *x >= xs.low).collect()
            }
        }
    }
}

/// Below this a log scale would only show noise: one microsecond, in milliseconds.
const LEAST: f64 = 0.001;

/// Where all is nothing, the axis is still one.
fn highest(value: f64) -> f64 {
    if value > 0.0 { value } else { 1.0 }
}

fn fold_max(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::MIN, f64::max)
}

/// Round numbers from zero up.
fn linear_ticks(high: f64, wanted: usize) -> Vec<f64> {
    let rough = high / wanted as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(10.0 * power);
    (0..).map(|i| f64::from(i) * step).take_while(|t| *t <= high).collect()
}

/// `12k` for 12,000: the axis is narrow.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1e6 => format!("{}M", plain(value / 1e6)),
        v if v >= 10_000.0 => format!("{}k", plain(value / 1e3)),
        v if v > 0.0 && v < 0.01 => format!("{value}"),
        _ => plain(value).trim_end_matches(".00").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(scale: Scale, across: Across, points: &[(f64, f64)]) -> String {
        let lines = vec![Line { name: "a".into(), points: points.to_vec() }];
        Plot { title: "t", unit: "ms", across, scale, lines, marks: &[] }.svg()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(linear_ticks(10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(linear_ticks(26_000.0, 5), [0.0, 10_000.0, 20_000.0]);
        assert_eq!([short(20_000.0), short(0.001), short(2_500_000.0)], ["20k", "0.001", "2.50M"]);
    }

    #[test]
    fn whatever_the_values_no_coordinate_is_nonsense() {
        for points in
            [&[(0.0, 0.0)][..], &[(0.0, 0.0), (1.0, 0.0)], &[(0.5, 1.0), (1.0, 1e9)], &[(3.0, 5.0), (3.0, 5.0)]]
        {
            for (scale, across) in [(Scale::Linear, Across::Seconds), (Scale::Log, Across::Quantiles)] {
                let svg = plot(scale, across, points);
                assert!(svg.contains("<polyline") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            }
        }
        assert_eq!(plot(Scale::Log, Across::Seconds, &[]), "");
    }
}
