//! Access tokens: HS256 and nothing else, checked against the server's own clock.

use std::sync::Arc;

use ahash::RandomState;
use dashmap::DashMap;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use crate::{
    base::{
        ids::{AccountId, OrgId, SessionId, TeacherId},
        secret::Secret,
        time::{Clock, DAY, Millis, SECOND, Timestamp},
    },
    domain::access::Roles,
};

const AUDIENCE: &str = "yueke";
const ACCESS: &str = "access";
/// Decoded tokens kept, so that the next request of the same one costs no cryptography.
const CACHED_MAX: usize = 100_000;
/// Longer is no token of ours.
const TOKEN_CHARS_MAX: usize = 2_048;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: AccountId,
    pub sid: SessionId,
    pub org: OrgId,
    pub roles: Roles,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherId>,
    pub typ: String,
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
}

struct Key {
    kid: &'static str,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// Signs and checks tokens, and knows the sessions that were ended.
pub struct Tokens {
    clock: Clock,
    /// How long an access token lives.
    ttl: Millis,
    /// The first signs; all verify.
    keys: Vec<Key>,
    validation: Validation,
    /// Those that were used lately. One token at a time gives way to another, never all at once:
    /// a busy server would stand still meanwhile.
    decoded: Cache<Box<str>, Arc<Claims>>,
    /// Ended sessions, until their last token has expired.
    ended: DashMap<SessionId, Timestamp, RandomState>,
    /// What accounts may do now whose tokens say something else, until the last of those has expired.
    changed: DashMap<AccountId, Changed, RandomState>,
}

#[derive(Clone, Copy)]
struct Changed {
    roles: Roles,
    teacher: Option<TeacherId>,
    until: Timestamp,
}

impl Tokens {
    pub fn new(clock: Clock, secret: &Secret, previous: Option<&Secret>, ttl: Millis) -> Self {
        let key = |(kid, secret): (&'static str, &Secret)| {
            let bytes = secret.0.as_bytes();
            Key { kid, encoding: EncodingKey::from_secret(bytes), decoding: DecodingKey::from_secret(bytes) }
        };
        let secrets = std::iter::once(secret).chain(previous);
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are checked below, against our own clock instead of the machine's.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.required_spec_claims.clear();
        validation.set_audience(&[AUDIENCE]);
        let keys = secrets.map(|s| key((kid_of(s), s))).collect();
        Self {
            clock,
            ttl,
            keys,
            validation,
            decoded: Cache::new(CACHED_MAX),
            ended: DashMap::default(),
            changed: DashMap::default(),
        }
    }

    /// A new access token for a session.
    pub fn sign(
        &self,
        account: AccountId,
        sid: SessionId,
        org: OrgId,
        roles: Roles,
        teacher: Option<TeacherId>,
    ) -> String {
        self.sign_for(account, sid, org, roles, teacher, self.ttl)
    }

