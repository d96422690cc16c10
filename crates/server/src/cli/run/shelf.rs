//! Functions of a folder, given to the Lambda API of this process when they are first called.
//!
//! They are created as any client would do it, so that a call of them is what it is on the server.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws::arn::FunctionRef;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::code::{self, Code, CodeError};
use crate::api::lambda::LambdaApi;
use crate::front::Request;

/// Lambda's longest.
const TIMEOUT_SECONDS: u32 = 900;
const MEMORY_MEGABYTES: u32 = 2048;

/// The folder, and what of it was used already.
#[derive(Clone)]
pub struct Shelf {
    folder: Arc<PathBuf>,
    lambda: LambdaApi,
    /// The ARNs of functions that were created.
    created: Arc<Mutex<HashSet<String>>>,
}

/// Why a function cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// Its code is not there or cannot be used.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Lambda would not take it.
    #[error("it cannot be created: {0}")]
    Refused(String),
}

impl Shelf {
    /// Over a folder.
    pub fn new(folder: &Path, lambda: LambdaApi) -> Shelf {
        Shelf {
            folder: Arc::new(folder.to_owned()),
            lambda,
            created: Arc::default(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes sure that the function is there. Others wait meanwhile: what they want may be the same.
    ///
    /// # Errors
    ///
    /// [`ShelfError`]
    pub async fn provide(
        &self,
        named: &FunctionRef,
        place: (&str, &str),
    ) -> Result<(), ShelfError> {
        let (account, region) = place;
        let arn = named.arn(region, account).to_string();
        let mut created = self.created.lock().await;
        if created.contains(&arn) {
            return Ok(());
        }
        let found = code::find(&self.folder, &named.name)?;
        let package = found.clone();
        let package = tokio::task::spawn_blocking(move || package.package()).await;
        let package = package.map_err(|error| ShelfError::Refused(error.to_string()))??;
        self.create(&named.name, place, &found, &package).await?;
        created.insert(arn);
        Ok(())
    }

    async fn create(
        &self,
        name: &str,
        (account, region): (&str, &str),
        code: &Code,
        package: &[u8],
    ) -> Result<(), ShelfError> {
        let body = json!({
            "FunctionName": name,
            "Runtime": code.runtime,
            "Handler": code.handler,
            "Role": format!("arn:aws:iam::{account}:role/stepwell-run"),
            "Timeout": TIMEOUT_SECONDS,
            "MemorySize": MEMORY_MEGABYTES,
            "Code": { "ZipFile": STANDARD.encode(package) },
        });
        let request_id = Uuid::new_v4().to_string();
        let mut request = Request::internal(account, region, &request_id, body.to_string());
        request.path = "/2015-03-31/functions".to_owned();
        let answer = self.lambda.handle(&request).await;
        if answer.status == 201 {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message = ["message", "Message"]
            .iter()
            .find_map(|name| body[*name].as_str());
        Err(ShelfError::Refused(
            message.unwrap_or("for an unknown reason").to_owned(),
        ))
    }
}
