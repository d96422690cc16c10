//! Functions: create, read, change, delete; and their code on disk as long as somebody needs it.

use std::collections::HashSet;
use std::time::Duration;

use aws::ApiError;
use aws::validate::Violations;
use functions::Error;
use serde_json::{Value, json};

use super::model::{Code, Configuration, CreateFunction, UpdateCode};
use super::record::{self, CodeRecord, FunctionRecord};
use super::{Answer, LambdaApi, Place, errors, model, route};
use crate::front::Request;
use crate::records::{Change, RecordError};

/// Functions on a page of ListFunctions (Lambda's 50 by default).
const PAGE: i64 = 50;
/// Functions read at a time when all are looked through.
const CHUNK: usize = 500;

impl LambdaApi {
    pub(super) async fn create_function(&self, request: &Request) -> Result<Answer, ApiError> {
        let wanted: CreateFunction = model::read(&request.body)?;
        let named = wanted.check()?;
        let place = Place::of(request);
        let arn = named.arn(place.region, place.account);
        if arn.account != place.account || arn.region != place.region {
            return Err(errors::invalid(format!(
                "A function of another account or region cannot be created: {arn}"
            )));
        }
        let key = record::function_key(place.account, place.region, &named.name);
        if self.function(&named, &place)?.is_some() {
            return Err(errors::already_exists(&named.name));
        }
        let package = wanted.code.as_ref().unwrap_or(&Code::default()).package()?;
        self.prepare(wanted.configuration.runtime.as_deref()).await;
        let arn = arn.to_string();
        let _packages = self.packages.lock().await;
        let code = self.store_code(package, place.account, &arn).await?;
        let function = new_function(named.name, arn, wanted, code);
        match self.records.create(&key, &function).await {
            Ok(()) => Ok((201, Some(function.configuration(None)))),
            Err(RecordError::Conflict) => Err(errors::already_exists(&function.name)),
            Err(error) => Err(errors::of_records(error)),
        }
    }

    pub(super) fn list_functions(&self, request: &Request) -> Result<Answer, ApiError> {
        let place = Place::of(request);
        let limit = max_items(request)?;
        let prefix = record::region_prefix(place.account, place.region);
        let after = route::query(request, "Marker");
        let after = after.map(|name| record::function_key(place.account, place.region, &name));
        let found = self
            .records
            .list::<FunctionRecord>(&prefix, after.as_ref(), limit + 1);
        let found = found.map_err(errors::of_records)?;
        let page: Vec<&FunctionRecord> = found
            .iter()
            .take(limit)
            .map(|(_, function)| function)
            .collect();
        let marker = page
            .last()
            .filter(|_| found.len() > limit)
            .map(|function| &function.name);
        let shown: Vec<Value> = page
            .iter()
            .map(|function| function.configuration(None))
            .collect();
        let mut answer = json!({"Functions": shown});
        if let Some(marker) = marker {
            answer["NextMarker"] = json!(marker);
        }
        Ok((200, Some(answer)))
    }

