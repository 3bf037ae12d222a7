/** What a new site's owner is asked, in this order. */
import type { z } from "zod";
import { addressAt } from "../../components/network/cidr.ts";
import { parseSecretRef } from "../../components/security/secret-ref.ts";
import { cidr4, domain, ipv4, nodeName, stackName } from "../../stacks/config/forms.ts";

/** Answers so far, as they were typed. */
export type Typed = Readonly<Partial<Record<Key, string>>>;

export type Key = "name" | "domain" | "lan" | "hosts" | "vip" | "router" | "token" | "connect";

export interface Question {
  readonly key: Key;
  /** What is asked, in a line; also the option's help. */
  readonly text: string;
  /** Whether it is asked, after these answers. */
  readonly due?: (typed: Typed) => boolean;
  /** What an empty answer means; without it, one has to be given. */
  readonly usual?: (typed: Typed) => string;
  /** What is wrong with an answer. */
  readonly problem: (answer: string) => string | undefined;
}

const form =
  (schema: z.ZodType) =>
  (answer: string): string | undefined =>
    schema.safeParse(answer).error?.issues[0]?.message;

export const questions: readonly Question[] = [
  { key: "name", text: "Name of the site, which is also its stack's", problem: form(stackName) },
  {
    key: "domain",
    text: "DNS domain of the site; machines are called NAME.DOMAIN",
    usual: ({ name }) => `${name ?? ""}.home.arpa`,
    problem: form(domain),
  },
  { key: "lan", text: "LAN of hosts and machines, such as 192.168.1.0/24", problem: form(cidr4) },
  {
    key: "hosts",
    text: "Proxmox hosts as NAME=ADDRESS, with blanks between them",
    problem: hostsProblem,
  },
  {
    key: "vip",
    text: "Address of the control plane; it and those behind it, one a host, must be free",
    usual: ({ lan }) => addressAt(lan ?? "", 20),
    problem: form(ipv4),
  },
  {
    key: "router",
    text: "Address at which the router speaks BGP",
    usual: ({ lan }) => addressAt(lan ?? "", 1),
    problem: form(ipv4),
  },
  {
    key: "token",
    text: "Where Proxmox's API token is kept: op://vault/item/field, config:NAME, or nothing for PROXMOX_VE_API_TOKEN",
    usual: () => "",
    problem: (answer) =>
      answer === "" || parseSecretRef(answer) !== undefined
        ? undefined
        : "use op://vault/item/field or config:NAME; the token itself never stands in a site file",
  },
  {
    key: "connect",
    text: "Address of the 1Password Connect server, such as https://connect.home.arpa",
    due: ({ token }) => token?.startsWith("op://") ?? false,
    problem: (answer) =>
      URL.canParse(answer)
        ? undefined
        : "use the server's address such as https://connect.home.arpa",
  },
];

/** Hosts as they were typed. */
export function hostsIn(answer: string): readonly { name: string; address: string }[] {
  return answer
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", address = ""] = part.split("=");
      return { name, address };
    });
}

function hostsProblem(answer: string): string | undefined {
  const hosts = hostsIn(answer);
  if (hosts.length === 0) return "name one host or more, such as stone=192.168.1.11";
  for (const { name, address } of hosts) {
    const wrong = form(nodeName)(name) ?? form(ipv4)(address);
    if (wrong !== undefined) return `${name}=${address}: ${wrong}`;
  }
  return undefined;
}
