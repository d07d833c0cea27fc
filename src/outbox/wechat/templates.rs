//! Which template of the mini-program tells which kind of message, and what stands in its fields.
//!
//! The texts come from the settings: `{course_name}` is replaced by what the message says of it, and
//! `{location|…}` by what stands after the bar when the message does not say it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    base::{lang::Lang, time::Zone},
    gateways::wechat::fields,
    outbox::notices::{self, Kind},
};

/// One template as the settings give it.
#[derive(Clone, Debug)]
pub struct TemplateText<'a> {
    /// The kind of message, as in `seat_offered`.
    pub kind: &'a str,
    pub id: &'a str,
    /// The page that a tap opens, with its query; empty for none.
    pub page: &'a str,
    /// Field and text, as in `thing1` and `{course_name}`.
    pub fields: Vec<(&'a str, &'a str)>,
}

/// All templates in use, checked.
#[derive(Clone, Debug, Default)]
pub struct Templates(BTreeMap<&'static str, Template>);

#[derive(Clone, Debug)]
pub struct Template {
    pub id: String,
    page: Text,
    fields: Vec<(String, Text)>,
}

/// What a template makes of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    pub page: Option<String>,
    pub fields: BTreeMap<String, String>,
}

/// What a text may name. `title` and `body` are the message as it stands in the inbox.
const NAMES: [&str; 15] = [
    "title",
    "body",
    "course_name",
    "starts_at",
    "ends_at",
    "location",
    "student_name",
    "teacher_name",
    "booking_no",
    "deadline",
    "pay_deadline",
    "schedule_id",
    "waitlist_id",
    "booking_id",
    "offer_id",
];

/// As WeChat has them: 43 characters.
const ID_CHARS: std::ops::RangeInclusive<usize> = 20..=64;
const FIELDS_MAX: usize = 10;
const PAGE_CHARS_MAX: usize = 128;

/// Templates asked for in one tap: older clients take three, and refuse more.
pub const ASKED_AT_ONCE_MAX: usize = 3;

/// A tap of the client at which WeChat lets us ask, and the kinds that matter after it, the most
/// needed first.
const TAPS: [(&str, &[Kind]); 3] = [
    (
        "join",
        &[
            Kind::SeatOffered,
            Kind::OfferReminder,
            Kind::ClassReminder,
            Kind::WaitlistClosed,
            Kind::OfferLapsed,
            Kind::OfferSkipped,
            Kind::OfferWithdrawn,
            Kind::OfferLost,
        ],
    ),
    (
        "book",
        &[
            Kind::ClassReminder,
            Kind::BookingCancelled,
            Kind::ScheduleChanged,
            Kind::BookingPending,
            Kind::BookingConfirmed,
            Kind::BookingAttended,
        ],
    ),
    ("confirm", &[Kind::ClassReminder, Kind::BookingCancelled, Kind::ScheduleChanged, Kind::SeatOffered]),
];

/// Nobody is told of these in WeChat: they are of an account, or of what is not there yet.
const NOT_SENT: [Kind; 3] = [Kind::NewLogin, Kind::MakeupCredit, Kind::CompensationGranted];

