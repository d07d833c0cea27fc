//! Open files: thousands of connections need as many, here and in the server that is started.

use anyhow::ensure;

/// For logs, databases, libraries and the connections of the operator.
const BESIDE: u64 = 150;
/// The server keeps a second handle on each connection, to cut off who never reads.
const OF_SERVER: u64 = 2;

/// As many as the system lets us have without asking anybody.
pub fn raise() {
    #[cfg(unix)]
    if let Ok((soft, hard)) = rlimit::Resource::NOFILE.get()
        && soft < hard
        && let Err(error) = rlimit::Resource::NOFILE.set(hard, hard)
    {
        eprintln!("only {soft} files may be open ({error}); raise it with `ulimit -n`");
    }
}

/// Before the run starts: may this many connections be open at once?
pub fn enough(connections: usize, with_server: bool) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Ok((allowed, _)) = rlimit::Resource::NOFILE.get() {
        return judge(connections as u64, with_server, allowed);
    }
    judge(connections as u64, with_server, u64::MAX)
}

fn judge(connections: u64, with_server: bool, allowed: u64) -> anyhow::Result<()> {
    let each = if with_server { OF_SERVER } else { 1 };
    let needed = connections * each + BESIDE;
    ensure!(
        needed <= allowed,
        "{connections} connections need {needed} open files{}, but only {allowed} are allowed: \
         say `ulimit -n {needed}` in this shell before (as root, if it refuses), or take {} connections at most",
        if with_server { " in the server that is started" } else { "" },
        allowed.saturating_sub(BESIDE) / each,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_are_told_with_what_is_needed_and_allowed() {
        assert!(judge(5_000, true, 10_150).is_ok());
        let error = judge(5_000, true, 1_024).unwrap_err().to_string();
        assert!(error.contains("10150") && error.contains("1024") && error.contains("ulimit -n 10150"), "{error}");
        assert!(judge(5_000, false, 5_150).is_ok() && judge(5_000, false, 5_149).is_err());
    }
}
