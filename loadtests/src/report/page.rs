//! A run as a page and as text; two runs side by side.

use serde_json::Value;

use super::{
    html::{document, escape, mark, number, table},
    plot::{Across, Line, Plot, Scale},
};
use crate::{
    check::Check,
    outcome::{Figure, Latency, Outcome, plain},
    record::{Mark, Second},
};

/// The report of one run.
pub fn page(o: &Outcome) -> String {
    let mut body = format!("<h1>{}</h1>\n<p class=\"dim\">{}</p>\n", escape(&title(o)), escape(&o.about));
    body.push_str(&verdict(o));
    if !o.figures.is_empty() {
        body.push_str("<h2>Figures</h2>\n");
        body.push_str(&figures(o));
    }
    body.push_str("<h2>How it went</h2>\n<div class=\"plots\">\n");
    body.push_str(&plots(o));
    body.push_str("</div>\n<h2>Safety checks</h2>\n");
    // What is violated comes first.
    let mut checks: Vec<&Check> = o.checks.iter().collect();
    checks.sort_by_key(|c| c.ok);
    let row =
        |c: &&Check| vec![escape(&c.name), escape(&c.expected), escape(&c.found), mark(c.ok, "holds", "VIOLATED")];
    body.push_str(&table(&["What", "Expected", "Found", ""], &checks.iter().map(row).collect::<Vec<_>>()));
    if !o.latencies.is_empty() {
        body.push_str("<h2>Latency in milliseconds</h2>\n");
        body.push_str(&latencies(o));
    }
    body.push_str("<h2>What was run</h2>\n");
    body.push_str(&about(o));
    document(&title(o), &body)
}

fn title(o: &Outcome) -> String {
    format!("yueke {} · {}", o.scenario, o.server.on)
}

fn verdict(o: &Outcome) -> String {
    let (bad, all) = (o.violations(), o.checks.len());
    let missed = o.figures.iter().filter(|f| f.reached == Some(false)).count();
    if o.is_safe() {
        let goals = match missed {
            0 => String::new(),
            n => format!(" {n} of the goals below not reached."),
        };
        return format!("<div class=\"verdict good\"><b>Safe</b>All {all} safety checks hold.{goals}</div>\n");
    }
    let told = |c: &&Check| {
        let (name, expected, found) = (escape(&c.name), escape(&c.expected), escape(&c.found));
        format!("<li>{name}: expected {expected}, found {found}</li>")
    };
    let list: String = bad.iter().map(told).collect();
    let count = bad.len();
    format!("<div class=\"verdict bad\"><b>Not safe</b>{count} of {all} safety checks violated:<ul>{list}</ul></div>\n")
}

fn figures(o: &Outcome) -> String {
    let row = |f: &Figure| {
        let reached = f.reached.map_or(String::new(), |ok| mark(ok, "reached", "not reached"));
        vec![escape(&f.name), number(&f.told()), number(f.goal.as_deref().unwrap_or("")), reached]
    };
    table(&["What", "Value", "Goal", ""], &o.figures.iter().map(row).collect::<Vec<_>>())
}

fn latencies(o: &Outcome) -> String {
    let row = |l: &Latency| {
        let ms = [l.mean, l.p50, l.p90, l.p99, l.p999, l.max].map(|v| number(&plain(v)));
        [escape(&l.name), number(&plain(l.count as f64))].into_iter().chain(ms).collect()
    };
    let head = ["", "count", "mean", "p50", "p90", "p99", "p99.9", "max"];
    table(&head, &o.latencies.iter().map(row).collect::<Vec<_>>())
}

fn about(o: &Outcome) -> String {
    let mut rows = vec![
        vec!["command".into(), format!("loadtests {}", escape(&o.command.join(" ")))],
        vec!["begun".into(), escape(&format!("{}, took {:.1} s", o.started_at, o.took_s))],
        vec!["server".into(), escape(&format!("yueke {}, {}", o.server.version, o.server.on))],
        vec!["client".into(), escape(&format!("loadtests {}, on one thread", o.server.loadtests_version))],
        vec!["machine".into(), escape(&machine(o))],
    ];
    if let Value::Object(settings) = &o.settings {
        rows.extend(settings.iter().map(|(name, value)| vec![escape(name), escape(&value.to_string())]));
    }
    table(&["", ""], &rows)
}

