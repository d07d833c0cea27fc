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
    for file in names_in(root().join("src/api")) {
        let source = fs::read_to_string(root().join("src/api").join(file)).expect("a source is readable");
        let bodies = source.split("Body<").skip(1).filter_map(|rest| rest.split('>').next());
        taken.extend(bodies.map(str::to_owned));
    }
    let fuzzed = targets::bodies::READERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(taken, fuzzed);
}
