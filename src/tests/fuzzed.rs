//! What the fuzzer drives, over its committed corpus: seeds that were written by hand, and inputs
//! that once broke something. `scripts/fuzz` makes up more.

#[path = "../../fuzz/targets/mod.rs"]
pub mod targets;

use std::{collections::BTreeSet, fs, path::PathBuf};

use self::targets::TARGETS;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn names_in(folder: PathBuf) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder is readable").flatten();
    entries.map(|e| e.file_name().into_string().expect("a plain name")).collect()
}

#[test]
fn every_target_holds_to_its_property_over_its_corpus() {
    let corpus = root().join("fuzz/corpus");
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in(corpus.clone()), known, "each target has a folder, and each folder a target");
    for (name, target) in TARGETS {
        let seeds = names_in(corpus.join(name));
        assert!(seeds.len() >= 5, "{name} has few seeds");
        for seed in seeds {
            println!("{name}/{seed}");
            target(&fs::read(corpus.join(name).join(seed)).expect("a seed is readable"));
        }
    }
}

#[test]
fn every_request_type_is_fuzzed() {
    let mut taken = BTreeSet::new();
    let mut folders = vec![root().join("src/api")];
    while let Some(folder) = folders.pop() {
        for file in names_in(folder.clone()).iter().map(|name| folder.join(name)) {
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|e| e == "rs") {
                taken.extend(bodies_of(&fs::read_to_string(file).expect("a source is readable")));
            }
        }
    }
    let fuzzed = targets::bodies::READERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(taken, fuzzed);
}

/// What stands between `Body<` and `>`.
fn bodies_of(source: &str) -> Vec<String> {
    source.split("Body<").skip(1).filter_map(|rest| rest.split('>').next()).map(str::to_owned).collect()
}
