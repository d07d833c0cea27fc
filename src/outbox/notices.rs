//! What a message says. Told from its kind and data when it is read, so that the reader's
//! language decides, and a better wording reaches old messages too.

use serde_json::Value;

use crate::{
    base::{
        lang::Lang,
        time::{MINUTE, SECOND, Timestamp, Zone},
    },
    domain::schedule::effects::What,
};

/// Every kind of message that is ever written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    BookingPending,
    BookingConfirmed,
    BookingCancelled,
    BookingAttended,
    SeatOffered,
    OfferReminder,
    OfferLost,
    OfferLapsed,
    OfferWithdrawn,
    OfferSkipped,
    WaitlistClosed,
    ScheduleChanged,
    ClassReminder,
    MakeupCredit,
    CompensationGranted,
    /// From a device or a place that is new; about no class.
    NewLogin,
}

impl Kind {
    pub const ALL: [Self; 16] = [
        Self::BookingPending,
        Self::BookingConfirmed,
        Self::BookingCancelled,
        Self::BookingAttended,
        Self::SeatOffered,
        Self::OfferReminder,
        Self::OfferLost,
        Self::OfferLapsed,
        Self::OfferWithdrawn,
        Self::OfferSkipped,
        Self::WaitlistClosed,
        Self::ScheduleChanged,
        Self::ClassReminder,
        Self::MakeupCredit,
        Self::CompensationGranted,
        Self::NewLogin,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::BookingPending => "booking_pending",
            Self::BookingConfirmed => "booking_confirmed",
            Self::BookingCancelled => "booking_cancelled",
            Self::BookingAttended => "booking_attended",
            Self::SeatOffered => "seat_offered",
            Self::OfferReminder => "offer_reminder",
            Self::OfferLost => "offer_lost",
            Self::OfferLapsed => "offer_lapsed",
            Self::OfferWithdrawn => "offer_withdrawn",
            Self::OfferSkipped => "offer_skipped",
            Self::WaitlistClosed => "waitlist_closed",
            Self::ScheduleChanged => "schedule_changed",
            Self::ClassReminder => "class_reminder",
            Self::MakeupCredit => "makeup_credit",
            Self::CompensationGranted => "compensation_granted",
            Self::NewLogin => "new_login",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn of(what: &What) -> Self {
        match what {
            What::BookingPending { .. } => Self::BookingPending,
            What::BookingConfirmed { .. } => Self::BookingConfirmed,
            What::BookingCancelled { .. } => Self::BookingCancelled,
            What::BookingAttended { .. } => Self::BookingAttended,
            What::SeatOffered { .. } => Self::SeatOffered,
            What::OfferReminder { .. } => Self::OfferReminder,
            What::OfferLost { .. } => Self::OfferLost,
            What::OfferLapsed { .. } => Self::OfferLapsed,
            What::OfferWithdrawn { .. } => Self::OfferWithdrawn,
            What::OfferSkipped { .. } => Self::OfferSkipped,
            What::WaitlistClosed { .. } => Self::WaitlistClosed,
            What::ScheduleChanged { .. } => Self::ScheduleChanged,
        }
    }
}

/// Title and body. A kind that this version does not know, from a later one, is told neutrally.
pub fn tell(kind: &str, data: &Value, lang: Lang, zone: Zone) -> (String, String) {
    let facts = Facts { data, zone, lang };
    match (Kind::named(kind), lang) {
        (Some(kind), Lang::Zh) => chinese(kind, &facts),
        (Some(kind), Lang::En) => english(kind, &facts),
        (None, Lang::Zh) => ("通知".to_owned(), facts.class()),
        (None, Lang::En) => ("Notice".to_owned(), facts.class()),
    }
}

/// The data of a message, read leniently: an old message must still be told.
struct Facts<'a> {
    data: &'a Value,
    zone: Zone,
    lang: Lang,
}

