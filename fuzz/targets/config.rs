//! The settings file and the environment. Whatever is wrong with a secret, it is not told; nor is
//! it shown with the settings that were read. Lines such as `YUEKE_LISTEN=…` are the environment.

use std::collections::HashMap;

use yueke::config::{Config, unknown};

/// What seeds have for a secret.
const SECRET: &str = "hunter2hunter2";

/// The settings that are secrets, as the environment names them; the file has them in lower case.
const SECRETS: [&str; 3] = ["YUEKE_JWT_SECRET", "YUEKE_JWT_SECRET_PREVIOUS", "YUEKE_WECHAT_SECRET"];

/// The input as `yueke.toml` and an environment.
pub fn config(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (env, file): (Vec<&str>, Vec<&str>) = text.lines().partition(|l| l.starts_with("YUEKE_") && l.contains('='));
    let env: HashMap<&str, &str> = env.iter().filter_map(|l| l.split_once('=')).collect();
    let file = file.join("\n");
    let told = match Config::read(Some(&file), |name| env.get(name).map(|v| (*v).to_owned())) {
        Ok(config) => {
            assert!((1..=256).contains(&config.workers), "{}", config.workers);
            let secrets = [&config.tokens.secret, &config.tokens.previous_secret];
            assert!(secrets.into_iter().flatten().all(|s| s.0.len() >= 32), "a short secret");
            assert!(!config.is_demo() || config.listen.ip().is_loopback(), "a demo that others can reach");
            format!("{config:?}")
        }
        Err(bad) => {
            assert!(!bad.0.is_empty() && bad.0.iter().all(|line| !line.is_empty()));
            bad.to_string()
        }
    };
    assert!(!is_only_secret(&file, &env) || !told.contains(SECRET), "{told}");
    for (name, meant) in unknown(env.keys().map(|name| (*name).to_owned())) {
        assert!(meant.starts_with("YUEKE_") && name != meant);
    }
}

/// Whether the word stands in the values of secrets and nowhere else.
fn is_only_secret(file: &str, env: &HashMap<&str, &str>) -> bool {
    let holds_secret = |line: &str| {
        let Some((name, _)) = line.split_once('=') else { return false };
        SECRETS.iter().any(|s| s.eq_ignore_ascii_case(&format!("YUEKE_{}", name.trim())))
    };
    let in_file = file.lines().filter(|l| l.contains(SECRET)).all(|l| holds_secret(l) && one_line(l));
    let in_env = env.iter().filter(|(n, v)| n.contains(SECRET) || v.contains(SECRET));
    in_file && in_env.into_iter().all(|(name, _)| SECRETS.contains(name))
}

/// A text that is not closed on its line takes the next ones in, and the other way round.
fn one_line(line: &str) -> bool {
    !line.contains("\"\"\"") && !line.contains("'''")
}