    pub(super) fn get_function(&self, name: &str, request: &Request) -> Result<Answer, ApiError> {
        let found = self.find(name, request)?;
        let function = found.function();
        let folder = function.folder(&self.code);
        let mut answer = json!({
            "Configuration": function.configuration(found.qualifier.as_deref()),
            // There is no S3 here: the code is where this URL points on the server's own disk.
            "Code": {"RepositoryType": "S3", "Location": format!("file://{}", folder.display())},
        });
        if !function.tags.is_empty() {
            answer["Tags"] = json!(function.tags);
        }
        if let Some(reserved) = function.reserved_concurrency {
            answer["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
        }
        Ok((200, Some(answer)))
    }

    pub(super) fn get_configuration(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let found = self.find(name, request)?;
        Ok((
            200,
            Some(found.function().configuration(found.qualifier.as_deref())),
        ))
    }

    pub(super) fn list_versions(&self, name: &str, request: &Request) -> Result<Answer, ApiError> {
        let found = self.find(name, request)?;
        Ok((
            200,
            Some(json!({"Versions": [found.function().configuration(Some("$LATEST"))]})),
        ))
    }

    pub(super) fn get_code_signing(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let found = self.find(name, request)?;
        Ok((
            200,
            Some(json!({"FunctionName": found.function().name, "CodeSigningConfigArn": ""})),
        ))
    }

    pub(super) async fn update_configuration(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let wanted: Configuration = model::read(&request.body)?;
        let mut violations = Violations::default();
        wanted.check_constraints(&mut violations);
        violations.check(errors::validation)?;
        wanted.check_support()?;
        self.prepare(wanted.runtime.as_deref()).await;
        let changed = self
            .change(name, request, |function| {
                check_revision(function, wanted.revision_id.as_deref())?;
                configure(function, &wanted);
                function.touch(now_millis());
                Ok(())
            })
            .await?;
        Ok((200, Some(changed.configuration(None))))
    }

    pub(super) async fn update_code(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let wanted: UpdateCode = model::read(&request.body)?;
        let found = self.find(name, request)?;
        let old = found.function();
        check_revision(old, wanted.revision_id.as_deref())?;
        if wanted.publish {
            return Err(errors::invalid(
                "Published versions are not available on this server.",
            ));
        }
        let package = wanted.code.package()?;
        let _packages = self.packages.lock().await;
        let code = self.store_code(package, &request.account, &old.arn).await?;
        if wanted.dry_run {
            let mut shown = old.clone();
            shown.code = code;
            return Ok((200, Some(shown.configuration(None))));
        }
        let changed = self
            .change(name, request, |function| {
                check_revision(function, wanted.revision_id.as_deref())?;
                function.code = code.clone();
                function.touch(now_millis());
                Ok(())
            })
            .await?;
        self.drop_code_later(old.clone(), &request.account);
        Ok((200, Some(changed.configuration(None))))
    }

    pub(super) async fn delete_function(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let found = self.find(name, request)?;
        if found.qualifier.is_some() {
            return Err(errors::invalid(
                "$LATEST version cannot be deleted without deleting the function.",
            ));
        }
        let function = found.function();
        let key = key_of(function, &request.account);
        let deleted = self
            .records
            .update(&key, |old: Option<&FunctionRecord>| {
                Ok((Change::Delete, old.is_some()))
            })
            .await;
        if !deleted.map_err(errors::of_records)? {
            return Err(errors::function_not_found(&function.arn));
        }
        self.host.retire(&function.arn);
        self.drop_code_later(function.clone(), &request.account);
        Ok((204, None))
    }

    /// Changes a function under compare-and-set; `change` may run more than once.
    pub(super) async fn change(
        &self,
        name: &str,
        request: &Request,
        mut change: impl FnMut(&mut FunctionRecord) -> Result<(), ApiError>,
    ) -> Result<FunctionRecord, ApiError> {
        let found = self.find(name, request)?;
        let arn = &found.function().arn;
        let key = key_of(found.function(), &request.account);
        let changed = self.records.update(&key, |old: Option<&FunctionRecord>| {
            let mut new = old.ok_or_else(|| errors::function_not_found(arn))?.clone();
            change(&mut new)?;
            Ok::<_, Trouble>((Change::Put(new.clone()), new))
        });
        changed.await.map_err(|trouble| trouble.0)
    }

    /// Installs what a runtime needs, so that a first invocation does not have to; a runtime that is missing shows when the function
    /// is invoked.
    async fn prepare(&self, runtime: Option<&str>) {
        if let Some(Ok(known)) = runtime.map(str::parse)
            && let Err(error) = self.host.prepare(&known).await
        {
            tracing::warn!(runtime, %error, "a function has been created that cannot be served");
        }
    }

    async fn store_code(
        &self,
        package: Vec<u8>,
        account: &str,
        arn: &str,
    ) -> Result<CodeRecord, ApiError> {
        let store = self.code.within(account);
        let stored = tokio::task::spawn_blocking(move || store.put(&package)).await;
        let stored =
            stored.unwrap_or_else(|error| Err(Error::Launch(std::io::Error::other(error))));
        let stored = stored.map_err(|error| errors::of_host(error, arn))?;
        Ok(CodeRecord {
            sha256: stored.sha256,
            size: stored.size,
        })
    }

    /// Removes a function's old code, once no invocation that began with it can still run.
    fn drop_code_later(&self, old: FunctionRecord, account: &str) {
        let (api, account) = (self.clone(), account.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(u64::from(old.timeout) + 30)).await;
            if let Err(error) = api.drop_code(&old.code.sha256, &account).await {
                tracing::warn!(%error, "code that is no longer used could not be removed");
            }
        });
    }

    /// Removes a package, unless a function has it.
    async fn drop_code(&self, sha256: &str, account: &str) -> Result<(), ApiError> {
        let _packages = self.packages.lock().await;
        if self.used_code(account)?.contains(sha256) {
            return Ok(());
        }
        self.code
            .within(account)
            .remove(sha256)
            .map_err(|error| errors::of_host(error, "code"))
    }

    /// The packages of all functions of the account.
    fn used_code(&self, account: &str) -> Result<HashSet<String>, ApiError> {
        let prefix = record::account_prefix(account);
        let mut used = HashSet::new();
        let mut after = None;
        loop {
            let found = self
                .records
                .list::<FunctionRecord>(&prefix, after.as_ref(), CHUNK)
                .map_err(errors::of_records)?;
            used.extend(
                found
                    .iter()
                    .map(|(_, function)| function.code.sha256.clone()),
            );
            match found.into_iter().last() {
                Some((key, _)) => after = Some(key),
                None => return Ok(used),
            }
        }
    }

    /// Removes all code that no function of the account has: to be called at start, before requests are served, for what earlier
    /// runs left.
    pub async fn drop_unused_code(&self, account: &str) -> Result<(), ApiError> {
        let _packages = self.packages.lock().await;
        let used = self.used_code(account)?;
        let store = self.code.within(account);
        let removed = tokio::task::spawn_blocking(move || store.retain(&used)).await;
        let removed =
            removed.unwrap_or_else(|error| Err(Error::Launch(std::io::Error::other(error))));
        removed
            .map(drop)
            .map_err(|error| errors::of_host(error, "code"))
    }
}

