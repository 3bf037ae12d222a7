/** All checks of a site: which are due, and what each needs. */
import { cloudflareAccountOf, tailnetApiOf } from "./logins.ts";
import { cloudflareLeftovers } from "../departure/cloudflare.ts";
import { knownIds } from "../state.ts";
import { withCluster } from "../kubectl.ts";
import { connectorPlan } from "../../stacks/parts/tailnet/look.ts";
import { ask, tcpProblem } from "./ask.ts";
import { checkPeers, judgeRouterPort } from "./bgp.ts";
import { checkCapacity } from "./capacity.ts";
import { runChecks, type Check } from "./check.ts";
import { checkHostClocks, checkOwnClock } from "./clocks.ts";
import { checkCloudflareToken } from "./cloudflare-token.ts";
import { ok, problem, warning, type Finding } from "./finding.ts";
import { judgeCloudflareLeftovers, judgeTailnetLeftovers } from "./leftovers.ts";
import { checkMachine } from "./machines.ts";
import { checkNodes } from "./nodes.ts";
import { proxmoxApi } from "./proxmox-api.ts";
import { checkRights } from "./proxmox-rights.ts";
import { checkKubernetesApi, checkPort, checkProxmoxApi } from "./reach.ts";
import { releaseChecks } from "./releases.ts";
import { checkRoutes } from "./routes.ts";
import { knownSecrets, type Known } from "./secrets.ts";
import { existingMachines, type Site } from "./site.ts";
import { withMachines } from "./ssh.ts";
import { checkTailnetScopes, judgeConnector } from "./tailnet.ts";
import { checkZone } from "./zone.ts";

/** Looks at everything, side by side. */
export async function examine(site: Site): Promise<readonly Finding[]> {
  const { known, findings } = await knownSecrets(site);
  const [own, onMachines, inCluster] = await Promise.all([
    runChecks([
      ...basics(site),
      ...proxmox(site, known),
      ...releaseChecks(site.config),
      ...cloudflare(site, known),
      ...tailnet(site, known),
    ]),
    machines(site),
    cluster(site),
  ]);
  return [...stateOf(site), ...findings, ...own, ...onMachines, ...inCluster];
}

function stateOf({ name, state }: Site): readonly Finding[] {
  if (state.pending.length === 0) return [ok("state", `${state.resources.length} resources`)];
  const text = `${state.pending.length} operations of a run that was cut off are pending`;
  return [warning("state", text, `npm run up -- --stack ${name} settles them`)];
}

function basics({ config }: Site): readonly Check[] {
  return [
    { subject: "networks", run: () => checkRoutes(config) },
    {
      subject: "this workstation's clock",
      run: () => checkOwnClock(["https://github.com/", config.proxmox.image.url], ask),
    },
  ];
}

function proxmox(site: Site, known: Known): readonly Check[] {
  const { config } = site;
  const { endpoint, hosts, apiToken } = config.proxmox;
  const token =
    apiToken === undefined
      ? process.env["PROXMOX_VE_API_TOKEN"]
      : known.get("homelab:proxmox.apiToken");
  const reached: Check[] = [
    { subject: "Proxmox API", run: () => checkProxmoxApi("Proxmox API", endpoint) },
    ...hosts.flatMap(({ name, address }): Check[] => [
      {
        subject: `API of host ${name}`,
        run: () => checkProxmoxApi(`API of host ${name}`, `https://${address}:8006`),
      },
      {
        subject: `SSH of host ${name}`,
        run: () =>
          checkPort(
            `SSH of host ${name}`,
            address,
            22,
            "the program uploads cloud-init over SSH: docs/proxmox.md",
          ),
      },
    ]),
  ];
  if (token === undefined) {
    const missing = problem(
      "Proxmox token",
      "is not known",
      "set PROXMOX_VE_API_TOKEN, or homelab:proxmox.apiToken to where it is kept",
    );
    return [...reached, { subject: "Proxmox token", run: () => Promise.resolve([missing]) }];
  }
  const api = proxmoxApi(endpoint, token, ask);
  const there = new Set(existingMachines(site).map(({ name }) => name));
  const missing = config.machines.filter(({ name }) => !there.has(name));
  return [
    ...reached,
    { subject: "Proxmox token", run: () => checkRights(config, api) },
    { subject: "hosts and storages", run: () => checkCapacity(config, missing, api) },
    { subject: "clocks of the hosts", run: () => checkHostClocks(config, api) },
  ];
}

