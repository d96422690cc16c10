//! Which field may stand where, in which query language, and what it may hold: tables only.
//!
//! Sources: spec asl.md section 2 (the matrix of 8 types), validation.md sections 3 to 5. The interpreter is
//! `fields.rs`; it must not know a field by name.

use crate::definition::Language;

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Anything, taken as it is.
    Json,
    /// A string.
    Text,
    /// A string; in a JSONata state it may be an expression. With a `...Path` twin, so that a path in it is suspicious.
    PathTwin,
    /// `true`.
    True,
    /// An integer from the first to the second bound. In a JSONata state it may be an expression.
    Integer(u64, u64),
    /// A number from the first to the second bound. In a JSONata state it may be an expression.
    Number(f64, f64),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// An object; what is in it has its own table.
    Object,
    /// An array with at least one element.
    Filled,
    /// An array.
    Array,
    /// A path or `null`.
    PathOrNull,
    /// A path that selects one node.
    Reference,
    /// A path that a result can be put at, or `null`.
    TargetOrNull,
    /// A path or an intrinsic.
    Expression,
    /// A payload template: any JSON; in a JSONata state with expressions.
    Template,
    /// A payload template that must be an object.
    TemplateObject,
    /// Variable names and their values: a template; in a JSONata state an object of expressions. Sees what came out.
    Assignments,
    /// A JSONata value that sees what came out: the result, or a catcher's error.
    Output,
    /// A JSONata value: any JSON whose strings may be expressions.
    Jsonata,
    /// A JSONata value that must be an array if it is written out.
    JsonataArray,
    /// A timestamp. In a JSONata state it may be an expression.
    Timestamp,
    /// A resource ARN.
    Resource,
}

/// A set of state types, or of roles of a container that share a table.
pub(crate) type Types = u16;

pub(crate) const TASK: Types = 1;
pub(crate) const PASS: Types = 1 << 1;
pub(crate) const CHOICE: Types = 1 << 2;
pub(crate) const WAIT: Types = 1 << 3;
pub(crate) const SUCCEED: Types = 1 << 4;
pub(crate) const FAIL: Types = 1 << 5;
pub(crate) const PARALLEL: Types = 1 << 6;
pub(crate) const MAP: Types = 1 << 7;
const ALL: Types = Types::MAX;

/// A row: one field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// The only language it exists in; `None`: both.
    pub(crate) language: Option<Language>,
    /// What it holds.
    pub(crate) shape: Shape,
    /// Where it is allowed.
    pub(crate) on: Types,
}

/// Fields of which at most one, or exactly one, may be there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// In the order of the message.
    pub(crate) fields: &'static [&'static str],
    /// Whether one must be there.
    pub(crate) required: bool,
    /// Where it holds.
    pub(crate) on: Types,
}

/// All that is known of one kind of object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    /// The allowed fields.
    pub(crate) fields: &'static [Field],
    /// The type or role this object has: selects rows.
    pub(crate) on: Types,
    /// Fields that must be there, in the order of the message.
    pub(crate) required: &'static [&'static str],
    /// The exclusive ones.
    pub(crate) groups: &'static [Group],
}

impl Schema {
    /// The row of `name`, if it is allowed in this object.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields
            .iter()
            .find(|field| field.name == name && field.on & self.on != 0)
    }
}

const fn both(name: &'static str, shape: Shape, on: Types) -> Field {
    Field {
        name,
        language: None,
        shape,
        on,
    }
}

const fn path(name: &'static str, shape: Shape, on: Types) -> Field {
    Field {
        name,
        language: Some(Language::JsonPath),
        shape,
        on,
    }
}

const fn jsonata(name: &'static str, shape: Shape, on: Types) -> Field {
    Field {
        name,
        language: Some(Language::Jsonata),
        shape,
        on,
    }
}

const fn at_most_one(fields: &'static [&'static str], on: Types) -> Group {
    Group {
        fields,
        required: false,
        on,
    }
}

const fn exactly_one(fields: &'static [&'static str], on: Types) -> Group {
    Group {
        fields,
        required: true,
        on,
    }
}

/// The longest time and the most attempts that can be asked for, in seconds or attempts.
const MOST: u64 = 99_999_999;
/// Where the service names no upper bound: the largest integer that it holds.
const UNBOUNDED: u64 = i32::MAX as u64;
const LANGUAGES: Shape = Shape::OneOf(&["JSONPath", "JSONata"]);

