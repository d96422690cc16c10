//! Registers the example's functions through the Lambda API: packed in memory, created, or given new code where they
//! are there already.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipWriter, result::ZipError};

use super::error::DemoError;
use super::example::Function;
use crate::cli::client::{Client, ClientError};

/// What had to be done about a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registered {
    /// It is new.
    Created,
    /// It has new code.
    Updated,
    /// It was there, with this very code.
    Kept,
}

/// Makes sure that the function is there with the code of this binary.
pub(super) async fn register(
    client: &Client,
    role: &str,
    function: &Function,
) -> Result<Registered, DemoError> {
    let package = pack(function)?;
    let path = format!("/2015-03-31/functions/{}", function.name);
    match client.lambda(Method::GET, &path, Value::Null).await {
        Ok(found) if is_current(&found, &package) => Ok(Registered::Kept),
        Ok(_) => {
            let code = json!({ "ZipFile": STANDARD.encode(&package) });
            client
                .lambda(Method::PUT, &format!("{path}/code"), code)
                .await?;
            Ok(Registered::Updated)
        }
        Err(error) if error.is("ResourceNotFoundException") => {
            client
                .lambda(
                    Method::POST,
                    "/2015-03-31/functions",
                    creation(function, role, &package),
                )
                .await?;
            Ok(Registered::Created)
        }
        Err(error) => Err(error.into()),
    }
}

/// Calls a function once with an event. The first call of a runtime may install its interface client.
pub(super) async fn try_out(
    client: &Client,
    name: &str,
    event: &str,
) -> Result<Result<Value, String>, ClientError> {
    let event = serde_json::from_str(event).unwrap_or(Value::Null);
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let answer = client.lambda(Method::POST, &path, event).await?;
    Ok(match answer.get("errorMessage").and_then(Value::as_str) {
        Some(message) => Err(message.to_owned()),
        None => Ok(answer),
    })
}

fn is_current(found: &Value, package: &[u8]) -> bool {
    found["Configuration"]["CodeSha256"] == STANDARD.encode(Sha256::digest(package))
}

fn creation(function: &Function, role: &str, package: &[u8]) -> Value {
    json!({
        "FunctionName": function.name,
        "Description": function.purpose,
        "Runtime": function.runtime,
        "Handler": function.handler,
        "Role": role,
        "Timeout": 15,
        "Code": { "ZipFile": STANDARD.encode(package) },
    })
}

/// A deployment package; the same sources give the same bytes, so that its hash tells whether anything changed.
pub(super) fn pack(function: &Function) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    for (name, content) in function.files {
        zip.start_file(*name, options)?;
        zip.write_all(content.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}