/// An error on its way through [`crate::records::Records::update`].
struct Trouble(ApiError);

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Trouble {
        Trouble(errors::of_records(error))
    }
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Trouble {
        Trouble(error)
    }
}

fn key_of(function: &FunctionRecord, account: &str) -> crate::records::RecordKey {
    let region = function.arn.split(':').nth(3).unwrap_or_default();
    record::function_key(account, region, &function.name)
}

fn new_function(
    name: String,
    arn: String,
    wanted: CreateFunction,
    code: CodeRecord,
) -> FunctionRecord {
    let mut function = FunctionRecord {
        name,
        arn,
        runtime: String::new(),
        handler: String::new(),
        role: String::new(),
        description: String::new(),
        timeout: 3,
        memory: 128,
        environment: None,
        code,
        settings: serde_json::Map::new(),
        tags: wanted.tags,
        reserved_concurrency: None,
        policy: Vec::new(),
        modified_millis: 0,
        revision: String::new(),
    };
    configure(&mut function, &wanted.configuration);
    function.touch(now_millis());
    function
}

/// Sets what was given and leaves the rest.
fn configure(function: &mut FunctionRecord, wanted: &Configuration) {
    let texts = [
        (&mut function.runtime, &wanted.runtime),
        (&mut function.handler, &wanted.handler),
        (&mut function.role, &wanted.role),
        (&mut function.description, &wanted.description),
    ];
    for (member, given) in texts {
        if let Some(given) = given {
            member.clone_from(given);
        }
    }
    let number = |given: Option<i64>, now: u32| {
        given
            .and_then(|given| u32::try_from(given).ok())
            .unwrap_or(now)
    };
    function.timeout = number(wanted.timeout, function.timeout);
    function.memory = number(wanted.memory_size, function.memory);
    if let Some(environment) = &wanted.environment {
        function.environment = Some(environment.variables.clone());
    }
    function.settings.extend(wanted.settings());
}

fn check_revision(function: &FunctionRecord, wanted: Option<&str>) -> Result<(), ApiError> {
    match wanted.is_none_or(|wanted| wanted == function.revision) {
        true => Ok(()),
        false => Err(errors::stale_revision()),
    }
}

fn max_items(request: &Request) -> Result<usize, ApiError> {
    let Some(text) = route::query(request, "MaxItems") else {
        return Ok(PAGE as usize);
    };
    let number: i64 = text
        .parse()
        .map_err(|_| errors::not_json(&format!("'{text}' is not a number")))?;
    let mut violations = Violations::default();
    violations.range("maxItems", number, 1, 10_000);
    violations.check(errors::validation)?;
    Ok(number.min(PAGE) as usize)
}

fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
