//! Aliases: names that lead to one or two versions of a machine, and can be made to lead elsewhere in one call
//! (spec api.md, CreateStateMachineAlias).

use aws::ApiError;
use serde_json::{Value, json};

use super::arns::{self, MachineArn};
use super::machines::page_size;
use super::params::Params;
use super::records::{AliasRecord, MachineRecord, Route, alias_key, alias_prefix, machine_key};
use super::routing::Routing;
use super::tokens::Scope;
use super::versions::is_own;
use super::{StatesApi, epoch, errors};
use crate::front::Request;
use crate::records::{Record, RecordError, RecordKey, encode};

impl AliasRecord {
    /// Whether it names this version, be it with the weight 0.
    pub(super) fn leads_to(&self, version: u64) -> bool {
        self.routes.iter().any(|route| route.version == version)
    }
}

impl StatesApi {
    /// The same name, description and routing again is the same creation.
    pub(super) async fn create_alias(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let name = params.required("name");
        let description = params.text("description");
        let routing = wanted_routing(request, params)?.ok_or_else(errors::no_version_or_alias)?;
        let machine = &routing.machine.name;
        loop {
            let old = self.machine_of_aliases(request, machine)?;
            if let Some(existing) = self.alias(request, machine, name)? {
                return self.same_alias(request, machine, &existing.value, description, &routing);
            }
            let mut new = old.value.clone();
            new.count_alias(self.quotas.aliases)?;
            let now = self.now_millis();
            let alias = AliasRecord {
                name: name.to_owned(),
                description: description.map(str::to_owned),
                routes: self.routes(request, &routing)?,
                created_millis: now,
                updated_millis: now,
            };
            if self.write_alias(request, &old, &new, &alias).await? {
                return Ok(self.created_alias(request, machine, &alias));
            }
        }
    }

    fn same_alias(
        &self,
        request: &Request,
        machine: &str,
        existing: &AliasRecord,
        description: Option<&str>,
        routing: &Routing,
    ) -> Result<Value, ApiError> {
        match existing.description.as_deref() == description && routing.is(&existing.routes) {
            true => Ok(self.created_alias(request, machine, existing)),
            // The same words when only the description differs ([rec]).
            false => Err(errors::conflict(
                "Failed to create alias because an alias with the same name and a different routing configuration \
                 already exists.",
            )),
        }
    }

    /// In a list, and in the answer to its creation.
    fn created_alias(&self, request: &Request, machine: &str, alias: &AliasRecord) -> Value {
        json!({
            "stateMachineAliasArn": self.alias_arn(request, machine, &alias.name),
            "creationDate": epoch(alias.created_millis),
        })
    }

    pub(super) async fn update_alias(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (arn, name) = own_alias(request, params.required("stateMachineAliasArn"))?;
        let description = params.text("description");
        let routing = wanted_routing(request, params)?;
        if description.is_none() && routing.is_none() {
            return Err(errors::validation(
                "Either the description or the routingConfiguration must be specified.",
            )
            .with("reason", "MISSING_REQUIRED_PARAMETER"));
        }
        if routing
            .as_ref()
            .is_some_and(|new| !new.machine.is_same_machine(&arn))
        {
            return Err(errors::invalid_routing(
                "Routing configuration must contain versions of the alias's own state machine.",
            ));
        }
        loop {
            let old = self.machine_of_aliases(request, &arn.name)?;
            let existing = self.alias(request, &arn.name, &name)?;
            let mut alias = existing.ok_or_else(errors::no_version_or_alias)?.value;
            let same_text = description.is_none_or(|new| alias.description.as_deref() == Some(new));
            let same_routes = routing.as_ref().is_none_or(|new| new.is(&alias.routes));
            if same_text && same_routes {
                return Ok(json!({ "updateDate": epoch(alias.updated_millis) }));
            }
            if let Some(description) = description {
                alias.description = Some(description.to_owned());
            }
            if let Some(routing) = &routing {
                alias.routes = self.routes(request, routing)?;
            }
            alias.updated_millis = self.now_millis();
            let mut new = old.value.clone();
            new.releases.changes += 1;
            if self.write_alias(request, &old, &new, &alias).await? {
                return Ok(json!({ "updateDate": epoch(alias.updated_millis) }));
            }
        }
    }

