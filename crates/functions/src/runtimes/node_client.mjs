// Stepwell's client of the AWS Lambda Runtime API for Node.js.
//
// usage: node client.mjs <path/to/file.export>    (environment as on Lambda)
//
// CommonJS and ES modules; async handlers, handlers that return a value, and handlers with a callback; Lambda's context, error payload
// and console format. Response streaming is not part of it.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const root = "/2018-06-01/runtime/";
const code = process.env.LAMBDA_TASK_ROOT;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let current = ""; // the request id, for the log

class InitError extends Error {
  constructor(type, message, cause) {
    super(message);
    this.name = type;
    if (cause?.stack) this.stack = cause.stack.replace(/^.*/, `${type}: ${message.split("\n")[0]}`);
  }
}

function call(method, at, body, headers = {}) {
  return new Promise((resolve, reject) => {
    if (body !== undefined) headers["Content-Length"] = Buffer.byteLength(body);
    const request = http.request({ host, port, agent, method, path: root + at, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

// ---- what goes into the log

function logLine(level, args) {
  const text = format(...args).replaceAll("\n", "\r");
  process.stdout.write(`${new Date().toISOString()}\t${current}\t${level}\t${text}\n`);
}
for (const level of ["trace", "debug", "info", "warn", "error"]) console[level] = (...args) => logLine(level.toUpperCase(), args);
console.log = console.info;
console.fatal = (...args) => logLine("FATAL", args);

// ---- errors

function payloadOf(error) {
  if (error instanceof Error || (error && typeof error === "object" && "message" in error)) {
    const trace = typeof error.stack === "string" ? error.stack.split("\n") : [];
    return { errorType: error.name ?? "Error", errorMessage: error.message, trace };
  }
  const type = error === null ? "null" : typeof error;
  return { errorType: type, errorMessage: String(error), trace: [] };
}

async function report(at, title, error) {
  const payload = payloadOf(error);
  const body = JSON.stringify(payload);
  logLine("ERROR", [`${title} \t${JSON.stringify({ ...payload, trace: undefined, stack: payload.trace })}`]);
  await call("POST", at, body, { "Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": encodeURI(payload.errorType) });
}

// ---- the handler

function parse(name) {
  const file = path.basename(name ?? "");
  const dot = file.indexOf(".");
  if (dot < 1 || name.includes("..")) throw new InitError("Runtime.MalformedHandlerName", name?.includes("..") ? `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.` : "Bad handler");
  const folder = name.slice(0, name.length - file.length);
  return { module: folder + file.slice(0, dot), keys: file.slice(dot + 1).split(".") };
}

async function importModule(module) {
  const base = path.resolve(code, module);
  const found = ["", ".js", ".mjs", ".cjs"].map((ending) => base + ending).find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
  if (found) return import(pathToFileURL(found));
  // A folder with an index, or a package: CommonJS resolution says it with the error that people know.
  return createRequire(path.join(code, "noop.js"))(path.join(code, module));
}

async function load(name) {
  const { module, keys } = parse(name);
  let loaded;
  try {
    loaded = await importModule(module);
  } catch (error) {
    if (error instanceof SyntaxError) throw new InitError("Runtime.UserCodeSyntaxError", `${error.name}: ${error.message}`, error);
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) throw new InitError("Runtime.ImportModuleError", `Error: ${error.message}`, error);
    throw error;
  }
  const pick = (from) => keys.reduce((value, key) => value?.[key], from);
  const handler = pick(loaded) ?? pick(loaded?.default);
  if (handler === undefined) throw new InitError("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new InitError("Runtime.HandlerNotFound", `${name} is not a function`);
  return handler;
}

// ---- one invocation

function contextOf(headers) {
  const env = process.env;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const given = headers["lambda-runtime-client-context"];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: given ? JSON.parse(given) : undefined,
    identity: undefined,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

// A promise settles the invocation. A callback's answer goes out when nothing else is left to do, unless the function says not to wait;
// a handler that leaves nothing to do and has not answered has answered null.
async function run(handler, event, context) {
  let atRest;
  const whenNothingIsLeft = () => atRest();
  process.once("beforeExit", whenNothingIsLeft);
  try {
    return await new Promise((resolve, reject) => {
      atRest = () => resolve(null);
      const callback = (error, answer) => {
        atRest = () => (error === undefined || error === null ? resolve(answer) : reject(error));
        if (!context.callbackWaitsForEmptyEventLoop) setImmediate(atRest);
      };
      const atOnce = (error, answer) => {
        context.callbackWaitsForEmptyEventLoop = false;
        callback(error, answer);
      };
      Object.assign(context, { done: atOnce, succeed: (answer) => atOnce(null, answer), fail: (error) => atOnce(error ?? "handled") });
      const returned = handler(event, context, callback);
      if (typeof returned?.then === "function") returned.then(resolve, reject);
      else if (returned !== undefined && handler.length < 3) resolve(returned);
    });
  } finally {
    process.off("beforeExit", whenNothingIsLeft);
  }
}

function serialize(answer) {
  try {
    return JSON.stringify(answer === undefined ? null : answer);
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

async function serve(handler) {
  const { headers, body } = await call("GET", "invocation/next");
  const context = contextOf(headers);
  current = context.awsRequestId;
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
  const at = `invocation/${current}/`;
  try {
    const answer = serialize(await run(handler, JSON.parse(body), context));
    const { status } = await call("POST", at + "response", answer, { "Content-Type": "application/json" });
    if (status >= 300) process.exit(1);
  } catch (error) {
    await report(at + "error", "Invoke Error", error);
  }
}

// ---- what nobody caught ends the process, after it has been reported

function fatal(title, exitCode, wrap) {
  return async (error) => {
    await report(current ? `invocation/${current}/error` : "init/error", title, wrap(error)).catch(() => {});
    process.exit(exitCode);
  };
}
process.on("uncaughtException", fatal("Uncaught Exception", 129, (error) => error));
process.on("unhandledRejection", fatal("Unhandled Promise Rejection", 128, (reason) => {
  const error = new InitError("Runtime.UnhandledPromiseRejection", reason?.toString() ?? String(reason));
  if (reason?.stack) error.stack = `Runtime.UnhandledPromiseRejection: ${reason.stack}`;
  return error;
}));

try {
  const handler = await load(process.argv[2]);
  for (;;) await serve(handler);
} catch (error) {
  await report("init/error", "Uncaught Exception", error);
  process.exit(1);
}
