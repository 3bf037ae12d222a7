/** Does from here what the departure step does on a machine, when that machine does not answer. */
import { samePolicy } from "../../components/tailnet/policy-document.ts";
import { isSitesService } from "../../components/tailnet/services.ts";
import { allTags } from "../../components/tailnet/tags.ts";
import type { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
import type { TailnetDevice } from "../../components/tailnet/tailscale-types.ts";
import { probeHostKey, type ProbeResult } from "../../components/remote/host-key-probe.ts";
import { plainInput, type StateResource } from "../state.ts";
import type { TailnetMemory } from "./accounts.ts";

const probeMs = 10_000;

/** Why the machine of a remote command does not answer on SSH; undefined when it does. */
export async function deadMachine(
  step: StateResource,
  probe: (host: string, port: number, timeoutMs: number) => Promise<ProbeResult> = probeHostKey,
): Promise<string | undefined> {
  const { host, port } = (plainInput(step, "connection") ?? {}) as {
    host?: unknown;
    port?: unknown;
  };
  if (typeof host !== "string") return `${step.urn} names no machine`;
  const result = await probe(host, typeof port === "number" ? port : 22, probeMs);
  return result.state === "ready" ? undefined : `${host}: ${result.reason}`;
}

type Api = Pick<
  TailscaleApi,
  | "devices"
  | "deleteDevice"
  | "services"
  | "deleteService"
  | "keys"
  | "deleteKey"
  | "policy"
  | "postPolicy"
>;

/** Puts the policy back unless somebody else wrote it since, and takes the site's devices, Services and keys out of the tailnet. */
export async function leaveTailnet(
  api: Api,
  site: string,
  { access, policy }: TailnetMemory,
  say: (text: string) => void,
): Promise<void> {
  const tags = new Set(allTags(site));
  const isOurs = (own: readonly string[]): boolean => own.some((tag) => tags.has(tag));
  const devices = await api.devices();
  // First: what comes after takes away what the API may be asked with.
  if (policy !== undefined) {
    const shared = devices.filter((device) => !isOurs(device.tags)).some(livesBy(policy));
    await restorePolicy(api, shared, policy, say);
  }
  for (const { id, name } of devices.filter((device) => isOurs(device.tags))) {
    await api.deleteDevice(id);
    say(`removed the device ${name} from the tailnet`);
  }
  // The operator takes its own with it, where it still runs; those of a cluster that is lost stay.
  for (const service of (await api.services()).filter((one) => isSitesService(one, [...tags]))) {
    await api.deleteService(service.name);
    say(`removed the Service ${service.name} from the tailnet`);
  }
  // OAuth clients are listed among the keys, with tags too: they are people's, or Pulumi's to delete.
  for (const { id, keyType, tags: given } of await api.keys()) {
    if (id === access.clientId || keyType !== "auth") continue;
    if (!isOurs(given)) continue;
    await api.deleteKey(id);
    say(`revoked the key ${id}, which the tailnet's operator had made`);
  }
}

/**
 * Whether others live by the policy too: devices of its other sites, and any with a tag that the policy before did not know,
 * so that under that one it would have no owner and its rules would be gone.
 */
const livesBy =
  ({ before, otherTags }: NonNullable<TailnetMemory["policy"]>) =>
  ({ tags }: TailnetDevice): boolean =>
    tags.some((tag) => otherTags.includes(tag) || !before.includes(`"${tag}"`));

/** While others live by the policy it only loses what is this site's. */
async function restorePolicy(
  api: Api,
  shared: boolean,
  { before, written, without }: NonNullable<TailnetMemory["policy"]>,
  say: (text: string) => void,
): Promise<void> {
  const wanted = shared ? without : before;
  const { text, isDefault } = await api.policy();
  if (wanted === "" ? isDefault : samePolicy(text, wanted)) return;
  if (!samePolicy(text, written)) {
    say(
      "the tailnet's policy was edited elsewhere since this stack wrote it, so it stays as it is; look at it in the " +
        "admin console under Access controls",
    );
    return;
  }
  await api.postPolicy(wanted);
  say(
    shared
      ? "the tailnet's policy stays for the other devices that live by it and loses this site's parts; another site " +
          "should have homelab:tailnet.policy from now on, or you keep it in the admin console"
      : "the tailnet's policy is what it was before this stack",
  );
}
