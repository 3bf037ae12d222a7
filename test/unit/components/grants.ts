import ipaddr from "ipaddr.js";
import type { TailnetPolicy } from "../../../components/tailnet/policy.ts";

type Grant = Readonly<Record<string, unknown>>;

/**
 * Whether a policy's grants let `src` (a person or a tag) reach `target`, `tag:x:PORT` or `ADDRESS:PORT`. Of grants it
 * knows users, groups, tags, networks, `*` and ports with or without `tcp:` and `udp:`.
 */
export function reaches(policy: TailnetPolicy, src: string, target: string): boolean {
  const at = target.lastIndexOf(":");
  const [host, port] = [target.slice(0, at), target.slice(at + 1)];
  return policy.grants.some(
    (grant) =>
      list(grant, "src").some((name) => isSource(policy, name, src)) &&
      list(grant, "dst").some((name) => isTarget(name, host)) &&
      list(grant, "ip").some((range) => range === "*" || range.replace(/^(tcp|udp):/, "") === port),
  );
}

function list(grant: Grant, key: string): readonly string[] {
  return (grant[key] ?? []) as readonly string[];
}

function isSource(policy: TailnetPolicy, name: string, src: string): boolean {
  return name === "*" || name === src || (policy.groups[name]?.includes(src) ?? false);
}

function isTarget(name: string, host: string): boolean {
  if (name === "*" || name === host) return true;
  if (!ipaddr.isValidCIDR(name) || !ipaddr.isValid(host)) return false;
  return ipaddr.parse(host).match(ipaddr.parseCIDR(name));
}
