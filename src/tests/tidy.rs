//! What the tree promises about itself: who may know whom, what nobody may use, how long a file is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use yueke::store::open::MIGRATIONS;

/// What each part may name, besides itself. A part that is not in the list fails the test: whoever
/// adds one decides where it stands.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("config", &["base"]),
    ("domain", &["base"]),
    ("engine", &["base", "domain"]),
    ("store", &["base", "domain", "engine"]),
    ("gateways", &["base"]),
    ("flows", &["base", "domain", "engine", "store", "gateways"]),
    ("outbox", &["base", "domain", "store", "gateways"]),
    ("live", &["base", "domain", "engine"]),
    ("api", &["base", "config", "domain", "engine", "store", "flows", "live", "outbox", "gateways", "web"]),
    ("web", &["base", "config", "domain", "engine", "store", "flows", "live", "outbox", "gateways", "api"]),
    ("demo", &["base", "domain", "engine", "store", "flows", "live", "outbox", "web", "api"]),
    ("app", EVERYTHING),
    ("cli", EVERYTHING),
];

const EVERYTHING: &[&str] = &[
    "base", "config", "domain", "engine", "store", "gateways", "flows", "outbox", "live", "api", "web", "demo", "app",
];

/// The URL table, the state that handlers share and the server are where the two meet.
const WEB_FILES_THAT_KNOW_API: &[&str] = &["src/web/routes.rs", "src/web/state.rs", "src/web/server.rs"];

/// `args!` is the store's macro, which lives at the root.
const STORE_MACRO: &str = "args";

const LINES_MAX: usize = 600;

struct Source {
    /// From the project's folder, as in `src/engine/actor.rs`.
    path: String,
    text: String,
}

impl Source {
    fn part(&self) -> &str {
        let rest = self.path.strip_prefix("src/").unwrap_or(&self.path);
        rest.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// A file of tests may use whatever helps it.
    fn is_test(&self) -> bool {
        self.path.starts_with("src/tests/") || self.path.ends_with("/tests.rs")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&root.join("src"), &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file is readable");
        let path = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        Source { path, text }
    };
    let sources: Vec<_> = found.into_iter().map(read).collect();
    assert!(sources.len() > 50, "the sources were not found");
    sources
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The text without comments and without what stands in string literals.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some(length) = literal_at(rest, code.chars().last()) {
            code.push_str("\"\"");
            rest = &rest[length..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

/// The length of the string or character literal that begins here, if one does.
fn literal_at(rest: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let Some(string) = rest.strip_prefix('"') {
        return Some(quoted(string) + 1);
    }
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !in_word) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = 1 + hashes + 1;
            return rest[body..].find(&end).map(|i| body + i + end.len());
        }
    }
    // A quote that is no lifetime.
    let mut chars = rest.strip_prefix('\'')?.chars();
    match (chars.next()?, chars.next()?) {
        ('\\', escaped) => Some(2 + escaped.len_utf8() + rest[2 + escaped.len_utf8()..].find('\'')? + 1),
        (c, '\'') => Some(c.len_utf8() + 2),
        _ => None,
    }
}

/// Up to and with the closing quote.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            '"' if !escaped => return i + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The parts of this crate that the code names: `crate::store::…` and `use crate::{store, web::…}`.
fn named_parts(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => named.extend(group_heads(group)),
            None => named.extend(head(rest)),
        }
    }
    named
}

/// The first words of a group's items, not of the groups within it.
fn group_heads(group: &str) -> Vec<String> {
    let (mut heads, mut depth, mut item) = (Vec::new(), 0, String::new());
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => heads.extend(head(&std::mem::take(&mut item))),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    heads.extend(head(&item));
    heads
}

fn head(path: &str) -> Option<String> {
    let word: String = path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

fn imports_against_the_grain(source: &Source) -> Vec<String> {
    let part = source.part();
    if source.is_test() || part == "main" || part == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == part) else {
        return vec![format!("{}: `{part}` has no place in the list of parts", source.path)];
    };
    let mut wrong = Vec::new();
    for named in named_parts(&code_of(&source.text)) {
        let named = if named == STORE_MACRO { "store".to_owned() } else { named };
        let misplaced = part == "web" && named == "api" && !WEB_FILES_THAT_KNOW_API.contains(&&*source.path);
        if named != part && (!allowed.contains(&&*named) || misplaced) {
            wrong.push(format!("{} must not know `{named}`", source.path));
        }
    }
    wrong
}

