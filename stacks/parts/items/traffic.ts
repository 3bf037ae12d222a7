import { apiServer, names, pods, tcp, type Flow } from "../../../components/policies/flow.ts";
import { namesBelow } from "../../../components/policies/names.ts";
import { onePasswordNamespace } from "../../../components/secrets/connect-values.ts";
import type { SiteConfig } from "../../schema.ts";

/** Pods of the connect chart; the operator's are selected by Connect's name. */
const connect = pods("1Password Connect", onePasswordNamespace.name, {
  app: "onepassword-connect",
});
const operator = pods("1Password's operator", onePasswordNamespace.name, {
  name: "onepassword-connect",
});

/**
 * Connect keeps a copy of what 1Password has, of accounts in any of its regions; the operator asks Connect.
 * @see https://support.1password.com/ports-domains/
 */
export function itemsTraffic({ onePassword }: SiteConfig): readonly Flow[] {
  if (onePassword?.operator === undefined) return [];
  const domains = ["com", "eu", "ca"].flatMap((region) => [
    `1password.${region}`,
    // Items' files.
    `1passwordusercontent.${region}`,
  ]);
  return [
    {
      from: connect,
      to: names(...domains.map(namesBelow)),
      ports: tcp(443),
      why: "keeps a copy of its vaults",
    },
    { from: operator, to: connect, ports: tcp(8080), why: "reads items" },
    { from: operator, to: apiServer, why: "its items and their Secrets" },
  ];
}
