import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import Fastify, { type FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import { endSessionsScript } from "../../../components/edge/sessions.ts";
import { machineRoot, runScript } from "./machine-script.ts";

describe("the step that ends sessions at Access", () => {
  const token = "canary-token";
  let root: string;
  let api: FastifyInstance;
  let calls: string[];
  /** Status and body of the answer, by the id of the application. */
  let answers: Readonly<Record<string, readonly [number, object]>>;
  beforeEach(async () => {
    root = machineRoot();
    calls = [];
    answers = {};
    api = Fastify({ forceCloseConnections: true });
    api.all<{ Params: { id: string } }>(
      "/client/v4/accounts/acc/access/apps/:id/revoke_tokens",
      (request, reply) => {
        const { method, params, headers } = request;
        assert.equal(headers.authorization, `Bearer ${token}`);
        calls.push(`${method} ${params.id}`);
        const [status, body] = answers[params.id] ?? [200, { success: true, result: {} }];
        return reply.code(status).send(body);
      },
    );
    await api.listen({ host: "127.0.0.1", port: 0 });
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true });
  });

  const end = () => {
    const { port } = api.server.address() as AddressInfo;
    return runScript(root, endSessionsScript, {
      ...{ API: `http://127.0.0.1:${port}/client/v4`, ACCOUNT: "acc", TOKEN: token },
      ...{ APPLICATION: "a1", HOST: "typeo.example.net" },
    });
  };

  it("asks once for its application", async () => {
    const { code, stderr } = await end();
    assert.equal(code, 0, stderr);
    assert.deepEqual(calls, ["POST a1"]);
  });

  it("ends well where that was deleted by hand, and says so", async () => {
    answers = { a1: [404, { success: false }] };
    const { code, stderr } = await end();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /application of typeo\.example\.net is gone/);
  });

  it("fails with Cloudflare's words where it may not, and without the token", async () => {
    answers = { a1: [403, { success: false, errors: [{ message: "Authentication error" }] }] };
    const { code, stderr } = await end();
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /refuses to end those at typeo\.example\.net \(403\): .*Authentication error/,
    );
    assert.match(stderr, /Access: Apps and Policies, Edit/);
    assert.ok(!stderr.includes(token));
  });
});
