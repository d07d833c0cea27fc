//! The whole URL table. Every route is mounted under `/api/v1` and, as the documents' older paths
//! have it, under `/api`.

use actix_web::{
    HttpResponse, Route,
    web::{self, ServiceConfig},
};
use utoipa::OpenApi;

use super::{document::Complete, error::Problem};
use crate::api::{
    about, accounts, auth, batches, bookings, classes, courses, dev, fullness, health, history, inbox, notifications,
    ops, people, queues, rosters, schedules, sizes, students, subscriptions, waitlist, ws,
};

/// Who may call a route at all; whose record it is, is looked at by the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anyone,
    LoggedIn,
    Teacher,
    /// Teachers and staff.
    Planner,
    Staff,
    Admin,
}

/// A row of the table, as data: a test walks every route as every kind of caller.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    pub method: &'static str,
    pub path: &'static str,
    pub who: Who,
    pub demo: bool,
}

macro_rules! routes {
    ($($method:ident $path:literal $who:ident $handler:path $(, $demo:ident)?;)*) => {
        pub const ROUTES: &[Listed] = &[$(Listed {
            method: stringify!($method),
            path: $path,
            who: Who::$who,
            demo: routes!(@demo $($demo)?),
        },)*];

        fn handlers() -> Vec<(&'static str, Route)> {
            vec![$(($path, methods::$method().to($handler)),)*]
        }

        #[derive(OpenApi)]
        #[openapi(
            paths($($handler,)* ops::healthz, ops::readyz, ops::serve_metrics),
            info(title = "yueke 约课", description = "Seats, waitlists and first-to-confirm races. \
                Every answer is `{\"code\", \"message\", \"data\"}`; every refusal also has a stable `reason`."),
            servers((url = "/api/v1")),
            modifiers(&Complete),
        )]
        pub struct ApiDoc;
    };
    (@demo demo) => { true };
    (@demo) => { false };
}

// The router tries them in this order: what is asked most stands first.
routes! {
    get "/bookings" LoggedIn bookings::list_bookings;
    post "/bookings" LoggedIn bookings::create_booking;
    get "/bookings/mine/upcoming" LoggedIn bookings::list_upcoming;
    get "/bookings/{id}" LoggedIn bookings::get_booking;
    delete "/bookings/{id}" LoggedIn bookings::delete_booking;
    put "/bookings/{id}/cancel" LoggedIn bookings::cancel;
    put "/bookings/{id}/confirm" Planner bookings::confirm;
    put "/bookings/{id}/complete" Planner bookings::complete;
    put "/bookings/{id}/no-show" Planner bookings::no_show;
    put "/bookings/{id}/move" LoggedIn bookings::move_booking;
    put "/bookings/{id}/paid" Staff bookings::mark_paid;
    patch "/bookings/{id}" LoggedIn bookings::change_notes;
    put "/bookings/{id}" LoggedIn bookings::put_notes;
    get "/coach/bookings" Teacher bookings::list_coach_bookings;
    post "/pay" LoggedIn bookings::pay;

    get "/about" Anyone about::get_about;

    post "/login" Anyone auth::login;
    post "/login/wx" Anyone auth::login_wx;
    post "/login/phone" Anyone auth::login_phone;
    post "/register" Anyone auth::register::register;
    post "/sms/send" Anyone auth::codes::send_code;
    post "/password/reset" Anyone auth::passwords::reset_password;
    put "/password" LoggedIn auth::passwords::change_password;
    post "/token/refresh" Anyone auth::sessions::refresh;
    post "/logout" LoggedIn auth::sessions::logout;
    get "/sessions" LoggedIn auth::sessions::list_sessions;
    delete "/sessions/{id}" LoggedIn auth::sessions::end_session;
    get "/logins" LoggedIn auth::sessions::list_logins;

    get "/users/profile" LoggedIn people::get_profile;
    get "/users/subscribe" LoggedIn subscriptions::get_subscriptions;
    post "/users/subscribe" LoggedIn subscriptions::subscribe;
    put "/users/profile" LoggedIn people::change_profile;
    post "/users/role" LoggedIn people::choose_role;
    put "/users/phone" LoggedIn auth::merge::bind_phone;
    post "/users/merge" LoggedIn auth::merge::merge_account;
    get "/users" Staff accounts::list_accounts;
    get "/users/{id}" Staff accounts::get_account;
    get "/users/{id}/logins" Staff accounts::list_logins;
    put "/users/{id}/roles" Admin accounts::set_roles;
    post "/users/{id}/disable" Admin accounts::disable;
    post "/users/{id}/enable" Admin accounts::enable;
    post "/users/{id}/unlock" Admin accounts::unlock;
    get "/students" LoggedIn students::list_students;
    post "/students" LoggedIn students::add_student;
    patch "/students/{id}" LoggedIn students::change_student;
    put "/students/{id}" LoggedIn students::put_student;
    get "/teachers" LoggedIn people::list_teachers;

    get "/courses" LoggedIn courses::list_courses;
    post "/courses" Planner courses::create_course;
    get "/courses/{id}" LoggedIn courses::get_course;
    patch "/courses/{id}" Planner courses::change_course;

    get "/slots" LoggedIn classes::list_slots;
    get "/slots/week" LoggedIn classes::list_week;
    get "/slots/month" LoggedIn classes::get_month;
    get "/slots/{id}" LoggedIn classes::get_slot;
    get "/teachers/{id}/slots" LoggedIn classes::list_teachers_slots;
    get "/courses/{id}/slots" LoggedIn classes::list_courses_slots;
    get "/schedules" Planner classes::list_schedules;
    post "/schedules" Planner schedules::create_schedule;
    post "/schedules/batch" Planner batches::create_schedules;
    get "/schedules/{id}" LoggedIn schedules::get_schedule;
    get "/schedules/{id}/roster" Planner rosters::get_roster;
    get "/schedules/{id}/history" Planner history::list_history;
    patch "/schedules/{id}" Planner schedules::change_schedule;
    post "/schedules/{id}/revoke" Planner schedules::revoke;
    post "/schedules/{id}/block" Planner schedules::block;
    post "/schedules/{id}/unblock" Planner schedules::unblock;
    post "/schedules/{id}/complete" Planner schedules::complete;
    post "/schedules/{id}/hold" LoggedIn schedules::hold;
    delete "/schedules/{id}/hold" LoggedIn schedules::release_hold;

    post "/waitlist/join" LoggedIn waitlist::join;
    get "/waitlist/my" LoggedIn waitlist::list_mine;
    get "/waitlist/capacity" Staff sizes::list_sizes;
    put "/waitlist/capacity" Staff sizes::set_size;
    post "/waitlist/notify" Staff waitlist::notify;
    post "/waitlist/withdraw" Staff waitlist::withdraw;
    get "/waitlist/position/{id}" LoggedIn waitlist::get_position;
    get "/waitlist/{id}" LoggedIn waitlist::get_entry;
    delete "/waitlist/{id}" LoggedIn waitlist::leave;
    post "/waitlist/{id}/begin" LoggedIn waitlist::begin;
    put "/waitlist/{id}/respond" LoggedIn waitlist::respond;
    get "/waitlist/{id}/notifications" LoggedIn waitlist::list_offers;

    get "/admin/waitlist" Staff queues::list_queues;
    get "/admin/waitlist/classes" Staff fullness::list_classes;
    get "/admin/health" Staff health::get_health;
    post "/admin/audit" Staff health::run_audit;

    get "/messages" LoggedIn inbox::list_messages;
    post "/messages/read-all" LoggedIn inbox::mark_all_read;
    put "/messages/{id}/read" LoggedIn inbox::mark_read;

    get "/notifications" Staff notifications::list_notifications;
    post "/notifications/{id}/resend" Staff notifications::resend;
    get "/stats/notification" Staff notifications::rates;

    post "/ws/ticket" LoggedIn ws::issue_ticket;
    get "/ws" Anyone ws::open_socket;

    get "/dev/clock" LoggedIn dev::get_clock, demo;
    put "/dev/clock" Admin dev::set_clock, demo;
    post "/dev/people" Admin dev::make_people, demo;
    post "/dev/rush" LoggedIn dev::rush, demo;
    post "/dev/release" LoggedIn dev::release, demo;
}