fn machine(o: &Outcome) -> String {
    let memory = o.machine.memory_mib.map_or(String::new(), |m| format!(", {} MiB", plain(m as f64)));
    let load = o.machine.load_before.map_or(String::new(), |l| format!(", load before {l}"));
    format!("{}, {} cores{memory}, {}{load}", o.machine.processor, o.machine.cores, o.machine.system)
}

// ---- plots

fn line(name: &str, seconds: &[Second], value: impl Fn(&Second) -> f64) -> Line {
    Line { name: name.into(), points: seconds.iter().map(|s| (s.at as f64, value(s))).collect() }
}

fn over_time<'a>(title: &'a str, unit: &'a str, scale: Scale, lines: Vec<Line>, marks: &'a [Mark]) -> String {
    Plot { title, unit, across: Across::Seconds, scale, lines, marks }.svg()
}

fn curve_of(name: &str, l: &Latency) -> Line {
    Line { name: name.into(), points: l.curve.clone() }
}

fn plots(o: &Outcome) -> String {
    let (s, marks) = (&o.seconds, &o.marks[..]);
    let curves: Vec<Line> = o.latencies.iter().filter(|l| l.count > 1).map(|l| curve_of(&l.name, l)).collect();
    let (across, scale) = (Across::Quantiles, Scale::Log);
    let mut out = Plot { title: "Latency by percentile", unit: "ms", across, scale, lines: curves, marks: &[] }.svg();
    // A run that was over within two seconds has no course in time.
    if s.len() > 2 {
        let throughput = vec![line("done", s, |s| s.done as f64)];
        out.push_str(&over_time("Throughput", "per second", Scale::Linear, throughput, marks));
        let refusals = vec![line("refused", s, |s| s.refused as f64), line("errors", s, |s| s.failed as f64)];
        out.push_str(&over_time("Refusals", "per second", Scale::Linear, refusals, marks));
        let busy: Vec<Second> = s.iter().filter(|s| s.p99_ms > 0.0).cloned().collect();
        let latency = vec![line("p50", &busy, |s| s.p50_ms), line("p99", &busy, |s| s.p99_ms)];
        out.push_str(&over_time("Latency", "ms", Scale::Log, latency, marks));
    }
    for curve in o.curves.iter().filter(|c| c.points.len() > 2) {
        let lines = vec![Line { name: curve.name.clone(), points: curve.points.clone() }];
        out.push_str(&over_time(&capital(&curve.name), &curve.unit, Scale::Linear, lines, marks));
    }
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

// ---- in the terminal

/// What matters of one run.
pub fn text(o: &Outcome) -> String {
    let mut lines = vec![format!("{}, {:.1} s", title(o), o.took_s), String::new()];
    for l in &o.latencies {
        let (p50, p99, max) = (plain(l.p50), plain(l.p99), plain(l.max));
        lines.push(format!(
            "  {:<28} {:>9} times, p50 {p50} ms, p99 {p99} ms, max {max} ms",
            l.name,
            plain(l.count as f64)
        ));
    }
    for f in &o.figures {
        let reached = f.reached.map_or("", |ok| if ok { ", reached" } else { ", NOT reached" });
        let goal = f.goal.as_ref().map_or(String::new(), |g| format!(" (goal {g}{reached})"));
        lines.push(format!("  {:<44} {}{goal}", f.name, f.told()));
    }
    lines.push(String::new());
    for c in &o.checks {
        let Check { name, expected, found, ok } = c;
        lines.push(if *ok {
            format!("  holds     {name}: {found}")
        } else {
            format!("  VIOLATED  {name}: expected {expected}, found {found}")
        });
    }
    lines.push(String::new());
    lines.push(if o.is_safe() {
        "SAFE".into()
    } else {
        format!("NOT SAFE: {} of {} checks violated", o.violations().len(), o.checks.len())
    });
    lines.join("\n")
}

// ---- two runs

fn both<'a>(a: &'a Outcome, b: &'a Outcome) -> Vec<(String, &'a Figure, &'a Figure)> {
    let pair = |f: &'a Figure| Some((f.name.clone(), f, b.figures.iter().find(|g| g.name == f.name)?));
    a.figures.iter().filter_map(pair).collect()
}

