//! Which WeChat there is: the real one, or in demo mode a sandbox within the server.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use crate::{
    args,
    base::{
        ids::{hex, secret_bytes},
        secret::Secret,
        time::Clock,
    },
    config::{Config, WeChatAt, WeChatConfig},
    gateways::{
        sandbox::{Sandbox, SandboxSettings, SandboxTemplate, openid::openid_of},
        wechat::{Failure, Settings, WeChat},
    },
    outbox::wechat::{
        Quiet, Templates,
        templates::{DEMO, DemoTemplate, TemplateText},
    },
    store::{Store, StoreError},
    web::{server::SANDBOX_PATH, state::DemoOpenid},
};

/// The demo's mini-program.
const DEMO_APPID: &str = "wx00000000000demo0";

pub struct WeChatParts {
    pub wechat: WeChat,
    /// Where it is.
    pub url: String,
    pub templates: Arc<Templates>,
    pub quiet: Option<Quiet>,
    pub sandbox: Option<Sandbox>,
}

/// Everything about WeChat that the settings say, or all that is wrong with it.
pub fn build(config: &Config, address: SocketAddr, clock: &Clock) -> anyhow::Result<WeChatParts> {
    let mut wrong = Vec::new();
    let WeChatConfig { at, state: _, templates: texts, quiet_hours, quiet_hours_urgent } = &config.wechat;
    let quiet = quiet_hours.as_deref().and_then(|text| {
        let quiet = Quiet::parse(text, *quiet_hours_urgent, config.zone);
        if quiet.is_none() {
            wrong.push(format!("YUEKE_QUIET_HOURS is `{text}`: use two times of day, as in 22:30-07:30"));
        }
        quiet
    });
    let own = texts.iter().map(|(kind, template)| TemplateText {
        kind,
        id: &template.id,
        page: &template.page,
        fields: template.fields.iter().map(|(field, text)| (field.as_str(), text.as_str())).collect(),
    });
    // A sandbox knows the demo's templates, and no others.
    let templates = match at {
        WeChatAt::Sandbox => Templates::compile(DEMO.iter().map(DemoTemplate::text)),
        WeChatAt::Server { .. } => Templates::compile(own),
    };
    let templates = templates.unwrap_or_else(|lines| {
        wrong.extend(lines);
        Templates::default()
    });
    anyhow::ensure!(wrong.is_empty(), "the configuration cannot be used:\n  - {}", wrong.join("\n  - "));
    let (settings, sandbox) = match at {
        WeChatAt::Server { url, appid, secret } => {
            (Settings { url: url.clone(), appid: appid.clone(), secret: secret.clone() }, None)
        }
        WeChatAt::Sandbox => {
            let secret = hex(&secret_bytes::<16>());
            let sandbox = Sandbox::new(SandboxSettings::new(DEMO_APPID, &secret, demo_templates()), clock.clone());
            let url = format!("http://{address}{SANDBOX_PATH}");
            (Settings { url, appid: DEMO_APPID.into(), secret: Secret(secret) }, Some(sandbox))
        }
    };
    let url = settings.url.clone();
    let wechat = WeChat::new(settings, clock.clone())?;
    Ok(WeChatParts { wechat, url, templates: Arc::new(templates), quiet, sandbox })
}

/// The openid that a demo person has in the sandbox, where they have a phone from then on; none for a
/// name that it does not take.
pub fn demo_openid(sandbox: Sandbox) -> DemoOpenid {
    Arc::new(move |role, name| {
        let person = format!("{role}:{name}");
        sandbox.appear(&person).then(|| openid_of(DEMO_APPID, &person))
    })
}

/// A sandbox within the server forgets with it what people consented to; we have not.
pub async fn remember_consents(sandbox: &Sandbox, store: &Store) -> Result<(), StoreError> {
    let sql = "select w.openid, u.template_id, u.remaining from subscriptions u \
        join wx_accounts w on w.account_id = u.account_id where u.remaining > 0 order by u.updated_at desc limit $1";
    for row in store.reader().all(sql, args![CONSENTS_MAX]).await? {
        sandbox.grant(row.text("openid")?, row.text("template_id")?, row.count("remaining")?);
    }
    Ok(())
}

/// More than anybody gave by hand.
const CONSENTS_MAX: i64 = 10_000;

/// As WeChat would list them.
pub fn demo_templates() -> Vec<SandboxTemplate> {
    let mut templates: BTreeMap<&str, SandboxTemplate> = BTreeMap::new();
    for t in &DEMO {
        let template = SandboxTemplate { id: t.id.into(), title: t.title.into(), content: t.content() };
        templates.insert(t.id, template);
    }
    templates.into_values().collect()
}

/// Before the start: what WeChat denies stops it; when it cannot be asked, bookings must not wait for it.
pub async fn check(parts: &WeChatParts) -> anyhow::Result<()> {
    if parts.sandbox.is_none()
        && let Err(failure) = ask(parts).await?
    {
        tracing::warn!(%failure, url = parts.url, "the templates could not be checked with WeChat");
    }
    Ok(())
}

/// Asks WeChat whether it knows us and our templates; all that is wrong, or why it could not be asked.
pub async fn ask(parts: &WeChatParts) -> anyhow::Result<Result<(), Failure>> {
    let asked = async {
        parts.wechat.check_credentials().await?;
        parts.wechat.templates().await
    };
    let listed = match asked.await {
        Ok(listed) => listed,
        // The day's quota is used up: nothing is wrong with the settings.
        Err(failure @ Failure::Refused { code: 45009 | 45011, .. }) => return Ok(Err(failure)),
        Err(Failure::Refused { code, message }) => {
            anyhow::bail!("WeChat does not accept this mini-program ({code} {message}): {}", advice(code))
        }
        Err(failure @ (Failure::Unavailable(_) | Failure::Unknown(_))) => return Ok(Err(failure)),
    };
    let theirs = listed.iter().map(|t| (t.id.clone(), fields_of(&t.content))).collect();
    let wrong = parts.templates.against(&theirs);
    anyhow::ensure!(wrong.is_empty(), "the templates do not fit those at WeChat:\n  - {}", wrong.join("\n  - "));
    Ok(Ok(()))
}

fn advice(code: i64) -> &'static str {
    match code {
        40013 => "look at YUEKE_WECHAT_APPID",
        40125 | 40001 => "look at YUEKE_WECHAT_SECRET",
        40164 => "add this server's address to the IP white list (mp.weixin.qq.com, 开发管理)",
        40243 => "the AppSecret is frozen: thaw it at mp.weixin.qq.com",
        _ => "look the code up in WeChat's documentation of server APIs",
    }
}

/// `thing1` and `time2` out of `课程:{{thing1.DATA}}\n时间:{{time2.DATA}}\n`.
fn fields_of(content: &str) -> Vec<String> {
    let fields = content.split("{{").skip(1).filter_map(|part| part.split_once(".DATA}}"));
    fields.map(|(name, _)| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_wechats_own_notation() {
        assert_eq!(fields_of("会议时间:{{date2.DATA}}\n会议地点:{{thing1.DATA}}\n"), ["date2", "thing1"]);
        assert!(fields_of("").is_empty() && fields_of("{{").is_empty());
        for template in &DEMO {
            let fields: Vec<_> = template.fields.iter().map(|(_, field, _)| *field).collect();
            assert_eq!(fields_of(&template.content()), fields);
        }
    }
}