    pub(super) fn describe_alias(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (arn, name) = own_alias(request, params.required("stateMachineAliasArn"))?;
        let found = self.alias(request, &arn.name, &name)?;
        let alias = found.ok_or_else(errors::no_version_or_alias)?.value;
        let routing: Vec<Value> = alias
            .routes
            .iter()
            .map(|route| {
                json!({
                    "stateMachineVersionArn": self.version_arn(request, &arn.name, route.version),
                    "weight": route.weight,
                })
            })
            .collect();
        let mut answer = json!({
            "stateMachineAliasArn": self.alias_arn(request, &arn.name, &alias.name),
            "name": alias.name,
            "routingConfiguration": routing,
            "creationDate": epoch(alias.created_millis),
            "updateDate": epoch(alias.updated_millis),
        });
        if let Some(description) = alias.description {
            answer["description"] = description.into();
        }
        Ok(answer)
    }

    /// Of a machine, or of one of its versions: those that lead to it. By name ([rec], where the documentation says
    /// the newest comes first).
    pub(super) fn list_aliases(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("stateMachineArn");
        let arn = self.own_machine(request, text)?;
        self.machine(request, &arn)?;
        let version = arn.version();
        let is_there = match (&arn.qualifier, version) {
            (None, _) => true,
            (Some(_), Some(number)) => self.version(request, &arn.name, number)?.is_some(),
            (Some(_), None) => false,
        };
        if !is_there {
            return Err(errors::no_machine(text));
        }
        let scope = Scope {
            operation: "ListStateMachineAliases",
            arguments: &[text],
        };
        let after = match params.text("nextToken") {
            Some(token) => self.tokens.open(&scope, self.now_millis(), token)?,
            None => String::new(),
        };
        let limit = page_size(params);
        let mut aliases = self.aliases(request, &arn.name)?;
        aliases.retain(|alias| {
            alias.name > after && version.is_none_or(|number| alias.leads_to(number))
        });
        let more = aliases.len() > limit;
        aliases.truncate(limit);
        let items: Vec<Value> = aliases
            .iter()
            .map(|alias| self.created_alias(request, &arn.name, alias))
            .collect();
        let mut answer = json!({ "stateMachineAliases": items });
        if let (true, Some(last)) = (more, aliases.last()) {
            answer["nextToken"] = self
                .tokens
                .issue(&scope, self.now_millis(), &last.name)
                .into();
        }
        Ok(answer)
    }

