//! The Map state: processors and the fields of its distributed mode.

use asl::MachineType;
use expect_test::{Expect, expect};

use crate::check::{check, check_express, single};

const PROCESSOR: &str = r#""StartAt": "I", "States": {"I": {"Type": "Succeed"}}"#;

fn map(config: &str, fields: &str) -> String {
    single(&format!(
        r#""Type": "Map", "ItemProcessor": {{{config} {PROCESSOR}}}, {fields} "End": true"#
    ))
}

fn check_map(config: &str, fields: &str, expected: Expect) {
    check(&map(config, fields), expected);
}

#[test]
fn inline() {
    check_map("", "", expect![]);
    check_map(
        r#""ProcessorConfig": {"Mode": "INLINE"},"#,
        r#""ItemsPath": "$.i", "MaxConcurrency": 0,"#,
        expect![],
    );
    check_map(
        r#""ProcessorConfig": {"Mode": "INLINE", "ExecutionType": "EXPRESS"},"#,
        "",
        expect![
            "Field 'ExecutionType' is not supported at /States/X/ItemProcessor/ProcessorConfig"
        ],
    );
    check_map(
        r#""ProcessorConfig": {"Mode": "inline"},"#,
        "",
        expect![
            "Value should be one of the following: [INLINE, DISTRIBUTED] at /States/X/ItemProcessor/ProcessorConfig/Mode"
        ],
    );
    check(
        &single(&format!(
            r#""Type": "Map", "Iterator": {{{PROCESSOR}}}, "End": true"#
        )),
        expect![],
    );
}

