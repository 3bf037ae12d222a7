import { ZeroTrustTunnelCloudflared } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import { ZeroTrustTunnelCloudflaredConfig } from "@pulumi/cloudflare/zeroTrustTunnelCloudflaredConfig.js";
import {
  all,
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import { ingressRules, type IngressRule } from "./ingress.ts";
import { tunnelName } from "./names.ts";

export interface TunnelArgs {
  readonly site: string;
  readonly accountId: string;
  /** Public names and what answers behind them; the catch-all is added. */
  readonly names: readonly IngressRule<Input<string>>[];
  /** With another number another secret is drawn. The provider never reads the one at Cloudflare. */
  readonly secretNumber: number | undefined;
  /** What must stand before a rule lets requests in. */
  readonly after: readonly Resource[];
}

/** A remotely managed tunnel: Cloudflare keeps its rules, and gives them to whoever runs it. */
export class Tunnel extends ComponentResource {
  readonly tunnelId: Output<string>;
  /** What cloudflared runs the tunnel with; secret. */
  readonly token: Output<string>;
  /** The rules in force; cloudflared connects after them, and names resolve after them. */
  readonly rules: Resource;

  constructor(name: string, args: TunnelArgs, opts?: ComponentResourceOptions) {
    super("homelab:edge:Tunnel", name, {}, opts);
    // Not RandomBytes: its provider makes the bytes the resource's id, which stands in the state in the clear.
    const drawn = new RandomPassword(
      `${name}-tunnel-secret`,
      {
        ...{ length: 64, special: false },
        ...(args.secretNumber === undefined
          ? {}
          : { keepers: { number: String(args.secretNumber) } }),
      },
      { parent: this },
    );
    const tunnelSecret = secret(drawn.result.apply((text) => Buffer.from(text).toString("base64")));
    const tunnel = new ZeroTrustTunnelCloudflared(
      `${name}-tunnel`,
      {
        accountId: args.accountId,
        name: tunnelName(args.site),
        configSrc: "cloudflare",
        tunnelSecret,
      },
      { parent: this },
    );
    this.tunnelId = tunnel.id;
    this.token = secret(
      all([tunnel.id, tunnelSecret]).apply(([id, text]) =>
        connectorToken(args.accountId, id, text),
      ),
    );
    this.rules = new ZeroTrustTunnelCloudflaredConfig(
      `${name}-rules`,
      {
        accountId: args.accountId,
        tunnelId: tunnel.id,
        config: { ingresses: ingressRules(args.names) },
      },
      { parent: this, dependsOn: [...args.after] },
    );
    this.registerOutputs({ tunnelId: this.tunnelId });
  }
}

/**
 * The token that cloudflared runs a tunnel with: base64 of `{"a": account, "t": tunnel id, "s": secret}`. It is computed
 * here because asking Cloudflare for it would break each preview once somebody removed the tunnel by hand.
 * @param secret the tunnel's secret, base64 of at least 32 bytes
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/
 */
export function connectorToken(account: string, tunnel: string, secret: string): string {
  return Buffer.from(JSON.stringify({ a: account, t: tunnel, s: secret })).toString("base64");
}
