import assert from "node:assert/strict";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import type { ReachedMachine } from "../../../components/machine.ts";
import { deployApps } from "../../../stacks/apps/deploy.ts";
import { gatewayPlans, judged } from "../../../stacks/parts/gateway/plans.ts";
import { siteSecrets } from "../../../stacks/schema.ts";
import { record, type Recording } from "../../recorder.ts";
import { at } from "../components/at.ts";
import { fakeSecrets } from "../site-deps.ts";
import { homeConfig, problemsAfter, type Changes } from "./sample.ts";

const edit = {
  "gateway.internal": { enabled: true, address: "100.101.102.103" },
  "apps.status": {
    image: "ghcr.io/nginxinc/nginx-unprivileged",
    version: "1.29.4-alpine",
    expose: [{ host: "status.home.arpa", to: "tailnet" }],
  },
};

/** Home's applications after changes, on a cluster that stands. */
async function deployed(changes: Changes): Promise<Recording> {
  const recording = await record("home");
  const config = homeConfig(changes);
  const kubernetes = new Kubernetes("kubernetes");
  const machine = { connection: {}, reached: kubernetes } as unknown as ReachedMachine;
  const { gateway = assert.fail("no gateway") } = config;
  deployApps(
    { name: "home", config, secrets: fakeSecrets(siteSecrets(config)) },
    { nodes: [machine] },
    {
      running: { ready: kubernetes, kubernetes },
      gateways: {
        ready: kubernetes,
        plans: gatewayPlans(gateway, judged(gateway, config.certificates)),
      },
    },
  );
  return recording.settled();
}

describe("the page of the site's status in its cluster", () => {
  let made: Recording;
  before(async () => {
    made = await deployed(edit);
  });
  const html = (): string => {
    const { data } = made.get("status-files").shown as { data: Record<string, string> };
    return data["index.html"] ?? "";
  };

  it("is off unless a site asks for it", () => {
    assert.equal(homeConfig().apps.status, undefined);
    assert.deepEqual(problemsAfter(edit), []);
  });

  it("is a file that the web server's pods have, and no secret", () => {
    assert.match(html(), /^<!doctype html>.*>proxmox-vault</s);
    assert.doesNotMatch(html(), /value-of-|op:\/\//);
    const pod = at(made.get("status-deployment").plain, "spec.template.spec") as object;
    assert.deepEqual(at(pod, "volumes[1]"), { name: "files", configMap: { name: "status-files" } });
    assert.deepEqual(at(pod, "containers[0].volumeMounts[1]"), {
      ...{ name: "files", mountPath: "/usr/share/nginx/html", readOnly: true },
    });
  });

  it("is reached at the gateway of the tailnet and by no other", () => {
    const routes = made.resources.filter(
      ({ plain }) => at(plain, "metadata.namespace") === "status" && at(plain, "spec.parentRefs"),
    );
    assert.deepEqual(
      routes.map(({ plain }) => [
        at(plain, "spec.parentRefs[0].name"),
        at(plain, "spec.hostnames"),
      ]),
      [["internal", ["status.home.arpa"]]],
    );
  });

  it("says when it was written and by whom, and changes only with what it shows", async () => {
    assert.match(
      html(),
      /How the site is set up, written on \d{4}-\d\d-\d\d \d\d:\d\d UTC by npm run up/,
    );
    const written = (recording: Recording) =>
      recording.resources.find(({ name }) => name.startsWith("status-written-"));
    assert.deepEqual(written(made)?.options.ignoreChanges, ["input"]);
    const again = await deployed(edit);
    assert.equal(written(again)?.name, written(made)?.name);
    const other = await deployed({ ...edit, "apps.typeo.version": "v0.0.5" });
    assert.notEqual(written(other)?.name, written(made)?.name);
  });
});
