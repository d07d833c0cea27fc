//! The one table of everything that can be answered instead of success.

use std::{borrow::Cow, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use super::reply::Lang;
use crate::{
    domain::schedule::Rejection,
    engine::{Trouble, journal::Fault},
    store::StoreError,
};

/// Of a field's name, as it is told back.
const FIELD_CHARS_MAX: usize = 100;

/// Why a request is not answered with success.
#[derive(Debug, Clone)]
pub enum Problem {
    /// Malformed or invalid: which field, and what is wrong with it in Chinese and English.
    Invalid {
        field: Cow<'static, str>,
        zh: Cow<'static, str>,
        en: Cow<'static, str>,
    },
    Unauthorized,
    TokenExpired,
    InvalidCredentials,
    NoDemoCode,
    /// After too many wrong passwords, for so much longer.
    AccountLocked {
        seconds: i64,
    },
    Forbidden,
    DemoOnly,
    NotFound,
    MethodNotAllowed,
    TooLarge,
    TooSlow,
    NotJson,
    KeyReused,
    InProgress,
    RateLimited {
        retry_after: u32,
    },
    Overloaded,
    Closing,
    Unavailable(Fault),
    Unknown(Fault),
    Timeout,
    Internal(Fault),
    TeacherBusy,
    ClockBackwards,
    ClockNotManual,
    NameTaken,
    NotLinked,
    AlreadySent,
    /// WeChat cannot be asked now.
    WeChatUnavailable,
    /// WeChat takes this person for a danger.
    WeChatBlocked,
    SmsUnavailable {
        configured: bool,
    },
    PhoneInUse,
    NotMergeable,
    OwnAccount,
    LastOwner,
    RoleChosen,
    SelfExists,
    TooManyStudents,
    AuditRunning,
    Rule(Rejection),
}

/// One row of the table.
pub struct Row {
    pub status: u16,
    pub reason: &'static str,
    pub zh: Cow<'static, str>,
    pub en: Cow<'static, str>,
    /// Seconds after which it is worth trying again.
    pub retry_after: Option<u32>,
}

fn row(status: u16, reason: &'static str, zh: &'static str, en: &'static str) -> Row {
    Row { status, reason, zh: zh.into(), en: en.into(), retry_after: None }
}

impl Row {
    fn again_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl Problem {
    /// A field that is missing or not what it must be.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        zh: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid { field: shortened(field.into()), zh: zh.into(), en: en.into() }
    }

    pub fn row(&self) -> Row {
        match self {
            Self::Invalid { field, zh, en } => Row {
                status: 400,
                reason: "invalid_request",
                zh: format!("参数 {field} 无效：{zh}").into(),
                en: format!("invalid `{field}`: {en}").into(),
                retry_after: None,
            },
            Self::Unauthorized => row(401, "unauthorized", "请先登录", "Log in first"),
            Self::TokenExpired => {
                row(401, "token_expired", "登录已过期，请重新登录", "The login has expired: log in again")
            }
            Self::InvalidCredentials => {
                row(401, "invalid_credentials", "登录凭证无效", "These credentials are not valid")
            }
            Self::NoDemoCode => row(
                401,
                "invalid_credentials",
                "请使用 dev:<角色>:<姓名>，角色为 student、teacher、operator、admin 或 owner",
                "Use dev:<role>:<name> with the role student, teacher, operator, admin or owner",
            ),
            Self::AccountLocked { seconds } => {
                let (zh, en) = wait(*seconds);
                Row {
                    status: 401,
                    reason: "account_locked",
                    zh: format!("登录失败次数过多，请{zh}后再试").into(),
                    en: format!("Too many failed logins: try again in {en}").into(),
                    retry_after: None,
                }
            }
            Self::Forbidden => row(403, "forbidden", "没有权限执行此操作", "You may not do this"),
            Self::DemoOnly => row(404, "not_found", "未找到", "Not found"),
            Self::NotFound => row(404, "not_found", "未找到", "Not found"),
            Self::MethodNotAllowed => {
                row(405, "method_not_allowed", "不支持的请求方法", "This path does not take that method")
            }
            Self::TooLarge => {
                row(413, "payload_too_large", "请求内容过大（上限1 MiB）", "The body is larger than 1 MiB")
            }
            Self::TooSlow => {
                row(408, "request_timeout", "请求内容未在规定时间内送达", "The body did not arrive in time")
            }
            Self::NotJson => row(
                415,
                "unsupported_media_type",
                "请使用 Content-Type: application/json",
                "Send Content-Type: application/json",
            ),
            Self::KeyReused => row(
                422,
                "request_key_reused",
                "该 Idempotency-Key 已用于另一个请求，请换一个新的",
                "This Idempotency-Key was used for another request: take a new one",
            ),
            Self::InProgress => {
                row(409, "request_in_progress", "相同请求正在处理中，请稍候", "The same request is being worked on")
                    .again_after(1)
            }
            // A moment is as good as told by the header.
            Self::RateLimited { retry_after: retry_after @ 0..=5 } => {
                row(429, "too_many_requests", "请求过于频繁，请稍后再试", "Too many requests: slow down")
                    .again_after(*retry_after)
            }
            Self::RateLimited { retry_after } => {
                let (zh, en) = wait(i64::from(*retry_after));
                Row {
                    status: 429,
                    reason: "too_many_requests",
                    zh: format!("请求过于频繁，请{zh}后再试").into(),
                    en: format!("Too many requests: try again in {en}").into(),
                    retry_after: Some(*retry_after),
                }
            }
            Self::Overloaded => {
                row(503, "overloaded", "系统繁忙，请稍后再试", "Too busy now: try again shortly").again_after(1)
            }
            Self::Closing => {
                row(503, "shutting_down", "服务正在重启，请稍后再试", "The server is restarting").again_after(2)
            }
            Self::Unavailable(_) => {
                row(503, "unavailable", "服务暂不可用，请稍后再试", "Not available now: try again shortly")
                    .again_after(1)
            }
            Self::Unknown(_) | Self::Timeout => row(
                503,
                "outcome_unknown",
                "结果未知，请用相同的 Idempotency-Key 重试或刷新查看",
                "The outcome is unknown: retry with the same Idempotency-Key, or look again",
            )
            .again_after(1),
            Self::Internal(_) => row(500, "internal", "服务器内部错误", "An internal error"),
            Self::TeacherBusy => {
                row(409, "teacher_busy", "该老师在此时段已有课程安排", "The teacher has another class at that time")
            }
            Self::ClockBackwards => row(409, "clock_backwards", "时钟只能向前拨", "The clock moves forward only"),
            Self::ClockNotManual => row(
                409,
                "clock_not_manual",
                "当前使用系统时钟，不能手动调整",
                "This server runs on the machine's clock",
            ),
            Self::NameTaken => row(409, "name_taken", "该名称已被使用", "This name is taken"),
            Self::NotLinked => row(
                409,
                "wechat_not_linked",
                "该账号尚未通过微信登录",
                "This account has not logged in through WeChat yet",
            ),
            Self::AlreadySent => {
                row(409, "already_sent", "该通知已发送或正在发送", "This message was sent already, or is about to be")
            }
            Self::WeChatUnavailable => row(
                503,
                "wechat_unavailable",
                "暂时无法连接微信，请稍后用新的 code 重试",
                "WeChat cannot be reached now: try again shortly, with a new code",
            )
            .again_after(5),
            Self::WeChatBlocked => row(
                403,
                "wechat_blocked",
                "微信判定该用户存在风险，不能登录，请联系工作人员",
                "WeChat takes this user for a risk and lets nobody log in as them: ask the staff",
            ),
            Self::SmsUnavailable { configured: true } => row(
                503,
                "sms_unavailable",
                "短信暂时无法发送，请稍后再试",
                "No text can be sent now: try again shortly",
            )
            .again_after(60),
            Self::SmsUnavailable { configured: false } => row(
                503,
                "sms_unavailable",
                "本服务器尚无短信服务商，不能发送短信，请使用微信或密码登录",
                "This server has no provider for texts yet: log in by WeChat or password",
            )
            .again_after(3_600),
            Self::PhoneInUse => row(
                409,
                "phone_in_use",
                "该手机号已属于另一个账号：如果是您的，请获取合并验证码并调用 POST /users/merge",
                "This number belongs to another account: if it is yours, prove it with a code for `merge` and \
                 POST /users/merge",
            ),
            Self::NotMergeable => row(
                409,
                "account_not_mergeable",
                "该账号属于老师或工作人员，或已停用，不能合并，请联系管理员",
                "That account is a teacher's or the staff's, or is disabled: it cannot become a part of another. \
                 Ask an admin",
            ),
            Self::OwnAccount => row(
                409,
                "own_account",
                "不能停用自己的账号，请由另一位管理员操作",
                "Nobody disables their own account: ask another admin",
            ),
            Self::LastOwner => row(
                409,
                "last_owner",
                "至少要保留一位可登录的所有者，请先指定另一位",
                "This is the last owner who can log in: name another one first",
            ),
            Self::RoleChosen => row(
                409,
                "role_chosen",
                "您的账号已有其他角色，请由管理员调整",
                "Your account has another role already: ask an admin to change it",
            ),
            Self::SelfExists => {
                row(409, "self_exists", "您已有本人的学员档案", "You have a student of your own already")
            }
            Self::TooManyStudents => {
                row(409, "too_many_students", "学员数量已达上限", "An account has no more students than these")
            }
            Self::AuditRunning => row(409, "audit_running", "核对正在进行，请稍候", "An audit is running already"),
            Self::Rule(rejection) => rule(*rejection),
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Unavailable(fault) | Self::Unknown(fault) | Self::Internal(fault) => Some(fault),
            _ => None,
        }
    }

    /// The whole answer, in the caller's language.
    pub fn body(&self, lang: Lang, request_id: &str) -> String {
        let Row { status, reason, zh, en, retry_after: _ } = self.row();
        let message = match lang {
            Lang::Zh => &zh,
            Lang::En => &en,
        };
        #[derive(serde::Serialize)]
        struct Body<'a> {
            code: u16,
            message: &'a str,
            data: Option<()>,
            reason: &'a str,
            error: &'a str,
            request_id: &'a str,
        }
        let body = Body { code: status, message, data: None, reason, error: &zh, request_id };
        serde_json::to_string(&body).expect("strings and numbers")
    }

    /// Told once, at the edge; the caller sees none of it.
    pub fn log(&self, request_id: &str) {
        if let Some(fault) = self.fault() {
            tracing::error!(request_id, %fault, reason = self.row().reason, "a request failed");
        }
    }
}