impl Templates {
    /// Everything that is wrong, a line each.
    pub fn compile<'a>(texts: impl IntoIterator<Item = TemplateText<'a>>) -> Result<Self, Vec<String>> {
        let (mut templates, mut wrong) = (BTreeMap::new(), Vec::new());
        for text in texts {
            match compile(&text) {
                Ok((kind, template)) => drop(templates.insert(kind.name(), template)),
                Err(lines) => wrong.extend(lines.into_iter().map(|line| format!("templates.{}: {line}", text.kind))),
            }
        }
        if wrong.is_empty() { Ok(Self(templates)) } else { Err(wrong) }
    }

    pub fn of(&self, kind: Kind) -> Option<&Template> {
        self.0.get(kind.name())
    }

    /// Each template once, with the kinds that it tells.
    pub fn by_id(&self) -> BTreeMap<&str, Vec<&'static str>> {
        let mut ids: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
        for (kind, template) in &self.0 {
            ids.entry(&template.id).or_default().push(kind);
        }
        ids
    }

    /// The templates that matter after each tap, the most needed first.
    pub fn taps(&self) -> impl Iterator<Item = (&'static str, Vec<&str>)> {
        TAPS.into_iter().map(|(tap, kinds)| {
            let mut ids: Vec<&str> = Vec::new();
            for template in kinds.iter().filter_map(|kind| self.of(*kind)) {
                if !ids.contains(&&*template.id) {
                    ids.push(&template.id);
                }
            }
            (tap, ids)
        })
    }

    /// What WeChat's own list of our templates says against these: ids that it does not know, and
    /// fields that a template has and we leave out, or the other way round.
    pub fn against(&self, theirs: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (kind, template) in &self.0 {
            let Some(fields) = theirs.get(&template.id) else {
                wrong.push(format!("templates.{kind}: WeChat knows no template {} of this mini-program", template.id));
                continue;
            };
            let ours: Vec<&str> = template.fields.iter().map(|(name, _)| name.as_str()).collect();
            let missing: Vec<&str> = fields.iter().map(String::as_str).filter(|f| !ours.contains(f)).collect();
            let unknown: Vec<&str> = ours.iter().copied().filter(|f| !fields.iter().any(|t| t == f)).collect();
            if !missing.is_empty() {
                wrong.push(format!("templates.{kind}: the template also has the fields {}", missing.join(", ")));
            }
            if !unknown.is_empty() {
                wrong.push(format!("templates.{kind}: the template has no field {}", unknown.join(", ")));
            }
        }
        wrong
    }
}

impl Template {
    /// Fills it as for a message of this kind that says the least; whatever would not fit is told.
    fn try_out(&self, kind: Kind) -> Vec<String> {
        let mut wrong = Vec::new();
        let texts = self.fields.iter().map(|(name, text)| (name.as_str(), text)).chain([("page", &self.page)]);
        for (place, text) in texts {
            for name in text.names().filter(|name| !is_told_of(kind, name)) {
                wrong.push(format!("{place}: a message of this kind has no `{name}`"));
            }
        }
        let rendered = self.render(kind, &sample(), Lang::Zh, Zone::SHANGHAI);
        for (name, value) in &rendered.fields {
            if let Err(bad) = fields::fit(name, value) {
                wrong.push(format!("{bad}: it would be filled with `{value}`"));
            }
        }
        wrong
    }

    /// `data` is what the message keeps, as in the inbox.
    pub fn render(&self, kind: Kind, data: &Value, lang: Lang, zone: Zone) -> Rendered {
        let (title, body) = notices::tell(kind.name(), data, lang, zone);
        let value = |name: &str| match name {
            "title" => title.clone(),
            "body" => body.clone(),
            name => told(name, data.get(name).unwrap_or(&Value::Null)),
        };
        let fields = self.fields.iter().map(|(name, text)| (name.clone(), text.fill(value)));
        let page = Some(self.page.fill(value)).filter(|page| !page.is_empty());
        Rendered { page, fields: fields.collect() }
    }
}

/// What every message says, and what only some kinds do.
fn is_told_of(kind: Kind, name: &str) -> bool {
    match name {
        "deadline" => matches!(kind, Kind::SeatOffered | Kind::OfferReminder),
        "pay_deadline" => kind == Kind::BookingPending,
        "teacher_name" => kind == Kind::ScheduleChanged,
        "booking_no" | "booking_id" => matches!(
            kind,
            Kind::BookingPending
                | Kind::BookingConfirmed
                | Kind::BookingCancelled
                | Kind::BookingAttended
                | Kind::ClassReminder
        ),
        "waitlist_id" => matches!(
            kind,
            Kind::SeatOffered
                | Kind::OfferReminder
                | Kind::OfferLost
                | Kind::OfferLapsed
                | Kind::OfferWithdrawn
                | Kind::OfferSkipped
                | Kind::WaitlistClosed
        ),
        "offer_id" => matches!(
            kind,
            Kind::SeatOffered | Kind::OfferReminder | Kind::OfferLost | Kind::OfferLapsed | Kind::OfferWithdrawn
        ),
        _ => true,
    }
}

