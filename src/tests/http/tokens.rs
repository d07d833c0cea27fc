//! Hostile tokens, against the real server: each is refused with 401, and is told apart from an
//! expired one only when it was once good.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    fuzzed::targets::tokens::signed,
    harness::app::{Person, SECRET, TestApp, on_both, with},
};

on_both! {
    hostile_tokens_are_refused
    a_token_has_to_be_presented_as_one
    a_disabled_account_gets_no_new_tokens
}

/// Signs what it likes with the server's own key.
pub struct Forge {
    good: Value,
    kid: String,
    /// In seconds.
    pub now: i64,
}

impl Forge {
    /// `token` has just been given.
    pub fn of(app: &TestApp, token: &str) -> Self {
        let claims = app.running.app.tokens.verify(token).expect("a good token");
        let kid = jsonwebtoken::decode_header(token).expect("a header").kid.expect("a key's name");
        Self { good: serde_json::to_value(&*claims).expect("JSON"), kid, now: claims.iat }
    }

    /// The good claims, with these changed.
    pub fn claims(&self, changed: Value) -> Value {
        with(self.good.clone(), changed)
    }

    fn without(&self, name: &str) -> Value {
        let mut claims = self.good.clone();
        claims.as_object_mut().expect("an object").remove(name);
        claims
    }

    fn header(&self, changed: Value) -> Value {
        with(json!({ "typ": "JWT", "alg": "HS256", "kid": self.kid }), changed)
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_under(json!({}), claims)
    }

    fn sign_under(&self, header: Value, claims: &Value) -> String {
        signed(SECRET, Algorithm::HS256, &self.header(header).to_string(), &claims.to_string())
    }

    fn sign_with(&self, secret: &str, algorithm: Algorithm, name: &str) -> String {
        signed(secret, algorithm, &self.header(json!({ "alg": name })).to_string(), &self.good.to_string())
    }
}

