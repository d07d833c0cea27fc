//! The folder of a result: it is made before the run, so that none is run in vain.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::{outcome::Outcome, report};

/// A folder that can be written.
pub fn prepare(wanted: Option<&Path>, scenario: &str) -> anyhow::Result<PathBuf> {
    let time = chrono::Local::now().format("%Y%m%d-%H%M%S");
    let folder = wanted.map_or_else(|| format!("load-results/{scenario}-{time}").into(), Path::to_owned);
    let told = || format!("the folder {} cannot be written: name another with --out", folder.display());
    std::fs::create_dir_all(&folder).with_context(told)?;
    let probe = folder.join(".probe");
    std::fs::write(&probe, "").with_context(told)?;
    std::fs::remove_file(&probe).with_context(told)?;
    Ok(folder)
}

/// Writes the files and tells the result.
pub fn write(folder: &Path, outcome: &Outcome) -> anyhow::Result<()> {
    let (json, html) = (folder.join("result.json"), folder.join("report.html"));
    std::fs::write(&json, serde_json::to_string_pretty(outcome)?)?;
    std::fs::write(&html, report::page(outcome))?;
    println!("{}", report::text(outcome));
    println!("\n{}", html.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = format!("{:#}", prepare(Some(&file.join("below")), "rush").unwrap_err());
        assert!(error.contains("cannot be written") && error.contains("--out"), "{error}");
        assert!(prepare(Some(&folder.path().join("a/b")), "rush").unwrap().is_dir());
    }
}
