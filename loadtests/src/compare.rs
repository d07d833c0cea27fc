//! Two results of the same scenario, side by side.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;

use crate::{outcome::Outcome, report};

/// Which two.
#[derive(Args)]
pub struct Options {
    /// The folder of a result, or its result.json.
    a: PathBuf,
    b: PathBuf,
    /// Where the page goes.
    #[arg(long, default_value = "load-results/compare.html")]
    out: PathBuf,
}

/// Tells them in the terminal and writes a page.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let (a, b) = (Outcome::read(&options.a)?, Outcome::read(&options.b)?);
    ensure!(
        a.scenario == b.scenario,
        "{} is a result of `{}` and {} one of `{}`: only results of the same scenario can be compared",
        options.a.display(),
        a.scenario,
        options.b.display(),
        b.scenario
    );
    let told = || format!("{} cannot be written: name another file with --out", options.out.display());
    let folder = options.out.parent().filter(|f| !f.as_os_str().is_empty());
    folder.map(std::fs::create_dir_all).transpose().with_context(told)?;
    std::fs::write(&options.out, report::compare_page(&a, &b)).with_context(told)?;
    if a.settings != b.settings {
        println!("They ran with different options:\nA {}\nB {}\n", a.settings, b.settings);
    }
    println!("{}\n\n{}", report::compare_text(&a, &b), options.out.display());
    Ok(())
}
