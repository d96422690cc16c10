//! The commands with which to go on where the demo stops.

use console::style;

use super::example;
use super::screen::Screen;
use super::setup::Setup;

/// Prints them; `execution_arn` is one worth looking at.
pub(super) fn print(screen: &Screen, endpoint: &str, setup: &Setup, execution_arn: &str) {
    screen.heading("Go on by hand, with the aws CLI");
    screen.line(style("  any credentials will do; these are as good as any").dim());
    let credentials = format!(
        "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION={}",
        example::REGION
    );
    screen.line(format_args!("  export {credentials}"));
    for (purpose, command) in commands(setup, execution_arn) {
        screen.line(style(format_args!("\n  # {purpose}")).dim());
        screen.line(format_args!(
            "  aws {command} \\\n      --endpoint-url {endpoint}"
        ));
    }
}

fn commands(setup: &Setup, execution_arn: &str) -> [(&'static str, String); 6] {
    let (machine, order) = (&setup.machine_arn, example::ORDERS[0].input);
    let order: serde_json::Value = serde_json::from_str(order).unwrap_or_default();
    [
        (
            "what there is",
            "stepfunctions list-state-machines".to_owned(),
        ),
        (
            "its executions",
            format!("stepfunctions list-executions --state-machine-arn {machine}"),
        ),
        (
            "another order; change it as you like",
            format!(
                "stepfunctions start-execution --state-machine-arn {machine} \\\n      --input '{order}'"
            ),
        ),
        (
            "how one ended",
            format!("stepfunctions describe-execution --execution-arn {execution_arn}"),
        ),
        (
            "its last five events",
            format!(
                "stepfunctions get-execution-history --reverse-order --max-items 5 \\\n      --execution-arn {execution_arn}"
            ),
        ),
        (
            "the functions",
            "lambda list-functions --query 'Functions[].[FunctionName,Runtime]' --output text"
                .to_owned(),
        ),
    ]
}
