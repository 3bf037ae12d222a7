/** Devices of machines: what each node says that it has to give. */
import { deviceResource, devicesNamespace, plugin } from "../../../components/devices/names.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../doctor/finding.ts";
import { objects } from "../../doctor/kubectl.ts";
import type { SiteConfig } from "../../schema.ts";
import { has } from "./machines.ts";

/** A node, as far as the doctor looks. */
export interface OfferingNode {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}

/** None where the site names no device, or has not been brought up. */
export function deviceChecks(
  { config, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (!isUp || config.devicePlugin === undefined) return [];
  return [
    {
      subject: "devices",
      run: async () => judgeDevices(config, await objects<OfferingNode>(run, "nodes")),
    },
  ];
}

/** Every machine that is to have a device offers it; a node that is not there is told of elsewhere. */
export function judgeDevices(
  { devices, machines }: Pick<SiteConfig, "devices" | "machines">,
  nodes: readonly OfferingNode[],
): readonly Finding[] {
  return Object.entries(devices).flatMap(([name, device]) =>
    machines
      .filter((machine) => has(machine, device))
      .flatMap(({ name: node, address }) => {
        const found = nodes.find(({ metadata }) => metadata.name === node);
        if (found === undefined) return [];
        const subject = `device ${name} of ${node}`;
        const offered = Number(found.status?.allocatable?.[deviceResource(name)] ?? 0);
        if (offered >= device.count) return [ok(subject, `is there for ${offered}`)];
        const text =
          offered === 0
            ? "the node has none to give: a file of it is missing on the machine, or the plugin does not run there"
            : `the node has ${offered} to give, and homelab:devices.${name}.count is ${device.count}`;
        const remedy = `ssh root@${address} ls -l ${device.paths.join(" ")}; kubectl -n ${devicesNamespace.name} get pods -l app.kubernetes.io/name=${plugin} -o wide; docs/devices.md`;
        return [problem(subject, text, remedy)];
      }),
  );
}