fn ratio(a: f64, b: f64) -> String {
    if a == 0.0 { "-".into() } else { format!("{:.2}", b / a) }
}

fn compared(a: &Outcome, b: &Outcome) -> Vec<[String; 4]> {
    let mut rows: Vec<[String; 4]> =
        both(a, b).into_iter().map(|(n, f, g)| [n, f.told(), g.told(), ratio(f.value, g.value)]).collect();
    for l in &a.latencies {
        let Some(m) = b.latencies.iter().find(|m| m.name == l.name) else { continue };
        for (name, x, y) in [("p50", l.p50, m.p50), ("p99", l.p99, m.p99), ("p99.9", l.p999, m.p999)] {
            rows.push([
                format!("{} {name}", l.name),
                format!("{} ms", plain(x)),
                format!("{} ms", plain(y)),
                ratio(x, y),
            ]);
        }
    }
    rows
}

/// Side by side, in the terminal.
pub fn compare_text(a: &Outcome, b: &Outcome) -> String {
    let head = ["", &format!("A {}", a.started_at), &format!("B {}", b.started_at), "B / A"].map(str::to_owned);
    let rows: Vec<[String; 4]> = [head].into_iter().chain(compared(a, b)).collect();
    let width = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let line = |r: &[String; 4]| {
        let cells = r.iter().zip(&widths).enumerate();
        cells
            .map(|(i, (c, w))| if i == 0 { format!("{c:<w$}") } else { format!("{c:>w$}") })
            .collect::<Vec<_>>()
            .join("  ")
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.push(format!("\nA {}; B {}", word(a), word(b)));
    lines.join("\n")
}

fn word(o: &Outcome) -> &'static str {
    if o.is_safe() { "is safe" } else { "is NOT safe" }
}

/// Side by side, as a page with both curves in each plot.
pub fn compare_page(a: &Outcome, b: &Outcome) -> String {
    let title = format!("yueke {}: two runs", a.scenario);
    let mut body = format!("<h1>{}</h1>\n<p class=\"dim\">{}</p>\n", escape(&title), escape(&a.about));
    for (name, o) in [("A", a), ("B", b)] {
        let class = if o.is_safe() { "good" } else { "bad" };
        let told = format!("{name} {}", word(o));
        let what = format!("{}, {}, {}", o.started_at, o.server.on, machine(o));
        body.push_str(&format!("<div class=\"verdict {class}\"><b>{told}</b>{}</div>\n", escape(&what)));
    }
    let row = |r: [String; 4]| vec![escape(&r[0]), number(&r[1]), number(&r[2]), number(&r[3])];
    body.push_str("<h2>Figures</h2>\n");
    body.push_str(&table(&["", "A", "B", "B / A"], &compared(a, b).into_iter().map(row).collect::<Vec<_>>()));
    body.push_str("<h2>How they went</h2>\n<div class=\"plots\">\n");
    for l in &a.latencies {
        let Some(m) = b.latencies.iter().find(|m| m.name == l.name) else { continue };
        let title = format!("Latency by percentile: {}", l.name);
        let (across, lines) = (Across::Quantiles, vec![curve_of("A", l), curve_of("B", m)]);
        body.push_str(&Plot { title: &title, unit: "ms", across, scale: Scale::Log, lines, marks: &[] }.svg());
    }
    let two = |value: fn(&Second) -> f64| vec![line("A", &a.seconds, value), line("B", &b.seconds, value)];
    body.push_str(&over_time("Throughput", "per second", Scale::Linear, two(|s| s.done as f64), &[]));
    body.push_str(&over_time("Refusals", "per second", Scale::Linear, two(|s| s.refused as f64), &[]));
    for curve in &a.curves {
        let Some(other) = b.curves.iter().find(|c| c.name == curve.name) else { continue };
        let of = |name: &str, points: &[(f64, f64)]| Line { name: name.into(), points: points.to_vec() };
        let lines = vec![of("A", &curve.points), of("B", &other.points)];
        body.push_str(&over_time(&capital(&curve.name), &curve.unit, Scale::Linear, lines, &[]));
    }
    body.push_str("</div>\n");
    document(&title, &body)
}
