//! Text messages. A provider is a type that implements [`SmsSender`].

use std::{collections::VecDeque, sync::Mutex};

use futures_util::future::BoxFuture;

use super::sandbox::Sandbox;
use crate::base::{phone::Phone, sync::lock};

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmsFailure {
    /// Nobody said who is to send it.
    #[error("no SMS provider is configured")]
    NotConfigured,
    /// The provider does not take it now, or took it without a word: told without number and text.
    #[error("the SMS provider is not available: {0}")]
    Unavailable(String),
}

/// Sends texts. Whoever implements it neither logs a text nor a whole number.
pub trait SmsSender: Send + Sync + 'static {
    fn send<'s>(&'s self, to: &'s Phone, text: &'s str) -> BoxFuture<'s, Result<(), SmsFailure>>;

    /// Asked before anything is counted or written for a message.
    fn is_there(&self) -> bool {
        true
    }

    /// The last text to this number, where it is only shown on the server's own screen: in a demo.
    fn last_to(&self, _number: &Phone) -> Option<String> {
        None
    }
}

/// Prints texts instead of sending them: to standard output, where the person at the machine sees
/// them, and not to the log, which others keep.
#[derive(Default)]
pub struct ConsoleSms {
    shown: Mutex<VecDeque<(Phone, String)>>,
    /// Where they are shown as well.
    sandbox: Option<Sandbox>,
}

impl ConsoleSms {
    pub fn beside(sandbox: Option<Sandbox>) -> Self {
        Self { sandbox, ..Self::default() }
    }
}

/// Texts that a demo remembers.
const SHOWN_MAX: usize = 200;

impl SmsSender for ConsoleSms {
    fn send<'s>(&'s self, to: &'s Phone, text: &'s str) -> BoxFuture<'s, Result<(), SmsFailure>> {
        Box::pin(async move {
            println!("SMS to {}: {text}", to.masked());
            if let Some(sandbox) = &self.sandbox {
                sandbox.sms(to.dialled(), text);
            }
            let mut shown = lock(&self.shown);
            if shown.len() >= SHOWN_MAX {
                shown.pop_front();
            }
            shown.push_back((to.clone(), text.to_owned()));
            Ok(())
        })
    }

    fn last_to(&self, number: &Phone) -> Option<String> {
        lock(&self.shown).iter().rev().find(|(to, _)| to == number).map(|(_, text)| text.clone())
    }
}

/// Production without a provider.
pub struct NoSms;

impl SmsSender for NoSms {
    fn send<'s>(&'s self, _to: &'s Phone, _text: &'s str) -> BoxFuture<'s, Result<(), SmsFailure>> {
        Box::pin(async { Err(SmsFailure::NotConfigured) })
    }

    fn is_there(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_demo_shows_the_last_text_of_each_number_and_forgets_the_oldest() {
        let sms = ConsoleSms::default();
        let number = |n: usize| Phone::parse(&format!("138{n:08}")).unwrap();
        for n in 0..=SHOWN_MAX {
            sms.send(&number(n), &format!("text {n}")).await.unwrap();
        }
        assert_eq!(sms.last_to(&number(0)), None);
        assert_eq!(sms.last_to(&number(1)).as_deref(), Some("text 1"));
        sms.send(&number(1), "again").await.unwrap();
        assert_eq!(sms.last_to(&number(1)).as_deref(), Some("again"));
        assert!(sms.is_there() && !NoSms.is_there());
        assert_eq!(NoSms.send(&number(1), "").await, Err(SmsFailure::NotConfigured));
    }
}
