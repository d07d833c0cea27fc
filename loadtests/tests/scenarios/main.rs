//! The scenarios as a user runs them: small ones against the real server, and against one that lies.

mod liar;
mod run;

use std::{net::TcpListener, process::Command};
#[cfg(target_os = "linux")]
use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use self::run::{Run, loadtests, server};
fn is_safe(run: &Run) {
    assert_eq!(run.status, Some(0), "{}", run.output);
    let result = run.result();
    assert_eq!(result["schema"], 1);
    let checks = result["checks"].as_array().expect("checks");
    assert!(checks.len() >= 4 && checks.iter().all(|c| c["ok"] == true), "{checks:?}");
    let page = run.page();
    assert!(
        page.contains(">Safe<") && page.contains("<svg") && !page.contains("://"),
        "a page that needs nothing else"
    );
}

#[test]
fn a_small_rush_is_safe() {
    let run = loadtests(&["rush", "--clients", "300", "--server", &server()]);
    is_safe(&run);
    assert!(run.output.contains("holds     seats taken in the end: 20"), "{}", run.output);
}

#[test]
fn small_races_have_one_winner_each() {
    is_safe(&loadtests(&["race", "--classes", "8", "--rounds", "2", "--server", &server()]));
}

#[test]
fn watchers_converge_after_a_small_storm() {
    is_safe(&loadtests(&["sockets", "--sockets", "200", "--classes", "5", "--seconds", "2", "--server", &server()]));
}

#[test]
fn a_server_that_oversells_is_caught() {
    let liar = liar::start();
    let run = loadtests(&["rush", "--clients", "60", "--target", &liar.to_string()]);
    assert_eq!(run.status, Some(1), "{}", run.output);
    assert!(run.output.contains("VIOLATED  seats taken in the end: expected 20, found 25"), "{}", run.output);
    let page = run.page();
    let (verdict, table) = (page.find("seats taken in the end: expected 20, found 25"), page.find("<h2>"));
    assert!(page.contains(">Not safe<") && verdict.is_some() && verdict < table, "the violation is told first");
}

#[test]
fn two_results_are_compared_and_of_different_scenarios_refused() {
    let rush = || loadtests(&["rush", "--clients", "60", "--server", &server()]);
    let (a, b) = (rush(), rush());
    let race = loadtests(&["race", "--classes", "2", "--rounds", "1", "--server", &server()]);
    let page = a.folder.path().join("compare.html").display().to_string();
    let compare = |other: &Run| {
        let (a, b) = (a.folder.path().display().to_string(), other.folder.path().display().to_string());
        run::plain(&["compare", &a, &b, "--out", &page])
    };
    let (status, output) = compare(&b);
    assert!(status == Some(0) && output.contains("B / A") && output.contains("book p99"), "{output}");
    let page = std::fs::read_to_string(&page).expect("a page");
    assert!(page.contains("Latency by percentile: book"));
    let (status, output) = compare(&race);
    assert!(status == Some(2) && output.contains("only results of the same scenario"), "{output}");
}

#[cfg(unix)]
#[test]
fn a_benchmark_that_fails_is_told_and_does_not_cost_the_others_their_table() {
    let (status, output) = run::plain(&["bench", "--only", "release,sockets", "--server", "/bin/false"]);
    assert_eq!(status, Some(2), "{output}");
    assert!(output.contains("| release ") && output.contains("| sockets ") && output.contains("failed"), "{output}");
    assert!(output.contains("could not be measured: sockets, release"), "{output}");
}

// ---- what is asked wrongly

fn refused(arguments: &[&str], told: &[&str]) {
    let (status, output) = run::plain(arguments);
    assert_eq!(status, Some(2), "{arguments:?}: {output}");
    for text in told {
        assert!(output.contains(text), "{arguments:?} does not tell `{text}`: {output}");
    }
}

