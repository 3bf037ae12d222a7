import {
  CustomResource,
  type CustomResourceArgs,
} from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { CertManager, type CertManagerArgs } from "./cert-manager.ts";
import {
  bundleSpec,
  certificatesNamespace,
  managerNamespace,
  trustBundle,
} from "./cert-manager-values.ts";
import {
  acmeIssuer,
  acmeServers,
  dnsToken,
  internalAuthority,
  internalIssuer,
  selfSigned,
  type AcmeIssuer,
  type AcmePlan,
  type IssuerPlan,
} from "./issuers.ts";
import type { Keeper } from "./keeper.ts";
import type { KeptPair } from "./kept.ts";
import { KeptCertificate } from "./kept-certificate.ts";
import {
  authorityObject,
  certificateObject,
  type CertificateObject,
  type CertificatePlan,
} from "./plan.ts";
import { waitForCertificates } from "./ready.ts";

export const trustScript = rke2Script + scriptText(import.meta.url, "trust-answers.sh");

export interface CertificatesArgs extends CertManagerArgs {
  readonly site: string;
  /** Let's Encrypt, with the token of Cloudflare that proves names to it; none where the site has no public zone. */
  readonly acme?: (AcmePlan & { readonly apiToken: Output<string> }) | undefined;
  readonly certificates: readonly CertificatePlan[];
  /** Where certificates are kept while their cluster is built anew, and what was found there by Certificate. */
  readonly kept?:
    { readonly keeper: Keeper; readonly found: ReadonlyMap<string, KeptPair> } | undefined;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
  /** A server, where it is seen that all are Ready. */
  readonly server: ReachedMachine;
}

/**
 * A site's certificates: cert-manager and trust-manager, Let's Encrypt and an authority of the site's own as issuers, and
 * the certificates themselves. The cluster's provider is that of `opts.providers`; `opts.dependsOn` says after what pods
 * run. On the way back certificates go while cert-manager lives: orders that are open are ended by it.
 */
export class Certificates extends ComponentResource {
  /** Every certificate is Ready. */
  readonly ready: Resource;

  constructor(name: string, args: CertificatesArgs, opts?: ComponentResourceOptions) {
    super("homelab:certificates:Certificates", name, {}, opts);
    const manager = new CertManager(`${name}-cert-manager`, args, { parent: this });
    const namespace = makeNamespace(`${name}-certificates`, certificatesNamespace, {
      parent: this,
      dependsOn: [manager.answers],
    });
    const authority = this.authority(args, manager);
    const issuers = this.issuers(args, manager, authority);
    this.bundle(this.trustAnswers(name, args, manager), authority);
    const objects = args.certificates.map((plan) =>
      certificateObject(plan, certificatesNamespace.name),
    );
    const certificates = objects.map((object) =>
      this.certificate(args, object, [namespace, ...issuers]),
    );
    const all = [authority, ...certificates];
    const awaited = {
      certificates: all.map(({ object }) => object),
      machine: args.server,
      after: all.map(({ certificate }) => certificate),
    };
    this.ready = waitForCertificates(name, awaited, this);
    for (const certificate of all) certificate.keepOnceReady(this.ready);
    this.registerOutputs({});
  }

  private authority(args: CertificatesArgs, { answers }: CertManager): KeptCertificate {
    const root = this.issuer(selfSigned, [answers]);
    return this.certificate(args, authorityObject(args.site, managerNamespace.name), [root]);
  }

  private issuers(
    { acme }: CertificatesArgs,
    { answers, namespace }: CertManager,
    authority: KeptCertificate,
  ): readonly Resource[] {
    const internal = this.issuer(internalIssuer, [answers, authority.certificate]);
    if (acme === undefined) return [internal];
    const { secret, key } = dnsToken;
    const token = new Secret(
      dnsToken.secret,
      {
        metadata: { name: secret, namespace: namespace.metadata.name },
        stringData: { [key]: acme.apiToken },
      },
      { parent: this },
    );
    const names = Object.keys(acmeServers) as AcmeIssuer[];
    return [internal, ...names.map((one) => this.issuer(acmeIssuer(one, acme), [answers, token]))];
  }

  private issuer({ name, spec }: IssuerPlan, after: readonly Resource[]): Resource {
    return new CustomResource(
      `${name}-issuer`,
      { apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", metadata: { name }, spec },
      { parent: this, dependsOn: [...after] },
    );
  }

  private certificate(
    { site, kept, answers }: CertificatesArgs,
    object: CertificateObject,
    after: readonly Resource[],
  ): KeptCertificate {
    // What the authority signs costs nothing to sign again.
    const keeper = object.issuer === internalIssuer.name ? undefined : kept?.keeper;
    return new KeptCertificate(
      object.name,
      { site, object, keeper, found: kept?.found.get(object.name), answers, after },
      { parent: this },
    );
  }

  private trustAnswers(
    name: string,
    { server, trustManager }: CertificatesArgs,
    { trust }: CertManager,
  ): Resource {
    return new RemoteStep(
      `${name}-trust`,
      {
        machine: server,
        title: "trust-answers",
        script: trustScript,
        parameters: {
          BUNDLE: JSON.stringify(bundle(`${trustBundle.configMap}-trial`)),
          RELEASE: trustManager,
        },
        limitSeconds: 300,
        after: [trust],
      },
      { parent: this },
    ).done;
  }

  /** After the authority's Secret: trust-manager takes the certificate from there. */
  private bundle(trust: Resource, authority: KeptCertificate): void {
    new CustomResource("internal-ca-bundle", bundle(trustBundle.configMap), {
      parent: this,
      dependsOn: [trust, authority.certificate],
    });
  }
}

function bundle(name: string): CustomResourceArgs {
  return {
    apiVersion: "trust.cert-manager.io/v1alpha1",
    kind: "Bundle",
    metadata: { name },
    spec: bundleSpec(internalAuthority.secret),
  };
}
