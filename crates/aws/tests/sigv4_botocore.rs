//! The signer against botocore's, where this machine has it.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Stdio};

use aws::sigv4::{Credentials, RequestParts, sign};
use serde_json::{Value, json};

const TIME: &str = "20261122T193000Z";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn requests() -> Value {
    json!([
        { "method": "POST", "target": "/", "service": "states", "region": "us-east-1", "token": null, "body": "{}",
          "headers": { "Host": "127.0.0.1:8083", "X-Amz-Target": "AWSStepFunctions.ListStateMachines",
                       "Content-Type": "application/x-amz-json-1.0", "User-Agent": "not signed" } },
        { "method": "POST", "target": "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/invocations?Qualifier=%24LATEST",
          "service": "lambda", "region": "eu-central-1", "token": "a/session+token==", "body": "{\"é\": \"漢字\"}",
          "headers": { "Host": "localhost:3001", "X-Amz-Invocation-Type": "RequestResponse", "X-Amz-Log-Type": "Tail" } },
        { "method": "GET", "target": "/a//b/./c/../d%20e/?z=1&a=2&a=1&empty=&B=x%2Fy~z", "service": "iam", "region": "us-east-1",
          "token": null, "body": "", "headers": { "Host": "iam.amazonaws.com", "X-Spaces": "  a   b  " } },
        { "method": "DELETE", "target": "/2015-03-31/functions/f_1-x/", "service": "lambda", "region": "ap-south-1",
          "token": null, "body": "", "headers": { "Host": "example.com" } },
    ])
}

fn ours(request: &Value) -> String {
    let text = |key: &str| request[key].as_str().unwrap();
    let (path, query) = text("target")
        .split_once('?')
        .unwrap_or((text("target"), ""));
    let headers: Vec<(&str, &str)> = request["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str().unwrap()))
        .collect();
    let parts = RequestParts {
        method: text("method"),
        path,
        query,
        headers: &headers,
        body: text("body").as_bytes(),
    };
    let credentials = Credentials {
        access_key: "AKIDEXAMPLE".to_owned(),
        secret_key: SECRET.to_owned(),
        session_token: request["token"].as_str().map(str::to_owned),
    };
    let time = aws::time::parse_amz_date(TIME).unwrap();
    let added = sign(&parts, &credentials, text("region"), text("service"), time);
    added
        .into_iter()
        .find(|(name, _)| *name == "Authorization")
        .unwrap()
        .1
}

/// `None` when there is no python3 with botocore.
fn botocores(requests: &Value) -> Option<Vec<String>> {
    let has = Command::new("python3")
        .args(["-c", "import botocore.auth"])
        .stderr(Stdio::null())
        .status();
    if !has.is_ok_and(|status| status.success()) {
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sign_with_botocore.py");
    let mut child = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = json!({ "time": TIME, "access_key": "AKIDEXAMPLE", "secret_key": SECRET, "requests": requests });
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "sign_with_botocore.py failed");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn our_signatures_are_botocores() {
    let requests = requests();
    let Some(theirs) = botocores(&requests) else {
        eprintln!("SKIPPED: python3 with botocore is not on this machine");
        return;
    };
    let ours: Vec<String> = requests.as_array().unwrap().iter().map(ours).collect();
    assert_eq!(ours, theirs);
}