/// A message that says everything but what a class may not have, or a booking without a fee.
fn sample() -> Value {
    let at = "2025-11-12T19:00:00.000+08:00";
    json!({
        "course_name": "书法入门", "starts_at": at, "ends_at": at, "deadline": at, "sent_at": at, "student_name": "小艾",
        "booking_no": "BK20251112-000001", "schedule_id": "id", "waitlist_id": "id", "booking_id": "id", "offer_id": "id",
    })
}

/// Instants as WeChat's fields `time` and `date` take them. They are kept in the org's own time.
fn told(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if name.ends_with("_at") || name.ends_with("deadline") => {
            match (text.get(0..4), text.get(5..7), text.get(8..10), text.get(11..16)) {
                (Some(year), Some(month), Some(day), Some(time)) => format!("{year}年{month}月{day}日 {time}"),
                _ => text.clone(),
            }
        }
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn compile(text: &TemplateText<'_>) -> Result<(Kind, Template), Vec<String>> {
    let mut wrong = Vec::new();
    let kind = Kind::named(text.kind);
    if kind.is_none() {
        let kinds: Vec<_> = Kind::ALL.iter().map(|k| k.name()).collect();
        wrong.push(format!("there is no such kind of message: use one of {}", kinds.join(", ")));
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !ID_CHARS.contains(&text.id.len()) || !text.id.bytes().all(fits) {
        wrong.push(format!(
            "`{}` is no template id: copy it from the mini-program's page 订阅消息 (43 letters, digits, - and _)",
            text.id
        ));
    }
    if text.page.starts_with('/') || text.page.len() > PAGE_CHARS_MAX {
        wrong
            .push(format!("the page `{}` must not begin with a slash, nor be longer than {PAGE_CHARS_MAX}", text.page));
    }
    if text.fields.is_empty() || text.fields.len() > FIELDS_MAX {
        wrong.push(format!(
            "a template has 1 to {FIELDS_MAX} fields, as in fields = {{ thing1 = \"{{course_name}}\" }}"
        ));
    }
    let mut parse = |place: &str, text: &str| {
        Text::parse(text).unwrap_or_else(|problem| {
            wrong.push(format!("{place}: {problem}"));
            Text::default()
        })
    };
    let page = parse("page", text.page);
    let fields: Vec<_> = text.fields.iter().map(|(name, text)| ((*name).to_owned(), parse(name, text))).collect();
    for (name, _) in &text.fields {
        if fields::Kind::of(name).is_none() {
            wrong.push(format!("`{name}` is no field of a template: they are called as in thing1, time2, phrase3"));
        }
    }
    let Some(kind) = kind.filter(|_| wrong.is_empty()) else { return Err(wrong) };
    if NOT_SENT.contains(&kind) {
        return Err(vec!["no message of this kind is sent in WeChat".to_owned()]);
    }
    let template = Template { id: text.id.to_owned(), page, fields };
    let wrong = template.try_out(kind);
    if wrong.is_empty() { Ok((kind, template)) } else { Err(wrong) }
}

/// A text with gaps.
#[derive(Clone, Debug, Default)]
struct Text(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Value { name: &'static str, otherwise: String },
}

impl Text {
    fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or("a { has no }")? + open;
            let (name, otherwise) = rest[open + 1..close].split_once('|').unwrap_or((&rest[open + 1..close], ""));
            let name = NAMES.into_iter().find(|known| *known == name);
            let name = name.ok_or_else(|| {
                format!("nothing is called `{}`: use one of {}", &rest[open + 1..close], NAMES.join(", "))
            })?;
            parts.push(Part::Literal(rest[..open].to_owned()));
            parts.push(Part::Value { name, otherwise: otherwise.to_owned() });
            rest = &rest[close + 1..];
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self(parts))
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Value { name, .. } => Some(*name),
        })
    }

    fn fill(&self, value: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Value { name, otherwise } => {
                Some(value(name)).filter(|v| !v.is_empty()).unwrap_or_else(|| otherwise.clone())
            }
        };
        self.0.iter().map(part).collect()
    }
}

