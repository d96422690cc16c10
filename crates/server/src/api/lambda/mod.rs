//! Lambda (rest-json, model 2015-03-31): functions as records, their code in the code store, invocations through the function host.
//!
//! Owns the API's shapes, names and errors. How a function runs is the `functions` crate's business. There is one version of a
//! function, `$LATEST`.

mod access;
mod errors;
mod function;
mod invoke;
mod model;
mod record;
mod route;
mod tags;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws::ApiError;
use aws::arn::FunctionRef;
use functions::{CodeStore, FunctionHost};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

use crate::api::rendered;
use crate::front::{Request, Response};
use crate::records::{Record, Records};
use record::FunctionRecord;
use route::Operation;

pub use invoke::Place;

/// The service. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct LambdaApi {
    records: Records,
    host: FunctionHost,
    code: CodeStore,
    /// Held while a package is on its way into a record, so that it is not taken for one that nobody uses.
    packages: Arc<Mutex<()>>,
    /// Kilobytes that asynchronous events may still take.
    events: Arc<Semaphore>,
}

/// An answer: status and body; none for an empty one.
type Answer = (u16, Option<Value>);

impl LambdaApi {
    /// Over a host, with the code in `code`: a part for each account.
    pub fn new(records: Records, host: FunctionHost, code: CodeStore) -> LambdaApi {
        LambdaApi {
            records,
            host,
            code,
            packages: Arc::new(Mutex::new(())),
            events: Arc::new(Semaphore::new(invoke::EVENT_KILOBYTES)),
        }
    }

    /// Answers a request.
    pub async fn handle(&self, request: &Request) -> Response {
        let Some(operation) = route::operation(request) else {
            let error = errors::unknown_operation(request.method.as_str(), &request.path);
            return rendered(error.render_rest_json());
        };
        if let Operation::Invoke(name) = &operation {
            let answer = self.invoke_by_request(name, request).await;
            return answer.unwrap_or_else(|error| rendered(error.render_rest_json()));
        }
        match self.perform(operation, request).await {
            Ok((status, Some(body))) => Response::new(status, "application/json", body.to_string()),
            Ok((status, None)) => Response::new(status, "", ""),
            Err(error) => rendered(error.render_rest_json()),
        }
    }

    async fn perform(&self, operation: Operation, request: &Request) -> Result<Answer, ApiError> {
        match operation {
            Operation::CreateFunction => self.create_function(request).await,
            Operation::ListFunctions => self.list_functions(request),
            Operation::GetFunction(name) => self.get_function(&name, request),
            Operation::DeleteFunction(name) => self.delete_function(&name, request).await,
            Operation::GetConfiguration(name) => self.get_configuration(&name, request),
            Operation::UpdateConfiguration(name) => self.update_configuration(&name, request).await,
            Operation::UpdateCode(name) => self.update_code(&name, request).await,
            Operation::ListVersions(name) => self.list_versions(&name, request),
            Operation::GetPolicy(name) => self.get_policy(&name, request),
            Operation::AddPermission(name) => self.add_permission(&name, request).await,
            Operation::RemovePermission(name, id) => {
                self.remove_permission(&name, &id, request).await
            }
            Operation::GetConcurrency(name) => self.get_concurrency(&name, request),
            Operation::PutConcurrency(name) => self.put_concurrency(&name, request).await,
            Operation::DeleteConcurrency(name) => self.delete_concurrency(&name, request).await,
            Operation::GetCodeSigning(name) => self.get_code_signing(&name, request),
            Operation::ListTags(arn) => self.list_tags(&arn, request),
            Operation::Tag(arn) => self.tag(&arn, request).await,
            Operation::Untag(arn) => self.untag(&arn, request).await,
            Operation::Invoke(name) => Err(errors::unknown_operation("POST", &name)),
        }
    }

    /// Finds the function that a request names, and the qualifier it was named with.
    fn find(&self, name: &str, request: &Request) -> Result<Found, ApiError> {
        let named = model::function_name(name)?;
        let place = Place::of(request);
        let qualifier = match (&named.qualifier, route::query(request, "Qualifier")) {
            (Some(in_name), Some(given)) if *in_name != given => {
                let message = "The derived qualifier from the function name does not match the specified qualifier.";
                return Err(errors::invalid(message));
            }
            (in_name, given) => given.or_else(|| in_name.clone()),
        };
        let record = self.function(&named, &place)?;
        let Some(record) = record.filter(|_| qualifier.as_deref().is_none_or(|q| q == "$LATEST"))
        else {
            let arn = named.arn(place.region, place.account).to_string();
            let arn = qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"));
            return Err(errors::function_not_found(&arn));
        };
        Ok(Found { record, qualifier })
    }

    /// The record of a function; none where there is none. Other accounts have none.
    fn function(
        &self,
        named: &FunctionRef,
        place: &Place<'_>,
    ) -> Result<Option<Record<FunctionRecord>>, ApiError> {
        if named
            .account
            .as_deref()
            .is_some_and(|account| account != place.account)
        {
            return Ok(None);
        }
        let region = named.region.as_deref().unwrap_or(place.region);
        let key = record::function_key(place.account, region, &named.name);
        self.records.get(&key).map_err(errors::of_records)
    }
}

/// A function that is there.
struct Found {
    record: Record<FunctionRecord>,
    qualifier: Option<String>,
}

impl Found {
    fn function(&self) -> &FunctionRecord {
        &self.record.value
    }
}
