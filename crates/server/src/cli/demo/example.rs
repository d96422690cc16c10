//! The example `examples/order-processing`, as it was when this binary was built.

use super::outcome::Expected;

macro_rules! example {
    ($path:literal) => {
        include_str!(concat!("../../../../../examples/order-processing/", $path))
    };
}

/// The region that everything is made in.
pub(super) const REGION: &str = "us-east-1";
/// The state machine's name.
pub(super) const MACHINE: &str = "order-processing";
/// The name of the role that the state machine runs under.
pub(super) const ROLE: &str = "order-processing";
/// The name of the role's inline policy.
pub(super) const POLICY: &str = "invoke-order-functions";
/// The state machine.
pub(super) const DEFINITION: &str = example!("state-machine.asl.json");
/// Who may assume the role.
pub(super) const TRUST_POLICY: &str = example!("trust-policy.json");
/// What the role may do.
pub(super) const PERMISSIONS_POLICY: &str = example!("permissions-policy.json");

/// A function of the example.
#[derive(Debug)]
pub(super) struct Function {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) purpose: &'static str,
    /// Lambda's name for the language.
    pub(super) runtime: &'static str,
    /// File and function within it.
    pub(super) handler: &'static str,
    /// File names and contents.
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// An order to run.
#[derive(Debug)]
pub(super) struct Order {
    /// Its file in `orders/`.
    pub(super) file: &'static str,
    /// What is special about it.
    pub(super) about: &'static str,
    /// The execution's input.
    pub(super) input: &'static str,
    /// How it should end.
    pub(super) expected: Expected,
}

/// The orders, in the order in which they are started. The last one's history tells most.
pub(super) const ORDERS: [Order; 4] = [
    Order {
        file: "good.json",
        about: "a good order",
        input: example!("orders/good.json"),
        expected: Expected::Succeeded,
    },
    Order {
        file: "out-of-stock.json",
        about: "an order for more than there is",
        input: example!("orders/out-of-stock.json"),
        expected: Expected::Failed("OutOfStock"),
    },
    Order {
        file: "invalid.json",
        about: "an order that makes no sense",
        input: example!("orders/invalid.json"),
        expected: Expected::Failed("InvalidOrder"),
    },
    Order {
        file: "flaky.json",
        about: "an order whose first function fails twice",
        input: example!("orders/flaky.json"),
        expected: Expected::Succeeded,
    },
];

const PYTHON: &str = "python3.12";
const NODE: &str = "nodejs22.x";

/// All functions.
pub(super) const FUNCTIONS: [Function; 6] = [
    Function {
        name: "validate-order",
        purpose: "Whether an order can be processed, and its total",
        runtime: PYTHON,
        handler: "handler.handler",
        files: &[(
            "handler.py",
            example!("functions/validate-order/handler.py"),
        )],
    },
    Function {
        name: "check-inventory",
        purpose: "Whether everything on an order is in stock",
        runtime: PYTHON,
        handler: "handler.handler",
        files: &[(
            "handler.py",
            example!("functions/check-inventory/handler.py"),
        )],
    },
    Function {
        name: "process-payment",
        purpose: "Takes the money for an order",
        runtime: NODE,
        handler: "index.handler",
        files: &[("index.mjs", example!("functions/process-payment/index.mjs"))],
    },
    Function {
        name: "reserve-stock",
        purpose: "Sets the goods of an order aside",
        runtime: PYTHON,
        handler: "handler.handler",
        files: &[("handler.py", example!("functions/reserve-stock/handler.py"))],
    },
    Function {
        name: "pack-line",
        purpose: "Packs one line of an order",
        runtime: NODE,
        handler: "index.handler",
        files: &[("index.mjs", example!("functions/pack-line/index.mjs"))],
    },
    Function {
        name: "notify",
        purpose: "Tells the customer that the order is on its way",
        runtime: PYTHON,
        handler: "handler.handler",
        files: &[("handler.py", example!("functions/notify/handler.py"))],
    },
];

/// A call of one function in each language, to see that they work here.
pub(super) const TRIALS: [(&str, &str); 2] = [
    ("validate-order", ORDERS[0].input),
    (
        "pack-line",
        r#"{ "orderId": "trial", "lineNumber": 1, "line": { "sku": "TEA-SENCHA", "quantity": 1, "unitPrice": 11.0 } }"#,
    ),
];
