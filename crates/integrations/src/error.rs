//! A failed call, as a Task's history reports it: an error name and a cause.

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The service answered with an error (`../shared/spec/integrations.md` 2.2, SDK version 1 style).
    #[error(
        "{message} (Service: {service}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)"
    )]
    Service {
        /// `Lambda.ResourceNotFoundException`.
        name: String,
        /// `AWSLambda`.
        service: &'static str,
        /// HTTP status.
        status: u16,
        /// `ResourceNotFoundException`.
        code: String,
        /// The service's message.
        message: String,
        /// The service's id of the request.
        request_id: String,
    },
    /// There was no answer, or none that could be read. The cause is the SDK's message.
    #[error("{cause}")]
    Client {
        /// `Lambda.SdkClientException`.
        name: String,
        /// `Unable to execute HTTP request: ...`.
        cause: String,
    },
    /// The function itself failed: the error is its own, the cause its whole answer.
    #[error("{cause}")]
    Function {
        /// The `errorType` of the answer, or `Lambda.Unknown`.
        name: String,
        /// The answer.
        cause: String,
    },
    /// The parameters cannot be made into a call.
    #[error("{cause}")]
    Parameters {
        /// `States.Runtime`.
        name: String,
        /// What is wrong with them.
        cause: String,
    },
}

impl CallError {
    /// The `Error` of the failed task.
    pub fn name(&self) -> &str {
        match self {
            CallError::Service { name, .. }
            | CallError::Client { name, .. }
            | CallError::Function { name, .. }
            | CallError::Parameters { name, .. } => name,
        }
    }

    /// The `Cause` of the failed task.
    pub fn cause(&self) -> String {
        self.to_string()
    }
}
