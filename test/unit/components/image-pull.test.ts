import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentImage, pullProblem } from "../../../components/network/image-pull.ts";
import { machineRoot, runScript } from "./machine-script.ts";

describe("the image of Cilium's next agents", () => {
  const nodes = ["stone", "tank", "vault"].map((address) => ({ address }));
  const image = agentImage("1.19.7");

  it("is fetched by all nodes side by side, and one that cannot keeps all agents as they are", async () => {
    let running = 0;
    const asked: string[] = [];
    const all = Promise.withResolvers<undefined>();
    const problem = await pullProblem(image, nodes, async (address) => {
      asked.push(address);
      running += 1;
      if (running === nodes.length) all.resolve(undefined);
      await all.promise;
      if (address === "tank") throw new Error("tank cannot fetch it: 429 Too Many Requests");
      return "";
    });
    assert.deepEqual(asked, ["stone", "tank", "vault"]);
    assert.match(problem ?? "", /^tank cannot fetch it: 429 .*nothing was changed/);
    assert.equal(await pullProblem(image, nodes, () => Promise.resolve("")), undefined);
  });

  it("comes by containerd's own settings of the node, whose words a person reads where it does not", async () => {
    const root = machineRoot();
    try {
      mkdirSync(join(root, "run/lock"));
      const crictl = (text: string): void => {
        writeFileSync(join(root, "usr/local/bin/crictl"), `#!/bin/bash\n${text}\n`, {
          mode: 0o755,
        });
      };
      const df = "#!/bin/sh\necho Avail\necho 4096\n";
      writeFileSync(join(root, "usr/local/bin/df"), df, { mode: 0o755 });
      let script = "";
      await pullProblem(image, [{ address: "stone" }], (_, input) => {
        script = input;
        return Promise.resolve("");
      });
      crictl(`echo "$CRI_CONFIG_FILE $*" >${root}/called`);
      const { code, stderr } = await runScript(root, script, {});
      assert.equal(code, 0, stderr);
      assert.equal(
        readFileSync(join(root, "called"), "utf8").trim().replace(root, ""),
        "/var/lib/rancher/rke2/agent/etc/crictl.yaml pull quay.io/cilium/cilium:v1.19.7",
      );
      crictl("echo 'E pull' >&2; echo 'failed to resolve: 429' >&2; exit 1");
      const failed = await runScript(root, script, {});
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /cannot fetch quay\.io\S+: failed to resolve: 429/);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
