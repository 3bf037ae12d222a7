/** `npm start`: everything from nothing to a running site in the lab. Run again, it changes nothing. */
import { setTimeout as delay } from "node:timers/promises";
import { ensurePackages } from "../toolchain/debian.ts";
import { Progress } from "../toolchain/progress.ts";
import { ensureTools } from "../toolchain/tools.ts";
import { runInLab, startLab } from "./lab.ts";
import { bgpTable, nodeTable, type BgpNodeConfig, type NodeObject } from "./shell/summary.ts";

const stack = "home";
const sessionPatience = 60_000;

async function list<T>(resource: string): Promise<T[]> {
  const command = ["kubectl", "--context", stack, "get", resource, "-o", "json"];
  const { code, stdout, stderr } = await runInLab(command, { stdio: "capture" });
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { items: T[] }).items;
}

/** Waits until every node's peers are established: the router is configured from the stack's output after `up`. */
async function establishedSessions(nodes: number): Promise<BgpNodeConfig[]> {
  const deadline = Date.now() + sessionPatience;
  for (;;) {
    const configs = await list<BgpNodeConfig>("ciliumbgpnodeconfigs");
    const peers = configs.flatMap(({ status }) =>
      (status?.bgpInstances ?? []).flatMap((instance) => instance.peers ?? []),
    );
    const up = peers.filter(({ peeringState }) => peeringState === "established").length;
    if (up >= nodes && up === peers.length) return configs;
    if (Date.now() > deadline) {
      throw new Error(
        `${up} of ${nodes} BGP sessions are established after ${sessionPatience / 1000} s; look at ` +
          "`npm run lab -- status` and at .lab/logs",
      );
    }
    await delay(500);
  }
}

const progress = new Progress(4);
try {
  await progress.step("Debian packages", ensurePackages);
  const tools = await progress.step("tools", ensureTools);
  await progress.step("lab: networks, routers, Proxmox hosts, mirrors", async (report) =>
    startLab({ tools, log: report }),
  );
  process.stderr.write(`pulumi up of ${stack}, inside the lab:\n`);
  const up = await runInLab(["node", "scripts/up.ts", "--stack", stack], { stdio: "inherit" });
  if (up.code !== 0)
    throw new Error("pulumi up did not finish; mend what it says and run npm start again");
  const nodes = await list<NodeObject>("nodes");
  const sessions = await progress.step("BGP sessions", () => establishedSessions(nodes.length));
  process.stdout.write(`
${nodeTable(nodes)}

${bgpTable(sessions, new Date())}

The site ${stack} is up, after ${progress.elapsed}. Next:
  npm run lab -- shell                    a shell inside the lab: pulumi, kubectl, helm, ssh, curl
  npm run lab -- shell -- kubectl get nodes
  npm run lab -- visit -- curl -i https://typeo.example.net/     as somebody on the internet
  npm run lab -- status                   machines, services, faults in force
  npm run lab -- stop | start | reset
  npm run up | preview | destroy -- --stack ${stack}
`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