/// The templates of demo mode, which its sandbox knows: kind, id, title, and the fields with the
/// names that WeChat shows beside them.
pub const DEMO: [DemoTemplate; 7] = [
    DemoTemplate {
        kind: "seat_offered",
        id: "demoSeatOffered_000000000000000000000000001",
        title: "候补名额通知",
        page: "pages/notifications/waitlist?id={waitlist_id}",
        fields: &[
            ("课程", "thing1", "{course_name}"),
            ("上课时间", "time2", "{starts_at}"),
            ("确认截止", "time3", "{deadline}"),
            ("提示", "thing4", "有名额，立即预约"),
        ],
    },
    DemoTemplate {
        kind: "offer_reminder",
        id: "demoOfferReminder_0000000000000000000000002",
        title: "候补确认提醒",
        page: "pages/notifications/waitlist?id={waitlist_id}",
        fields: &[
            ("课程", "thing1", "{course_name}"),
            ("确认截止", "time2", "{deadline}"),
            ("提示", "thing3", "{title}"),
        ],
    },
    DemoTemplate {
        kind: "class_reminder",
        id: "demoClassReminder_0000000000000000000000003",
        title: "上课提醒",
        page: "pages/schedules/detail?id={schedule_id}",
        fields: &[
            ("课程", "thing1", "{course_name}"),
            ("上课时间", "time2", "{starts_at}"),
            ("地点", "thing3", "{location|详见课程页}"),
        ],
    },
    booking_result("booking_confirmed"),
    booking_result("booking_cancelled"),
    booking_result("booking_pending"),
    DemoTemplate {
        kind: "schedule_changed",
        id: "demoClassChanged_00000000000000000000000005",
        title: "课程变更通知",
        page: "pages/schedules/detail?id={schedule_id}",
        fields: &[
            ("课程", "thing1", "{course_name}"),
            ("新的时间", "time2", "{starts_at}"),
            ("说明", "thing3", "{title}"),
        ],
    },
];

/// One template tells whatever became of a booking.
const fn booking_result(kind: &'static str) -> DemoTemplate {
    DemoTemplate {
        kind,
        id: "demoBookingResult_0000000000000000000000004",
        title: "预约结果通知",
        page: "pages/booking/detail?id={booking_id}",
        fields: BOOKING_FIELDS,
    }
}

const BOOKING_FIELDS: &[(&str, &str, &str)] = &[
    ("课程", "thing1", "{course_name}"),
    ("上课时间", "time2", "{starts_at}"),
    ("预约编号", "character_string3", "{booking_no}"),
    ("结果", "thing4", "{title}"),
];

#[derive(Clone, Copy, Debug)]
pub struct DemoTemplate {
    pub kind: &'static str,
    pub id: &'static str,
    pub title: &'static str,
    pub page: &'static str,
    /// What WeChat shows, the field, and our text.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
}

