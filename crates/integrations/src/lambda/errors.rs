//! The names of Lambda's errors in a Task (`../shared/spec/integrations.md` 2.2).

use crate::CallError;
use crate::http::Trouble;

/// The service's name in causes.
const SERVICE: &str = "AWSLambda";

/// The errors of Lambda's model for Invoke: these keep their name, all others are `AWSLambdaException`.
const MODELLED: &[&str] = &[
    "EC2AccessDeniedException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "EFSIOException",
    "EFSMountConnectivityException",
    "EFSMountFailureException",
    "EFSMountTimeoutException",
    "ENILimitReachedException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "RecursiveInvocationException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotFoundException",
    "ResourceNotReadyException",
    "ServiceException",
    "SnapStartException",
    "SnapStartNotReadyException",
    "SnapStartTimeoutException",
    "SubnetIPAddressLimitReachedException",
    "TooManyRequestsException",
    "UnsupportedMediaTypeException",
];

/// An error that the Lambda API answered with.
pub fn service_error(status: u16, code: &str, message: &str, request_id: &str) -> CallError {
    let name = if MODELLED.contains(&code) {
        code
    } else {
        "AWSLambdaException"
    };
    CallError::Service {
        name: format!("Lambda.{name}"),
        service: SERVICE,
        status,
        code: code.to_owned(),
        message: message.to_owned(),
        request_id: request_id.to_owned(),
    }
}

/// No answer.
pub(super) fn client_error(trouble: &Trouble) -> CallError {
    let name = match trouble {
        Trouble::TooSlow => "Lambda.ClientExecutionTimeoutException",
        _ => "Lambda.SdkClientException",
    };
    CallError::Client {
        name: name.to_owned(),
        cause: trouble.message(),
    }
}
