//! The Task state.

use super::Compiler;
use super::fields::Parsed;
use super::state::Current;
use crate::definition::{Dynamic, Kind, Language, Pattern, Resource, Target, Task};
use crate::location::At;
use crate::{MachineType, services, unsupported};

impl Compiler<'_> {
    pub(super) fn task(&mut self, current: &mut Current<'_, '_>) -> Option<Kind> {
        let resource = match current.fields.take("Resource") {
            Some(Parsed::Resource(resource)) => Some(resource),
            _ => None,
        };
        if let Some(resource) = &resource {
            self.check_resource(resource, current);
        }
        let credentials = current.fields.object("Credentials");
        let credentials = credentials.and_then(|object| self.credentials(object, current));
        let timeout = current.dynamic_integer("TimeoutSeconds", "TimeoutSecondsPath");
        let heartbeat = current.dynamic_integer("HeartbeatSeconds", "HeartbeatSecondsPath");
        self.check_heartbeat(timeout.as_ref(), heartbeat.as_ref(), current.at);
        Some(Kind::Task(Box::new(Task {
            resource: resource?,
            timeout,
            heartbeat,
            credentials,
        })))
    }

    fn check_resource(&mut self, resource: &Resource, current: &Current<'_, '_>) {
        let at = current.at.key("Resource");
        if self.options.machine_type == MachineType::Express {
            self.check_express(&resource.target, &at);
        }
        if resource.target == Target::Activity && current.object.contains_key("Credentials") {
            let message = "The field 'Credentials' is not supported for activities";
            self.log.member(current.at, "Credentials", message);
        }
        self.check_parameters(resource, current);
        self.note(unsupported::in_resource(resource), &at);
    }

    /// A service is never called without parameters, and some of them must be there (measured by cdk-preflight,
    /// 2026-09; quoted in issues of Terraform's provider).
    fn check_parameters(&mut self, resource: &Resource, current: &Current<'_, '_>) {
        let Target::Service {
            resource_type,
            action,
            ..
        } = &resource.target
        else {
            return;
        };
        let (field, foreign) = match current.dialect.language {
            Language::JsonPath => ("Parameters", "Arguments"),
            Language::Jsonata => ("Arguments", "Parameters"),
        };
        let Some(parameters) = current.object.get(field) else {
            if current.object.contains_key(foreign) {
                return;
            }
            let arn = &resource.arn;
            let message = format!("{field} field is required for resource ARN: {arn}");
            return self.log.schema(&current.at.key("Resource"), message);
        };
        let required = services::action(resource_type, action).map_or(&[][..], |a| a.required);
        let Some(given) = parameters.as_object() else {
            return;
        };
        for name in required {
            if !given.contains_key(name) && !given.contains_key(&format!("{name}.$")) {
                let message = format!("The field '{name}' is required but was missing");
                self.log.schema(&current.at.key(field), message);
            }
        }
    }

    /// Recorded: api.express.json, api.validation.json; the space at the end of the second is the service's.
    fn check_express(&mut self, target: &Target, at: &At<'_>) {
        let refused = match target {
            Target::Activity => "Express state machine does not support Activity ARN",
            Target::Service {
                pattern: Pattern::Sync | Pattern::Sync2,
                ..
            } => "Express state machine does not support '.sync' service integration",
            Target::Service {
                pattern: Pattern::WaitForTaskToken,
                ..
            } => "Express state machine does not support '.waitForTaskToken' service integration ",
            _ => return,
        };
        self.log.schema(at, refused);
    }

    /// Documented; the service's words are not known.
    fn check_heartbeat(
        &mut self,
        timeout: Option<&Dynamic<u64>>,
        heartbeat: Option<&Dynamic<u64>>,
        at: &At<'_>,
    ) {
        if let (Some(Dynamic::Fixed(timeout)), Some(Dynamic::Fixed(heartbeat))) =
            (timeout, heartbeat)
            && heartbeat >= timeout
        {
            self.log.member(
                at,
                "HeartbeatSeconds",
                "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'",
            );
        }
    }
}
