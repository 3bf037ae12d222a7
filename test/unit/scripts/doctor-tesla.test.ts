import assert from "node:assert/strict";
import { rootCertificates } from "node:tls";
import { digest } from "../../../components/digest.ts";
import { certificatesIn } from "../../../components/tesla/chain.ts";
import {
  judgeForward,
  judgePush,
  judgeServer,
  lastPush,
  teslaChecks,
  teslaPushChecks,
} from "../../../stacks/parts/tesla/doctor.ts";
import { pushBody } from "../../../stacks/parts/tesla/fleet.ts";
import { pushedNow } from "../../../stacks/parts/tesla/pushed.ts";
import { homeConfig } from "../stacks/sample.ts";
import { keyPair, teslaSite } from "../stacks/tesla-site.ts";
import { said } from "./said.ts";

const config = homeConfig(teslaSite());
const tesla = config.tesla ?? assert.fail();
const [one = "", other = ""] = rootCertificates;
const [before, after] = [certificatesIn(one), certificatesIn(other)];
const at = new Date("2026-11-29T16:00:00Z");
const examined = {
  ...{ name: "home", config, isUp: true, existing: [], ids: new Set<string>() },
  known: new Map([["homelab:tesla.key.privateKey", keyPair.privateKey]]),
};

describe("the doctor at Tesla's telemetry", () => {
  it("asks nothing of a site without it, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(teslaChecks({ ...examined, config: homeConfig() }), []);
    assert.deepEqual(teslaChecks({ ...examined, isUp: false }), []);
    assert.deepEqual(teslaPushChecks({ ...examined, isUp: false }, run), []);
  });

  it("looks at the address and past the router, and holds the key that is shown against the private one", async () => {
    const asked: string[] = [];
    const found = async (text: string, status = 200) =>
      said(
        (
          await Promise.all(
            teslaChecks(examined, {
              shake: ({ at: host, port, name = "" }) => {
                asked.push(`${host}:${port} ${name}`);
                return Promise.resolve({ certificate: { ends: "2027-01-01T00:00:00Z" } });
              },
              fetch: () => Promise.resolve({ status, text, clock: undefined }),
            }).map(({ run }) => run()),
          )
        ).flat(),
      );
    assert.ok(!/error|warning/.test(await found(keyPair.publicKey)));
    assert.deepEqual(asked, [
      "10.96.0.83:443 telemetry.example.net",
      "203.0.114.7:443 telemetry.example.net",
    ]);
    assert.match(await found("another"), /shows another key than the private one's/);
    assert.match(await found("", 404), /answers 404/);
  });

  it("takes silence from inside for what it may be, and another server for what it is", () => {
    const silent = judgeForward(tesla, new Error("no answer within 10 s"));
    assert.equal(silent.severity, "warning");
    assert.match(silent.remedy, /forward TCP 443 on the router to 10\.96\.0\.83:443.*phone/);
    const other = { certificate: { ends: "2027-01-01T00:00:00Z", fault: "Host: x" } };
    assert.match(said([judgeForward(tesla, other)]), /^error: .*another server/);
    assert.match(
      said([judgeServer(tesla, new Error("refused"))]),
      /^error: .*does not answer: refused/,
    );
    assert.match(said([judgeServer(tesla, other)]), /^error: .*vehicles refuse/);
  });

  it("knows when vehicles have to be told anew, and why", () => {
    const now = pushedNow(tesla, before, at);
    const judged = (last: typeof now | undefined) => said(judgePush("home", last, now));
    assert.match(judged(now), /^ok: .*was pushed on 2026-11-29T16:00:00\.000Z and holds/);
    assert.match(judged(undefined), /^warning: .*never told/);
    assert.equal(
      judgePush("home", undefined, now)[0]?.remedy,
      "npm run tesla -- push --stack home",
    );
    assert.match(judged(pushedNow(tesla, after, at)), /other authorities than vehicles trust/);
    const faster = homeConfig(teslaSite({ signals: { Soc: { everySeconds: 60 } } })).tesla;
    assert.match(judged(pushedNow(faster ?? assert.fail(), before, at)), /signals, name, port/);
    assert.match(judged({ ...now, vehicles: [] }), /1 of the vehicles were never told/);
  });

  it("wants a push for each thing that vehicles are told, and not only for signals", () => {
    const { ca, ...told } = pushBody(tesla, "authorities").config;
    assert.equal(ca, "authorities");
    assert.equal(pushedNow(tesla, before, at).config, digest(JSON.stringify(told)));
  });

  it("reads what a push has left", async () => {
    const now = pushedNow(tesla, before, at);
    const run = (stdout: string) => () => Promise.resolve({ ok: true, stdout, stderr: "" });
    assert.equal(await lastPush(run("")), undefined);
    assert.deepEqual(await lastPush(run(JSON.stringify(now))), now);
  });
});