#[test]
fn a_wrong_target_is_told_with_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").to_string();
    refused(&["rush", "--target", &free], &["nothing listens at", "cargo run --release"]);
    refused(&["rush", "--target", "https://127.0.0.1:1"], &["https:// is not supported", "--target 127.0.0.1:8080"]);
    refused(&["rush", "--target", "no url"], &["is no address", "--target 127.0.0.1:8080"]);
    let other = liar::stranger().to_string();
    refused(&["rush", "--target", &other], &["not a yueke server"]);
    let production = run::Production::start();
    refused(
        &["rush", "--target", &production.address.to_string()],
        &["not in demo mode", "YUEKE_ENV=demo cargo run --release"],
    );
    refused(&["rush", "--target", "127.0.0.1:1", "--database", "postgres"], &["cannot be used with"]);
}

#[test]
fn absurd_numbers_are_refused() {
    refused(&["rush", "--clients", "0"], &["--clients", "1..=100000"]);
    refused(&["rush", "--clients", "1000000000"], &["--clients", "1..=100000"]);
    refused(&["steady", "--rate", "0"], &["--rate", "1..=200000"]);
    refused(&["steady", "--classes", "1", "--connections", "100"], &["more --classes"]);
    refused(&["soak", "--minutes", "0"], &["--minutes"]);
    refused(&["bench", "--seconds", "0"], &["--seconds must be 1 to 600"]);
    refused(&["bench", "--only", "hop"], &["no benchmark `hop`"]);
}

#[test]
fn what_cannot_be_written_or_started_is_told_before_the_run() {
    refused(&["rush", "--out", "/dev/null/x"], &["cannot be written", "--out"]);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    refused(&["rush", "--out", &out, "--server", "/no/yueke"], &["is not there", "cargo build --release"]);
    refused(&["rush", "--out", &out, "--database", "postgres"], &["--postgres-url"]);
    refused(&["compare", "/no/a", "/no/b"], &["cannot be read"]);
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_told_before_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let line =
        format!("ulimit -n 256; exec {} rush --out {}", env!("CARGO_BIN_EXE_loadtests"), folder.path().display());
    let done = Command::new("sh").arg("-c").arg(line).output().expect("a shell");
    let output = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{output}");
    assert!(
        output.contains("11150 open files") && output.contains("only 256") && output.contains("ulimit -n"),
        "{output}"
    );
}

// ---- no server is left behind

/// Ids of processes that have the mark of this run in their environment.
#[cfg(target_os = "linux")]
fn processes_of(folder: &str) -> Vec<String> {
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let all = std::fs::read_dir("/proc").expect("/proc").flatten().map(name);
    let of = |pid: &String| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        String::from_utf8_lossy(&environ).contains(&format!("LOADTESTS_OF={folder}"))
    };
    all.filter(|pid| pid.bytes().all(|b| b.is_ascii_digit())).filter(of).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_is_ended_or_killed_leaves_no_server() {
    for signal in ["TERM", "KILL"] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().display().to_string();
        let server = server();
        let mut run = Command::new(env!("CARGO_BIN_EXE_loadtests"))
            .args(["steady", "--seconds", "60", "--classes", "20", "--rate", "50", "--out", &out, "--server", &server])
            .env("LOADTESTS_OF", &out)
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("loadtests start");
        // Ourselves, the guard and the server.
        until(|| processes_of(&out).len() == 3, "a server was started");
        let sent = Command::new("kill").args([&format!("-{signal}"), &run.id().to_string()]).status();
        assert!(sent.expect("kill").success());
        let status = run.wait().expect("it ends");
        assert!(!status.success());
        until(|| processes_of(&out).is_empty(), "nothing is left");
    }
}

#[cfg(target_os = "linux")]
fn until(is_so: impl Fn() -> bool, what: &str) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "not: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_result_says_what_was_run_and_where() {
    let run = loadtests(&["rush", "--clients", "40", "--seats", "5", "--places", "0", "--server", &server()]);
    is_safe(&run);
    let result = run.result();
    assert_eq!((&result["scenario"], &result["settings"]["seats"]), (&"rush".into(), &5.into()));
    assert_eq!(result["server"]["on"], "SQLite");
    assert!(result["machine"]["cores"].as_u64().is_some_and(|n| n > 0));
    assert!(result["latencies"][0]["curve"].as_array().is_some_and(|c| c.len() > 3));
}