/// The methods of the table.
pub mod methods {
    use actix_web::{Route, guard};

    pub use actix_web::web::{delete, patch, post, put};

    /// What can be read can be asked for its headers alone (RFC 9110, 9.3.2): balancers do.
    pub fn get() -> Route {
        Route::new().guard(guard::Any(guard::Get()).or(guard::Head()))
    }
}

/// All routes below one prefix. One resource for each path, so that a method it does not take is
/// answered with 405.
pub fn mount(prefix: &str) -> impl Fn(&mut ServiceConfig) {
    let prefix = prefix.to_owned();
    move |config: &mut ServiceConfig| {
        let mut scope = web::scope(&prefix);
        let mut resources: Vec<(&str, actix_web::Resource)> = Vec::new();
        for (path, route) in handlers() {
            match resources.iter().position(|(p, _)| *p == path) {
                Some(i) => {
                    let (path, resource) = resources.remove(i);
                    resources.insert(i, (path, resource.route(route)));
                }
                None => {
                    let resource = web::resource(path).default_service(web::to(method_not_allowed));
                    resources.push((path, resource.route(route)));
                }
            }
        }
        for (_, resource) in resources {
            scope = scope.service(resource);
        }
        config.service(scope.default_service(web::to(not_found)));
    }
}

pub async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::NotFound)
}

/// The methods that a matched path takes, as in `GET, POST`.
pub fn methods_of(pattern: &str) -> String {
    let path = pattern.strip_prefix("/api/v1").or_else(|| pattern.strip_prefix("/api")).unwrap_or(pattern);
    let taken = ROUTES.iter().filter(|r| r.path == path).map(|r| match r.method {
        "get" => "GET, HEAD".to_owned(),
        other => other.to_uppercase(),
    });
    taken.collect::<Vec<_>>().join(", ")
}

pub async fn method_not_allowed() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_api_document() {
        let doc = serde_json::to_value(ApiDoc::openapi()).unwrap();
        assert!(doc["openapi"].as_str().unwrap().starts_with("3.1"));
        for Listed { method, path, .. } in ROUTES {
            assert!(doc["paths"][path][method].is_object(), "{method} {path}");
        }
    }
}
