/** Does from here what the departure step does on a machine, when that machine does not answer. */
import { allTags } from "../../components/tailnet/tags.ts";
import type { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
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
  "devices" | "deleteDevice" | "keys" | "deleteKey" | "policy" | "postPolicy"
>;

/** Takes the site's devices and keys out of the tailnet, and puts the policy back unless somebody else wrote it since. */
export async function leaveTailnet(
  api: Api,
  site: string,
  { policy }: TailnetMemory,
  say: (text: string) => void,
): Promise<void> {
  const tags = new Set(allTags(site));
  for (const { id, name, tags: own } of await api.devices()) {
    if (!own.some((tag) => tags.has(tag))) continue;
    await api.deleteDevice(id);
    say(`removed the device ${name} from the tailnet`);
  }
  for (const { id, tags: given } of await api.keys()) {
    if (!given.some((tag) => tags.has(tag))) continue;
    await api.deleteKey(id);
    say(`revoked the key ${id}, which the tailnet's operator had made`);
  }
  if (policy === undefined) return;
  const { text } = await api.policy();
  if (text === policy.before) return;
  if (text !== policy.written) {
    say(
      "the tailnet's policy was edited elsewhere since this stack wrote it, so it stays as it is; look at it in the " +
        "admin console under Access controls",
    );
    return;
  }
  await api.postPolicy(policy.before);
  say("the tailnet's policy is what it was before this stack");
}