impl Facts<'_> {
    fn text(&self, field: &str) -> &str {
        self.data.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn is(&self, field: &str) -> bool {
        self.data.get(field).and_then(Value::as_bool).unwrap_or_default()
    }

    /// `11-12 19:00 (UTC+08:00)`; a time without its zone has misled travellers before.
    fn time(&self, field: &str) -> String {
        let Some(at) = Timestamp::parse(self.text(field)) else {
            return String::new();
        };
        let rfc3339 = self.zone.rfc3339(at);
        let offset = &rfc3339[rfc3339.len() - "+08:00".len()..];
        format!("{} (UTC{offset})", self.zone.short(at))
    }

    /// The course, when it begins, where, and for whom.
    fn class(&self) -> String {
        let (open, close, space, comma) = match self.lang {
            Lang::Zh => ("《", "》", "", "，"),
            Lang::En => ("“", "”", " ", ", "),
        };
        let mut class = String::new();
        let course = self.text("course_name");
        if !course.is_empty() {
            class = format!("{open}{course}{close}");
        }
        let time = self.time("starts_at");
        if !time.is_empty() {
            class.push_str(if class.is_empty() { "" } else { space });
            class.push_str(&time);
        }
        for field in ["location", "student_name"] {
            let text = self.text(field);
            if !text.is_empty() {
                class.push_str(if class.is_empty() { "" } else { comma });
                class.push_str(text);
            }
        }
        class
    }

    fn number(&self) -> String {
        match (self.text("booking_no"), self.lang) {
            ("", _) => String::new(),
            (no, Lang::Zh) => format!("预约编号 {no}。"),
            (no, Lang::En) => format!(" Booking number {no}."),
        }
    }

    fn is_to_teacher(&self) -> bool {
        self.text("to") == "teacher"
    }

    /// How long was left to decide when the reminder was sent; nothing where that is not known.
    fn left(&self) -> String {
        let instant = |field| Timestamp::parse(self.text(field));
        let (Some(deadline), Some(sent_at)) = (instant("deadline"), instant("sent_at")) else {
            return String::new();
        };
        let left = (deadline - sent_at).max(0);
        let (minutes, seconds) = ((left + MINUTE / 2) / MINUTE, (left + SECOND / 2) / SECOND);
        match self.lang {
            Lang::Zh if left < MINUTE => format!("还剩{seconds}秒决策时间"),
            Lang::Zh => format!("还剩{minutes}分钟决策时间"),
            Lang::En if left < MINUTE => format!(" {seconds} s left to decide"),
            Lang::En if minutes == 1 => " 1 minute left to decide".to_owned(),
            Lang::En => format!(" {minutes} minutes left to decide"),
        }
    }

    /// The device and the address that a login came from, as far as they are known.
    fn place(&self) -> String {
        let (device, address) = (self.text("device"), self.text("address"));
        let device = match (device, self.lang) {
            ("", Lang::Zh) => "未知设备",
            ("", Lang::En) => "an unknown device",
            (device, Lang::Zh | Lang::En) => device,
        };
        match (address, self.lang) {
            ("", _) => device.to_owned(),
            (address, Lang::Zh) => format!("{device}（{address}）"),
            (address, Lang::En) => format!("{device} ({address})"),
        }
    }

    fn is_turn(&self) -> bool {
        self.text("stage") == "turn"
    }

    /// Someone's own words, or what the system's code for it means.
    fn reason(&self) -> String {
        let reason = self.text("reason");
        let (zh, en) = match reason {
            "" => return String::new(),
            "payment_timeout" => ("未在规定时间内支付", "the fee was not paid in time"),
            "teacher_unanswered" => ("老师未及时确认", "the teacher did not confirm in time"),
            "schedule_revoked" => ("课次已撤销", "the class was called off"),
            "moved" => ("已改约其他课次", "another class was booked instead"),
            own => (own, own),
        };
        match self.lang {
            Lang::Zh => format!("原因：{zh}。"),
            Lang::En => format!(" Reason: {en}."),
        }
    }
}