/// The names of the state types in the order of the message, with their bits.
pub(crate) const STATE_TYPES: [(&str, Types); 8] = [
    ("Task", TASK),
    ("Wait", WAIT),
    ("Pass", PASS),
    ("Succeed", SUCCEED),
    ("Fail", FAIL),
    ("Choice", CHOICE),
    ("Parallel", PARALLEL),
    ("Map", MAP),
];

/// The matrix of asl.md section 2.
const STATE_FIELDS: &[Field] = &[
    both("Type", Shape::Text, ALL),
    both("Comment", Shape::Text, ALL),
    both("QueryLanguage", LANGUAGES, ALL),
    both("Next", Shape::Text, TASK | PASS | WAIT | PARALLEL | MAP),
    both("End", Shape::True, TASK | PASS | WAIT | PARALLEL | MAP),
    path("InputPath", Shape::PathOrNull, ALL ^ FAIL),
    path("OutputPath", Shape::PathOrNull, ALL ^ FAIL),
    path("Parameters", Shape::Template, TASK | PASS | PARALLEL | MAP),
    path(
        "ResultPath",
        Shape::TargetOrNull,
        TASK | PASS | PARALLEL | MAP,
    ),
    path(
        "ResultSelector",
        Shape::TemplateObject,
        TASK | PARALLEL | MAP,
    ),
    jsonata("Arguments", Shape::Jsonata, TASK | PARALLEL),
    jsonata("Output", Shape::Output, ALL ^ FAIL),
    both("Assign", Shape::Assignments, ALL ^ SUCCEED ^ FAIL),
    both("Retry", Shape::Array, TASK | PARALLEL | MAP),
    both("Catch", Shape::Array, TASK | PARALLEL | MAP),
    path("Result", Shape::Json, PASS),
    both("Resource", Shape::Resource, TASK),
    both("Credentials", Shape::Object, TASK),
    both("TimeoutSeconds", Shape::Integer(1, MOST), TASK),
    both("HeartbeatSeconds", Shape::Integer(1, MOST), TASK),
    path("TimeoutSecondsPath", Shape::Reference, TASK),
    path("HeartbeatSecondsPath", Shape::Reference, TASK),
    both("Choices", Shape::Filled, CHOICE),
    both("Default", Shape::Text, CHOICE),
    both("Seconds", Shape::Integer(0, MOST), WAIT),
    both("Timestamp", Shape::Timestamp, WAIT),
    path("SecondsPath", Shape::Reference, WAIT),
    path("TimestampPath", Shape::Reference, WAIT),
    both("Error", Shape::PathTwin, FAIL),
    both("Cause", Shape::PathTwin, FAIL),
    path("ErrorPath", Shape::Expression, FAIL),
    path("CausePath", Shape::Expression, FAIL),
    both("Branches", Shape::Filled, PARALLEL),
    both("ItemProcessor", Shape::Object, MAP),
    both("Iterator", Shape::Object, MAP),
    path("ItemsPath", Shape::Reference, MAP),
    jsonata("Items", Shape::JsonataArray, MAP),
    both("ItemSelector", Shape::Template, MAP),
    both("ItemReader", Shape::Object, MAP),
    both("ItemBatcher", Shape::Object, MAP),
    both("ResultWriter", Shape::Object, MAP),
    both("Label", Shape::Text, MAP),
    both("MaxConcurrency", Shape::Integer(0, UNBOUNDED), MAP),
    path("MaxConcurrencyPath", Shape::Reference, MAP),
    both("ToleratedFailureCount", Shape::Integer(0, UNBOUNDED), MAP),
    path("ToleratedFailureCountPath", Shape::Reference, MAP),
    both("ToleratedFailurePercentage", Shape::Number(0.0, 100.0), MAP),
    path("ToleratedFailurePercentagePath", Shape::Reference, MAP),
];

const STATE_GROUPS: &[Group] = &[
    exactly_one(&["Next", "End"], TASK | PASS | WAIT | PARALLEL | MAP),
    at_most_one(&["TimeoutSeconds", "TimeoutSecondsPath"], TASK),
    at_most_one(&["HeartbeatSeconds", "HeartbeatSecondsPath"], TASK),
    exactly_one(
        &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"],
        WAIT,
    ),
    at_most_one(&["Error", "ErrorPath"], FAIL),
    at_most_one(&["Cause", "CausePath"], FAIL),
    exactly_one(&["ItemProcessor", "Iterator"], MAP),
    at_most_one(&["ItemSelector", "Parameters"], MAP),
    at_most_one(&["MaxConcurrency", "MaxConcurrencyPath"], MAP),
    at_most_one(&["ToleratedFailureCount", "ToleratedFailureCountPath"], MAP),
    at_most_one(
        &[
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
        ],
        MAP,
    ),
];

