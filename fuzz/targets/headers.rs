//! Headers: the language, the request key, the request's own id, the address behind proxies, the
//! token. A key that is read is printable and not too long; without a trusted proxy nobody can name
//! another address than their own.

use std::net::{IpAddr, SocketAddr};

use actix_web::{
    http::header::{HeaderName, HeaderValue},
    test::TestRequest,
};
use yueke::{
    base::ids::AccountId,
    web::{
        extract::{key_of, lang_of},
        server::{address_of, is_fit_for_a_log},
    },
};

use super::check_invalid;

/// The input as lines of `name: value`, until an empty one; what follows is the body.
pub fn headers(input: &[u8]) {
    let at = input.windows(2).position(|w| w == b"\n\n").unwrap_or(input.len());
    let (head, body) = input.split_at(at);
    let peer: SocketAddr = ([192, 0, 2, 1], 9).into();
    let mut request = TestRequest::post().uri("/api/v1/bookings?x=1").peer_addr(peer);
    for line in head.split(|b| *b == b'\n') {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            request = request.append_header((name, value));
        }
    }
    let request = request.to_srv_request();
    let (req, account) = (request.request(), AccountId::from_u128(1));
    let _ = lang_of(req);
    match key_of(req, account, body) {
        Ok(Some(key)) => {
            assert!((1..=255).contains(&key.key.len()) && key.key.bytes().all(|b| (b' '..=b'~').contains(&b)));
            assert_eq!((key.account, key.fingerprint.len()), (account, 64));
        }
        Ok(None) => assert!(!req.headers().contains_key("idempotency-key")),
        Err(problem) => check_invalid(&problem),
    }
    if let Some(id) = req.headers().get("x-request-id").and_then(|v| v.to_str().ok())
        && is_fit_for_a_log(id)
    {
        assert!(!id.contains(|c: char| c.is_whitespace() || c == '<') && id.len() <= 64);
    }
    assert_eq!(address_of(&request, &[]), Some(peer.ip()));
    let proxies: [IpAddr; 2] = [peer.ip(), [10, 0, 0, 1].into()];
    let address = address_of(&request, &proxies).expect("somebody asks");
    let named = req.headers().get_all("x-forwarded-for").count() > 0;
    assert!(named || address == peer.ip(), "{address}");
}
