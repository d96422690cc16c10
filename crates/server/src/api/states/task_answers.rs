//! SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat: what is said of a task by whoever has its token.

use aws::ApiError;
use engine::TaskOutcome;
use expr::json::Document;
use runtime::Namespace;
use serde_json::{Value, json};

use super::params::Params;
use super::{StatesApi, errors};
use crate::front::Request;

impl StatesApi {
    pub(super) async fn task_succeeded(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let output = Document::parse(params.required("output"))
            .map_err(|error| errors::invalid_output(&error.message))?;
        self.answer_task(request, params, TaskOutcome::Succeeded(output))
            .await
    }

    pub(super) async fn task_failed(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = |name| params.text(name).map(str::to_owned);
        let outcome = TaskOutcome::Failed {
            error: text("error"),
            cause: text("cause"),
        };
        self.answer_task(request, params, outcome).await
    }

    pub(super) async fn task_heartbeat(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let namespace = Namespace::new(&request.account, &request.region);
        let token = params.required("taskToken");
        let beaten = self.runtime.heartbeat(&namespace, token).await;
        beaten.map_err(errors::from_runtime)?;
        Ok(json!({}))
    }

    async fn answer_task(
        &self,
        request: &Request,
        params: &Params,
        outcome: TaskOutcome,
    ) -> Result<Value, ApiError> {
        let namespace = Namespace::new(&request.account, &request.region);
        let token = params.required("taskToken");
        let answered = self.runtime.answer_token(&namespace, token, outcome).await;
        answered.map_err(errors::from_runtime)?;
        Ok(json!({}))
    }
}