    /// 200 for one that is not there, too ([rec]). Its versions stay, and executions go on.
    pub(super) async fn delete_alias(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("stateMachineAliasArn");
        let arn = arns::machine(text)?;
        let name = arn.alias().unwrap_or_default();
        if name.is_empty() || !is_own(request, &arn) {
            return Ok(json!({}));
        }
        let key = machine_key(&request.account, &request.region, &arn.name);
        loop {
            let machine = self.records.get::<MachineRecord>(&key);
            let Some(old) = machine.map_err(errors::from_records)? else {
                return Ok(json!({}));
            };
            if self.alias(request, &arn.name, name)?.is_none() {
                return Ok(json!({}));
            }
            let mut new = old.value.clone();
            new.releases.aliases = new.releases.aliases.saturating_sub(1);
            new.releases.changes += 1;
            let row = alias_row(request, &arn.name, name);
            let tx = self.records.replacing(&key, &old, &new);
            match self.records.commit(tx.delete(row.bytes().clone())).await {
                Ok(()) => return Ok(json!({})),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        }
    }

    /// A machine's alias, if it is there.
    pub(super) fn alias(
        &self,
        request: &Request,
        machine: &str,
        name: &str,
    ) -> Result<Option<Record<AliasRecord>>, ApiError> {
        self.records
            .get(&alias_row(request, machine, name))
            .map_err(errors::from_records)
    }

    /// All aliases of a machine, by name.
    pub(super) fn aliases(
        &self,
        request: &Request,
        machine: &str,
    ) -> Result<Vec<AliasRecord>, ApiError> {
        let prefix = alias_prefix(&request.account, &request.region, machine);
        // All there are: the quota may have been higher when they were made.
        let rows = self.records.list(&prefix, None, usize::MAX);
        let rows = rows.map_err(errors::from_records)?;
        Ok(rows.into_iter().map(|(_, alias)| alias).collect())
    }

    pub(super) fn alias_arn(&self, request: &Request, machine: &str, name: &str) -> String {
        format!("{}:{name}", self.machine_arn(request, machine))
    }

    fn machine_of_aliases(
        &self,
        request: &Request,
        machine: &str,
    ) -> Result<Record<MachineRecord>, ApiError> {
        let key = machine_key(&request.account, &request.region, machine);
        let found = self.records.get(&key).map_err(errors::from_records)?;
        found.ok_or_else(errors::no_version_or_alias)
    }

    /// The routes with their revisions; all versions must be there.
    fn routes(&self, request: &Request, routing: &Routing) -> Result<Vec<Route>, ApiError> {
        let route = |&(number, weight): &(u64, u32)| {
            let found = self.version(request, &routing.machine.name, number)?;
            let version = found.ok_or_else(errors::no_version_or_alias)?.value;
            Ok(Route {
                version: number,
                revision: version.revision,
                weight,
            })
        };
        routing.routes.iter().map(route).collect()
    }

    /// Writes an alias with its machine's record; `false` if that has changed since.
    async fn write_alias(
        &self,
        request: &Request,
        old: &Record<MachineRecord>,
        new: &MachineRecord,
        alias: &AliasRecord,
    ) -> Result<bool, ApiError> {
        let key = machine_key(&request.account, &request.region, &new.name);
        let row = alias_row(request, &new.name, &alias.name);
        let tx = self
            .records
            .replacing(&key, old, new)
            .put(row.bytes().clone(), encode(alias));
        match self.records.commit(tx).await {
            Ok(()) => Ok(true),
            Err(RecordError::Conflict) => Ok(false),
            Err(error) => Err(errors::from_records(error)),
        }
    }
}

impl MachineRecord {
    fn count_alias(&mut self, most: usize) -> Result<(), ApiError> {
        if self.releases.aliases >= most {
            return Err(errors::quota_exceeded(format!(
                "The state machine has {most} aliases, which is the most it can have. Delete some that are not used."
            )));
        }
        self.releases.aliases += 1;
        self.releases.changes += 1;
        Ok(())
    }
}

/// The alias that an ARN names; one of another account or region is not there.
fn own_alias(request: &Request, text: &str) -> Result<(MachineArn, String), ApiError> {
    let arn = arns::machine(text)?;
    let name = arn.alias().map(str::to_owned);
    match name.filter(|_| is_own(request, &arn)) {
        Some(name) => Ok((arn, name)),
        None => Err(errors::no_version_or_alias()),
    }
}

/// `routingConfiguration`, if it is given; versions of another account or region are not there.
fn wanted_routing(request: &Request, params: &Params) -> Result<Option<Routing>, ApiError> {
    let Some(list) = params.structure("routingConfiguration") else {
        return Ok(None);
    };
    let routing = Routing::read(list)?;
    match is_own(request, &routing.machine) {
        true => Ok(Some(routing)),
        false => Err(errors::no_version_or_alias()),
    }
}

fn alias_row(request: &Request, machine: &str, name: &str) -> RecordKey {
    alias_key(&request.account, &request.region, machine, name)
}
