import assert from "node:assert/strict";
import { judgeAnswer } from "../../../scripts/tesla/answer.ts";
import { FleetApi } from "../../../scripts/tesla/fleet-api.ts";
import { codeIn } from "../../../scripts/tesla/login.ts";
import { push } from "../../../scripts/tesla/push.ts";
import { rootCertificates } from "node:tls";
import { homeConfig } from "../stacks/sample.ts";
import { keyPair, teslaSite } from "../stacks/tesla-site.ts";

const tesla = homeConfig(teslaSite()).tesla ?? assert.fail();
const vin = "5YJ30000000000001";

const answered = (skipped: object, updated = 1, status = "200"): string =>
  `${JSON.stringify({ response: { updated_vehicles: updated, skipped_vehicles: skipped } })}\n${status}`;

describe("Tesla's answer to a push", () => {
  it("is good where all vehicles were told", () => {
    judgeAnswer(answered({ missing_key: [], unsupported_firmware: null }), tesla);
    judgeAnswer('{"response":{"updated_vehicles":1}}\n200', tesla);
  });

  it("names vehicles that were left out, and what to do", () => {
    assert.throws(
      () => judgeAnswer(answered({ missing_key: [vin] }, 0), tesla),
      /model-y: pair it first: https:\/\/tesla\.com\/_ak\/tesla\.example\.net/,
    );
    assert.throws(
      () => judgeAnswer(answered({ new_reason: [vin] }, 0), tesla),
      /model-y: new_reason/,
    );
    assert.throws(() => judgeAnswer(answered({}, 0), tesla), /told 0 of 1 vehicles/);
  });

  it("is told in Tesla's words, or curl's, where nothing was taken", () => {
    assert.throws(
      () => judgeAnswer('{"error":"token expired (401)"}\n401', tesla),
      /answers 401: .*token expired.*Log in again/,
    );
    assert.throws(() => judgeAnswer("curl: (6) Could not resolve host", tesla), /curl: \(6\)/);
  });
});

describe("the login of the vehicles' owner", () => {
  const end = "https://tesla.example.net/callback";

  it("gives its code, and none of another login", () => {
    assert.equal(codeIn(` ${end}?code=NA_1&state=mine&issuer=x \n`, "mine"), "NA_1");
    assert.throws(() => codeIn(`${end}?code=NA_1&state=other`, "mine"), /not that of this login/);
    assert.throws(() => codeIn("NA_1", "mine"), /no address/);
    assert.throws(
      () => codeIn(`${end}?error=access_denied&error_description=no&state=mine`, "mine"),
      /refuses the login: no/,
    );
  });

  it("asks for places only where places are streamed", () => {
    const scope = (signals: object) =>
      new URL(
        new FleetApi(homeConfig(teslaSite({ signals })).tesla ?? assert.fail(), "secret").loginUrl(
          "s",
        ),
      ).searchParams.get("scope");
    assert.equal(scope({ Soc: { everySeconds: 60 } }), "openid vehicle_device_data");
    assert.match(scope({ Location: { everySeconds: 60 } }) ?? "", /vehicle_location/);
  });
});

describe("Tesla's interface", () => {
  const asked: { url: string; init: RequestInit | undefined }[] = [];
  const api = new FleetApi(tesla, "secret-of-client", (given, init) => {
    const url = given as string;
    asked.push({ url, init });
    const body = url.endsWith("/token")
      ? { access_token: "partner" }
      : { response: { synced: true, key_paired: false, fleet_telemetry_errors: [] } };
    return Promise.resolve(new Response(JSON.stringify(body)));
  });

  it("is told of the domain with a token of the application for the region", async () => {
    await api.register();
    const [token, register] = asked;
    const form = token?.init?.body as URLSearchParams;
    assert.equal(form.get("grant_type"), "client_credentials");
    assert.equal(form.get("audience"), "https://fleet-api.prd.na.vn.cloud.tesla.com");
    assert.equal(
      register?.url,
      "https://fleet-api.prd.na.vn.cloud.tesla.com/api/1/partner_accounts",
    );
    assert.equal(register.init?.body, '{"domain":"tesla.example.net"}');
  });

  it("says of a vehicle what it has taken", async () => {
    assert.deepEqual(await api.configOf(vin, "owner"), { synced: true, keyPaired: false });
    assert.deepEqual(await api.errorsOf(vin, "owner"), []);
  });

  it("gives Tesla's words where it refuses", async () => {
    const refusing = new FleetApi(tesla, "secret", () =>
      Promise.resolve(new Response('{"error":"invalid_client"}', { status: 401 })),
    );
    await assert.rejects(refusing.register(), /fleet-auth.* answers 401: .*invalid_client/);
  });
});

describe("a push", () => {
  const [root = ""] = rootCertificates;
  /** A cluster in which the Job ends so. */
  function cluster(printed: string) {
    const calls: { readonly args: string; readonly stdin: string }[] = [];
    return {
      calls,
      run: (_: "kubectl" | "helm", args: readonly string[], stdin = "") => {
        const text = args.join(" ");
        calls.push({ args: text, stdin });
        const stdout = text.includes("get secret")
          ? Buffer.from(root).toString("base64")
          : text.includes("create") && stdin.includes('"Job"')
            ? '{"metadata":{"uid":"uid-1"}}'
            : text.includes("logs")
              ? printed
              : "";
        return Promise.resolve({ ok: true, stdout, stderr: "" });
      },
    };
  }
  const args = { tesla, privateKey: keyPair.privateKey, accessToken: "token-canary" };

  it("makes the Job and its Secret, deletes both, and remembers what vehicles know", async () => {
    const { run, calls } = cluster(answered({}));
    await push(run, args);
    assert.deepEqual(
      calls.map(({ args: text }) => text.replace("-n tesla ", "").split(" ").slice(0, 2).join(" ")),
      [
        "get secret",
        "delete job,secret",
        "create -f",
        "create -f",
        "wait job/tesla-push",
        "logs job/tesla-push",
        "delete job,secret",
        "apply -f",
      ],
    );
    assert.match(calls[3]?.stdin ?? "", /"uid":"uid-1"/);
    assert.match(calls.at(-1)?.stdin ?? "", /tesla-pushed/);
    assert.ok(!calls.some(({ args: text }) => /canary|PRIVATE/.test(text)));
  });

  it("forgets its secrets, and remembers nothing, where Tesla refuses", async () => {
    const { run, calls } = cluster('{"error":"no"}\n403');
    await assert.rejects(push(run, args), /answers 403/);
    assert.match(calls.at(-1)?.args ?? "", /delete job,secret tesla-push/);
  });

  it("is not begun with a key that vehicles do not know", async () => {
    const { run, calls } = cluster("");
    await assert.rejects(push(run, { ...args, privateKey: "x" }), /prime256v1/);
    assert.deepEqual(calls, []);
  });
});
