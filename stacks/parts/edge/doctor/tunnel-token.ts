/** Whether the token by which cloudflared runs is the tunnel's: who is connected stays so with an old one, who starts is refused. */
import type { CloudflareAccount } from "../../../../components/edge/cloudflare-api.ts";
import { cloudflaredNamespace, tunnelToken } from "../../../../components/edge/cloudflared.ts";
import type { Fetch } from "../../../doctor/ask.ts";
import type { ClusterCommand } from "../../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../../doctor/finding.ts";
import { ofSecret } from "../../../doctor/kubectl.ts";
import { readCloudflare } from "./token.ts";

/** What a token says, as far as the doctor looks (cloudflared's connection/connection.go, `TunnelToken`). */
interface ConnectorToken {
  /** Id of the tunnel. */
  readonly t: string;
  /** The secret, base64. */
  readonly s: string;
}

const subject = "tunnel's token";

/**
 * Compares the cluster's token with Cloudflare's, which any Edit permission on tunnels may read.
 * @see https://developers.cloudflare.com/tunnel/advanced/tunnel-tokens/
 */
export async function checkTunnelToken(
  site: string,
  account: CloudflareAccount,
  { run, ask }: { readonly run: ClusterCommand; readonly ask: Fetch },
): Promise<readonly Finding[]> {
  const held = await heldToken(run);
  const up = `npm run up -- --stack ${site}`;
  if (held === "")
    return [problem(subject, "is not in the cluster", `${up} --refresh puts it there`)];
  const own = readToken(held, "the cluster");
  const path = `accounts/${account.accountId}/cfd_tunnel/${own.t}/token`;
  const { status, result, said } = await readCloudflare<string>(account, path, ask);
  if (status >= 300 || result === undefined) throw new Error(`${path}: ${status} ${said}`.trim());
  if (secretOf(readToken(result, "Cloudflare")).equals(secretOf(own)))
    return [ok(subject, "is the one that Cloudflare has")];
  return [
    problem(
      subject,
      "is another one at Cloudflare, where somebody rotated it: pods that run stay connected, and each that starts is refused",
      `raise homelab:edge.tunnelSecret, then ${up} (docs/cloudflare.md)`,
    ),
  ];
}

/** Empty where there is none. */
async function heldToken(run: ClusterCommand): Promise<string> {
  const { name, key } = tunnelToken;
  const value = await ofSecret(run, cloudflaredNamespace.name, name, `.data.${key}`);
  return Buffer.from(value, "base64").toString();
}

/** Throws without a word of what it read: Node's own error would show it. */
function readToken(token: string, holder: string): ConnectorToken {
  try {
    return JSON.parse(Buffer.from(token, "base64").toString()) as ConnectorToken;
  } catch {
    throw new Error(`what ${holder} has is no token of a tunnel`);
  }
}

const secretOf = ({ s }: ConnectorToken): Buffer => Buffer.from(s, "base64");
