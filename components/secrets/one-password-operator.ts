import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  secret,
  unsecret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { fingerprint } from "../workload/fingerprint.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import {
  connectCharts,
  connectValues,
  credentialsSecret,
  onePasswordNamespace,
  tokenSecret,
  type ConnectPlan,
} from "./connect-values.ts";

const letGoScript = rke2Script + scriptText(import.meta.url, "let-go.sh");

export interface OnePasswordOperatorArgs extends Omit<ConnectPlan, "marks"> {
  /** Version of the connect chart. */
  readonly chart: string;
  /** The file `1password-credentials.json` of a Connect server, as it is; secret. */
  readonly credentials: Output<string>;
  /** Access token of that server for the operator; secret. */
  readonly token: Output<string>;
  /** A server, where the cluster is asked. */
  readonly server: ReachedMachine;
  /** What must be there before the release: the item's kind, and namespaces that it is given rights in. */
  readonly after: readonly Resource[];
}

/**
 * 1Password Connect in the cluster, and the operator that makes Secrets of items. Both Secrets that they begin with are made
 * here, for neither can come from the operator itself. The cluster's provider is that of `opts.providers`.
 */
export class OnePasswordOperator extends ComponentResource {
  /** Connect and the operator run: items can be made, and are deleted before it. */
  readonly ready: Resource;

  constructor(name: string, args: OnePasswordOperatorArgs, opts?: ComponentResourceOptions) {
    super("homelab:secrets:OnePasswordOperator", name, {}, opts);
    const namespace = makeNamespace(`${name}-namespace`, onePasswordNamespace, { parent: this });
    const credentials = this.bootstrap(name, credentialsSecret, args.credentials, namespace);
    const token = this.bootstrap(name, tokenSecret, args.token, namespace);
    const letGo = this.letGo(name, args, namespace);
    this.ready = this.release(args, [credentials, token, letGo]);
    this.registerOutputs({});
  }

  private bootstrap(
    name: string,
    { name: secretName, key }: { readonly name: string; readonly key: string },
    value: Output<string>,
    namespace: Resource,
  ): Resource {
    return new Secret(
      `${name}-${secretName}`,
      {
        metadata: { name: secretName, namespace: onePasswordNamespace.name },
        stringData: { [key]: secret(value) },
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  /** Deleted after the release: what others made for the operator would wait for it for ever, and hold their namespaces. */
  private letGo(name: string, { server }: OnePasswordOperatorArgs, namespace: Resource): Resource {
    return new RemoteStep(
      `${name}-let-go`,
      {
        machine: server,
        title: "items-let-go",
        script: letGoScript,
        parameters: {},
        limitSeconds: 300,
        after: [namespace],
        runs: "at-delete",
        goesWithMachine: true,
      },
      { parent: this },
    ).done;
  }

  private release(args: OnePasswordOperatorArgs, before: readonly Resource[]): Resource {
    const { pollSeconds, namespaces, credentials, token } = args;
    // Both hold random bytes enough to be their own key.
    const mark = (value: Output<string>) =>
      unsecret(value.apply((plain) => fingerprint(plain, { value: plain })));
    const marks = { credentials: mark(credentials), token: mark(token) };
    return helmRelease(
      "onepassword-connect",
      {
        name: "connect",
        namespace: onePasswordNamespace.name,
        chart: "connect",
        version: args.chart,
        repositoryOpts: { repo: connectCharts },
        // The kind has an owner of its own, which also upgrades it: Helm never does.
        skipCrds: true,
        values: connectValues({ pollSeconds, namespaces, marks }),
        timeout: 600,
      },
      { parent: this, dependsOn: [...before, ...args.after] },
    );
  }
}
