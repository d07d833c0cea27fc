//! Settings of WeChat: who we are there, and which templates tell what.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Mode;
use crate::base::secret::Secret;

#[derive(Clone, Debug)]
pub struct WeChatConfig {
    pub at: WeChatAt,
    /// Of the program that a message opens: `developer`, `trial` or `formal`.
    pub state: &'static str,
    /// By kind of message; the demo's sandbox has its own.
    pub templates: BTreeMap<String, TemplateConfig>,
    /// As in `22:30-07:30`: what can wait is sent afterwards.
    pub quiet_hours: Option<String>,
    /// What cannot wait is sent in quiet hours, too.
    pub quiet_hours_urgent: bool,
}

/// Where WeChat is.
#[derive(Clone, Debug)]
pub enum WeChatAt {
    /// In demo mode, unless a mini-program is named: a sandbox within the server.
    Sandbox,
    Server {
        url: String,
        appid: String,
        secret: Secret,
    },
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateConfig {
    pub id: String,
    #[serde(default)]
    pub page: String,
    pub fields: BTreeMap<String, String>,
}

/// What was found in the environment and in the file.
pub(super) struct Found {
    pub url: Option<String>,
    pub appid: Option<String>,
    pub secret: Option<Secret>,
    pub state: Option<String>,
    pub templates: BTreeMap<String, TemplateConfig>,
    pub quiet_hours: Option<String>,
    pub quiet_hours_urgent: Option<String>,
}

const URL: &str = "https://api.weixin.qq.com";

pub(super) fn read(found: Found, mode: Mode, wrong: &mut Vec<String>) -> WeChatConfig {
    let Found { url, appid, secret, state, templates, quiet_hours, quiet_hours_urgent } = found;
    if mode == Mode::Production || url.is_some() || appid.is_some() || secret.is_some() {
        let needed = [
            ("YUEKE_WECHAT_APPID", appid.is_some(), "the mini-program's AppID"),
            (
                "YUEKE_WECHAT_SECRET",
                secret.is_some(),
                "the mini-program's AppSecret; or YUEKE_WECHAT_SECRET_FILE, a file that holds it",
            ),
        ];
        let missing = needed.iter().filter(|(_, there, _)| !there);
        wrong.extend(missing.map(|(name, _, what)| format!("{name} is missing: {what}")));
    }
    let url = url.unwrap_or_else(|| URL.to_owned());
    let url = url.trim_end_matches('/').to_owned();
    let is_local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"].iter().any(|l| url.starts_with(l));
    if !url.starts_with("https://") && !is_local {
        wrong.push(format!("YUEKE_WECHAT_URL is `{url}`: use https://, or a sandbox on http://127.0.0.1:<port>"));
    }
    let state = match state.as_deref() {
        None | Some("formal") => "formal",
        Some("trial") => "trial",
        Some("developer") => "developer",
        Some(other) => {
            wrong.push(format!("YUEKE_WECHAT_STATE is `{other}`: use formal, trial or developer"));
            "formal"
        }
    };
    let quiet_hours_urgent = match quiet_hours_urgent.as_deref() {
        None | Some("1" | "true") => true,
        Some("0" | "false") => false,
        Some(other) => {
            wrong.push(format!("YUEKE_QUIET_HOURS_URGENT is `{other}`: use 0 or 1"));
            true
        }
    };
    if appid.is_none() && !templates.is_empty() {
        wrong.push("[templates] are set, but no mini-program is: set YUEKE_WECHAT_APPID and its secret".into());
    }
    let at = match (appid, secret) {
        (Some(appid), Some(secret)) => WeChatAt::Server { url, appid, secret },
        (_, _) => WeChatAt::Sandbox,
    };
    WeChatConfig { at, state, templates, quiet_hours, quiet_hours_urgent }
}
