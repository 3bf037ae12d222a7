/** The services outside a site: what the state and config know of them. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { CloudflareAccount } from "../../components/edge/cloudflare-api.ts";
import type { StackState } from "../state.ts";
import { cloudflareAccount, tailnetMemory, type TailnetMemory } from "./accounts.ts";

/** What is known of the services; undefined where the site has none, or nothing is known any more. */
export interface Outside {
  readonly cloudflare?: CloudflareAccount;
  /** Id of the tunnel. */
  readonly tunnel?: string;
  readonly tailnet?: TailnetMemory;
  /** Services that the site uses and that the state holds no login of, such as after a destroy that ended well. */
  readonly unseen: readonly string[];
}

/** The tunnel's type in the state. */
export const tunnelType = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";

/** What the state and config tell of the services outside; read before a destroy, which forgets it. */
export async function readOutside(
  stack: Pick<Stack, "getAllConfig">,
  state: StackState,
): Promise<Outside> {
  const config = await stack.getAllConfig();
  const cloudflare = cloudflareAccount(state, config["homelab:edge"]?.value);
  const tunnel = state.resources.find(({ type }) => type === tunnelType)?.id;
  const tailnet = tailnetMemory(state);
  const unseen = [
    ...(cloudflare === undefined && config["homelab:edge"] !== undefined ? ["Cloudflare"] : []),
    ...(tailnet === undefined && config["homelab:tailnet"] !== undefined ? ["Tailscale"] : []),
  ];
  return {
    unseen,
    ...(cloudflare === undefined ? {} : { cloudflare }),
    ...(tunnel === undefined ? {} : { tunnel }),
    ...(tailnet === undefined ? {} : { tailnet }),
  };
}
