// What a user of the SDK for JavaScript does: one line of JSON for each thing that was seen. The endpoint is the only argument.
import * as sfn from "@aws-sdk/client-sfn";

const client = new sfn.SFNClient({
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
  // StartSyncExecution and TestState go to a host of their own on AWS.
  disableHostPrefix: true,
});
const roleArn = "arn:aws:iam::123456789012:role/unknown-to-this-server";
const send = (name, input) => client.send(new sfn[`${name}Command`](input));
const see = (name, value) => console.log(JSON.stringify({ [name]: value }));

async function ended(executionArn) {
  for (;;) {
    const execution = await send("DescribeExecution", { executionArn });
    if (execution.status !== "RUNNING") return execution;
  }
}

const pass = JSON.stringify({ StartAt: "A", States: { A: { Type: "Pass", Result: { a: 1 }, End: true } } });
see("valid", (await send("ValidateStateMachineDefinition", { definition: pass })).result);
const machine = await send("CreateStateMachine", { name: "from-javascript", definition: pass, roleArn, publish: true });
see("created", machine.creationDate instanceof Date);
const version = machine.stateMachineVersionArn;
const alias = await send("CreateStateMachineAlias", {
  name: "live",
  routingConfiguration: [{ stateMachineVersionArn: version, weight: 100 }],
});
const started = await send("StartExecution", { stateMachineArn: alias.stateMachineAliasArn, input: "{}" });
see("output", (await ended(started.executionArn)).output);
const types = [];
for await (const page of sfn.paginateGetExecutionHistory({ client, pageSize: 2 }, { executionArn: started.executionArn })) {
  types.push(...page.events.map((event) => event.type));
}
see("history", types);

const activity = await send("CreateActivity", { name: "from-javascript" });
const task = JSON.stringify({ StartAt: "T", States: { T: { Type: "Task", Resource: activity.activityArn, End: true } } });
const worked = await send("CreateStateMachine", { name: "with-activity", definition: task, roleArn });
const execution = await send("StartExecution", { stateMachineArn: worked.stateMachineArn, input: '{"n":1}' });
const work = await send("GetActivityTask", { activityArn: activity.activityArn, workerName: "javascript" });
see("work", work.input);
await send("SendTaskHeartbeat", { taskToken: work.taskToken });
await send("SendTaskSuccess", { taskToken: work.taskToken, output: '{"n":2}' });
see("worked", (await ended(execution.executionArn)).output);

const express = await send("CreateStateMachine", { name: "express", definition: pass, roleArn, type: "EXPRESS" });
const sync = await send("StartSyncExecution", { stateMachineArn: express.stateMachineArn });
see("sync", [sync.status, sync.output, sync.billingDetails.billedMemoryUsedInMB]);
const state = JSON.stringify({ Type: "Pass", Result: { a: 1 }, End: true });
see("tested", (await send("TestState", { definition: state, input: "{}" })).status);

try {
  await send("DescribeStateMachine", { stateMachineArn: `${machine.stateMachineArn}-not` });
} catch (error) {
  see("error", [error instanceof sfn.StateMachineDoesNotExist, error.name, error.$metadata.httpStatusCode]);
}