function cloudflare({ name, config, state }: Site, known: Known): readonly Check[] {
  const { edge } = config;
  const account = cloudflareAccountOf(config, known);
  if (edge === undefined) return [];
  if (account === undefined) return [blind("Cloudflare")];
  const ids = knownIds(state);
  return [
    { subject: "Cloudflare token", run: () => checkCloudflareToken(account, ask) },
    { subject: `zone ${edge.zone}`, run: () => checkZone(account, edge.zone, ask) },
    {
      subject: "Cloudflare, leftovers",
      run: async () => judgeCloudflareLeftovers(await cloudflareLeftovers(account, name), ids),
    },
  ];
}

function tailnet({ name, config, state, isUp }: Site, known: Known): readonly Check[] {
  const api = tailnetApiOf(config, known);
  if (config.tailnet === undefined) return [];
  if (api === undefined) return [blind("tailnet")];
  const plan = connectorPlan(config, config.tailnet);
  const names = config.machines.map((machine) => machine.name);
  const owner =
    config.tailnet.policy === undefined
      ? "the stack that owns the policy must list them under homelab:tailnet.policy.sites; then its npm run up. "
      : `npm run up -- --stack ${name} --refresh puts the policy back, whose autoApprovers cover them. `;
  const approve =
    "Routes that were advertised before are approved by hand: admin console > Machines > Edit route settings";
  return [
    { subject: "tailnet, scopes", run: () => checkTailnetScopes(api) },
    {
      subject: "tailnet, leftovers",
      run: async () => {
        const [devices, keys] = await Promise.all([api.devices(), api.keys()]);
        return judgeTailnetLeftovers(name, isUp ? names : [], devices, keys, knownIds(state));
      },
    },
    {
      subject: `Connector ${plan.name}`,
      run: async () =>
        isUp
          ? judgeConnector(name, plan, await api.routedDevices(), owner + approve)
          : [ok(`Connector ${plan.name}`, "was not made yet")],
    },
  ];
}

/** A service whose login could not be read. */
function blind(subject: string): Check {
  const reason = new Error("its login cannot be read (above)");
  return { subject, run: () => Promise.reject(reason) };
}

async function machines(site: Site): Promise<readonly Finding[]> {
  const existing = existingMachines(site);
  if (existing.length === 0) return [ok("machines", "none was made yet")];
  const { ssh } = site;
  if (ssh === undefined) {
    const text = "the stack has no key for them: its last run did not end";
    return [warning("machines", text, `npm run up -- --stack ${site.name}`)];
  }
  return withMachines(ssh, (run) =>
    runChecks(
      existing.map((machine) => ({
        subject: `machine ${machine.name}`,
        run: () => checkMachine(site.config, machine, run),
      })),
    ),
  );
}

async function cluster({ config, kubeconfig, isUp }: Site): Promise<readonly Finding[]> {
  const { bgp } = config.network;
  const router = {
    subject: `router ${bgp.routerAddress}`,
    run: () => tcpProblem(bgp.routerAddress, 179),
  };
  if (kubeconfig === undefined) {
    const sessions = isUp ? "missing" : "none yet";
    const port = await runChecks([
      { ...router, run: async () => [judgeRouterPort(bgp, await router.run(), sessions)] },
    ]);
    return isUp ? port : [...port, ok("cluster", "was not raised yet")];
  }
  return withCluster(kubeconfig, (run) =>
    runChecks([
      { subject: "Kubernetes API", run: () => checkKubernetesApi(kubeconfig, config.cluster.vip) },
      { subject: "nodes", run: () => checkNodes(config, run) },
      {
        subject: "BGP",
        run: async () => {
          const [reason, peers] = await Promise.all([router.run(), checkPeers(config, run)]);
          const established = peers.every(({ severity }) => severity === "ok");
          const sessions = established ? "established" : "missing";
          return [...peers, judgeRouterPort(bgp, reason, sessions)];
        },
      },
    ]),
  );
}
