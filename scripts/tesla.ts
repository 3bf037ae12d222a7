/**
 * `npm run tesla -- push|register|status --stack home`: what Tesla and its vehicles are told from outside of the cluster. `register`
 * makes the application's domain known to Tesla, once; `push` tells vehicles where to stream and what, by a Job in the cluster;
 * `status` asks Tesla whether they have taken it. docs/apps/tesla.md goes the whole way.
 */
import { Argument } from "commander";
import { withCluster } from "../stacks/doctor/cluster.ts";
import { knownSecrets } from "../stacks/parts/secrets/doctor.ts";
import type { TeslaConfig } from "../stacks/parts/tesla/schema.ts";
import type { Site } from "./doctor/site.ts";
import { main, say, selectStack, stackCommand } from "./site-stack.ts";
import { soundSite } from "./sound-site.ts";
import { FleetApi } from "./tesla/fleet-api.ts";
import { ownersToken } from "./tesla/login.ts";
import { push } from "./tesla/push.ts";

const command = stackCommand("tesla", "tell Tesla and its vehicles of the site's telemetry")
  .addArgument(new Argument("<what>").choices(["push", "register", "status"]))
  .parse();
const { stack: name } = command.opts<{ stack: string }>();

/** A secret of the section, as it is kept. Throws with why it cannot be read. */
async function secretOf(site: Site, path: string): Promise<string> {
  const { known, findings } = await knownSecrets(site);
  const found = known.get(path);
  if (found !== undefined) return found;
  const why = findings.find(({ subject }) => subject === `secret ${path}`)?.text ?? "is not known";
  throw new Error(`${path}: ${why}`);
}

async function apiOf(site: Site, tesla: TeslaConfig): Promise<FleetApi> {
  return new FleetApi(tesla, await secretOf(site, "homelab:tesla.client.secret"));
}

async function register(site: Site, tesla: TeslaConfig): Promise<void> {
  const api = await apiOf(site, tesla);
  await api.register();
  say(`Tesla knows ${tesla.key.hostname} in the region ${tesla.client.region}`);
  say(
    `now pair each vehicle: open https://tesla.com/_ak/${tesla.key.hostname} on its owner's phone`,
  );
}

async function pushNow(site: Site, tesla: TeslaConfig): Promise<void> {
  const { kubeconfig } = site;
  if (kubeconfig === undefined)
    throw new Error(`${name} has not been brought up: npm run up -- --stack ${name} first`);
  const privateKey = await secretOf(site, "homelab:tesla.key.privateKey");
  const accessToken = await ownersToken(await apiOf(site, tesla), tesla);
  await withCluster(kubeconfig, (run) => push(run, { tesla, privateKey, accessToken }));
  say(
    `${Object.keys(tesla.vehicles).join(", ")}: told; npm run tesla -- status --stack ${name} says when they have taken it`,
  );
}

async function status(site: Site, tesla: TeslaConfig): Promise<void> {
  const api = await apiOf(site, tesla);
  const token = await ownersToken(api, tesla);
  for (const [vehicle, vin] of Object.entries(tesla.vehicles)) {
    const { synced, keyPaired } = await api.configOf(vin, token);
    const words = [
      synced
        ? "has taken what was pushed"
        : "has not taken it yet: it does when it is awake and online",
      ...(keyPaired ? [] : [`lacks the virtual key: https://tesla.com/_ak/${tesla.key.hostname}`]),
    ];
    say(`${vehicle}: ${words.join("; ")}`);
    for (const error of await api.errorsOf(vin, token)) say(`  it says: ${error}`);
  }
}

await main(async () => {
  const site = await soundSite(await selectStack(name, { existing: true }), name);
  const { tesla } = site.config;
  if (tesla === undefined)
    throw new Error(`${name} has no homelab:tesla; docs/apps/tesla.md says how to begin`);
  const [what = ""] = command.args;
  await ({ push: pushNow, register, status }[what] ?? status)(site, tesla);
});