fn chinese(kind: Kind, f: &Facts) -> (String, String) {
    let (class, number) = (f.class(), f.number());
    let (title, body) = match kind {
        Kind::BookingPending => {
            let pay_by = f.time("pay_deadline");
            let next = match (pay_by.is_empty(), f.is_to_teacher()) {
                (true, false) => "等待老师确认。".to_owned(),
                (true, true) => "请在开课前确认，逾期自动取消。".to_owned(),
                (false, false) => format!("请在 {pay_by} 前完成支付，逾期自动取消。"),
                (false, true) => format!("等待学员在 {pay_by} 前完成支付，逾期自动取消。"),
            };
            ("预约已提交", format!("{class}。{number}{next}"))
        }
        Kind::BookingConfirmed => ("预约成功", format!("{class}。{number}")),
        Kind::BookingCancelled => {
            let by = match f.text("cancelled_by") {
                "student" => "由学员取消。",
                "teacher" => "由老师取消。",
                "operator" => "由运营取消。",
                "system" => "已由系统取消。",
                _ => "",
            };
            let refund = if f.is("refunded") { "费用将原路退回。" } else { "" };
            ("预约已取消", format!("{class}。{number}{by}{}{refund}", f.reason()))
        }
        Kind::BookingAttended if f.is("present") => ("课程已完成", format!("{class}。{number}")),
        Kind::BookingAttended if f.is_to_teacher() => ("未到课记录", format!("{class}。{number}")),
        Kind::BookingAttended => ("未到课记录", format!("{class}。{number}如有疑问请联系老师。")),
        Kind::SeatOffered => {
            let deadline = f.time("deadline");
            let how = if f.is_turn() {
                format!("名额已为您保留，请在 {deadline} 前确认。")
            } else {
                format!("已通知所有候补用户，先确认者得，请在 {deadline} 前确认。")
            };
            ("有名额，立即预约", format!("{class}。{how}"))
        }
        Kind::OfferReminder => {
            let body = format!("{class}。请在 {} 前确认。", f.time("deadline"));
            return (format!("确认预约？{}", f.left()), body);
        }
        Kind::OfferLost => {
            let place = if f.is("waiting") { "您的候补顺位保持不变。" } else { "" };
            ("名额已被抢占", format!("{class}。{place}"))
        }
        Kind::OfferLapsed => {
            let seat = match f.text("seat") {
                "yours" => "，名额现已按顺位单独保留给您，请留意新的通知",
                "next" => "，名额已顺位给下一位候补用户",
                _ => "",
            };
            let place = if f.is("waiting") { "您仍在候补队列中。" } else { "" };
            ("候补确认已过期", format!("{class}。候补确认已过期{seat}。{place}"))
        }
        Kind::OfferWithdrawn => ("候补名额已收回", format!("{class}。名额已由老师或运营收回，您的候补顺位保持不变。")),
        Kind::OfferSkipped if f.text("reason") == "unreachable" => {
            let why = "有名额释放，但目前无法通知到您，本次已跳过，您的候补顺位保持不变。";
            let next = "如希望下次收到通知，请在微信中允许接收消息，或保持页面打开。";
            ("本次名额未能通知您", format!("{class}。{why}{next}"))
        }
        Kind::OfferSkipped => {
            let reason = match f.text("reason") {
                "time_conflict" => "该时段您已有其他预约",
                "no_hours" => "剩余课时不足",
                _ => "暂不符合条件",
            };
            let seat = match f.text("seat") {
                "next" => "名额已顺位给下一位候补用户",
                _ => "本次名额不能保留给您",
            };
            ("本次顺位已跳过", format!("{class}。{reason}，{seat}。"))
        }
        Kind::WaitlistClosed if f.is("revoked") => {
            ("候补已截止", format!("{class}。课次已撤销，候补随之结束，您可以选择其他课程。"))
        }
        Kind::WaitlistClosed => ("候补已截止", format!("{class}。本次未候补到名额，您可以选择其他课程。")),
        // The time, the teacher, or both: what holds now is told, not what was different.
        Kind::ScheduleChanged => {
            let teacher = f.text("teacher_name");
            let teacher = if teacher.is_empty() { String::new() } else { format!("老师：{teacher}。") };
            ("课程安排已调整", format!("现在的安排：{class}。{teacher}"))
        }
        Kind::ClassReminder => ("上课提醒", format!("{class}，即将开始。")),
        Kind::MakeupCredit => ("您有一次待补课", format!("{class}。请选择补课课程。")),
        Kind::CompensationGranted => {
            let until = f.time("expires_at");
            let until = if until.is_empty() { until } else { format!("有效期至 {until}。") };
            ("您有课时补偿可使用", format!("{class}。{until}"))
        }
        Kind::NewLogin => {
            let body =
                format!("您的账号于 {} 在{}登录。如非本人操作，请退出所有设备并修改密码。", f.time("at"), f.place());
            ("新设备或新地点登录", body)
        }
    };
    (title.to_owned(), body.trim_start_matches(['。', '，']).to_owned())
}

