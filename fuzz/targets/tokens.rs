//! Access tokens. The input is a token, or two lines: a header and claims, which are signed with the
//! server's own key. Of the first kind none passes but the one that the server made; of the second
//! kind only what says all that it must, for this instant.

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::Value;
use yueke::{
    base::{
        ids::{AccountId, OrgId, SessionId},
        secret::Secret,
        time::{Clock, HOUR, SECOND, Timestamp},
    },
    domain::access::{Role, Roles},
    web::{error::Problem, tokens::Tokens},
};

const SECRET: &str = "a secret that only the fuzzer has";
const NOW: i64 = 1_762_900_000;

struct Server {
    tokens: Tokens,
    good: String,
    kid: String,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let clock = Clock::manual(Timestamp::from_millis(NOW * SECOND));
    let tokens = Tokens::new(clock, &Secret(SECRET.to_owned()), None, HOUR);
    let (account, session, org) = (AccountId::from_u128(1), SessionId::from_u128(2), OrgId::from_u128(3));
    let good = tokens.sign(account, session, org, Roles::from(Role::Student), None);
    let kid = jsonwebtoken::decode_header(&good).expect("a token").kid.expect("keys have names");
    Server { tokens, good, kid }
});

/// The input as a token, or as what somebody with the key signs.
pub fn tokens(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let server = &*SERVER;
    match text.split_once('\n') {
        None => {
            let token = text.replace("$good", &server.good);
            let verified = server.tokens.verify(&token);
            assert_eq!(verified.is_ok(), token == server.good, "{token}");
        }
        Some((header, claims)) => {
            let (header, claims) = (header.replace("$kid", &server.kid), claims.replace("$now", &NOW.to_string()));
            match server.tokens.verify(&signed(SECRET, Algorithm::HS256, &header, &claims)) {
                Ok(_) => check_accepted(&header, &claims, &server.kid),
                Err(problem) => assert!(matches!(problem, Problem::Unauthorized | Problem::TokenExpired)),
            }
        }
    }
}

/// A token of any header and any claims, whether or not they are JSON.
pub fn signed(secret: &str, algorithm: Algorithm, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = crypto::sign(message.as_bytes(), &key, algorithm).expect("a secret signs");
    format!("{message}.{signature}")
}

fn check_accepted(header: &str, claims: &str, kid: &str) {
    let header: Value = serde_json::from_str(header).expect("a header is JSON");
    assert_eq!((&header["alg"], &header["kid"]), (&"HS256".into(), &kid.into()));
    let claims: Value = serde_json::from_str(claims).expect("claims are JSON");
    assert!(claims["exp"].as_i64().is_some_and(|exp| exp > NOW), "{claims}");
    assert!(claims["nbf"].as_i64().is_some_and(|nbf| nbf <= NOW), "{claims}");
    assert_eq!((&claims["aud"], &claims["typ"]), (&"yueke".into(), &"access".into()));
    assert!(claims["sub"].is_string() && claims["sid"].is_string() && claims["roles"].is_array(), "{claims}");
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        let digits = (0..=chunk.len()).map(|i| DIGITS[(bits >> (18 - 6 * i)) as usize & 63] as char);
        text.extend(digits);
    }
    text
}
