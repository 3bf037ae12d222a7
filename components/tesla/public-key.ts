import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { HttpRoute } from "../gateway/route-resources.ts";
import type { HttpRoutePlan } from "../gateway/routes.ts";
import type { ReachedMachine } from "../machine.ts";
import { publicKeyPath, publicKeyRoute, teslaNamespace } from "./names.ts";
import { publicKeyAnswer } from "./objects.ts";

export interface PublicKeyArgs {
  /** Domain that Tesla knows the application by. */
  readonly hostname: string;
  /** In PEM form. */
  readonly publicKey: string;
  /** A server, where the cluster is asked whether the route is accepted. */
  readonly machine: ReachedMachine;
}

/** The one path that has an answer, which the proxies give themselves. */
export function keyRoute(hostname: string): HttpRoutePlan {
  return {
    parents: [{ gateway: "public" }],
    hostnames: [hostname],
    rules: [
      {
        matches: [{ path: { type: "Exact", value: publicKeyPath }, method: "GET" }],
        answer: publicKeyRoute,
      },
    ],
  };
}

/**
 * The application's public key at the path where Tesla looks for it, by the gateway that cloudflared leads to; no other path of
 * the name has an answer. `opts.dependsOn` says after what the gateway is programmed and the namespace is there.
 */
export class PublicKey extends ComponentResource {
  /** The route is accepted. */
  readonly shown: Resource;

  constructor(name: string, args: PublicKeyArgs, opts?: ComponentResourceOptions) {
    super("homelab:tesla:PublicKey", name, {}, opts);
    const { hostname, publicKey, machine } = args;
    const answer = new CustomResource(`${name}-answer`, publicKeyAnswer(publicKey), {
      parent: this,
    });
    const route = new HttpRoute(
      `${name}-route`,
      {
        ...{ route: publicKeyRoute, namespace: teslaNamespace.name, machine },
        plan: keyRoute(hostname),
      },
      { parent: this, dependsOn: [answer] },
    );
    this.shown = route.accepted;
    this.registerOutputs({});
  }
}
