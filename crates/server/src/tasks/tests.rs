//! Calls of functions behind a server that answers when it is told to.

use engine::{Facts, FrameId, TaskId, Timestamp};
use runtime::{Answer, ExecutionId};
use tokio::net::TcpListener;

use super::*;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

fn call() -> TaskCall {
    let facts = Facts {
        arn: "arn:aws:states:us-east-1:123456789012:execution:M:E".into(),
        name: "E".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
        machine_name: "M".into(),
        role_arn: "".into(),
        region: "us-east-1".into(),
        started: Timestamp(0),
        input: Document::parse("{}").expect("JSON"),
        test_case: None,
    };
    TaskCall {
        key: TaskKey {
            execution: ExecutionId(1),
            task: TaskId {
                frame: FrameId::ROOT,
                scheduled: 3,
            },
        },
        namespace: Namespace::new("123456789012", "us-east-1"),
        facts: Arc::new(facts),
        request: TaskRequest {
            state: "T".into(),
            resource: asl::definition::Resource {
                arn: FUNCTION.into(),
                target: Target::Function,
            },
            input: Document::parse(r#"{"some":"input"}"#).expect("JSON"),
            credentials: None,
            timeout_seconds: None,
            submission: None,
        },
        answer: Answer::new(|_| {}),
    }
}

#[tokio::test]
async fn a_call_that_is_cancelled_takes_up_its_room_until_it_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let functions = Functions::remote(&url).expect("a URL");
    let tasks = Tasks::new(Handle::current(), functions);
    let call = call();
    let key = call.key;
    tasks.run(call);
    let (connection, _) = listener.accept().await.expect("the call");
    tasks.cancel(key);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(*tasks.under_way.borrow(), 1);
    assert_eq!(tasks.room.available_permits(), CALLS - 1);
    assert!(tasks.running().bytes > 0);
    drop((connection, listener));
    tasks.drain().await;
    assert_eq!(tasks.running().bytes, 0);
}

#[tokio::test]
async fn nothing_is_called_after_the_last_was_waited_for() {
    let functions = Functions::remote("http://127.0.0.1:9").expect("a URL");
    let tasks = Tasks::new(Handle::current(), functions);
    tasks.close();
    tasks.run(call());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    tasks.drain().await;
    assert!(tasks.begin(&call().request).await.is_none());
    assert_eq!(*tasks.under_way.borrow(), 0);
}