/// The table of a state of this type.
pub(crate) fn state(on: Types) -> Schema {
    let required: &[&str] = match on {
        TASK => &["Resource"],
        CHOICE => &["Choices"],
        PARALLEL => &["Branches"],
        _ => &[],
    };
    Schema {
        fields: STATE_FIELDS,
        on,
        required,
        groups: STATE_GROUPS,
    }
}

/// The definition itself. `{}` is answered `These fields are required: [States, StartAt]`.
pub(crate) const MACHINE: Schema = Schema {
    fields: &[
        both("Comment", Shape::Text, ALL),
        both("QueryLanguage", LANGUAGES, ALL),
        both("StartAt", Shape::Text, ALL),
        both("States", Shape::Object, ALL),
        both("TimeoutSeconds", Shape::Integer(0, MOST), ALL),
        both("Version", Shape::OneOf(&["1.0"]), ALL),
    ],
    on: ALL,
    required: &["States", "StartAt"],
    groups: &[],
};

const BRANCH_ROLE: Types = 1;
const PROCESSOR_ROLE: Types = 1 << 1;
const GRAPH_FIELDS: &[Field] = &[
    both("Comment", Shape::Text, ALL),
    both("StartAt", Shape::Text, ALL),
    both("States", Shape::Object, ALL),
    both("ProcessorConfig", Shape::Object, PROCESSOR_ROLE),
];

/// One of the `Branches` of a Parallel.
pub(crate) const BRANCH: Schema = Schema {
    fields: GRAPH_FIELDS,
    on: BRANCH_ROLE,
    required: &["States", "StartAt"],
    groups: &[],
};

/// The `ItemProcessor` or `Iterator` of a Map.
pub(crate) const PROCESSOR: Schema = Schema {
    on: PROCESSOR_ROLE,
    ..BRANCH
};

const INLINE_ROLE: Types = 1;
const DISTRIBUTED_ROLE: Types = 1 << 1;

/// `ProcessorConfig` without `Mode: DISTRIBUTED`.
pub(crate) const INLINE_CONFIG: Schema = Schema {
    fields: &[
        both("Mode", Shape::OneOf(&["INLINE", "DISTRIBUTED"]), ALL),
        both(
            "ExecutionType",
            Shape::OneOf(&["STANDARD", "EXPRESS"]),
            DISTRIBUTED_ROLE,
        ),
    ],
    on: INLINE_ROLE,
    required: &[],
    groups: &[],
};

/// `ProcessorConfig` with `Mode: DISTRIBUTED`.
pub(crate) const DISTRIBUTED_CONFIG: Schema = Schema {
    on: DISTRIBUTED_ROLE,
    required: &["ExecutionType"],
    ..INLINE_CONFIG
};

/// An element of `Retry`.
pub(crate) const RETRIER: Schema = Schema {
    fields: &[
        both("Comment", Shape::Text, ALL),
        both("ErrorEquals", Shape::Filled, ALL),
        both("IntervalSeconds", Shape::Integer(0, MOST), ALL),
        both("MaxAttempts", Shape::Integer(0, MOST), ALL),
        both("BackoffRate", Shape::Number(1.0, f64::MAX), ALL),
        both("MaxDelaySeconds", Shape::Integer(1, 31_622_400), ALL),
        both("JitterStrategy", Shape::OneOf(&["NONE", "FULL"]), ALL),
    ],
    on: ALL,
    required: &["ErrorEquals"],
    groups: &[],
};

/// An element of `Catch`.
pub(crate) const CATCHER: Schema = Schema {
    fields: &[
        both("Comment", Shape::Text, ALL),
        both("ErrorEquals", Shape::Filled, ALL),
        both("Next", Shape::Text, ALL),
        path("ResultPath", Shape::TargetOrNull, ALL),
        jsonata("Output", Shape::Output, ALL),
        both("Assign", Shape::Assignments, ALL),
    ],
    on: ALL,
    required: &["ErrorEquals", "Next"],
    groups: &[],
};

const TOP_RULE: Types = 1;
const RULE_FIELDS: &[Field] = &[
    both("Comment", Shape::Text, ALL),
    both("Next", Shape::Text, TOP_RULE),
    both("Assign", Shape::Assignments, TOP_RULE),
    jsonata("Output", Shape::Output, TOP_RULE),
    jsonata("Condition", Shape::Jsonata, ALL),
    path("And", Shape::Filled, ALL),
    path("Or", Shape::Filled, ALL),
    path("Not", Shape::Object, ALL),
    path("Variable", Shape::Json, ALL),
];

