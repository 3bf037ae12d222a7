import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { PatientHttp, type ApiCall, type Patience } from "../../../components/http/patient-http.ts";
import { parseJson, ServiceError } from "../../../components/http/service-error.ts";

type Reply = readonly [status: number, headers?: Readonly<Record<string, string>>, body?: string];

describe("the patient HTTP client", () => {
  let server: Server;
  let url: string;
  let replies: Reply[];
  let asked: string[];
  let waits: number[];

  beforeEach(async () => {
    [replies, asked, waits] = [[], [], []];
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const [status, headers, body = "{}"] = replies.shift() ?? [200];
      response.writeHead(status, headers).end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const client = (patience: Patience = {}): PatientHttp => {
    let now = 0;
    const pause = (milliseconds: number) => {
      waits.push(milliseconds);
      return Promise.resolve((now += milliseconds));
    };
    return new PatientHttp(patience, { now: () => now, pause });
  };
  const call = (more: Partial<ApiCall> = {}, http = client()) =>
    http.call("the trial", { method: "GET", url, ...more });
  const failure = async (answer: Promise<unknown>): Promise<ServiceError> => {
    const error: unknown = await answer.then(
      () => assert.fail("the call succeeded"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ServiceError, inspect(error));
    return error;
  };

  it("waits longer each time, and as long as the server asks", async () => {
    replies = [[503], [500], [429, { "retry-after": "7" }], [200, { etag: 'W/"e1"' }, "done"]];
    assert.deepEqual(await call(), { status: 200, etag: "e1", text: "done" });
    assert.deepEqual(waits, [500, 1000, 7000]);
  });

  it("repeats no call whose first attempt may have changed something, unless the caller vouches", async () => {
    replies = [[500]];
    assert.equal((await failure(call({ method: "POST", body: "x" }))).status, 500);
    replies = [[500], [200]];
    assert.equal((await call({ method: "POST", body: "x", repeatable: true })).status, 200);
    assert.equal(asked.length, 3);
  });

  it("repeats any call of which the server has done nothing", async () => {
    replies = [[429], [200]];
    assert.equal((await call({ method: "POST", body: "x" })).status, 200);
    const nobody = createServer().listen(0, "127.0.0.1");
    await once(nobody, "listening");
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    const closed = `http://127.0.0.1:${port}/`;
    const error = await failure(call({ method: "POST", url: closed, body: "x" }));
    assert.deepEqual([error.kind, error.code], ["unreachable", "ECONNREFUSED"]);
    assert.ok(waits.length > 2);
  });

  it("counts its patience for all calls together when told to", async () => {
    const http = client({ totalMs: 2000, together: true });
    replies = Array.from({ length: 9 }, () => [503]);
    await failure(call({}, http));
    assert.deepEqual(waits, [500, 1000]);
    await failure(call({}, http));
    assert.deepEqual(waits, [500, 1000, 500]);
  });

  it("follows no redirect, for the login is for one server alone", async () => {
    replies = [[302, { location: `${url}elsewhere` }]];
    assert.equal((await call()).status, 302);
    assert.deepEqual(asked, ["GET /"]);
  });

  it("shows no header in any rendering of an error, though fetch itself would", async () => {
    const error = await failure(call({ headers: { authorization: "Bearer canary\nsecret" } }));
    assert.match(error.message, /^the trial: 127\.0\.0\.1:\d+ cannot be reached: the connection/);
    assert.ok(
      !`${inspect(error, { depth: 9, showHidden: true })}${error.stack}`.includes("canary"),
    );
  });

  it("gives up on a server that says nothing", async () => {
    server.removeAllListeners("request");
    const error = await failure(call({}, client({ totalMs: 100, answerMs: 50 })));
    assert.match(error.message, /no answer within 0\.05 s/);
  });

  it("says when an answer is no JSON, with its beginning", () => {
    assert.deepEqual(parseJson("it", '{"a": 1}'), { a: 1 });
    assert.throws(
      () => parseJson("it", "<html>\n sorry"),
      /it answers with what is no JSON: <html> sorry/,
    );
  });
});