/// How long to wait, rounded up, as people say it in Chinese and English.
fn wait(seconds: i64) -> (String, String) {
    const HOUR: i64 = 60 * MINUTE;
    const MINUTE: i64 = 60;
    let seconds = seconds.max(1);
    let (n, zh, en) = match seconds {
        s if s <= MINUTE => (seconds, "秒", "second"),
        s if s <= HOUR => ((seconds + MINUTE - 1) / MINUTE, "分钟", "minute"),
        _ => ((seconds + HOUR - 1) / HOUR, "小时", "hour"),
    };
    (format!("{n}{zh}"), format!("{n} {en}{}", if n == 1 { "" } else { "s" }))
}

/// A client makes up names too, as long as a body may be.
fn shortened(field: Cow<'static, str>) -> Cow<'static, str> {
    match field.char_indices().nth(FIELD_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &field[..end]).into(),
        None => field,
    }
}

/// Refusals by a rule; the literal texts are the product's own.
fn rule(r: Rejection) -> Row {
    let (status, zh, en) = match r {
        Rejection::UnknownSchedule => (404, "未找到该课次", "There is no such class"),
        Rejection::UnknownBooking => (404, "未找到该预约", "There is no such booking"),
        Rejection::UnknownEntry => (404, "未找到该候补", "There is no such waitlist entry"),
        Rejection::UnknownOffer => (404, "未找到该名额邀约", "There is no such offer"),
        Rejection::WaitlistClosed => (409, "候补已截止", "The waitlist is closed"),
        Rejection::AlreadyBooked => (409, "您已预约该课程", "You are booked on this class already"),
        Rejection::AlreadyWaiting => (409, "您已在候补队列中", "You are on the waitlist already"),
        Rejection::ScheduleNotOpen => (409, "该时段暂不可预约", "This class cannot be booked"),
        Rejection::ScheduleStarted => (409, "课程已开始", "The class has started"),
        Rejection::TimeConflict => (409, "与您已预约的其他课程时间冲突", "You have another booking at that time"),
        Rejection::SeatsAvailable => (409, "仍有名额，请直接预约", "There are free seats: book now"),
        Rejection::QueueFull => (409, "候补队列已满，请选择其他课程", "The waitlist is full: choose another class"),
        Rejection::HoldLimit => (409, "占位次数已达上限，请直接预约", "You held a seat too often: book it instead"),
        Rejection::SeatOnOffer => (409, "时段已被预约", "The free seats are promised to the waitlist"),
        Rejection::ScheduleFull => (409, "时段已被预约", "The class is full"),
        Rejection::NotEnoughHours => (409, "课时不足", "Not enough class hours"),
        Rejection::CourseMismatch => (400, "该时段不属于所选课程", "This class belongs to another course"),
        Rejection::OfferTaken => (409, "名额已被抢占", "Someone else took the seat"),
        Rejection::OfferLapsed => (
            409,
            "候补确认已过期，名额已顺位给下一位候补用户",
            "The time to confirm is over: the seat went to the next in line",
        ),
        Rejection::NoOffer => (409, "当前没有可确认的名额", "There is no seat on offer to you"),
        Rejection::BookingEnded => (409, "该预约已结束，不能再更改", "This booking is over"),
        Rejection::CancelTooLate => (409, "已超过可取消时间，请联系老师", "It is too late to cancel: ask the teacher"),
        Rejection::PaymentDue => (409, "请等待学员完成支付", "The fee is still to be paid"),
        Rejection::PaymentLate => (409, "支付已超时，名额已释放", "The time to pay is over: the seat was released"),
        Rejection::NothingToPay => (409, "该预约无需支付", "There is nothing to pay"),
        Rejection::NotAwaitingConfirm => (409, "该预约不在待确认状态", "This booking does not wait for a confirmation"),
        Rejection::ScheduleNotStarted => (409, "课程尚未开始", "The class has not started"),
        Rejection::CapacityInUse => (409, "已占用名额超过该容量，请先取消部分预约", "More seats than that are in use"),
        Rejection::ScheduleEnded => (409, "该课次已完成或已撤销", "This class is completed or revoked"),
        Rejection::QueueEmpty => (409, "没有候补用户", "Nobody is waiting"),
        Rejection::EvidenceStale => (503, "系统繁忙，请稍后再试", "Too busy now: try again shortly"),
    };
    Row { status, reason: r.name(), zh: zh.into(), en: en.into(), retry_after: (status == 503).then_some(1) }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().reason)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Without a body: `server::finish` writes it, because it knows the language and the request.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<Rejection> for Problem {
    fn from(r: Rejection) -> Self {
        Self::Rule(r)
    }
}

