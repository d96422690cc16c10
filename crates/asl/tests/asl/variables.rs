//! Workflow variables and JSONata expressions: who may look at what.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use crate::check::{check, check_state};

fn references(definition: &str, expected: Expect) {
    let machine = asl::compile(definition, &asl::Options::default()).expect("accepted");
    let shown: BTreeMap<&str, Vec<&str>> = machine
        .variable_references
        .iter()
        .map(|(state, names)| (&**state, names.iter().map(|name| &**name).collect()))
        .collect();
    expected.assert_eq(&format!("{shown:?}"));
}

#[test]
fn what_each_state_reads() {
    references(
        r#"{"StartAt": "S", "States": {
            "S": {"Type": "Pass", "Assign": {"z": 1, "a": [1], "n": 1, "m": {}}, "Next": "M"},
            "M": {"Type": "Map", "ItemsPath": "$a", "MaxConcurrencyPath": "$n.x", "Next": "C",
                  "ItemSelector": {"v.$": "States.Format('{} {}', $z, $.v)", "literal": "$m"},
                  "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "InputPath": "$m.k", "End": true}}}},
            "C": {"Type": "Choice", "Choices": [{"Variable": "$z", "NumericEqualsPath": "$n", "Next": "E"}], "Default": "E"},
            "E": {"Type": "Pass", "QueryLanguage": "JSONata", "End": true,
                  "Output": {"x": "{% ($q := 1; $q + $z + $states.input.y + $sum($a)) %}", "y": ["{% $map($a, function($v){ $v + $n }) %}"]}}}}"#,
        expect![[r#"{"C": ["n", "z"], "E": ["a", "n", "z"], "I": ["m"], "M": ["a", "n", "z"]}"#]],
    );
}

#[test]
fn a_variable_that_nobody_assigns() {
    check_state(
        r#""Type": "Pass", "InputPath": "$in.a", "Parameters": {"a.$": "$x", "b.$": "States.Format('{}', $y)"}, "End": true"#,
        expect![[r#"
            Variable '$in' is not assigned. at /States/X/InputPath
            Variable '$x' is not assigned. at /States/X/Parameters
            Variable '$y' is not assigned. at /States/X/Parameters"#]],
    );
    check_state(
        r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x %}", "End": true"#,
        expect![],
    );
}

#[test]
fn scopes() {
    check(
        r#"{"StartAt": "S", "States": {
            "S": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "P"},
            "P": {"Type": "Parallel", "Next": "E", "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"outer": 2, "inner.$": "$outer"}, "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Pass", "Parameters": {"x.$": "$inner"}, "End": true}}}]},
            "E": {"Type": "Pass", "InputPath": "$inner", "End": true}}}"#,
        expect![[r#"
            Variable '$inner' is not assigned. at /States/P/Branches[1]/States/B/Parameters
            Variable '$inner' is not assigned. at /States/E/InputPath"#]],
    );
}

#[test]
fn a_distributed_map_sees_nothing_from_outside() {
    check(
        r#"{"StartAt": "S", "States": {
            "S": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"},
            "M": {"Type": "Map", "End": true, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "I", "States": {"I": {"Type": "Pass", "InputPath": "$x", "Assign": {"x": 2}, "Next": "J"},
                                           "J": {"Type": "Pass", "InputPath": "$y", "End": true}}}}}}"#,
        expect!["Variable '$y' is not assigned. at /States/M/ItemProcessor/States/J/InputPath"],
    );
}

#[test]
fn what_an_expression_may_look_at() {
    check(
        r#"{"QueryLanguage": "JSONata", "StartAt": "T", "States": {
            "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "P",
                  "Arguments": {"FunctionName": "f", "a": "{% $states.result %}", "b": "{% $states.context.Execution.Id %}"},
                  "Assign": {"x": "{% $states.result.y %}", "e": "{% $states.errorOutput %}"},
                  "Output": "{% $states.result %}",
                  "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P", "Output": "{% $states.errorOutput %}", "Assign": {"x": "{% $states.result %}"}}]},
            "P": {"Type": "Pass", "Output": {"a": ["{% $states.result %}", "{% $$ %}", "{% $ %}", "{% $states.input[$ > 1] %}"]}, "End": true}}}"#,
        expect![[r#"
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/T/Arguments/a
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/T/Assign/e
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/T/Catch[0]/Assign/x
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/P/Output/a[0]
            UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/P/Output/a[1]
            UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$' is not supported. at /States/P/Output/a[2]"#]],
    );
}

#[test]
fn expressions_that_do_not_parse() {
    check(
        r#"{"QueryLanguage": "JSONata", "StartAt": "P", "States": {
            "P": {"Type": "Pass", "Output": {"a": "{% [1, %}", "b": "{% 'x %}", "c": "{% (1,2] %}"}, "Next": "W"},
            "W": {"Type": "Wait", "Seconds": "{% 1 + %}", "Next": "C"},
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% } %}", "Next": "F"}]},
            "F": {"Type": "Fail", "Error": "{% /x %}"}}}"#,
        expect![[r#"
            INVALID_JSONATA_EXPRESSION: Expected "]" before end of expression at /States/P/Output/a
            INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote at /States/P/Output/b
            INVALID_JSONATA_EXPRESSION: Expected ")", got "," at /States/P/Output/c
            INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/W/Seconds
            INVALID_JSONATA_EXPRESSION: The symbol "}" cannot be used as a unary operator at /States/C/Choices[0]/Condition
            INVALID_JSONATA_EXPRESSION: No terminating / in regular expression at /States/F/Error"#]],
    );
}
