/** Whether the public zone is active, and the world asks Cloudflare for it. */
import { Resolver } from "node:dns/promises";
import type { CloudflareAccount } from "../../../../components/edge/cloudflare-api.ts";
import type { Fetch } from "../../../doctor/ask.ts";
import { reasonOf } from "../../../doctor/check.ts";
import { readCloudflare } from "./token.ts";
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";

/** A zone as GET zones/{id} gives it. */
export interface Zone {
  readonly name: string;
  readonly status: string;
  readonly name_servers?: readonly string[];
}

/** Name servers that the resolver gives, or why it gives none. */
export type Delegation = readonly string[] | { readonly reason: string };

const bare = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.toLowerCase().replace(/\.$/, "")).sort();

/** Compares the zone with the config's name and with what a resolver answers. */
export function judgeZone(wanted: string, zone: Zone, delegation: Delegation): readonly Finding[] {
  const subject = `zone ${wanted}`;
  const given = bare(zone.name_servers ?? []);
  if (zone.name !== wanted) {
    return [
      problem(
        subject,
        `homelab:edge.zoneId is the id of ${zone.name}`,
        "correct zone or zoneId in the site file",
      ),
    ];
  }
  const status =
    zone.status === "active"
      ? ok(subject, "is active")
      : problem(
          subject,
          `is ${zone.status} at Cloudflare`,
          `set the name servers ${given.join(" and ")} at the registrar; it becomes active within hours`,
        );
  if (!Array.isArray(delegation)) {
    const { reason } = delegation as { reason: string };
    return [
      status,
      warning(
        subject,
        `its delegation cannot be seen: ${reason}`,
        `ask another resolver: dig NS ${wanted} @1.1.1.1; it must answer ${given.join(" and ")}`,
      ),
    ];
  }
  const seen = bare(delegation as readonly string[]);
  if (seen.join() === given.join())
    return [status, ok(subject, `is delegated to ${seen.join(", ")}`)];
  return [
    status,
    problem(
      subject,
      `is delegated to ${seen.join(", ") || "nobody"}, and Cloudflare's name servers are ${given.join(", ")}`,
      "set Cloudflare's at the registrar, and no others",
    ),
  ];
}

/** Asks Cloudflare and this workstation's resolver. */
export async function checkZone(
  account: CloudflareAccount,
  wanted: string,
  ask: Fetch,
): Promise<readonly Finding[]> {
  const [{ result, status, said }, delegation] = await Promise.all([
    readCloudflare<Zone>(account, `zones/${account.zoneId}`, ask),
    nameServers(wanted),
  ]);
  if (result === undefined || status >= 300) {
    throw new Error(`Cloudflare gives no zone: ${status} ${said}`);
  }
  return judgeZone(wanted, result, delegation);
}

async function nameServers(zone: string): Promise<Delegation> {
  try {
    return await new Resolver({ timeout: 3_000, tries: 2 }).resolveNs(zone);
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}
