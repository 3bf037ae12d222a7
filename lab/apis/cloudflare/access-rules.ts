/** Rules of Access policies, in Cloudflare's own form (API reference, Zero Trust, Access policies). */
import { BlockList, isIPv4 } from "node:net";
import { z } from "zod";
import type { AccessPolicy, AccessRule } from "./world.ts";

/** Who asks, as far as it is proven. */
export interface Visitor {
  readonly ip: string;
  /** Lower case; proven by a one-time PIN. */
  readonly email?: string;
  /** Id of the service token whose secret the visitor knows. */
  readonly serviceToken?: string;
}

const email = z.strictObject({ email: z.strictObject({ email: z.string() }) });
const emailDomain = z.strictObject({ email_domain: z.strictObject({ domain: z.string() }) });
const everyone = z.strictObject({ everyone: z.looseObject({}) });
const ip = z.strictObject({
  ip: z.strictObject({ ip: z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]) }),
});
const serviceToken = z.strictObject({
  service_token: z.strictObject({ token_id: z.string() }),
});
const anyToken = z.strictObject({ any_valid_service_token: z.looseObject({}) });

const known = z.union([email, emailDomain, everyone, ip, serviceToken, anyToken]);

/** Kinds of rules in a policy that the lab cannot evaluate, or that are malformed. */
export function unknownRules(policy: AccessPolicy): string[] {
  return [...policy.include, ...policy.exclude, ...policy.require]
    .filter((rule) => !known.safeParse(rule).success)
    .map((rule) => Object.keys(rule).join("+") || "empty rule");
}

/** Tells whether a rule fits a visitor; one that is unknown fits nobody. */
export function fits(rule: AccessRule, visitor: Visitor): boolean {
  const parsed = known.safeParse(rule);
  if (!parsed.success) return false;
  const { data } = parsed;
  if ("everyone" in data) return true;
  if ("email" in data) return data.email.email.toLowerCase() === visitor.email;
  if ("email_domain" in data) {
    const domain = data.email_domain.domain.toLowerCase().replace(/^@/, "");
    return visitor.email?.endsWith(`@${domain}`) ?? false;
  }
  if ("ip" in data) return contains(data.ip.ip, visitor.ip);
  if ("service_token" in data) return data.service_token.token_id === visitor.serviceToken;
  return visitor.serviceToken !== undefined;
}

function contains(range: string, address: string): boolean {
  const [network = "", bits] = range.split("/");
  const family = (text: string): "ipv4" | "ipv6" => (isIPv4(text) ? "ipv4" : "ipv6");
  const list = new BlockList();
  if (bits === undefined) list.addAddress(network, family(network));
  else list.addSubnet(network, Number(bits), family(network));
  return list.check(address, family(address));
}
