/** Whether Proxmox VE answers, lets the site in, and carries it. */
import { literal } from "../../../components/literal.ts";
import { ask, tcpProblem } from "../../doctor/ask.ts";
import type { Check } from "../../doctor/check.ts";
import type { Examined } from "../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../doctor/finding.ts";
import { proxmoxApi, unreachableProxmox } from "./doctor/api.ts";
import { checkBridges } from "./doctor/bridges.ts";
import { checkCapacity } from "./doctor/capacity.ts";
import { checkHostClocks } from "./doctor/clocks.ts";
import { checkPending } from "./doctor/pending.ts";
import { checkSnippets } from "./doctor/snippets.ts";
import { checkRights } from "./doctor/rights.ts";
import { tokenFrom } from "./provider.ts";
import type { Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";

/** The image that every machine starts from, and the checksum that its publisher gives. */
export function proxmoxReleases({ proxmox }: Pick<SiteConfig, "proxmox">): readonly Release[] {
  const { url, algorithm, checksum } = proxmox.image;
  const file = url.slice(url.lastIndexOf("/") + 1);
  return [
    { subject: "cloud image", url, path: "homelab:versions.image.url" },
    {
      subject: "cloud image's checksum",
      url: new URL(`${algorithm.toUpperCase()}SUMS`, url).href,
      holds: {
        pattern: new RegExp(`^${checksum} [ *]${literal(file)}$`, "m"),
        otherwise: `the list has another checksum for ${file}, or none`,
      },
      path: `homelab:versions.image.${algorithm}`,
    },
  ];
}

/** The API and every host, then what the token shows. */
export function proxmoxChecks(examined: Examined): readonly Check[] {
  const { name: site, config, existing, known } = examined;
  const { endpoint, hosts, apiToken } = config.proxmox;
  const token = tokenFrom(apiToken, () => known.get("homelab:proxmox.apiToken"));
  const reached = [
    { subject: "Proxmox API", run: () => checkProxmoxApi("Proxmox API", endpoint) },
    ...hosts.flatMap(({ name, address }) => hostChecks(name, address)),
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
  const there = new Set(existing.map(({ name }) => name));
  const missing = config.machines.filter(({ name }) => !there.has(name));
  return [
    ...reached,
    { subject: "Proxmox token", run: () => checkRights(config, api) },
    { subject: "hosts and storages", run: () => checkCapacity(config, missing, api) },
    ...(existing.length === 0
      ? []
      : [{ subject: "cloud-init files", run: () => checkSnippets(examined, api) }]),
    { subject: "bridges", run: () => checkBridges(config, api) },
    { subject: "clocks of the hosts", run: () => checkHostClocks(config, api) },
    {
      subject: "settings of the machines",
      run: () => checkPending({ endpoint, token }, site, existing),
    },
  ];
}

function hostChecks(name: string, address: string): readonly Check[] {
  const [api, ssh] = [`API of host ${name}`, `SSH of host ${name}`];
  const remedy = "the program uploads cloud-init over SSH: docs/proxmox.md";
  return [
    { subject: api, run: () => checkProxmoxApi(api, `https://${address}:8006`) },
    { subject: ssh, run: () => checkPort(ssh, address, 22, remedy) },
  ];
}

async function checkProxmoxApi(subject: string, endpoint: string): Promise<readonly Finding[]> {
  const reason = await unreachableProxmox(endpoint);
  if (reason === undefined) return [ok(subject, `${endpoint} answers`)];
  const certificate = /certificate|issuer|self.signed/i.test(reason);
  return [
    problem(
      subject,
      `${endpoint} does not answer: ${reason}`,
      certificate
        ? "this workstation must trust its certificate: docs/proxmox.md, Certificate"
        : "is the host on, and this workstation on its network? Else correct homelab:proxmox",
    ),
  ];
}

async function checkPort(
  subject: string,
  host: string,
  port: number,
  remedy: string,
): Promise<readonly Finding[]> {
  const reason = await tcpProblem(host, port);
  if (reason === undefined) return [ok(subject, `${host}:${port} answers`)];
  return [problem(subject, `${host}:${port} does not answer: ${reason}`, remedy)];
}
