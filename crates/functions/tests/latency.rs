//! Figures, not checks: `cargo test --release -p functions --test latency -- --ignored --nocapture`.

mod support;

use std::time::{Duration, Instant};

use functions::{FunctionSpec, PythonClient};
use serde_json::json;
use support::Bench;

async fn measure(label: &str, bench: &Bench, mut spec: FunctionSpec) {
    let mut cold = Vec::new();
    for revision in 0..10 {
        spec.revision = revision.to_string();
        let start = Instant::now();
        bench.invoke(&spec, json!({})).await;
        cold.push(start.elapsed());
    }
    let mut warm = Vec::new();
    for _ in 0..1000 {
        let start = Instant::now();
        bench.invoke(&spec, json!({})).await;
        warm.push(start.elapsed());
    }
    println!(
        "{label}: cold p50 {:?}, warm p50 {:?} p99 {:?}",
        at(&mut cold, 50),
        at(&mut warm, 50),
        at(&mut warm, 99)
    );
}

fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[times.len() * percent / 100]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn of_an_invocation() {
    for (label, client) in [
        ("python, awslambdaric", PythonClient::Auto),
        ("python, bundled", PythonClient::Bundled),
    ] {
        let bench = Bench::with_client(client);
        let spec = bench.function(
            "python3.11",
            "handler.py",
            "def handler(event, context):\n    return event\n",
        );
        measure(label, &bench, spec.clone()).await;
        if client == PythonClient::Auto {
            let threaded = FunctionSpec {
                runtime: "python3.12".parse().expect("a runtime"),
                ..spec
            };
            measure("python, awslambdaric, as python3.12", &bench, threaded).await;
        }
    }
    let bench = Bench::new(|_| {});
    let spec = bench.function(
        "nodejs22.x",
        "index.mjs",
        "export const handler = async (event) => event;",
    );
    measure("node", &bench, spec).await;
}
