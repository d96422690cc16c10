//! One error type for every AWS protocol, and how each protocol prints it.
//!
//! Owns code, message, status and fault, and the four renderings. Which code a situation has is the service's business.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::xml::Xml;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller's (4xx).
    Sender,
    /// The service's (5xx).
    Receiver,
}

/// Errors of the framework in front of every service: in rest-json they have no `Type`, and `message` in lower case.
const FRAMEWORK_ERRORS: &[&str] = &[
    "AccessDeniedException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// Lambda's shapes whose member is spelt `message`; in all others it is `Message` (Lambda's service model, 2015-03-31).
const LOWER_CASE_MESSAGE: &[&str] = &[
    "CodeStorageExceededException",
    "CodeVerificationFailedException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "PolicyLengthExceededException",
    "PreconditionFailedException",
    "ProvisionedConcurrencyConfigNotFoundException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotReadyException",
    "TooManyRequestsException",
    "UnsupportedMediaTypeException",
];

/// An error as an AWS client sees it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The shape's namespace in awsJson's `__type`, e.g. `com.amazonaws.swf.service.v2.model`.
    pub namespace: Option<&'static str>,
    /// The error code, e.g. `NoSuchEntity`.
    pub code: Cow<'static, str>,
    /// The message; `None` where AWS sends none (`SerializationException`).
    pub message: Message,
    /// The HTTP status.
    pub status: u16,
    /// Whose fault it is.
    pub fault: Fault,
    /// Further members of the error's shape (`reason`, ...), in order; the query protocol has no place for them.
    pub fields: Vec<(&'static str, Value)>,
}

/// An error's message; prints as the empty text where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(pub Option<String>);

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl Message {
    /// The text, empty where there is none.
    pub fn text(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// A response that carries an error: what a front sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl ApiError {
    /// The caller's fault.
    pub fn sender(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> ApiError {
        ApiError {
            namespace: None,
            code: code.into(),
            message: Message(Some(message.into())),
            status,
            fault: Fault::Sender,
            fields: Vec::new(),
        }
    }

    /// The service's fault.
    pub fn receiver(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> ApiError {
        ApiError {
            fault: Fault::Receiver,
            ..ApiError::sender(status, code, message)
        }
    }

    /// The caller's fault, with a code and nothing to say.
    pub fn bare(status: u16, code: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError {
            message: Message(None),
            ..ApiError::sender(status, code, "")
        }
    }

    /// The same error in an awsJson namespace.
    pub fn in_namespace(self, namespace: &'static str) -> ApiError {
        ApiError {
            namespace: Some(namespace),
            ..self
        }
    }

    /// The same error with one more member.
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> ApiError {
        self.fields.push((field, value.into()));
        self
    }

    /// awsJson 1.0 and 1.1: `{"__type":"namespace#Code","message":".."}` and the members.
    pub fn render_json(&self, version: JsonVersion) -> Rendered {
        let kind = match self.namespace {
            Some(namespace) => format!("{namespace}#{}", self.code),
            None => self.code.to_string(),
        };
        let mut body = Map::new();
        body.insert("__type".to_owned(), Value::String(kind));
        if let Some(message) = &self.message.0 {
            body.insert("message".to_owned(), Value::String(message.clone()));
        }
        self.add_fields(&mut body);
        self.rendered(
            version.content_type(),
            Vec::new(),
            Value::Object(body).to_string(),
        )
    }

    /// rest-json as Lambda speaks it: the code in `x-amzn-ErrorType`, `{"Type":"User","Message":".."}` as the body.
    pub fn render_rest_json(&self) -> Rendered {
        let mut body = Map::new();
        if !self.is_framework_error() {
            let kind = if self.fault == Fault::Sender {
                "User"
            } else {
                "Service"
            };
            body.insert("Type".to_owned(), Value::from(kind));
        }
        if let Some(message) = &self.message.0 {
            body.insert(
                self.rest_json_message_key().to_owned(),
                Value::String(message.clone()),
            );
        }
        self.add_fields(&mut body);
        let headers = vec![("x-amzn-ErrorType", self.code.to_string())];
        self.rendered("application/json", headers, Value::Object(body).to_string())
    }

    /// The query protocol's XML, in the service's namespace.
    pub fn render_query(&self, xmlns: &str, request_id: &str) -> Rendered {
        let fault = if self.fault == Fault::Sender {
            "Sender"
        } else {
            "Receiver"
        };
        let mut xml = Xml::default();
        xml.open_with("ErrorResponse", &[("xmlns", xmlns)]);
        xml.open("Error");
        xml.leaf("Type", fault);
        xml.leaf("Code", &self.code);
        xml.leaf("Message", self.message.text());
        xml.close();
        xml.leaf("RequestId", request_id);
        xml.close();
        self.rendered("text/xml", Vec::new(), xml.finish())
    }

    fn is_framework_error(&self) -> bool {
        FRAMEWORK_ERRORS.contains(&self.code.as_ref())
    }

    fn rest_json_message_key(&self) -> &'static str {
        let lower = self.is_framework_error() || LOWER_CASE_MESSAGE.contains(&self.code.as_ref());
        if lower { "message" } else { "Message" }
    }

    fn add_fields(&self, body: &mut Map<String, Value>) {
        for (name, value) in &self.fields {
            body.insert((*name).to_owned(), value.clone());
        }
    }

    fn rendered(
        &self,
        content_type: &'static str,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Rendered {
        Rendered {
            status: self.status,
            content_type,
            headers,
            body: Bytes::from(body),
        }
    }
}

/// The two versions of the awsJson protocol, which differ in their content type alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonVersion {
    /// `application/x-amz-json-1.0` (Step Functions).
    V1_0,
    /// `application/x-amz-json-1.1` (CloudWatch Logs, SSM, ...).
    V1_1,
}

impl JsonVersion {
    /// The content type of requests and responses.
    pub fn content_type(self) -> &'static str {
        match self {
            JsonVersion::V1_0 => "application/x-amz-json-1.0",
            JsonVersion::V1_1 => "application/x-amz-json-1.1",
        }
    }
}