impl DemoTemplate {
    pub fn text(&self) -> TemplateText<'static> {
        let fields = self.fields.iter().map(|(_, field, text)| (*field, *text)).collect();
        TemplateText { kind: self.kind, id: self.id, page: self.page, fields }
    }

    /// As WeChat lists a template's content.
    pub fn content(&self) -> String {
        self.fields.iter().map(|(label, field, _)| format!("{label}:{{{{{field}.DATA}}}}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(fields: Vec<(&'static str, &'static str)>) -> TemplateText<'static> {
        let id = "9Aw5ZV1j9xdWTFEkqCpZ7mIBbSC34khK55OtzUPl0rU";
        TemplateText { kind: "seat_offered", id, page: "pages/a?id={waitlist_id}", fields }
    }

    #[test]
    fn the_demos_templates_are_good() {
        let templates = Templates::compile(DEMO.iter().map(DemoTemplate::text)).unwrap();
        let join = templates.taps().find(|(tap, _)| *tap == "join").unwrap().1;
        assert!(join[0].starts_with("demoSeatOffered"));
        assert_eq!(templates.by_id().len(), 5);
    }

    #[test]
    fn gaps_are_filled_and_what_is_not_said_has_another_word() {
        let text =
            template(vec![("thing1", "{course_name}"), ("time2", "{starts_at}"), ("thing3", "{location|见详情}")]);
        let templates = Templates::compile([text]).unwrap();
        let data = json!({"course_name": "太极", "starts_at": "2025-11-12T19:00:00.000+08:00", "waitlist_id": "W"});
        let rendered =
            templates.of(Kind::SeatOffered).unwrap().render(Kind::SeatOffered, &data, Lang::Zh, Zone::SHANGHAI);
        assert_eq!(rendered.page.as_deref(), Some("pages/a?id=W"));
        let fields: Vec<_> = rendered.fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(fields, ["thing1=太极", "thing3=见详情", "time2=2025年11月12日 19:00"]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let bad = TemplateText {
            kind: "seat_oferred",
            id: "short",
            page: "/pages/a",
            fields: vec![("thing1", "{course}"), ("thing2", "{title"), ("title3", "x")],
        };
        let wrong = Templates::compile([bad]).unwrap_err();
        for word in ["no such kind", "no template id", "slash", "`course`", "has no }", "`title3`"] {
            assert!(wrong.iter().any(|line| line.contains(word)), "{word}: {wrong:#?}");
        }
        assert!(!Templates::compile([template(vec![])]).unwrap_err().is_empty());
    }

    #[test]
    fn every_kind_that_is_sent_is_asked_for_at_some_tap() {
        for kind in Kind::ALL.into_iter().filter(|kind| !NOT_SENT.contains(kind)) {
            assert!(TAPS.iter().any(|(_, kinds)| kinds.contains(&kind)), "{kind:?}");
        }
    }

    #[test]
    fn what_would_never_fit_is_told() {
        for (kind, field, text, word) in [
            ("seat_offered", "time2", "{course_name}", "书法入门"),
            ("seat_offered", "phrase2", "{location}", "phrase2"),
            ("seat_offered", "thing2", "{booking_no}", "no `booking_no`"),
            ("booking_confirmed", "time2", "{deadline}", "no `deadline`"),
            ("new_login", "thing2", "{title}", "no message of this kind"),
        ] {
            let wrong = TemplateText { kind, page: "", ..template(vec![(field, text)]) };
            let wrong = Templates::compile([wrong]).unwrap_err();
            assert!(wrong.len() == 1 && wrong[0].contains(word), "{kind} {field}: {wrong:?}");
        }
    }

    #[test]
    fn wechats_own_list_is_compared() {
        let templates = Templates::compile([template(vec![("thing1", "a"), ("time2", "{starts_at}")])]).unwrap();
        let id = "9Aw5ZV1j9xdWTFEkqCpZ7mIBbSC34khK55OtzUPl0rU".to_owned();
        let list = |fields: &[&str]| BTreeMap::from([(id.clone(), fields.iter().map(|f| (*f).to_owned()).collect())]);
        assert!(templates.against(&list(&["thing1", "time2"])).is_empty());
        assert_eq!(templates.against(&list(&["thing1", "date3"])).len(), 2);
        assert!(templates.against(&BTreeMap::new())[0].contains("knows no template"));
    }
}
