//! Connection trouble in the words of the AWS SDK, which end up in a Task's cause.

use std::error::Error;
use std::io;

use http_body_util::LengthLimitError;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The name has no address.
    UnknownHost(String),
    /// Nobody listens.
    Refused(String),
    /// The connection took too long.
    ConnectTimeout(String),
    /// The connection ended before the answer did.
    Closed(String),
    /// The answer is larger than the client reads.
    TooLarge,
    /// The whole call took too long.
    TooSlow,
    /// Something else.
    Other(String),
}

impl Trouble {
    /// From what the client says.
    pub(crate) fn of(error: &(dyn Error + 'static), authority: &str) -> Trouble {
        let text = innermost(error).to_string();
        let kind = find::<io::Error>(error).map(io::Error::kind);
        let lookup = chain(error).any(|e| e.to_string().contains("dns error"));
        match kind {
            _ if lookup => Trouble::UnknownHost(host(authority)),
            Some(io::ErrorKind::ConnectionRefused) => Trouble::Refused(authority.to_owned()),
            Some(io::ErrorKind::TimedOut) => Trouble::ConnectTimeout(authority.to_owned()),
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                Trouble::Closed("Connection reset".into())
            }
            _ if find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message) => {
                Trouble::Closed(format!("{authority} failed to respond"))
            }
            _ => Trouble::Other(text),
        }
    }

    /// From what reading the body says.
    pub(crate) fn while_reading(error: &(dyn Error + 'static)) -> Trouble {
        if find::<LengthLimitError>(error).is_some() {
            return Trouble::TooLarge;
        }
        Trouble::Closed(innermost(error).to_string())
    }

    /// The SDK's message.
    pub(crate) fn message(&self) -> String {
        let reason = match self {
            Trouble::UnknownHost(host) => format!("{host}: Name or service not known"),
            Trouble::Refused(to) => {
                format!("Connect to {to} failed: Connection refused (Connection refused)")
            }
            Trouble::ConnectTimeout(to) => format!("Connect to {to} failed: connect timed out"),
            Trouble::Closed(reason) | Trouble::Other(reason) => reason.clone(),
            Trouble::TooLarge => "The response is larger than the maximum allowed size".to_owned(),
            Trouble::TooSlow => {
                return "Client execution did not complete before the specified timeout configuration.".to_owned();
            }
        };
        format!("Unable to execute HTTP request: {reason}")
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // Bounded, since nothing promises that a chain ends.
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (*error).source()
    })
    .take(16)
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    chain(error).last().unwrap_or(error)
}

fn host(authority: &str) -> String {
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
        .to_owned()
}