impl From<Trouble> for Problem {
    fn from(t: Trouble) -> Self {
        match t {
            Trouble::Refused(rejection) => Self::Rule(rejection),
            Trouble::Busy | Trouble::Bounced(_) => Self::Overloaded,
            Trouble::Closing => Self::Closing,
            Trouble::Unavailable(fault) => Self::Unavailable(fault),
            Trouble::Unknown(fault) => Self::Unknown(fault),
            Trouble::KeyReused => Self::KeyReused,
            Trouble::InProgress => Self::InProgress,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Unavailable(fault) => Self::Unavailable(fault),
            StoreError::Unknown(fault) => Self::Unknown(fault),
            StoreError::Corrupt(fault) => Self::Internal(fault),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(e: sqlx::Error) -> Self {
        StoreError::from(e).into()
    }
}

impl From<crate::store::sql::BadColumn> for Problem {
    fn from(e: crate::store::sql::BadColumn) -> Self {
        StoreError::from(e).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_as_people_say_it() {
        for (seconds, zh, en) in [
            (0, "1秒", "1 second"),
            (60, "60秒", "60 seconds"),
            (61, "2分钟", "2 minutes"),
            (300, "5分钟", "5 minutes"),
            (3_600, "60分钟", "60 minutes"),
            (3_601, "2小时", "2 hours"),
            (86_400, "24小时", "24 hours"),
        ] {
            assert_eq!(wait(seconds), (zh.to_owned(), en.to_owned()), "{seconds}");
        }
    }

    /// A text that goes on in the next line after a forgotten backslash has them.
    #[test]
    fn no_text_has_a_gap() {
        for line in include_str!("error.rs").lines() {
            assert!(!line.trim().contains(&" ".repeat(2)), "{line}");
        }
    }
}
