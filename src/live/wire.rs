//! The connection below a socket. A peer that vanished, or never reads, leaves the server stuck
//! in a write that actix-web never gives up; so each socket keeps a second handle on its
//! connection and can cut it.

use std::{
    any::Any,
    net::{Shutdown, TcpStream},
    sync::Arc,
};

use actix_web::{HttpRequest, dev::Extensions, rt};
use socket2::SockRef;

/// A second handle on a TCP connection.
#[derive(Clone)]
pub struct Lifeline(Arc<TcpStream>);

/// For `HttpServer::on_connect`. Without it a dead connection ends only when the kernel gives up.
pub fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    if let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() {
        match SockRef::from(stream).try_clone() {
            Ok(second) => drop(data.insert(Lifeline(Arc::new(second.into())))),
            Err(error) => tracing::warn!(%error, "a connection without a lifeline: too many open files?"),
        }
    }
}

impl Lifeline {
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data::<Self>().cloned()
    }

    /// Ends reading and writing at once, whatever is still on its way.
    pub fn cut(&self) {
        if let Err(error) = self.0.shutdown(Shutdown::Both) {
            // The usual case: it is closed already.
            tracing::trace!(%error, "cutting a connection");
        }
    }
}