    pub fn sign_for(
        &self,
        sub: AccountId,
        sid: SessionId,
        org: OrgId,
        roles: Roles,
        teacher: Option<TeacherId>,
        ttl: i64,
    ) -> String {
        let now = self.clock.now().as_millis() / SECOND;
        let (typ, aud) = (ACCESS.to_owned(), AUDIENCE.to_owned());
        let claims = Claims { sub, sid, org, roles, teacher, typ, aud, iat: now, nbf: now, exp: now + ttl / SECOND };
        let key = &self.keys[0];
        let header = Header { kid: Some(key.kid.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &key.encoding).expect("claims are plain data and the key is a secret")
    }

    pub fn ttl(&self) -> Millis {
        self.ttl
    }

    pub fn verify(&self, token: &str) -> Result<Arc<Claims>, Problem> {
        let claims = match self.decoded.get(token) {
            Some(claims) => claims,
            None => self.decode(token)?,
        };
        let now = self.clock.now();
        if now >= Timestamp::from_millis(claims.exp.saturating_mul(SECOND)) {
            self.decoded.remove(token);
            return Err(Problem::TokenExpired);
        }
        if now < Timestamp::from_millis(claims.nbf.saturating_mul(SECOND)) || self.ended.contains_key(&claims.sid) {
            return Err(Problem::Unauthorized);
        }
        match self.changed.get(&claims.sub) {
            Some(now) if now.roles != claims.roles || now.teacher != claims.teacher => {
                Ok(Arc::new(Claims { roles: now.roles, teacher: now.teacher, ..Claims::clone(&claims) }))
            }
            Some(_) | None => Ok(claims),
        }
    }

    /// From now on this is what the account may do, whatever its tokens say.
    pub fn set_roles(&self, account: AccountId, roles: Roles, teacher: Option<TeacherId>) {
        let now = self.clock.now();
        self.changed.retain(|_, changed| changed.until > now);
        self.changed.insert(account, Changed { roles, teacher, until: now + self.ttl.max(DAY) });
    }

    /// What only this server can say of a text, for secrets that are too short to be stored as they
    /// are. `what` has a colon, which nothing has that is signed as a token.
    pub fn seal(&self, what: &str) -> String {
        let sealed = format!("seal:{what}");
        jsonwebtoken::crypto::sign(sealed.as_bytes(), &self.keys[0].encoding, Algorithm::HS256)
            .expect("the key is a secret")
    }

    fn decode(&self, token: &str) -> Result<Arc<Claims>, Problem> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(Problem::Unauthorized);
        }
        // One or two keys: trying them costs less than reading the header first to choose.
        let data = self.keys.iter().find_map(|k| {
            let data = jsonwebtoken::decode::<Claims>(token, &k.decoding, &self.validation).ok()?;
            (data.header.kid.as_deref() == Some(k.kid)).then_some(data)
        });
        let claims = data.ok_or(Problem::Unauthorized)?.claims;
        if claims.typ != ACCESS {
            return Err(Problem::Unauthorized);
        }
        let claims = Arc::new(claims);
        self.decoded.insert(token.into(), claims.clone());
        Ok(claims)
    }

    /// From now on no token of this session is good.
    pub fn end_session(&self, sid: SessionId) {
        let now = self.clock.now();
        self.ended.retain(|_, until| *until > now);
        self.ended.insert(sid, now + self.ttl.max(DAY));
    }

    pub fn is_ended(&self, sid: SessionId) -> bool {
        self.ended.contains_key(&sid)
    }
}

