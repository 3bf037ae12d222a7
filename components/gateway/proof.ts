import type { Input, Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";

/** What the step runs on a server. */
export const provenScript = rke2Script + scriptText(import.meta.url, "proven.sh");

/** An object whose conditions are waited for. */
export interface Proven {
  readonly kind: "gateway" | RouteKind | PolicyKind;
  readonly namespace: string;
  readonly name: string;
}

/** Routes as kubectl calls them. */
export type RouteKind = "httproute" | "tlsroute" | "tcproute" | "udproute";

/** Policies of Envoy Gateway, as kubectl calls them. */
export type PolicyKind = "clienttrafficpolicy" | "backendtrafficpolicy" | "securitypolicy";

export interface ProofArgs {
  /** A server, where the cluster is asked. */
  readonly machine: ReachedMachine;
  /** The class that must be accepted, where its acceptance is to be proven as well. */
  readonly class?: string;
  readonly objects: readonly Proven[];
  /** Changes with what the objects say, so that they are proven again. */
  readonly specs: Input<string>;
  readonly after: readonly Resource[];
}

/**
 * The step that ends once gateways are programmed, with all of their listeners, and routes accepted with their references
 * resolved, and policies accepted. That a gateway has an address and proxies is part of being programmed. Its error names the condition that
 * does not hold, with the controller's reason and message.
 */
export function prove(name: string, args: ProofArgs, parent: Resource): Resource {
  return new RemoteStep(
    name,
    {
      machine: args.machine,
      title: "gateways",
      script: provenScript,
      parameters: {
        CLASS: args.class ?? "",
        OBJECTS: args.objects
          .map(({ kind, namespace, name: object }) => [kind, namespace, object].join(" "))
          .join("\n"),
        // Not read.
        SPECS: args.specs,
      },
      limitSeconds: 900,
      after: args.after,
    },
    { parent },
  ).done;
}
