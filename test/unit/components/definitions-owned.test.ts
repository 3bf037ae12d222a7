import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { setParameters } from "../../../components/definitions/definition-set.ts";
import { rke2Script } from "../../../components/rke2/scripts.ts";
import { scriptText } from "../../../components/remote/shell.ts";
import { ApiServer } from "./api-server.ts";
import { serverRoot, runScript } from "./machine-script.ts";

const kind = "things.example.net";

/** A kind with these fields, in the group that the program owns or in one that a chart brings and marks as kept. */
const definition = (fields: readonly string[], group = "example.net"): string =>
  stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `things.${group}`,
      annotations: group === "example.net" ? {} : { "helm.sh/resource-policy": "keep" },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: "Thing", listKind: "ThingList", plural: "things", singular: "thing" },
      versions: [{ name: "v1", served: true, storage: true, schema: schema(fields) }],
    },
  });

const schema = (fields: readonly string[]): object => {
  const properties = Object.fromEntries(fields.map((field) => [field, { type: "string" }]));
  return {
    openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } },
  };
};

const thing = (
  name: string,
  spec: Readonly<Record<string, string>>,
  group = "example.net",
): string =>
  stringify({
    ...{ apiVersion: `${group}/v1`, kind: "Thing" },
    metadata: { name, namespace: "default" },
    spec,
  });

describe("kinds that the program owns, at a real API", function () {
  this.timeout(240_000);

  const api = new ApiServer();
  let root: string;
  before(async () => {
    await api.start();
    root = serverRoot(api.kubeconfig);
    // The machine's curl gets the file that lies beside it, and its kubectl is the real one.
    const curl = join(root, "usr/local/bin/curl");
    writeFileSync(
      curl,
      `#!/bin/bash\nwhile (($# > 1)); do if [[ $1 == -o ]]; then cp '${root}/published' "$2"; fi; shift; done\n`,
    );
    chmodSync(curl, 0o755);
  });
  after(async () => {
    await api.stop();
    rmSync(root, { recursive: true });
  });

  /** Runs the program's step with the kind as it is published. */
  async function step(published: string): Promise<void> {
    writeFileSync(join(root, "published"), published);
    const script =
      rke2Script +
      scriptText(new URL("../../../components/definitions/x.ts", import.meta.url).href, "apply.sh");
    const sha256 = createHash("sha256").update(published).digest("hex");
    const files = [{ url: "https://example.net/things.yaml", sha256 }];
    const set = { name: "things", title: "Things", files, serves: { [kind]: ["v1"] } };
    const { code, stderr } = await runScript(root, script, setParameters(set));
    assert.equal(code, 0, stderr);
  }

  /** Installs or upgrades a release of a chart with these templates, as the provider's Helm does. */
  async function release(
    version: string,
    templates: Readonly<Record<string, string>>,
    name = "shop",
  ) {
    const chart = join(root, `${name}-${version}`);
    mkdirSync(join(chart, "templates"), { recursive: true });
    writeFileSync(
      join(chart, "Chart.yaml"),
      stringify({ apiVersion: "v2", name: "shop", version }),
    );
    for (const [file, content] of Object.entries(templates))
      writeFileSync(join(chart, "templates", file), content);
    return api.run("helm", ["upgrade", "--install", name, chart, "--wait", "--timeout", "60s"]);
  }

  async function expectWell(ended: ReturnType<ApiServer["run"]>): Promise<string> {
    const { code, output } = await ended;
    assert.equal(code, 0, output);
    return output;
  }

  const kubectl = (...args: readonly string[]): Promise<string> =>
    expectWell(api.run("kubectl", args));
  const spec = async (name: string): Promise<unknown> =>
    (parse(await kubectl("get", "thing", name, "-o", "yaml")) as { spec: unknown }).spec;

  const upgraded = { "thing.yaml": thing("shops", { size: "small", colour: "red" }) };

  it("were a chart's, which does not know a field of its next version yet", async () => {
    await expectWell(release("1.0.0", { "kind.yaml": definition(["size"]) }));
    await kubectl("wait", "--for=condition=Established", `crd/${kind}`);
    await expectWell(
      api.run("kubectl", ["apply", "-f", "-"], thing("somebodys", { size: "large" })),
    );
    const { code, output } = await api.run(
      "kubectl",
      ["create", "--validate=strict", "-f", "-"],
      upgraded["thing.yaml"],
    );
    assert.notEqual(code, 0);
    assert.match(output, /unknown field "spec\.colour"/);
  });

  it("have a chart's new field before the release sets it, in the same run", async () => {
    await step(definition(["size", "colour"]));
    await api.until(
      "kubectl",
      ["create", "--dry-run=server", "--validate=strict", "-f", "-"],
      upgraded["thing.yaml"],
    );
    await expectWell(release("2.0.0", upgraded));
    assert.deepEqual(await spec("shops"), { size: "small", colour: "red" });
  });

  it("are left by the upgrade of a chart that had brought them, with everybody's objects", async () => {
    assert.deepEqual(await spec("somebodys"), { size: "large" });
    const managers = await kubectl("get", "crd", kind, "--show-managed-fields", "-o", "yaml");
    assert.match(managers, /manager: homelab\n/);
  });

  it("get a later field, and lose one that is no longer there, at the next version", async () => {
    await step(definition(["size", "shape"]));
    const next = thing("shops", { shape: "round" });
    await api.until(
      "kubectl",
      ["replace", "--dry-run=server", "--validate=strict", "-f", "-"],
      next,
    );
    await expectWell(release("3.0.0", { "thing.yaml": next }));
    assert.deepEqual(await spec("shops"), { shape: "round" });
  });

  it("stay when the release goes, and so does what others made of them", async () => {
    await expectWell(api.run("helm", ["uninstall", "shop", "--wait"]));
    assert.equal(
      (await kubectl("get", "things", "-o", "name")).trim(),
      "thing.example.net/somebodys",
    );
    assert.deepEqual(await spec("somebodys"), { size: "large" });
  });

  it("are left to a chart that marks its own as kept: raised by its upgrade, and taken up again", async () => {
    const group = "chart.example.net";
    const kinds = (...fields: readonly string[]) => ({ "kind.yaml": definition(fields, group) });
    await expectWell(release("1.0.0", kinds("size"), "kept"));
    await kubectl("wait", "--for=condition=Established", `crd/things.${group}`);
    await expectWell(release("2.0.0", kinds("size", "colour"), "kept"));
    const made = thing("mine", { colour: "red" }, group);
    await api.until("kubectl", ["create", "--validate=strict", "-f", "-"], made);
    await expectWell(api.run("helm", ["uninstall", "kept", "--wait"]));
    const path = "jsonpath={.spec.colour}";
    assert.equal(await kubectl("get", `things.${group}`, "mine", "-o", path), "red");
    const other = await release("2.0.0", kinds("size", "colour"), "other");
    assert.match(other.output, /must equal "other": current value is "kept"/);
    await expectWell(release("3.0.0", kinds("size", "colour", "shape"), "kept"));
  });
});