/// A short name of a secret that does not tell it: the same secret has the same name after a restart.
fn kid_of(secret: &Secret) -> &'static str {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(secret.0.as_bytes());
    let kid: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    // One or two for the life of the process.
    Box::leak(kid.into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{limits::TOKEN_TTL, time::HOUR},
        domain::access::Role,
    };

    fn secret(c: char) -> Secret {
        Secret(String::from(c).repeat(32))
    }

    fn tokens(clock: &Clock, secret: &Secret) -> Tokens {
        Tokens::new(clock.clone(), secret, None, TOKEN_TTL)
    }

    fn sign(t: &Tokens) -> String {
        let roles = Roles::from(Role::Student);
        t.sign(AccountId::from_u128(1), SessionId::from_u128(2), OrgId::from_u128(3), roles, None)
    }

    fn forge(claims: &serde_json::Value, alg: Algorithm, kid: Option<&str>, secret: &Secret) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(alg) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret.0.as_bytes())).unwrap()
    }

    #[test]
    fn good_tokens_pass_until_they_expire_or_their_session_ends() {
        let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
        let t = tokens(&clock, &secret('a'));
        let token = sign(&t);
        assert!(t.verify(&token).is_ok());
        clock.move_to(clock.now() + TOKEN_TTL - 1);
        assert!(t.verify(&token).is_ok());
        clock.move_to(clock.now() + 1);
        assert!(matches!(t.verify(&token), Err(Problem::TokenExpired)));
        let token = sign(&t);
        t.end_session(SessionId::from_u128(2));
        assert!(t.verify(&token).is_err());
    }

    #[test]
    fn changed_roles_count_whatever_a_token_says() {
        let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
        let t = tokens(&clock, &secret('a'));
        let token = sign(&t);
        let (teacher, roles) = (TeacherId::from_u128(9), Roles::from(Role::Teacher));
        t.set_roles(AccountId::from_u128(1), roles, Some(teacher));
        let claims = t.verify(&token).unwrap();
        assert_eq!((claims.roles, claims.teacher, claims.sid), (roles, Some(teacher), SessionId::from_u128(2)));
        t.set_roles(AccountId::from_u128(1), Roles::from(Role::Student), None);
        assert_eq!(t.verify(&token).unwrap().roles, Roles::from(Role::Student));
    }

    #[test]
    fn a_seal_is_the_servers_own() {
        let clock = Clock::manual(Timestamp::from_millis(0));
        let (a, b) = (tokens(&clock, &secret('a')), tokens(&clock, &secret('b')));
        assert_eq!(a.seal("x"), a.seal("x"));
        assert_ne!(a.seal("x"), a.seal("y"));
        assert_ne!(a.seal("x"), b.seal("x"));
    }

    #[test]
    fn a_changed_key_still_verifies_what_the_previous_one_signed() {
        let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
        let token = sign(&tokens(&clock, &secret('a')));
        assert!(Tokens::new(clock.clone(), &secret('b'), Some(&secret('a')), TOKEN_TTL).verify(&token).is_ok());
        assert!(tokens(&clock, &secret('b')).verify(&token).is_err());
    }

    #[test]
    fn hostile_tokens_are_refused() {
        let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
        let s = secret('a');
        let t = tokens(&clock, &s);
        let kid = kid_of(&s);
        let good = sign(&t);
        let now = clock.now().as_millis() / SECOND;
        let id = AccountId::from_u128(1);
        let claims = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut c = serde_json::json!({
                "sub": id, "sid": id, "org": id, "roles": ["student"], "typ": "access", "aud": "yueke",
                "iat": now, "nbf": now, "exp": now + HOUR / SECOND,
            });
            change(&mut c);
            c
        };
        assert!(t.verify(&forge(&claims(&|_| ()), Algorithm::HS256, Some(kid), &s)).is_ok(), "the twin passes");
        let parts: Vec<&str> = good.split('.').collect();
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let mut hostile = vec![
            String::new(),
            ".".into(),
            "..".into(),
            "x".into(),
            "x".repeat(3_000),
            "候补".into(),
            good[..good.len() - 1].into(),
            format!("{good}x"),
            good.to_uppercase(),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.{}", parts[0], parts[0], parts[2]),
            forge(&claims(&|_| ()), Algorithm::HS384, Some(kid), &s),
            forge(&claims(&|_| ()), Algorithm::HS512, Some(kid), &s),
            forge(&claims(&|_| ()), Algorithm::HS256, None, &s),
            forge(&claims(&|_| ()), Algorithm::HS256, Some("other"), &s),
            forge(&claims(&|_| ()), Algorithm::HS256, Some("../../dev/null"), &s),
            forge(&claims(&|_| ()), Algorithm::HS256, Some(kid), &secret('b')),
        ];
        let changes: [&dyn Fn(&mut serde_json::Value); 12] = [
            &|c| c["exp"] = (now).into(),
            &|c| c["exp"] = (now - 1).into(),
            &|c| c["exp"] = "never".into(),
            &|c| drop(c.as_object_mut().unwrap().remove("exp")),
            &|c| c["nbf"] = (now + 1).into(),
            &|c| c["aud"] = "other".into(),
            &|c| drop(c.as_object_mut().unwrap().remove("aud")),
            &|c| c["typ"] = "refresh".into(),
            &|c| drop(c.as_object_mut().unwrap().remove("typ")),
            &|c| c["sub"] = "' or 1=1".into(),
            &|c| c["roles"] = "admin".into(),
            &|c| c["roles"] = serde_json::json!(["god"]),
        ];
        hostile.extend(changes.iter().map(|f| forge(&claims(*f), Algorithm::HS256, Some(kid), &s)));
        for token in hostile {
            assert!(t.verify(&token).is_err(), "{token}");
        }
    }
}
