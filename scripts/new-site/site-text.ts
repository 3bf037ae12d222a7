/** A site's file, made of the few things that only its owner knows. */
import { stringify } from "yaml";
import { addressAt, addressNumber, cidrRange } from "../../components/network/cidr.ts";
import type { Versions } from "../../stacks/parts/versions/schema.ts";

/** What the owner of a site was asked for. */
export interface Answers {
  readonly name: string;
  readonly domain: string;
  /** CIDR form. */
  readonly lan: string;
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  /** Address of the control plane; the machines take those behind it. */
  readonly vip: string;
  /** Where the router speaks BGP. */
  readonly router: string;
  /** Reference to Proxmox's API token; undefined where the environment has it. */
  readonly apiToken?: string;
  /** Address of 1Password Connect, for a reference that needs it. */
  readonly connect?: string;
}

/**
 * The text of `Pulumi.NAME.yaml`: one machine a host, at the first free addresses behind the control plane's, and the
 * numbers of AS and VMs as the home site has them. `versions` are those of a site that is known to run.
 */
export function siteText(answers: Answers, versions: Versions): string {
  const { rke2, kubeVip, cilium, image } = versions;
  const { domain, lan, hosts, vip, router, apiToken, connect } = answers;
  return `# yaml-language-server: $schema=./stacks/site.schema.json
# What is not said here is derived or has its default: Pulumi.sample.yaml explains every key.
config:
  homelab:site:
${block({ domain, lan })}
  homelab:versions:
${block({ rke2, kubeVip, cilium, image })}
  homelab:proxmox:
${block({ ...(apiToken === undefined ? {} : { apiToken }) })}    hosts:
${hosts.map((host) => `      - ${flow({ name: host.name, address: host.address })}\n`).join("")}
  # A VM id is any free number; it stays with its machine, for a change of it builds the machine anew.
  homelab:machines:
${placed(answers)
  .map((machine) => `    - ${flow(machine)}\n`)
  .join("")}
  homelab:cluster:
${block({ vip })}
  homelab:network:
    # Two numbers for private use: the cluster's own, and the router's.
    bgp: ${flow({ localAsn: 64_512, routerAsn: 64_513, routerAddress: router })}
${connect === undefined ? "" : `\n  homelab:onePassword:\n${block({ connect })}`}`;
}

/** One machine on each host: three servers where there are three hosts, and agents beyond. */
function placed({ lan, hosts, vip, router }: Answers) {
  const taken = new Set([addressAt(lan, 1), vip, router, ...hosts.map(({ address }) => address)]);
  const { first } = cidrRange(lan);
  let place = addressNumber(vip) - first;
  const servers = hosts.length < 3 ? 1 : 3;
  return hosts.map(({ name }, i) => {
    do place += 1;
    while (taken.has(addressAt(lan, place)));
    const address = addressAt(lan, place);
    const vmId = 100 + (addressNumber(address) % 256);
    return { host: name, address, vmId, role: i < servers ? "server" : "agent" };
  });
}

function block(values: object): string {
  if (Object.keys(values).length === 0) return "";
  return stringify(values, { lineWidth: 0 }).replaceAll(/^(?=.)/gm, "    ");
}

function flow(values: object): string {
  return stringify(values, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
}
