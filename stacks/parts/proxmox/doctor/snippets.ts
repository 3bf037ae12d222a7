/** Whether every machine could start again: Proxmox reads its cloud-init file at each start. */
import { snippetName } from "../../../../components/proxmox/vm-args.ts";
import { ok, problem, type Finding } from "../../../doctor/finding.ts";
import type { Examined } from "../../../doctor/examined.ts";
import type { ProxmoxApi } from "./api.ts";
import type { HostInForce } from "./capacity.ts";

/** A file as GET nodes/{node}/storage/{storage}/content lists it. */
export interface FileInForce {
  readonly volid: string;
}

/** The machines of one host beside the snippets that it has. */
export function judgeSnippets(
  site: string,
  host: string,
  machines: readonly string[],
  files: readonly FileInForce[],
): readonly Finding[] {
  const there = new Set(files.map(({ volid }) => volid.split("/").at(-1)));
  const missing = machines.filter((machine) => !there.has(snippetName(site, machine)));
  const subject = `cloud-init files on ${host}`;
  if (missing.length === 0) return [ok(subject, "are there for every machine")];
  return missing.map((machine) =>
    problem(
      subject,
      `${snippetName(site, machine)} is gone: ${machine} runs on, and does not start again without it`,
      "npm run up -- --refresh writes it anew",
    ),
  );
}

/** Asks the hosts that are online for the files of the machines that the state has. */
export async function checkSnippets(
  { name, existing }: Pick<Examined, "name" | "existing">,
  api: ProxmoxApi,
): Promise<readonly Finding[]> {
  const hosts = await api<HostInForce[]>("cluster/resources?type=node");
  const online = new Set(hosts.filter(({ status }) => status === "online").map(({ node }) => node));
  const places = Object.entries(
    Object.groupBy(
      existing.filter(({ host }) => online.has(host)),
      ({ host, datastores }) => `nodes/${host}/storage/${datastores.snippets}`,
    ),
  );
  const found = await Promise.all(
    places.map(async ([place, machines = []]) => {
      const files = await api<FileInForce[]>(`${place}/content?content=snippets`);
      const names = machines.map((machine) => machine.name);
      return judgeSnippets(name, machines[0]?.host ?? "", names, files);
    }),
  );
  return found.flat();
}