async fn hostile_tokens_are_refused(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let forge = Forge::of(app, &amy.token);
    let (good, now) = (&forge.good, forge.now);
    app.with_token(&forge.sign(good)).get("/users/profile").await.is(200);
    let parts: Vec<&str> = amy.token.split('.').collect();
    let [head, said, proof] = parts[..] else { panic!("three parts") };
    let changed = |claims: Value| forge.sign(&forge.claims(claims));
    let twice = good.to_string().replacen('{', r#"{"exp":9999999999,"#, 1);
    let raw = |claims: &str| signed(SECRET, Algorithm::HS256, &forge.header(json!({})).to_string(), claims);
    let none = forge.sign_under(json!({ "alg": "none" }), good);
    let nones: Vec<&str> = none.split('.').collect();
    let hostile: Vec<(&str, String)> = vec![
        ("a word", "x".into()),
        ("dots", "..".into()),
        ("more dots", format!("{}.", amy.token)),
        ("large", "x".repeat(3_000)),
        ("huge", "x".repeat(60_000)),
        ("unicode", "候补.候补.候补".into()),
        ("cut", amy.token[..amy.token.len() - 1].into()),
        ("longer", format!("{}A", amy.token)),
        ("padded", format!("{}=", amy.token)),
        ("in capitals", amy.token.to_uppercase()),
        ("without a signature", format!("{head}.{said}.")),
        ("of two parts", format!("{head}.{said}")),
        ("another's signature", format!("{head}.{said}.{}", nones[2])),
        ("its header twice", format!("{head}.{head}.{proof}")),
        ("nested", forge.sign(&json!(amy.token))),
        ("alg none", format!("{}.{}.", nones[0], nones[1])),
        ("alg none, signed", none.clone()),
        ("alg None", forge.sign_under(json!({ "alg": "None" }), good)),
        ("alg hs256", forge.sign_under(json!({ "alg": "hs256" }), good)),
        ("alg RS256 with the secret as its key", forge.sign_under(json!({ "alg": "RS256" }), good)),
        ("alg ES256", forge.sign_under(json!({ "alg": "ES256" }), good)),
        ("HS384", forge.sign_with(SECRET, Algorithm::HS384, "HS384")),
        ("HS512", forge.sign_with(SECRET, Algorithm::HS512, "HS512")),
        ("HS512 that says HS256", forge.sign_with(SECRET, Algorithm::HS512, "HS256")),
        ("another key", forge.sign_with("another secret of at least 32 bytes", Algorithm::HS256, "HS256")),
        ("an empty key", forge.sign_with("", Algorithm::HS256, "HS256")),
        ("no kid", forge.sign_under(json!({ "kid": null }), good)),
        ("another kid", forge.sign_under(json!({ "kid": "other" }), good)),
        ("a path as kid", forge.sign_under(json!({ "kid": "../../dev/null" }), good)),
        ("a key of its own", forge.sign_under(json!({ "kid": "x", "jwk": { "kty": "oct", "k": "eA" } }), good)),
        ("header is no JSON", signed(SECRET, Algorithm::HS256, "x", &good.to_string())),
        ("claims are no JSON", raw("x")),
        ("claims are a list", raw("[]")),
        ("claims are nothing", raw("{}")),
        ("a claim twice", raw(&twice)),
        ("no exp", forge.sign(&forge.without("exp"))),
        ("exp is a text", changed(json!({ "exp": "never" }))),
        ("exp is a fraction", changed(json!({ "exp": 9e18 }))),
        ("exp is null", changed(json!({ "exp": null }))),
        ("expired now", changed(json!({ "exp": now }))),
        ("expired for a minute", changed(json!({ "exp": now - 60 }))),
        ("expired for ever", changed(json!({ "exp": i64::MIN }))),
        ("not yet", changed(json!({ "nbf": now + 1 }))),
        ("no nbf", forge.sign(&forge.without("nbf"))),
        ("another audience", changed(json!({ "aud": "other" }))),
        ("several audiences", changed(json!({ "aud": ["yueke", "other"] }))),
        ("no audience", forge.sign(&forge.without("aud"))),
        ("a refresh token", amy.refresh.clone()),
        ("of another type", changed(json!({ "typ": "refresh" }))),
        ("of no type", forge.sign(&forge.without("typ"))),
        ("another org", changed(json!({ "org": "01ARZ3NDEKTSV4RRFFQ69G5FAV" }))),
        ("no session", forge.sign(&forge.without("sid"))),
        ("nobody's", changed(json!({ "sub": "' or 1=1" }))),
        ("an unknown role", changed(json!({ "roles": ["god"] }))),
        ("roles are a text", changed(json!({ "roles": "admin" }))),
    ];
    assert!(hostile.len() >= 40);
    for (what, token) in hostile {
        let answer = app.with_token(&token).get("/users/profile").await;
        let reason = if what.starts_with("expired") { "token_expired" } else { "unauthorized" };
        println!("{what}");
        answer.fails(401, reason);
    }
}

async fn a_token_has_to_be_presented_as_one(app: &mut TestApp) {
    let token = app.student("amy").await.token;
    let ask = async |value: String| {
        let path = "/api/v1/users/profile";
        app.anybody().send_raw(reqwest::Method::GET, path, &[("authorization", &value)], "").await.status
    };
    for (value, expected) in [
        (format!("Bearer {token}"), 200),
        (format!("bearer  {token}"), 200),
        (token.clone(), 401),
        ("Bearer".to_owned(), 401),
        ("Bearer ".to_owned(), 401),
        (format!("Basic {token}"), 401),
        (format!("Bearer {token} {token}"), 401),
        (format!("Bearer {token},"), 401),
        (format!("Bearer \"{token}\""), 401),
    ] {
        assert_eq!(ask(value.clone()).await, expected, "{value}");
    }
    let path = format!("/api/v1/users/profile?access_token={token}&token={token}");
    app.anybody().send_raw(reqwest::Method::GET, &path, &[("cookie", &token)], "").await.fails(401, "unauthorized");
}

async fn a_disabled_account_gets_no_new_tokens(app: &mut TestApp) {
    let amy: Person = app.student("amy").await;
    let anybody = app.anybody();
    let exchange = |refresh: String| anybody.post("/token/refresh", json!({ "refresh_token": refresh }));
    let amy = amy.again(&exchange(amy.refresh.clone()).await.is(200));
    app.db.exec("update accounts set disabled_at = 1 where nickname = 'amy'").await;
    exchange(amy.refresh.clone()).await.fails(401, "unauthorized");
}
