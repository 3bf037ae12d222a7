/**
 * `npm run forget-host -- --stack home --host stone`: takes what lay on a Proxmox host that is lost for good out of the
 * stack's state, so that the next `up` asks it for nothing and takes its machines out of cluster, etcd and tailnet; and lets
 * their pods start elsewhere. Changes nothing while anything stands against it, and says what.
 */
import { proxmoxApi } from "../components/proxmox/proxmox-api.ts";
import { without } from "./departure/forget.ts";
import { withCluster } from "../stacks/doctor/cluster.ts";
import { machinesLost, objections, readHost, wentWith } from "./lost-host/judge.ts";
import { markOutOfService } from "./lost-host/out-of-service.ts";
import { main, say, selectStack, stackCommand, withRepair } from "./site-stack.ts";
import { proxmoxOf, soundSite } from "./sound-site.ts";
import { nameOf, readState } from "./state.ts";

const command = stackCommand("forget-host", "forget a Proxmox host that is lost for good")
  .requiredOption("--host <name>", "name of the Proxmox node, for example stone")
  .parse();
const { stack: name, host } = command.opts<{ stack: string; host: string }>();

await main(async () => {
  const stack = await selectStack(name);
  const site = await soundSite(stack, name);
  const api = proxmoxApi(await proxmoxOf(site));
  const inForce = await readHost(api, host);
  const against = objections(host, site.config, inForce);
  if (against.length > 0)
    throw new Error(
      [`${host} is not forgotten yet:`, ...against.map((one) => `  ${one}`)].join("\n"),
    );
  await withRepair(stack, async () => {
    const { deployment, resources } = await readState(stack);
    const isGone = wentWith(host, inForce);
    const gone = resources.filter(isGone);
    const { kubeconfig } = site;
    const left = machinesLost(resources, isGone);
    if (kubeconfig !== undefined)
      await withCluster(kubeconfig, (run) => markOutOfService(left, run, say));
    for (const one of gone) say(`forgotten: ${nameOf(one)}`);
    if (gone.length > 0) await stack.importStack(without(deployment, isGone));
    say(
      gone.length === 0
        ? `the state of ${name} has nothing on ${host}`
        : `${host}: ${gone.length} resources are forgotten. Next: npm run up -- --stack ${name}, which takes its machines out ` +
            "of cluster, etcd and tailnet; then npm run doctor",
    );
  });
});