fn english(kind: Kind, f: &Facts) -> (String, String) {
    let (class, number) = (f.class(), f.number());
    let (title, body) = match kind {
        Kind::BookingPending => {
            let pay_by = f.time("pay_deadline");
            let next = match (pay_by.is_empty(), f.is_to_teacher()) {
                (true, false) => " Waiting for the teacher's confirmation.".to_owned(),
                (true, true) => " Please confirm it before the class starts; otherwise it is cancelled.".to_owned(),
                (false, false) => format!(" Please pay before {pay_by}; otherwise it is cancelled."),
                (false, true) => format!(" The student is to pay before {pay_by}; otherwise it is cancelled."),
            };
            ("Booking received", format!("{class}.{number}{next}"))
        }
        Kind::BookingConfirmed => ("Booking confirmed", format!("{class}.{number}")),
        Kind::BookingCancelled => {
            let by = match f.text("cancelled_by") {
                "student" => " Cancelled by the student.",
                "teacher" => " Cancelled by the teacher.",
                "operator" => " Cancelled by the staff.",
                "system" => " Cancelled automatically.",
                _ => "",
            };
            let refund = if f.is("refunded") { " The fee is refunded." } else { "" };
            ("Booking cancelled", format!("{class}.{number}{by}{}{refund}", f.reason()))
        }
        Kind::BookingAttended if f.is("present") => ("Class attended", format!("{class}.{number}")),
        Kind::BookingAttended if f.is_to_teacher() => ("Class missed", format!("{class}.{number}")),
        Kind::BookingAttended => ("Class missed", format!("{class}.{number} If this is wrong, ask the teacher.")),
        Kind::SeatOffered => {
            let deadline = f.time("deadline");
            let how = if f.is_turn() {
                format!("The seat is kept for you. Please confirm before {deadline}.")
            } else {
                format!("Everyone who waits was told, and the first to confirm gets it. Confirm before {deadline}.")
            };
            ("A seat is free: book now", format!("{class}. {how}"))
        }
        Kind::OfferReminder => {
            let body = format!("{class}. Please confirm before {}.", f.time("deadline"));
            return (format!("Confirm?{}", f.left()), body);
        }
        Kind::OfferLost => {
            let place = if f.is("waiting") { " Your place in the waitlist is kept." } else { "" };
            ("The seat was taken", format!("{class}.{place}"))
        }
        Kind::OfferLapsed => {
            let seat = match f.text("seat") {
                "yours" => " You are first in line, so the seat is now kept for you alone: see the new message.",
                "next" => " The seat went to the next in line.",
                _ => "",
            };
            let place = if f.is("waiting") { " You are still on the waitlist." } else { "" };
            ("Your offer has expired", format!("{class}.{seat}{place}"))
        }
        Kind::OfferWithdrawn => {
            let body = format!("{class}. The staff took the seat back. Your place in the waitlist is kept.");
            ("The offer was withdrawn", body)
        }
        Kind::OfferSkipped if f.text("reason") == "unreachable" => {
            let why = "A seat came free, but there was no way to notify you, so you were left out this time.";
            let next = "Your place in the waitlist is kept. To hear of the next one, allow messages in WeChat or keep \
                the page open.";
            ("You could not be notified of a seat", format!("{class}. {why} {next}"))
        }
        Kind::OfferSkipped => {
            let reason = match f.text("reason") {
                "time_conflict" => "You have another booking at that time",
                "no_hours" => "There are not enough class hours left",
                _ => "You could not be offered the seat",
            };
            let seat = match f.text("seat") {
                "next" => "the seat went to the next in line",
                _ => "the seat could not be kept for you",
            };
            ("Your turn was skipped", format!("{class}. {reason}, so {seat}."))
        }
        Kind::WaitlistClosed if f.is("revoked") => {
            ("The waitlist is closed", format!("{class}. The class was called off; you may choose another one."))
        }
        Kind::WaitlistClosed => {
            ("The waitlist is closed", format!("{class}. You did not get a seat; you may choose another class."))
        }
        Kind::ScheduleChanged => {
            let teacher = f.text("teacher_name");
            let teacher = if teacher.is_empty() { String::new() } else { format!(" Teacher: {teacher}.") };
            ("The class has changed", format!("It is now: {class}.{teacher}"))
        }
        Kind::ClassReminder => ("Class reminder", format!("{class} begins soon.")),
        Kind::MakeupCredit => ("You have a class to make up", format!("{class}. Please choose a makeup class.")),
        Kind::CompensationGranted => {
            let until = f.time("expires_at");
            let until = if until.is_empty() { until } else { format!(" Valid until {until}.") };
            ("You have compensation time to use", format!("{class}.{until}"))
        }
        Kind::NewLogin => {
            let how = format!("Your account was logged in to at {} from {}.", f.time("at"), f.place());
            (
                "A new device or place",
                format!("{how} If that was not you, log out everywhere and change your password."),
            )
        }
    };
    (title.to_owned(), body.trim_start_matches(['.', ',', ' ']).to_owned())
}

#[cfg(test)]
mod tests;