/// An element of `Choices`. Operators are in the table of `operators.rs`.
pub(crate) const RULE: Schema = Schema {
    fields: RULE_FIELDS,
    on: TOP_RULE,
    required: &["Next"],
    groups: &[],
};

/// A rule inside `And`, `Or` or `Not`.
pub(crate) const NESTED_RULE: Schema = Schema {
    on: 1 << 1,
    required: &[],
    ..RULE
};

/// `ItemReader` of a Map.
pub(crate) const ITEM_READER: Schema = Schema {
    fields: &[
        both("Comment", Shape::Text, ALL),
        both("Resource", Shape::Text, ALL),
        path("Parameters", Shape::TemplateObject, ALL),
        jsonata("Arguments", Shape::Jsonata, ALL),
        both("ReaderConfig", Shape::Object, ALL),
    ],
    on: ALL,
    required: &["Resource"],
    groups: &[],
};

const CSV_ROLE: Types = 1;
const READER_CONFIG_FIELDS: &[Field] = &[
    both("Comment", Shape::Text, ALL),
    both(
        "InputType",
        Shape::OneOf(&["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]),
        ALL,
    ),
    both(
        "Transformation",
        Shape::OneOf(&["NONE", "LOAD_AND_FLATTEN"]),
        ALL,
    ),
    both(
        "ManifestType",
        Shape::OneOf(&["ATHENA_DATA", "S3_INVENTORY"]),
        ALL,
    ),
    both(
        "CSVHeaderLocation",
        Shape::OneOf(&["FIRST_ROW", "GIVEN"]),
        CSV_ROLE,
    ),
    both("CSVHeaders", Shape::Filled, CSV_ROLE),
    both(
        "CSVDelimiter",
        Shape::OneOf(&["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]),
        CSV_ROLE,
    ),
    both("ItemsPointer", Shape::Text, ALL),
    both("MaxItems", Shape::Integer(0, 100_000_000), ALL),
    path("MaxItemsPath", Shape::Reference, ALL),
];

/// `ReaderConfig` of an `ItemReader` that reads, or may read, CSV.
pub(crate) const CSV_READER_CONFIG: Schema = Schema {
    fields: READER_CONFIG_FIELDS,
    on: CSV_ROLE,
    required: &[],
    groups: &[at_most_one(&["MaxItems", "MaxItemsPath"], ALL)],
};

/// `ReaderConfig` with `InputType: JSON` or `JSONL`.
pub(crate) const JSON_READER_CONFIG: Schema = Schema {
    on: 1 << 1,
    ..CSV_READER_CONFIG
};

/// `ItemBatcher` of a Map.
pub(crate) const ITEM_BATCHER: Schema = Schema {
    fields: &[
        both("Comment", Shape::Text, ALL),
        both("MaxItemsPerBatch", Shape::Integer(1, UNBOUNDED), ALL),
        path("MaxItemsPerBatchPath", Shape::Reference, ALL),
        both("MaxInputBytesPerBatch", Shape::Integer(1, 262_144), ALL),
        path("MaxInputBytesPerBatchPath", Shape::Reference, ALL),
        both("BatchInput", Shape::Template, ALL),
    ],
    on: ALL,
    required: &[],
    groups: &[
        at_most_one(&["MaxItemsPerBatch", "MaxItemsPerBatchPath"], ALL),
        at_most_one(&["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"], ALL),
    ],
};

/// `ResultWriter` of a Map.
pub(crate) const RESULT_WRITER: Schema = Schema {
    fields: &[
        both("Comment", Shape::Text, ALL),
        both("Resource", Shape::Text, ALL),
        path("Parameters", Shape::TemplateObject, ALL),
        jsonata("Arguments", Shape::Jsonata, ALL),
        both("WriterConfig", Shape::Object, ALL),
    ],
    on: ALL,
    required: &[],
    groups: &[],
};

/// `WriterConfig` of a `ResultWriter`.
pub(crate) const WRITER_CONFIG: Schema = Schema {
    fields: &[
        both("OutputType", Shape::OneOf(&["JSON", "JSONL"]), ALL),
        both(
            "Transformation",
            Shape::OneOf(&["NONE", "COMPACT", "FLATTEN"]),
            ALL,
        ),
    ],
    on: ALL,
    required: &[],
    groups: &[],
};
