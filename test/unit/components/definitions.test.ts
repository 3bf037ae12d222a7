import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import {
  setParameters,
  type DefinitionSet,
} from "../../../components/definitions/definition-set.ts";
import {
  envoyGateway,
  envoyGatewayVersions,
} from "../../../components/definitions/envoy-gateway.ts";
import { gatewayApi, gatewayApiVersions } from "../../../components/definitions/gateway-api.ts";
import { strimzi, strimziVersions } from "../../../components/definitions/kafka.ts";
import { connectVersions, onePassword } from "../../../components/definitions/one-password.ts";
import {
  barmanCloud,
  barmanCloudVersions,
  cloudNativePg,
  cloudNativePgVersions,
} from "../../../components/definitions/postgres.ts";
import { dragonflyOperator, dragonflyVersions } from "../../../components/definitions/redis.ts";
import {
  tailscaleOperator,
  tailscaleOperatorVersions,
} from "../../../components/definitions/tailscale.ts";
import { volsync, volsyncVersions } from "../../../components/definitions/volsync.ts";
import { rke2Script } from "../../../components/rke2/scripts.ts";
import { scriptText } from "../../../components/remote/shell.ts";
import { ensureRepositories } from "../../../toolchain/repositories.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

const sets: readonly DefinitionSet[] = [
  ...gatewayApiVersions.map(gatewayApi),
  ...envoyGatewayVersions.map(envoyGateway),
  ...connectVersions.map(onePassword),
  ...tailscaleOperatorVersions.map(tailscaleOperator),
  ...cloudNativePgVersions.map(cloudNativePg),
  ...barmanCloudVersions.map(barmanCloud),
  ...volsyncVersions.map(volsync),
  ...dragonflyVersions.map(dragonflyOperator),
  ...strimziVersions.map(strimzi),
];
const sha256 = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

interface Definition {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly versions: readonly { name: string; served: boolean }[] };
}

describe("the pinned definitions", () => {
  for (const set of sets) {
    it(`of ${set.title} are the files of the repository at its tag`, async () => {
      const repositories = await ensureRepositories();
      const served = new Map<string, readonly string[]>();
      for (const { url, sha256: pinned } of set.files) {
        const file = join(repositories, new URL(url).pathname);
        const content = readFileSync(file);
        assert.equal(sha256(content), pinned, url);
        for (const document of parseAllDocuments(content.toString())) {
          const { kind, metadata, spec } = document.toJS() as Definition;
          if (kind !== "CustomResourceDefinition") continue;
          const names = spec.versions.filter((version) => version.served).map(({ name }) => name);
          served.set(metadata.name, names);
        }
      }
      assert.deepEqual([...served.keys()].sort(), Object.keys(set.serves).sort());
      for (const [definition, versions] of Object.entries(set.serves))
        for (const version of versions)
          assert.ok(served.get(definition)?.includes(version), `${definition} ${version}`);
    });
  }
});