/// Crates that a part keeps away from: whatever drives it can be exchanged, or simulated.
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    (
        "domain",
        &["tokio", "actix", "actix_web", "actix_ws", "futures_util", "sqlx", "chrono", "rand", "reqwest", "tracing"],
    ),
    ("engine", &["sqlx", "actix_web", "actix_ws", "reqwest"]),
    ("live", &["sqlx", "reqwest"]),
    ("store", &["actix_web", "actix_ws", "reqwest"]),
];

/// Words of the language, or of the library, that nobody should meet in the product.
const NOWHERE: &[&str] = &["unsafe ", "todo!", "unimplemented!", "dbg!", "#[ignore", "#![allow", "print_stdout"];

fn banned_crates(source: &Source) -> Vec<String> {
    let code = code_of(&source.text);
    let bans = MUST_NOT_USE.iter().filter(|(part, _)| *part == source.part()).flat_map(|(_, crates)| *crates);
    let uses = |name: &str| code.match_indices(name).any(|(i, _)| is_crate_path(&code, i, name));
    bans.filter(|name| !source.is_test() && uses(name)).map(|name| format!("{} uses {name}", source.path)).collect()
}

fn is_crate_path(code: &str, at: usize, name: &str) -> bool {
    let before = code[..at].chars().next_back();
    let starts = before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | ':' | '.'));
    starts && code[at + name.len()..].starts_with("::")
}

fn banned_words(source: &Source) -> Vec<String> {
    let code = code_of(&source.text);
    NOWHERE.iter().filter(|w| code.contains(**w)).map(|w| format!("{} has `{}`", source.path, w.trim())).collect()
}

fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > LINES_MAX).then(|| format!("{} has {lines} lines", source.path))
}

fn none_of<T: std::fmt::Display>(wrong: impl IntoIterator<Item = T>) {
    let wrong: Vec<String> = wrong.into_iter().map(|w| w.to_string()).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn parts_know_only_what_lies_below_them() {
    none_of(sources().iter().flat_map(imports_against_the_grain));
}

#[test]
fn rules_and_engine_keep_away_from_drivers() {
    none_of(sources().iter().flat_map(banned_crates));
}

#[test]
fn nothing_unsafe_unfinished_or_skipped() {
    none_of(sources().iter().flat_map(banned_words));
}

#[test]
fn a_file_is_one_thought() {
    none_of(sources().iter().filter_map(too_long));
}

// ---- the checks find what they look for

/// A file that is not named in the list would never be run.
#[test]
fn every_migration_is_listed_under_its_own_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files: BTreeSet<(String, String)> = fs::read_dir(folder)
        .expect("migrations/ is there")
        .map(|entry| {
            let path = entry.expect("an entry of migrations/").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("SQL is text"))
        })
        .collect();
    let listed =
        MIGRATIONS.map(|(number, name, sql)| (format!("{number:04}_{name}.sql"), sql.to_owned())).into_iter().collect();
    assert_eq!(files, listed);
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn a_wrong_import_is_found_in_every_spelling() {
    for text in [
        "use crate::store::Store;",
        "use crate::{base::{ids::Epoch, time::Clock}, store::{Store, sql}};",
        "use crate::{\n    base::time::Clock,\n    store,\n};",
        "fn f() { crate::store::open(); }",
        "let a = crate::args![1];",
    ] {
        assert_eq!(imports_against_the_grain(&source("src/engine/x.rs", text)).len(), 1, "{text}");
    }
    for text in [
        "// use crate::store::Store;\nuse crate::{base::{store, ids}, domain};",
        "let s = \"crate::store\"; let r = r#\"crate::\"store\"#; let c = '\"'; crate::base::x();",
    ] {
        none_of(imports_against_the_grain(&source("src/engine/x.rs", text)));
    }
    assert_eq!(imports_against_the_grain(&source("src/web/error.rs", "use crate::api::x;")).len(), 1);
    assert_eq!(imports_against_the_grain(&source("src/store/x.rs", "use crate::cli;")).len(), 1);
    assert_eq!(imports_against_the_grain(&source("src/surprise/x.rs", "")).len(), 1);
}

#[test]
fn a_banned_crate_or_word_is_found() {
    assert_eq!(banned_crates(&source("src/engine/x.rs", "use sqlx::Row; actix_web::main()")).len(), 2);
    none_of(banned_crates(&source("src/engine/x.rs", "use actix::Actor; self.sqlx::<T>(); my_sqlx::x()")));
    let text = ["un", "safe { } to", "do!() d", "bg!(x) #[ig", "nore]"].concat();
    assert_eq!(banned_words(&source("src/engine/x.rs", &text)).len(), 4);
    assert!(too_long(&source("src/engine/x.rs", &"\n".repeat(LINES_MAX + 1))).is_some());
}
