//! The logins that have sockets, so that the end of a login is the end of them, at once.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

use dashmap::DashMap;
use tokio::sync::Notify;

use crate::base::ids::SessionId;

/// As many entries as there are logins with open sockets.
#[derive(Default)]
pub struct Logins(Arc<DashMap<SessionId, Weak<Login>>>);

/// A login that has at least one socket, shared by all of its sockets.
pub struct Login {
    session: SessionId,
    ended: AtomicBool,
    bell: Notify,
    home: Weak<DashMap<SessionId, Weak<Login>>>,
}

impl Logins {
    /// Whoever enters looks afterwards whether the session still stands: what ended before that is
    /// not told again.
    pub fn enter(&self, session: SessionId) -> Arc<Login> {
        let mut entry = self.0.entry(session).or_default();
        match entry.upgrade() {
            Some(login) if !login.is_ended() => login,
            // One that has ended tells nothing more; its sockets are about to go.
            over => {
                let home = Arc::downgrade(&self.0);
                let login = Arc::new(Login { session, ended: AtomicBool::new(false), bell: Notify::new(), home });
                *entry = Arc::downgrade(&login);
                // Its last user may have left meanwhile: then it is dropped here, and looks for its entry.
                drop(entry);
                drop(over);
                login
            }
        }
    }

    /// When this returns, no socket of the session is given anything new to tell.
    pub fn end(&self, session: SessionId) {
        let login = self.0.get(&session).and_then(|login| login.upgrade());
        if let Some(login) = login {
            login.ended.store(true, Ordering::Release);
            login.bell.notify_waiters();
        }
    }
}

impl Login {
    pub fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub async fn ended(&self) {
        let rung = self.bell.notified();
        // Listening from here on, also before it is polled.
        if !self.is_ended() {
            rung.await;
        }
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            // Another one may have taken the place already.
            home.remove_if(&self.session, |_, login| login.strong_count() == 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn an_end_is_told_to_all_sockets_of_the_login_and_to_no_other() {
        let logins = Logins::default();
        let (a, b) = (SessionId::from_u128(1), SessionId::from_u128(2));
        let (first, second, other) = (logins.enter(a), logins.enter(a), logins.enter(b));
        assert!(Arc::ptr_eq(&first, &second) && logins.0.len() == 2);
        let mut waits = Box::pin(first.ended());
        assert_eq!((&mut waits).now_or_never(), None);
        logins.end(a);
        assert_eq!(waits.now_or_never(), Some(()));
        assert!(second.is_ended() && second.ended().now_or_never().is_some(), "also for who asks late");
        assert!(!other.is_ended() && other.ended().now_or_never().is_none());
        logins.end(SessionId::from_u128(3));
    }

    #[test]
    fn nothing_is_kept_of_a_login_without_sockets() {
        let logins = Logins::default();
        let id = SessionId::from_u128(1);
        let (first, second) = (logins.enter(id), logins.enter(id));
        drop(first);
        assert_eq!(logins.0.len(), 1);
        logins.end(id);
        let third = logins.enter(id);
        drop(second);
        assert!(!third.is_ended() && logins.0.len() == 1, "the new one keeps its place");
        drop(third);
        assert_eq!(logins.0.len(), 0);
    }
}
