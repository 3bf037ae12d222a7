import assert from "node:assert/strict";
import { unreadyNodes } from "../../../components/network/nodes-ready.ts";
import { NoConnection } from "../../../components/remote/ssh.ts";

const nodes = [
  { name: "stone", address: "192.168.1.21", role: "server" },
  { name: "tank", address: "192.168.1.22", role: "server" },
  { name: "vault", address: "192.168.1.24", role: "agent" },
] as const;

describe("an update of a DaemonSet that is waited for", () => {
  it("is refused while a node is not Ready, for its pod there would be waited for in vain", async () => {
    const problem = await unreadyNodes(nodes, () => Promise.resolve("vault "));
    assert.match(problem ?? "", /not Ready: vault\. Its new pod there would be waited for in vain/);
    assert.equal(await unreadyNodes(nodes, () => Promise.resolve("")), undefined);
  });

  it("asks the first server that answers, and no agent", async () => {
    const asked: string[] = [];
    const answer = await unreadyNodes(nodes, (address) => {
      asked.push(address);
      return Promise.reject(new NoConnection("no route to host"));
    });
    assert.equal(answer, undefined);
    assert.deepEqual(asked, ["192.168.1.21", "192.168.1.22"]);
  });
});
