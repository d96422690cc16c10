//! STS: who the caller is. Query protocol, no state.

use aws::ApiError;
use aws::arn::partition_of;
use aws::query::{self, Params};
use aws::xml::Xml;

use crate::front::{Request, Response};

const XMLNS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const VERSION: &str = "2011-06-15";

/// The service.
#[derive(Clone, Debug, Default)]
pub struct Sts {}

impl Sts {
    /// Answers a request.
    pub async fn handle(&self, request: &Request) -> Response {
        let body = String::from_utf8_lossy(&request.body);
        let params = Params::decode([request.query.as_deref().unwrap_or_default(), &body])
            .unwrap_or_default();
        let action = params.get("Action").unwrap_or_default();
        let outcome = match action {
            "GetCallerIdentity" => Ok(Some(caller_identity(request))),
            "" => Err(ApiError::sender(
                400,
                "MissingAction",
                "The request must contain the parameter Action.",
            )),
            other => Err(unknown_action(
                other,
                params.get("Version").unwrap_or(VERSION),
            )),
        };
        let rendered = query::answer(XMLNS, action, &request.request_id, outcome);
        Response::new(rendered.status, rendered.content_type, rendered.body)
    }
}

/// Whoever holds credentials for this server acts as the account itself.
fn caller_identity(request: &Request) -> Xml {
    let mut xml = Xml::default();
    xml.leaf(
        "Arn",
        &format!(
            "arn:{}:iam::{}:root",
            partition_of(&request.region),
            request.account
        ),
    );
    xml.leaf("UserId", &request.account);
    xml.leaf("Account", &request.account);
    xml
}

fn unknown_action(action: &str, version: &str) -> ApiError {
    let shown = |text: &str| text.chars().take(128).collect::<String>();
    let message = format!(
        "Could not find operation {} for version {}",
        shown(action),
        shown(version)
    );
    ApiError::sender(400, "InvalidAction", message)
}
