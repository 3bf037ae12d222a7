import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  log,
  ResourceHook,
  runtime,
  secret,
  Stash,
  unsecret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { liveId } from "../workload/live.ts";
import type { Keeper } from "./keeper.ts";
import { fingerprint, secretMetadata, serves, whyOrder, type KeptPair } from "./kept.ts";
import { acmeServers } from "./issuers.ts";
import { orderNotice } from "./limits.ts";
import type { CertificateObject } from "./plan.ts";

export interface KeptCertificateArgs {
  readonly site: string;
  readonly object: CertificateObject;
  /** Where it is kept; undefined where nothing is. */
  readonly keeper?: Keeper | undefined;
  /** What was kept of it when the program began. */
  readonly found?: KeptPair | undefined;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
  readonly after: readonly Resource[];
}

/**
 * A Certificate whose Secret is there before it: with what is kept of it, so that cert-manager orders nothing while that
 * is valid, or empty, which cert-manager fills. Once it is Ready, it is kept whenever it has changed.
 */
export class KeptCertificate extends ComponentResource {
  readonly object: CertificateObject;
  readonly certificate: CustomResource;
  readonly #args: KeptCertificateArgs;

  constructor(name: string, args: KeptCertificateArgs, opts?: ComponentResourceOptions) {
    super("homelab:certificates:Certificate", name, {}, opts);
    this.#args = args;
    this.object = args.object;
    const filled = this.secret(name, args);
    this.certificate = this.order(name, args, filled);
    this.registerOutputs({});
  }

  /** From its making on the Secret is cert-manager's: what the program gave it at first is compared no more. */
  private secret(name: string, { object, found, after }: KeptCertificateArgs): Secret {
    const pair = serves(found, new Date()) ? found : undefined;
    const data = {
      "tls.crt": Buffer.from(pair?.certificate ?? "").toString("base64"),
      "tls.key": Buffer.from(pair?.key ?? "").toString("base64"),
    };
    const { namespace, secret: secretName } = object;
    return new Secret(
      `${name}-secret`,
      {
        metadata: {
          ...{ name: secretName, namespace },
          ...secretMetadata({ ...object, issuer: pair?.issuer ?? object.issuer }),
        },
        type: "kubernetes.io/tls",
        data: secret(data),
      },
      {
        parent: this,
        dependsOn: [...after],
        ignoreChanges: ["data", "metadata.labels", "metadata.annotations"],
      },
    );
  }

  private order(
    name: string,
    { object, after }: KeptCertificateArgs,
    filled: Secret,
  ): CustomResource {
    const { namespace, spec } = object;
    return new CustomResource(
      `${name}-certificate`,
      {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name: object.name, namespace },
        spec,
      },
      {
        parent: this,
        dependsOn: [filled, ...after],
        hooks: object.issuer in acmeServers ? this.notices(name) : {},
      },
    );
  }

  /** Says, already in a preview, that Let's Encrypt will be asked: it counts. */
  private notices(name: string): { beforeCreate: ResourceHook[]; beforeUpdate: ResourceHook[] } {
    const { object, found } = this.#args;
    const tell = (why: string | undefined): void => {
      if (why === undefined) return;
      void log.info(orderNotice(object.names, why), this);
    };
    const create = new ResourceHook(
      `${name}-order`,
      () => {
        tell(whyOrder(found, object, new Date()));
      },
      { onDryRun: true },
    );
    const update = new ResourceHook(
      `${name}-reorder`,
      () => {
        tell("its names, key or issuer change");
      },
      { onDryRun: true },
    );
    return { beforeCreate: [create], beforeUpdate: [update] };
  }

  /**
   * Keeps what the Secret holds once all certificates are Ready. The Secret is read at each run, for cert-manager renews in
   * between; what is remembered here is only which certificate was kept last.
   */
  keepOnceReady(ready: Resource): void {
    const { keeper, object, answers } = this.#args;
    if (keeper === undefined) return;
    const name = `${object.name}-kept`;
    const live = Secret.get(
      `${object.name}-live`,
      // Unknown while the Certificate is only planned: a preview does not look for what is not there yet.
      this.certificate.id.apply(() =>
        liveId(`${object.namespace}/${object.secret}`, runtime.isDryRun(), answers),
      ),
      { parent: this, dependsOn: [ready] },
    );
    const pair = pairIn(live.data, object.issuer);
    const store = new ResourceHook(name, async () => {
      const current = await new Promise<KeptPair>((resolve) => pair.apply(resolve));
      const before = await keeper.find(object);
      if (before?.certificate === current.certificate && before.key === current.key) return;
      await keeper.keep(object, current);
    });
    new Stash(
      name,
      { input: unsecret(pair.apply(({ certificate }) => fingerprint(certificate))) },
      { parent: this, dependsOn: [ready], hooks: { beforeCreate: [store], beforeUpdate: [store] } },
    );
  }
}

function pairIn(data: Output<Record<string, string>>, issuer: string): Output<KeptPair> {
  return data.apply((held) => {
    const text = (key: string): string => Buffer.from(held[key] ?? "", "base64").toString();
    return { certificate: text("tls.crt"), key: text("tls.key"), issuer };
  });
}
