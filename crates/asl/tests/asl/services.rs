//! The table of optimised integrations.

use asl::definition::Pattern;
use asl::services;

#[test]
fn parameters_that_are_kept() {
    let invoke = services::action("lambda", "invoke").expect("in the table");
    assert!(invoke.keeps("Payload"));
    assert!(invoke.keeps("LogType"));
    assert!(!invoke.keeps("FunctionArn"));
    let start = services::action("states", "startExecution").expect("in the table");
    assert_eq!(
        start.parameters,
        Some(&["StateMachineArn", "Input", "Name"][..])
    );
    assert!(
        services::action("dynamodb", "putItem")
            .expect("in the table")
            .keeps("Anything")
    );
}

#[test]
fn ways_to_learn_the_end() {
    let sync2: Vec<&str> = services::SERVICES
        .iter()
        .filter(|service| {
            service
                .actions
                .iter()
                .any(|action| action.supports(Pattern::Sync2))
        })
        .map(|service| service.name)
        .collect();
    assert_eq!(sync2, ["states"]);
    for service in ["lambda", "sns", "sqs", "dynamodb", "events", "apigateway"] {
        let actions = services::service(service).expect("in the table").actions;
        assert!(
            !actions.iter().any(|action| action.supports(Pattern::Sync)),
            "{service}"
        );
    }
}

#[test]
fn names_are_unique() {
    for service in services::SERVICES {
        let same = services::SERVICES
            .iter()
            .filter(|other| other.name == service.name);
        assert_eq!(same.count(), 1, "{}", service.name);
        for action in service.actions {
            let same = service
                .actions
                .iter()
                .filter(|other| other.name == action.name);
            assert_eq!(same.count(), 1, "{}:{}", service.name, action.name);
        }
    }
}