/** curl out of a folder of files by address, and kubectl over a folder of what is in the cluster. */
const curl = String.raw`#!/bin/bash
while (($# > 0)); do if [[ $1 == -o ]]; then out=$2; shift; fi; url=$1; shift; done
cp "ROOT/internet/$(basename "$url")" "$out"
`;
const kubectl = String.raw`#!/bin/bash
while [[ $1 == --* ]]; do if [[ $1 == --kubeconfig ]]; then shift; fi; shift; done
echo "$*" >>ROOT/calls
case "$*" in
  "get --raw /readyz") ;;
  apply*)
    if [[ -e ROOT/busy ]]; then rm ROOT/busy; echo "Error from server (Timeout): Timeout: request did not complete" >&2; exit 1; fi
    if [[ -e ROOT/refusal ]]; then cat ROOT/refusal >&2; exit 1; fi
    cat "\${@: -1}" >>ROOT/applied ;;
  annotate*) for one; do [[ $one != --filename=* ]] || sed "s/$/ # kept/" "\${one#*=}"; done ;;
  wait*) [[ ! -e ROOT/slow ]] ;;
  "get crd "*custom-columns*) for one in $3 $4; do [[ $one == -* ]] || echo "$one   v1,v1beta1"; done ;;
  "get crd things"*) echo "NamesAccepted=False the kind is taken by others.example.net " ;;
  "get crd "*) echo "Established=True" ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;

describe("the step that applies definitions", () => {
  const script =
    rke2Script +
    scriptText(new URL("../../../components/definitions/x.ts", import.meta.url).href, "apply.sh");
  const [first, second] = ["kind: A\n", "kind: B\n"];
  const marked = "kind: A # kept\nkind: B # kept\n";
  let root: string;

  beforeEach(() => {
    root = machineRoot();
    for (const folder of ["internet", "run/lock"])
      mkdirSync(join(root, folder), { recursive: true });
    const tool = (name: string, text: string): void => {
      writeFileSync(join(root, "usr/local/bin", name), text.replaceAll("ROOT", root), {
        mode: 0o755,
      });
    };
    tool("curl", curl);
    tool("kubectl", kubectl.replaceAll("\\$", "$"));
    writeFileSync(join(root, "internet/b.yaml"), first);
    writeFileSync(join(root, "internet/a.yaml"), second);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const apply = (changes: Partial<DefinitionSet> = {}, text = script): Promise<ScriptRun> =>
    runScript(
      root,
      text,
      setParameters({
        name: "things",
        title: "Things v1",
        files: [
          { url: "https://example.net/things/b.yaml", sha256: sha256(first) },
          { url: "https://example.net/things/a.yaml", sha256: sha256(second) },
        ],
        serves: { "things.example.net": ["v1"] },
        ...changes,
      }),
    );
  const calls = (): string => readFileSync(join(root, "calls"), "utf8");

  it("applies the files in their order, as their owner, and marks what Helm must leave", async () => {
    const { code, stderr } = await apply();
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(root, "applied"), "utf8"), marked);
    assert.match(calls(), /apply --server-side --force-conflicts --field-manager=homelab -f /);
    assert.match(calls(), /^annotate --local .* helm\.sh\/resource-policy=keep --output=yaml$/m);
  });

  it("applies nothing where a file is not the one that is pinned", async () => {
    writeFileSync(join(root, "internet/a.yaml"), "kind: C\n");
    const { code, stderr } = await apply();
    assert.equal(code, 1);
    assert.match(
      stderr,
      /a\.yaml is not the file that is pinned: .*Nothing of Things v1 was applied/,
    );
    assert.equal(existsSync(join(root, "applied")), false);
  });

  it("asks once more where a busy API took too long", async () => {
    writeFileSync(join(root, "busy"), "");
    const { code, stderr } = await apply();
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(root, "applied"), "utf8"), marked);
  });

  it("says why the API refuses", async () => {
    const text =
      "customresourcedefinition.apiextensions.k8s.io/x serverside-applied\nError: denied request: Installing CRDs with version before v1.5.0 is prohibited\n";
    writeFileSync(join(root, "refusal"), text);
    const { code, stderr } = await apply();
    assert.equal(code, 1);
    assert.match(stderr, /refuses Things v1: Error: denied request: Installing CRDs with version/);
  });

  it("asks for all of a set at once", async () => {
    const { code, stderr } = await apply({
      serves: { "others.example.net": ["v1"], "things.example.net": ["v1"] },
    });
    assert.equal(code, 0, stderr);
    const asked = calls()
      .split("\n")
      .filter((call) => !/^(annotate|apply|get --raw) ?/.test(call) && call !== "");
    assert.equal(asked.length, 2, asked.join("\n"));
  });

  it("says which definition is not established, and why", async () => {
    writeFileSync(join(root, "slow"), "");
    const impatient = script.replace("wait_until 240 established", "wait_until 0 established");
    const serves = { "others.example.net": ["v1"], "things.example.net": ["v1"] };
    const { code, stderr } = await apply({ serves }, impatient);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /does not establish all of Things v1: things\.example\.net: NamesAccepted=False the kind is taken/,
    );
  });

  it("fails where a version is not served that its users need", async () => {
    const { code, stderr } = await apply({ serves: { "things.example.net": ["v1", "v2"] } });
    assert.equal(code, 1);
    assert.match(stderr, /things\.example\.net of Things v1 does not serve v2 but v1, v1beta1/);
  });
});