#[test]
fn one_processor() {
    check(
        &single(
            r#""Type": "Map", "End": true,
            "Iterator": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
            "ItemProcessor": {"StartAt": "J", "States": {"J": {"Type": "Succeed"}}}"#,
        ),
        expect![
            "There should only be one of the following fields: [ItemProcessor, Iterator] at /States/X"
        ],
    );
    check(
        &single(r#""Type": "Map", "End": true, "ItemProcessor": {}"#),
        expect!["These fields are required: [States, StartAt] at /States/X/ItemProcessor"],
    );
    check(
        &single(r#""Type": "Map", "End": true, "ItemProcessor": []"#),
        expect!["Expected value of type [OBJECT] at /States/X/ItemProcessor"],
    );
}

#[test]
fn branches() {
    check(
        &single(r#""Type": "Parallel", "End": true, "Branches": []"#),
        expect!["Value cannot be empty at /States/X/Branches"],
    );
    check(
        &single(r#""Type": "Parallel", "End": true, "Branches": [1, {"StartAt": "B"}]"#),
        expect![[r#"
            Expected value of type [OBJECT] at /States/X/Branches[0]
            These fields are required: [States] at /States/X/Branches[1]"#]],
    );
    check(
        &single(&format!(
            r#""Type": "Parallel", "End": true, "Branches": [{{"ProcessorConfig": {{}}, {PROCESSOR}}}]"#
        )),
        expect!["Field 'ProcessorConfig' is not supported at /States/X/Branches[0]"],
    );
}

#[test]
fn numbers() {
    check_map(
        "",
        r#""MaxConcurrency": -1, "ToleratedFailureCount": -1, "ToleratedFailurePercentage": -0.5,"#,
        expect![[r#"
            Minimum value is 0 at /States/X/MaxConcurrency
            Minimum value is 0 at /States/X/ToleratedFailureCount
            Minimum value is 0.0 at /States/X/ToleratedFailurePercentage"#]],
    );
    check_map(
        "",
        r#""ToleratedFailurePercentage": 100.5,"#,
        expect!["Maximum value is 100.0 at /States/X/ToleratedFailurePercentage"],
    );
    check_map(
        "",
        r#""ToleratedFailurePercentage": 12.5, "ToleratedFailureCountPath": "$.c","#,
        expect![],
    );
    check_map(
        "",
        r#""MaxConcurrency": 1, "MaxConcurrencyPath": "$.c","#,
        expect![
            "There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath] at /States/X"
        ],
    );
}

#[test]
fn distributed() {
    check_map(
        r#""ProcessorConfig": {"Mode": "DISTRIBUTED"},"#,
        "",
        expect![
            "These fields are required: [ExecutionType] at /States/X/ItemProcessor/ProcessorConfig"
        ],
    );
    check_map(
        r#""ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "FAST"},"#,
        "",
        expect![
            "Value should be one of the following: [STANDARD, EXPRESS] at /States/X/ItemProcessor/ProcessorConfig/ExecutionType"
        ],
    );
    let definition = map(
        r#""ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},"#,
        "",
    );
    assert!(asl::validate(&definition, &asl::Options::default()).is_empty());
    check_express(
        &definition,
        expect![
            "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines at /States/X/ItemProcessor/ProcessorConfig"
        ],
    );
    assert_eq!(MachineType::default(), MachineType::Standard);
}

#[test]
fn readers() {
    let reader = |text: &str| map("", &format!(r#""ItemReader": {text},"#));
    check(
        &reader(r#"{"Resource": "arn:aws:states:::s3:putObject"}"#),
        expect![
            "The field 'Resource' does not match any of the allowed values at /States/X/ItemReader"
        ],
    );
    check(
        &reader("{}"),
        expect!["These fields are required: [Resource] at /States/X/ItemReader"],
    );
    let config = |text: &str| {
        reader(&format!(
            r#"{{"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {text}}}"#
        ))
    };
    check(
        &config(r#"{"InputType": "CSV"}"#),
        expect!["The field 'CSVHeaderLocation' is required at /States/X/ItemReader/ReaderConfig"],
    );
    check(
        &config(r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}"#),
        expect!["These fields are required: [CSVHeaders] at /States/X/ItemReader/ReaderConfig"],
    );
    check(
        &config(r#"{"InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW"}"#),
        expect!["Field 'CSVHeaderLocation' is not supported at /States/X/ItemReader/ReaderConfig"],
    );
    check(
        &config(r#"{"InputType": "XML", "MaxItems": 100000001}"#),
        expect![[r#"
            Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST] at /States/X/ItemReader/ReaderConfig/InputType
            Maximum value is 100000000 at /States/X/ItemReader/ReaderConfig/MaxItems"#]],
    );
}

#[test]
fn batchers_and_writers() {
    check_map(
        "",
        r#""ItemBatcher": {"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.n", "Size": 1},
           "ResultWriter": {"Resource": "arn:aws:states:::s3:getObject", "WriterConfig": {"OutputType": "CSV"}},"#,
        expect![[r#"
            Field 'ItemBatcher' is not supported at /States/X
            Field 'Size' is not supported at /States/X/ItemBatcher
            There should only be one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath] at /States/X/ItemBatcher
            The field 'Resource' does not match any of the allowed values at /States/X/ResultWriter
            Value should be one of the following: [JSON, JSONL] at /States/X/ResultWriter/WriterConfig/OutputType"#]],
    );
}

#[test]
fn labels() {
    check_map("", r#""Label": "label","#, expect![]);
    check_map(
        "",
        r#""Label": "label_?","#,
        expect!["INVALID_LABEL_NAME: Label contains invalid character: '?' at /States/X/Label"],
    );
    check_map(
        "",
        r#""Label": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","#,
        expect![
            "INVALID_LABEL_NAME: Invalid Label name: Label 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' exceeds the 40-character limit allowed by the service at /States/X/Label"
        ],
    );
    check(
        r#"{"StartAt": "A", "States": {
            "A": {"Type": "Map", "Label": "l", "Next": "B", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}},
            "B": {"Type": "Map", "Label": "l", "End": true, "ItemProcessor": {"StartAt": "J", "States": {"J": {"Type": "Succeed"}}}}}}"#,
        expect!["DUPLICATE_LABEL_NAME: Duplicate Label name: l at /States/B/Label"],
    );
}
